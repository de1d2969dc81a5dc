// Regular expressions with RE2's meaning (spec/format.md 5). They come from files that anybody may have written, so their work is bounded.
import type { RE2JS } from 're2js'
import { SopsError } from '../errors.ts'

/** Whether an expression is found in a text. @throws SopsError `generic` once the expression has cost too much. */
export type Test = (text: string) => boolean

/** Bytes of an expression. */
const maximumLength = 4096
/** Instructions that counted repetitions may make of it: RE2 writes `x{1000}` as a thousand of them. */
const maximumSize = 10_000
/** Instructions times characters over all texts, which is what a search may cost: about a minute at the very most. */
const maximumSteps = 5e8
/** Answers for texts up to this length are remembered: most keys occur many times in a file. */
const longestKnown = 128

const written = 'write a shorter one: it decides what is encrypted, so none is left out that cannot be read'

/**
 * @param name the setting, for the message.
 * @throws SopsError `generic` for an expression that is too long, or that repetitions make too large.
 */
export function refuseLargeExpression(expression: string, name = 'the regular expression'): void {
  const length = Buffer.byteLength(expression)
  if (length > maximumLength) {
    throw new SopsError('generic', `${name} has ${length} bytes, and at most ${maximumLength} are taken`, {
      hints: [written],
    })
  }
  if (estimatedSize(expression) > maximumSize) {
    const problem = `${name} repeats too much: it would have more than ${maximumSize} instructions`
    throw new SopsError('generic', problem, { hints: [written] })
  }
}

const token = /\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]|\{(\d{1,9})(?:,(\d{0,9}))?\}|[\s\S]/gu

/** A rough count of instructions: those of each item, times the counted repetitions behind it. */
function estimatedSize(expression: string): number {
  const outer: number[] = []
  let sum = 0
  let last = 0
  for (const [text, least, most] of expression.matchAll(token)) {
    if (least !== undefined) last *= Math.max(Number(least), Number(most ?? 0), 1)
    else if (text === '(') {
      outer.push(sum + last)
      sum = 0
      last = 0
    } else if (text === ')' && outer.length > 0) {
      last += sum
      sum = outer.pop()!
    } else {
      sum += last
      last = 1
    }
  }
  return outer.reduce((all, size) => all + size, sum + last)
}

/** Expressions that are kept compiled: a run over many files has the same few for each. */
const keptExpressions = 64

const compiled = new Map<string, RE2JS>()

async function programOf(expression: string): Promise<RE2JS> {
  const kept = compiled.get(expression)
  if (kept !== undefined) return kept
  const { RE2JS } = await import('re2js')
  const program = RE2JS.compile(expression)
  if (compiled.size >= keptExpressions) compiled.clear()
  compiled.set(expression, program)
  return program
}

/**
 * A search with RE2's meaning; the engine is loaded only where one is needed.
 * @throws SopsError `generic` as `refuseLargeExpression`, any other error when the expression is not valid RE2.
 */
export async function compileRegex(expression: string, name?: string): Promise<Test> {
  refuseLargeExpression(expression, name)
  const words = wordsTest(expression)
  if (words !== undefined) return words
  const regex = await programOf(expression)
  const size = regex.programSize()
  const known = new Map<string, boolean>()
  let steps = 0
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    steps += size * (text.length + 1)
    if (steps > maximumSteps) {
      const problem = `${name ?? 'the regular expression'} is too costly for the texts of this file`
      throw new SopsError('generic', problem, { hints: ['a simpler expression, or a suffix, says it at less cost'] })
    }
    const found = regex.test(text)
    if (text.length <= longestKnown) known.set(text, found)
    return found
  }
}

/** `^(data|stringData)$` and the like, by far the most frequent, need no engine: words, with or without anchors around all of them. */
function wordsTest(expression: string): Test | undefined {
  const m = /^(\^?)(?:([\w-]+)|\(([\w-]+(?:\|[\w-]+)*)\))(\$?)$/.exec(expression)
  if (m === null) return undefined
  const words = (m[2] ?? m[3]!).split('|')
  if (m[1] !== '' && m[4] !== '') return (text) => words.includes(text)
  if (m[1] !== '') return (text) => words.some((word) => text.startsWith(word))
  if (m[4] !== '') return (text) => words.some((word) => text.endsWith(word))
  return (text) => words.some((word) => text.includes(word))
}
