// Ways of spelling a string or number that differ from ours, and how an encrypted token remembers which one stood there.
import { formatFloatF } from '../../tree/floats.ts'
import type { Leaf, Value } from '../../tree/tree.ts'
import { numberText, type Quote, quoteMarkup, quoteMinimal } from './leaf.ts'

const hex = (char: string): string => char.charCodeAt(0).toString(16).padStart(4, '0')
const lower = (char: string): string => `\\u${hex(char)}`
const upper = (char: string): string => `\\u${hex(char).toUpperCase()}`

const NON_ASCII = /[\u007f-\uffff]/g
const quoteSlash: Quote = (text) => quoteMinimal(text).replaceAll('/', '\\/')
const quoteAscii: Quote = (text) => quoteMinimal(text).replace(NON_ASCII, lower)

/**
 * What widespread JSON writers escape beyond the necessary: Go and Rails, PHP with unescaped Unicode, Python, PHP, .NET, Jackson; then the
 * first of these together with the second, the third and both. Encrypted files refer to these by their place in this list.
 */
const habits: readonly Quote[] = [
  quoteMarkup,
  quoteSlash,
  quoteAscii,
  (text) => quoteAscii(text).replaceAll('/', '\\/'),
  (text) => quoteMinimal(text).replace(/\\"|[<>&'+`\u007f-\uffff]/g, (found) => upper(found.slice(-1))),
  (text) => quoteMinimal(text).replace(NON_ASCII, upper),
  (text) => quoteMarkup(text).replaceAll('/', '\\/'),
  (text) => quoteMarkup(text).replace(NON_ASCII, lower),
  (text) => quoteMarkup(text).replace(NON_ASCII, lower).replaceAll('/', '\\/'),
]

/** A place in `habits`; of numbers, 0 stands for decimals without an exponent. */
type Habit = number

/** The habit that the token of a plain value follows; undefined for our own and for those we do not know. */
export function habitOf(token: string, value: Value): Habit | undefined {
  if (typeof value === 'number') return token !== numberText(value) && token === formatFloatF(value) ? 0 : undefined
  if (typeof value !== 'string' || !token.includes('\\') || token === quoteMinimal(value)) return undefined
  const habit = habits.findIndex((quote) => quote(value) === token)
  return habit < 0 ? undefined : habit
}

/** Whether the token of a plain text has escapes that neither a habit nor our own way of writing gives back. */
export const isOddlyEscaped = (token: string, value: Value): boolean =>
  typeof value === 'string' &&
  token.includes('\\') &&
  token !== quoteMinimal(value) &&
  habitOf(token, value) === undefined

/** A leaf as the habit spells it. */
export function spell({ value }: Leaf, habit: Habit): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? formatFloatF(value) : undefined
  return typeof value === 'string' ? habits[habit]!(value) : undefined
}

/** The habit's place from here on in `ENC[…]` is the one character that the token escapes; every JSON reader sees the same value. */
const TAIL = ',type:'

/** The token of an encrypted value that remembers a habit. */
export function mark(value: string, habit: Habit): string | undefined {
  const token = quoteMinimal(value)
  const tail = token.lastIndexOf(TAIL)
  const at = tail + habit
  return tail < 0 ? undefined : token.slice(0, at) + lower(token[at]!) + token.slice(at + 1)
}

/** The habit that an encrypted token remembers. */
export function markOf(token: string, value: string): Habit | undefined {
  const tail = value.lastIndexOf(TAIL)
  if (tail < 0 || token.length !== value.length + '""'.length + '\\u0000'.length - 1) return undefined
  const habit = token.indexOf('\\') - '"'.length - tail
  return habit >= 0 && habit < habits.length ? habit : undefined
}
