// Strings, numbers, booleans and null of JSON texts (spec/format.md 8.1).

import { SopsError } from '../../errors.ts'
import { backslash, digit0, digit9, doubleQuote, hyphen, space } from '../../text/characters.ts'
import { positionIn } from '../../text/position.ts'
import { formatPath, type Step } from '../../tree/path.ts'
import type { Leaf, Value } from '../../tree/tree.ts'
import { numberText, numberValue } from './leaf.ts'
import { type JsonScanner, stepOf, unexpected } from './scanner.ts'

const NUMBER = /-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/y
/** After this many characters a string is searched for what ends it, instead of read one by one. */
const LONG = 128
const CONTROL = /[^ -\uffff]/
const NOT_TEXT = ['write it as UTF-8, or as \\ufffd, which is what SOPS reads there']

/** The scalar that begins with `code`. */
export function scanScalar(s: JsonScanner, code: number): Leaf {
  if (code === doubleQuote) {
    const start = s.at
    const value = scanString(s)
    return { kind: 'leaf', value, origin: { start, end: s.at, value } }
  }
  if (code === hyphen || (code >= digit0 && code <= digit9)) return scanNumber(s)
  if (code === 0x74) return scanLiteral(s, 'true', true)
  if (code === 0x66) return scanLiteral(s, 'false', false)
  if (code === 0x6e) return scanLiteral(s, 'null', null)
  return unexpected(s, 'looking for beginning of value')
}

/** The value of the string whose opening quote is next. */
export function scanString(s: JsonScanner, isKey = false): string {
  const { text, at: start } = s
  let escaped = false
  let probe = start + LONG
  for (let i = start + 1; ; i++) {
    if (i >= probe) {
      const stop = Math.min(s.nextQuote(i), s.nextBackslash(i))
      if (!CONTROL.test(text.slice(i, stop))) i = stop
      probe = stop + LONG
    }
    const code = text.charCodeAt(i)
    if (code === doubleQuote) {
      s.at = i + 1
      const raw = text.slice(start + 1, i)
      const value = escaped ? unescaped(s, raw, start) : raw
      return value.isWellFormed() ? value : refuseHalf(s, value, start, isKey)
    }
    if (code === backslash) {
      escaped = true
      i += 1
    } else if (!(code >= space)) return unexpected(s, 'in string literal', i)
  }
}

function unescaped(s: JsonScanner, raw: string, start: number): string {
  try {
    return JSON.parse(`"${raw}"`)
  } catch {
    return unexpected(s, 'in string escape code', badEscape(s.text, start))
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

/** The reference reads U+FFFD for a half of a surrogate pair: another value, so it is refused here. */
function refuseHalf({ text, at, frame }: JsonScanner, value: string, start: number, isKey: boolean): never {
  const steps: Step[] = isKey ? [value.toWellFormed()] : frame === undefined ? [] : [stepOf(frame)]
  for (let above = frame?.parent; above !== undefined; above = above.parent) steps.unshift(stepOf(above))
  const what = `${isKey ? 'the key' : 'the string'} ${formatPath(steps)}`.trimEnd()
  // A byte that is not UTF-8 is such a half in the text itself; an escape is not.
  const isByte = !text.slice(start, at).isWellFormed()
  throw new SopsError('parse', `${what} holds ${isByte ? 'bytes that are not UTF-8' : 'half of a surrogate pair'}`, {
    position: positionIn(text, start),
    path: steps.filter((step) => typeof step === 'string'),
    hints: NOT_TEXT,
  })
}

function scanNumber(s: JsonScanner): Leaf {
  const start = s.at
  NUMBER.lastIndex = start
  const match = NUMBER.exec(s.text)
  if (match === null) return unexpected(s, 'in numeric literal', start + 1)
  s.at = NUMBER.lastIndex
  const spelling = match[0]
  const value = numberValue(spelling, match[1] === '')
  if (value === undefined)
    throw new SopsError('parse', 'number out of the range of a float', {
      position: positionIn(s.text, start),
      hints: ['put it in double quotes to store it as text'],
      details: { fault: 'number out of range' },
    })
  const origin = { start, end: s.at, value }
  return numberText(value) === spelling ? { kind: 'leaf', value, origin } : { kind: 'leaf', value, spelling, origin }
}

function scanLiteral(s: JsonScanner, word: string, value: Value): Leaf {
  const { text, at: start } = s
  for (let i = 1; i < word.length; i++) {
    if (text[start + i] !== word[i]) unexpected(s, `in literal ${word} (expecting '${word[i]}')`, start + i)
  }
  s.at = start + word.length
  return { kind: 'leaf', value, origin: { start, end: s.at, value } }
}
