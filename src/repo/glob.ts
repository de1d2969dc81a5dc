// Patterns over paths as shells have them. A pattern becomes a small automaton, so that no pattern takes longer than its length times the path's.
import { SopsError } from '../errors.ts'

/** One step over a path: a character that fits, any number of them, whole folders, or one of several sequences. */
type Part =
  | { readonly kind: 'one'; readonly fits: (character: string) => boolean }
  | { readonly kind: 'many'; readonly fits: (character: string) => boolean }
  | { readonly kind: 'folders' }
  | { readonly kind: 'choice'; readonly of: readonly Sequence[] }

type Sequence = readonly Part[]

/** In characters; patterns are typed. */
const longest = 4096

const isInSegment = (character: string): boolean => character !== '/'
const isSlash = (character: string): boolean => character === '/'
const isAny = (): boolean => true

/** Where the set that begins at `at` ends, behind its bracket; -1 where it does not. */
function endOfSet(text: readonly string[], at: number): number {
  let end = at + 1
  if (text[end] === '!' || text[end] === '^') end++
  if (text[end] === ']') end++
  for (; end < text.length && text[end] !== '/'; end++) {
    if (text[end] === ']') return end + 1
    if (text[end] === '\\') end++
  }
  return -1
}

/** Where each `{` that has a comma and an end closes. */
function closings(text: readonly string[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>()
  const open: { readonly at: number; hasComma: boolean }[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '\\') at++
    else if (character === '[') at = Math.max(at, endOfSet(text, at) - 1)
    else if (character === '{') open.push({ at, hasComma: false })
    else if (character === ',') {
      const last = open.at(-1)
      if (last) last.hasComma = true
    } else if (character === '}') {
      const last = open.pop()
      if (last?.hasComma) found.set(last.at, at)
    }
  }
  return found
}

/** A set without its brackets, as a test. A backslash takes the next character as it is. */
function setOf(text: readonly string[]): (character: string) => boolean {
  const isNot = text[0] === '!' || text[0] === '^'
  const ranges: (readonly [from: number, to: number])[] = []
  let at = isNot ? 1 : 0
  const next = (): number => {
    if (text[at] === '\\' && at + 1 < text.length) at++
    return text[at++]!.codePointAt(0)!
  }
  while (at < text.length) {
    const from = next()
    const isRange = text[at] === '-' && at + 1 < text.length
    if (isRange) at++
    ranges.push([from, isRange ? next() : from])
  }
  return (character) => {
    const code = character.codePointAt(0)!
    return character !== '/' && ranges.some(([from, to]) => from <= code && code <= to) !== isNot
  }
}

/** What is being read: the pattern, where its braces close, and how far reading is. */
interface Reading {
  readonly text: readonly string[]
  readonly ends: ReadonlyMap<number, number>
  at: number
}

/** The parts up to `end`, or up to a comma between braces. */
function sequence(reading: Reading, end: number, inBraces: boolean): Sequence {
  const parts: Part[] = []
  while (reading.at < end && !(inBraces && reading.text[reading.at] === ',')) parts.push(part(reading))
  return parts
}

function part(reading: Reading): Part {
  const { text, ends, at } = reading
  const character = text[at]!
  if (character === '*') return stars(reading)
  if (character === '?') {
    reading.at++
    return { kind: 'one', fits: isInSegment }
  }
  const endOfThis = character === '[' ? endOfSet(text, at) : -1
  if (endOfThis > 0) {
    reading.at = endOfThis
    return { kind: 'one', fits: setOf(text.slice(at + 1, endOfThis - 1)) }
  }
  const close = character === '{' ? ends.get(at) : undefined
  if (close !== undefined) return choice(reading, close)
  const isEscape = character === '\\' && at + 1 < text.length
  const literal = isEscape ? text[at + 1]! : character
  reading.at += isEscape ? 2 : 1
  return { kind: 'one', fits: (other) => other === literal }
}

