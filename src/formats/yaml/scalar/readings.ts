// Plain scalars that other readers take for something else than SOPS does, and tags that they do not take.
import { digit0, digit9, dot, hyphen, plus } from '../../../text/characters.ts'
import { lineIn } from '../../../text/position.ts'
import type { Step } from '../../../tree/path.ts'
import type { Reading } from '../../types.ts'
import {
  contentText,
  elementsOf,
  isCollection,
  targetOf,
  type YCollection,
  type YDocument,
  type YNode,
  type YScalar,
} from '../parse/nodes.ts'
import { isStringTag, resolvePlain } from './resolve.ts'

/** What a text without quotes is to whom, and what to write instead of it. */
interface Disputed {
  readonly is: string
  readonly write: string
}

const disputed = (is: string, write: string): Disputed => ({ is, write })
const textElsewhere = (what: string): Disputed => disputed(`text for SOPS, ${what} for YAML 1.1`, 'quote it')
const boolean = (word: 'true' | 'false'): Disputed =>
  disputed(`text for SOPS, ${word} for YAML 1.1`, `write ${word} or quote it`)

const yes = boolean('true')
const no = boolean('false')
const words = new Map<string, Disputed>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'].map((word) => [word, yes] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'].map((word) => [word, no] as const),
  ['=', disputed('text for SOPS, refused by readers of YAML 1.1', 'quote it')],
  ['<<', textElsewhere('the mark of a merge')],
])

const sexagesimal = textElsewhere('a number')
const localTime = textElsewhere('a time')
const time = disputed('a time for SOPS and YAML 1.1, text for YAML 1.2', 'quote it if text is meant')
const octal = disputed('octal for SOPS and YAML 1.1, decimal for YAML 1.2', 'write it without the zero, or quote it')
const zeros = disputed('a number for SOPS and YAML 1.2, text for YAML 1.1', 'write it without the zero, or quote it')
const exponent = disputed(
  'a number for SOPS and YAML 1.2, text for YAML 1.1',
  'write it with a point and a sign, as in 1.0e+3, or quote it',
)
const modernOctal = disputed('a number for SOPS and YAML 1.2, text for YAML 1.1', 'write it in decimal, or quote it')
const notCore = disputed('a number for SOPS and YAML 1.1, text for YAML 1.2', 'write its decimal digits, or quote it')
const signedPoint = disputed(
  'a number for SOPS and YAML 1.2, text for PyYAML',
  'write a zero before the point, or quote it',
)
const ownNumber = disputed('a number for SOPS, text for others', 'write it in decimal, or quote it')

// The colons of YAML 1.1's integers, of its floats, and of Ruby's reader.
const colons = /^[-+]?(?:[1-9][0-9_]*(?::[0-5]?\d)+|\d[0-9_]*(?::[0-5]?\d)+\.[0-9_]*|\d[0-9_]*(?::[0-5]?\d){1,2})$/
const time11 =
  /^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$|^\d{4}-\d\d-\d\d$/

function disputedNumber(text: string): Disputed | undefined {
  const digits = text.replace(/^[-+]/, '')
  if (text.includes('_')) return notCore
  if (/^0[XOB]/.test(digits)) return ownNumber
  if (digits.startsWith('0o')) return digits === text ? modernOctal : ownNumber
  if (digits.startsWith('0b') || (digits.startsWith('0x') && digits !== text)) return notCore
  if (/^0[0-7]+$/.test(digits)) return Number.parseInt(digits, 8) === Number(digits) ? undefined : octal
  if (/^0\d+$/.test(digits)) return zeros
  if (digits.startsWith('.') && digits !== text) return signedPoint
  return /e/i.test(digits) && !/^(?:\d+\.\d*|\.\d+)[eE][-+]/.test(digits) ? exponent : undefined
}

/** Undefined where all readers see the same in a plain scalar. */
export function disputeOf(text: string): Disputed | undefined {
  const first = text.charCodeAt(0)
  const isDigit = first >= digit0 && first <= digit9
  if (!isDigit && first !== plus && first !== hyphen && first !== dot)
    return text.length < 4 ? words.get(text) : undefined
  if (text.length > 64) return undefined
  const value = resolvePlain(text)
  if (typeof value === 'string') return colons.test(text) ? sexagesimal : time11.test(text) ? localTime : undefined
  if (typeof value === 'object') return value === null ? undefined : time
  return typeof value === 'boolean' || /^[-+]?\.[a-z]/i.test(text) ? undefined : disputedNumber(text)
}

const beyond64 = 'a number beyond 64 bits, of which SOPS shows 17 digits: quote it if all of them count'

/** A whole number that is a float for SOPS. */
const isBeyond64 = (text: string): boolean => /^[-+]?[1-9]\d{18,}$/.test(text) && typeof resolvePlain(text) === 'number'

const gluedAnchor =
  'for SOPS the anchor ends before the colon, and the text begins with it; for others the colon belongs to the name, and nothing follows: put a blank between them, or quote the text'

/** An anchor's name and a colon without a blank between them (`&a:b`). */
const isGlued = (node: YNode, text: string): boolean =>
  node.kind === 'scalar' &&
  node.anchor !== undefined &&
  node.style === '' &&
  /[^ \t\r\n]:/.test(text.slice(node.content - 1, node.content + 1))

const isPlain = (node: YNode): node is YScalar => node.kind === 'scalar' && node.style === '' && node.tag === ''

/** What other readers see otherwise in a text, in its order. */
export function readingsOf(text: string, documents: readonly YDocument[]): Reading[] {
  const found: Reading[] = []
  const path: Step[] = []
  // To the scanner these end a line, to editors they do not.
  const isOdd = /[\u0085\u2028\u2029]/.test(text)
  const lineOf = (node: YNode): number => (isOdd ? lineIn(text, node.content) : node.line + 1)

  function add(node: YNode, isKey: boolean, last: Step): void {
    const say = (what: string): unknown => found.push({ path: [...path, last], line: lineOf(node), isKey, what })
    if (isStringTag(node.tag) && !node.tag.startsWith('!!'))
      say('a tag of its own, which mise, rops and PyYAML refuse in any file')
    if (isGlued(node, text)) say(gluedAnchor)
    if (!isPlain(node)) return
    // As a key it is what all readers take it for.
    const dispute = isKey && node.value === '<<' ? undefined : disputeOf(node.value)
    if (!isKey && isBeyond64(node.value)) say(beyond64)
    if (dispute) say(`${dispute.is}: ${isKey ? 'quote it' : dispute.write}`)
  }

  for (const { root } of documents) {
    const frames: { readonly node: YCollection; index: number }[] =
      root && isCollection(root) ? [{ node: root, index: 0 }] : []
    for (let frame = frames[frames.length - 1]; frame; frame = frames[frames.length - 1]) {
      const { node } = frame
      const element = elementsOf(node)[frame.index]
      if (!element) {
        frames.pop()
        path.pop()
        continue
      }
      const { value } = element
      const key = node.kind === 'map' ? node.entries[frame.index]?.key : undefined
      const step = key ? contentText(targetOf(key)) : frame.index
      frame.index++
      if (key) add(key, true, step)
      add(value, false, step)
      if (elementsOf(value).length === 0 || !isCollection(value)) continue
      path.push(step)
      frames.push({ node: value, index: 0 })
    }
  }
  return found
}
