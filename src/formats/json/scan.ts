// JSON text to tree: an iterative scanner that keeps order, duplicate keys and the place of every token (spec/format.md 8.1).

import { type Position, SopsError } from '../../errors.ts'
import { formatPath, type Step } from '../../tree/path.ts'
import type { Entry, Leaf, ListNode, MapNode, Node, Origin, Value } from '../../tree/tree.ts'
import { numberText, numberValue } from './leaf.ts'

/** `items` are the children as the source has them. */
export interface ContainerOrigin extends Origin {
  readonly items: readonly (Entry | Node)[]
}

/** `value` is the key; `keyEnd` is behind its closing quote, `valueStart` at the first character of the value. */
export interface EntryOrigin extends Origin {
  readonly value: string
  readonly keyEnd: number
  readonly valueStart: number
}

interface Frame {
  readonly parent: Frame | undefined
  readonly depth: number
  readonly start: number
  readonly map: boolean
  readonly items: (Entry | Node)[]
  key: string
  keyStart: number
  keyEnd: number
  valueStart: number
}

const MAX_DEPTH = 10_000
const NUMBER = /-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/y
/** After this many characters a string is searched for what ends it, instead of read one by one. */
const LONG = 128
const CONTROL = /[^ -\uffff]/

const NOT_TEXT = ['write it as UTF-8, or as \\ufffd, which is what SOPS reads there']
const TRAILING = [
  'a JSON file holds one value: what follows it would be lost',
  'if two files were joined, save each as a file of its own',
]
const BYTE_ORDER_MARK = ['save the file without a byte order mark']

const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_LIST = 91
const BACKSLASH = 92
const CLOSE_LIST = 93
const OPEN_MAP = 123
const CLOSE_MAP = 125

/**
 * The one value a JSON text holds.
 * @throws SopsError `parse`; texts of messages as in the reference, `EOF` for blank input.
 */