function stars(reading: Reading): Part {
  const { text, at } = reading
  while (text[reading.at] === '*') reading.at++
  if (reading.at - at < 2) return { kind: 'many', fits: isInSegment }
  if (text[reading.at] !== '/') return { kind: 'many', fits: isAny }
  reading.at++
  return { kind: 'folders' }
}

function choice(reading: Reading, close: number): Part {
  const of: Sequence[] = []
  do {
    reading.at++
    of.push(sequence(reading, close, true))
  } while (reading.at < close)
  reading.at = close + 1
  return { kind: 'choice', of }
}

/** A state: it goes on over a character that fits, or to others at once, with `gate` only where a segment begins. The first one is the end. */
interface State {
  readonly fits?: (character: string) => boolean
  readonly gate?: true
  readonly to: number[]
}

/** Adds the states of a sequence that goes on at `next`; returns where it begins. */
function build(states: State[], parts: Sequence, next: number): number {
  const add = (state: State): number => states.push(state) - 1
  let begin = next
  for (const one of parts.toReversed()) {
    const after = begin
    if (one.kind === 'one') begin = add({ fits: one.fits, to: [after] })
    else if (one.kind === 'choice') begin = add({ to: one.of.map((each) => build(states, each, after)) })
    else {
      const loop = add({ to: one.kind === 'many' ? [after] : [] })
      states[loop]!.to.push(add({ fits: one.kind === 'many' ? one.fits : isAny, to: [loop] }))
      begin = loop
      if (one.kind === 'folders') {
        states[loop]!.to.push(add({ fits: isSlash, to: [after] }))
        begin = add({ to: [loop, add({ gate: true, to: [after] })] })
      }
    }
  }
  return begin
}

/**
 * A test for whole paths with `/`, relative to where the pattern is. `*` and `?` stay within a segment (a dot in front is no exception), two
 * stars go across, and as a segment stand for any number of folders, none included; `[a-z]`, `[!a]`, `{a,b}`, `\` for a character as it is.
 * A `!` in front has no meaning here.
 * @throws SopsError `generic` for a pattern of more than 4096 characters.
 */
export function compileGlob(pattern: string): (path: string) => boolean {
  const text = [...pattern]
  if (text.length > longest) {
    throw new SopsError('generic', `a pattern has ${text.length} characters, and at most ${longest} are taken`)
  }
  const parts = sequence({ text, ends: closings(text), at: 0 }, text.length, false)
  const states: State[] = [{ to: [] }]
  const begin = build(states, parts, 0)
  return (path) => {
    let current = reached(states, [begin], true)
    for (const character of path) {
      const next: number[] = []
      for (const at of current) if (states[at]!.fits?.(character)) for (const to of states[at]!.to) next.push(to)
      if (next.length === 0) return false
      current = reached(states, next, character === '/')
    }
    return current.has(0)
  }
}

/** The states themselves, and those that they go to at once. */
function reached(states: readonly State[], from: readonly number[], atStart: boolean): ReadonlySet<number> {
  const found = new Set(from)
  for (const at of found) {
    const { fits, gate, to } = states[at]!
    if (fits === undefined && (atStart || !gate)) for (const next of to) found.add(next)
  }
  return found
}

/** Whether a word has a part that stands for something else, where its backslashes are no separators. */
export const isGlob = (word: string): boolean => startOfGlob(word) >= 0

/** Where the first such part is; -1 if there is none. */
function startOfGlob(word: string): number {
  const text = [...word]
  const ends = closings(text)
  let length = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (character === '*' || character === '?' || ends.has(at)) return length
    if (character === '[' && endOfSet(text, at) > 0) return length
    length += character.length
    if (character === '\\' && at + 1 < text.length) length += text[++at]!.length
  }
  return -1
}

/** The folder in which a pattern looks (`''`: the current one), and what it says of the paths below it. */
export function splitGlob(pattern: string): { readonly folder: string; readonly below: string } {
  const start = startOfGlob(pattern)
  const slash = pattern.lastIndexOf('/', start < 0 ? pattern.length : start)
  const folder = pattern.slice(0, slash + 1).replace(/\\([\s\S])/g, '$1')
  return { folder, below: pattern.slice(slash + 1) }
}