export function scan(text: string): Node {
  let at = 0

  const fail = (message: string, offset: number, hints: readonly string[] = []): never => {
    throw new SopsError('parse', message, { position: positionOf(text, offset), hints })
  }
  const unexpected = (context: string, offset: number = at, hints: readonly string[] = []): never =>
    offset >= text.length
      ? fail('unexpected EOF', text.length)
      : fail(`invalid character ${quoteChar(text, offset)} ${context}`, offset, hints)

  const blanks = (): number => {
    for (;;) {
      const code = text.charCodeAt(at)
      if (code !== SPACE && code !== LF && code !== TAB && code !== CR) return code
      at += 1
    }
  }

  const nextQuote = finder(text, '"')
  const nextBackslash = finder(text, '\\')

  const string = (isKey = false): string => {
    const start = at
    let escaped = false
    let probe = start + LONG
    for (let i = start + 1; ; i++) {
      if (i >= probe) {
        const stop = Math.min(nextQuote(i), nextBackslash(i))
        if (!CONTROL.test(text.slice(i, stop))) i = stop
        probe = stop + LONG
      }
      const code = text.charCodeAt(i)
      if (code === QUOTE) {
        at = i + 1
        const raw = text.slice(start + 1, i)
        const value = escaped ? unescaped(raw, start) : raw
        return value.isWellFormed() ? value : refuse(value, start, isKey)
      }
      if (code === BACKSLASH) {
        escaped = true
        i += 1
      } else if (!(code >= SPACE)) return unexpected('in string literal', i)
    }
  }

  const unescaped = (raw: string, start: number): string => {
    try {
      return JSON.parse(`"${raw}"`)
    } catch {
      return unexpected('in string escape code', badEscape(text, start))
    }
  }

  /** The reference reads U+FFFD instead, which is another value. */
  const refuse = (value: string, start: number, isKey: boolean): never => {
    const steps: Step[] = isKey ? [value.toWellFormed()] : frame === undefined ? [] : [stepOf(frame)]
    for (let above = frame?.parent; above !== undefined; above = above.parent) steps.unshift(stepOf(above))
    const what = `${isKey ? 'the key' : 'the string'} ${formatPath(steps)}`.trimEnd()
    const isByte = text.slice(start, at).isWellFormed() === false
    throw new SopsError('parse', `${what} holds ${isByte ? 'bytes that are not UTF-8' : 'half of a surrogate pair'}`, {
      position: positionOf(text, start),
      path: steps.filter((step) => typeof step === 'string'),
      hints: NOT_TEXT,
    })
  }

  const number = (): Leaf => {
    const start = at
    NUMBER.lastIndex = start
    const match = NUMBER.exec(text)
    if (match === null) {
      at += 1
      return unexpected('in numeric literal')
    }
    at = NUMBER.lastIndex
    const spelling = match[0]
    const value = numberValue(spelling, match[1] === '')
    if (value === undefined) return fail('number out of the range of a float', start)
    const origin = { start, end: at, value }
    return numberText(value) === spelling ? { kind: 'leaf', value, origin } : { kind: 'leaf', value, spelling, origin }
  }

  const literal = (word: string, value: Value): Leaf => {
    const start = at
    for (let i = 1; i < word.length; i++) {
      if (text[start + i] !== word[i]) unexpected(`in literal ${word} (expecting '${word[i]}')`, start + i)
    }
    at = start + word.length
    return { kind: 'leaf', value, origin: { start, end: at, value } }
  }

  const leaf = (code: number): Leaf => {
    if (code === QUOTE) {
      const start = at
      const value = string()
      return { kind: 'leaf', value, origin: { start, end: at, value } }
    }
    if (code === 45 || (code >= 48 && code <= 57)) return number()
    if (code === 116) return literal('true', true)
    if (code === 102) return literal('false', false)
    if (code === 110) return literal('null', null)
    return unexpected('looking for beginning of value')
  }

  const key = (frame: Frame, context: string): void => {
    if (text.charCodeAt(at) !== QUOTE) unexpected(context)
    frame.keyStart = at
    frame.key = string(true)
    frame.keyEnd = at
    if (blanks() !== COLON) unexpected('after object key')
    at += 1
    blanks()
    frame.valueStart = at
  }

  const close = ({ map, start, items }: Frame): MapNode | ListNode => {
    at += 1
    const origin: ContainerOrigin = { start, end: at, value: null, items }
    return map ? { kind: 'map', items: items as Entry[], origin } : { kind: 'list', items: items as Node[], origin }
  }

  let frame: Frame | undefined
  if (Number.isNaN(blanks())) return fail('EOF', at)
  if (text.startsWith('\ufeff')) unexpected('looking for beginning of value', 0, BYTE_ORDER_MARK)
  for (;;) {
    const code = blanks()
    let node: Node
    if (code === OPEN_MAP || code === OPEN_LIST) {
      const map = code === OPEN_MAP
      const depth: number = frame === undefined ? 1 : frame.depth + 1
      if (depth > MAX_DEPTH) fail('exceeded max depth', at)
      const opened: Frame = {
        parent: frame,
        depth,
        start: at,
        map,
        items: [],
        key: '',
        keyStart: 0,
        keyEnd: 0,
        valueStart: 0,
      }
      at += 1
      if (blanks() !== (map ? CLOSE_MAP : CLOSE_LIST)) {
        frame = opened
        if (map) key(frame, 'looking for beginning of object key string')
        continue
      }
      node = close(opened)
    } else node = leaf(code)

    for (;;) {
      if (frame === undefined) {
        if (!Number.isNaN(blanks())) unexpected('after top-level value', at, TRAILING)
        return node
      }
      if (frame.map) {
        const { keyStart, keyEnd, valueStart, key } = frame
        const origin: EntryOrigin = { start: keyStart, end: at, value: key, keyEnd, valueStart }
        frame.items.push({ kind: 'entry', key, value: node, origin })
      } else frame.items.push(node)
      const next = blanks()
      if (next === COMMA) {
        at += 1
        blanks()
        if (frame.map) key(frame, 'looking for beginning of object key string')
        break
      }
      if (next !== (frame.map ? CLOSE_MAP : CLOSE_LIST)) {
        unexpected(frame.map ? 'after object key:value pair' : 'after array element')
      }
      node = close(frame)
      frame = frame.parent
    }
  }
}

/** Where the value stands that is being read. */
const stepOf = ({ map, key, items }: Frame): Step => (map ? key : items.length)

/** Finds the first `char` from an offset on, the end if there is none; linear in the text for rising offsets. */
function finder(text: string, char: string): (from: number) => number {
  let found = -1
  return (from) => {
    if (found < from) {
      found = text.indexOf(char, from)
      if (found < 0) found = text.length
    }
    return found
  }
}

/** Offset of the first character that makes an escape of the string at `start` invalid. */
function badEscape(text: string, start: number): number {
  for (let i = text.indexOf('\\', start); ; i = text.indexOf('\\', i)) {
    const kind = text[i + 1]!
    if (kind === 'u') {
      for (let digit = i + 2; digit < i + 6; digit++) if (!/^[0-9a-fA-F]$/.test(text[digit] ?? '')) return digit
      i += 6
    } else if ('"\\/bfnrt'.includes(kind)) i += 2
    else return i + 1
  }
}

/** The character at an offset as the reference's messages show it. */
function quoteChar(text: string, offset: number): string {
  const code = text.codePointAt(offset)!
  // A byte that is not UTF-8 shows as the character of its number.
  const char = String.fromCodePoint(code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code)
  if (char === "'") return "'\\''"
  if (char === '"') return `'"'`
  return `'${JSON.stringify(char).slice(1, -1)}'`
}

/** Line and column, from 1, of an offset. */
export function positionOf(text: string, offset: number): Position {
  let line = 1
  let start = 0
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) {
    line += 1
    start = i + 1
  }
  return { line, column: offset - start + 1 }
}
