// How the style of a scalar travels through encryption in the style of its encrypted value, and how it is written again.
import { isToken } from '../../../cipher/index.ts'
import { formatFloatF } from '../../../tree/floats.ts'
import type { Leaf, Value } from '../../../tree/tree.ts'
import type { YScalar } from '../parse/nodes.ts'
import { hasAllDigits, printScalar, type ScalarText, spellingOf } from '../print/print.ts'

import { disputeOf } from './readings.ts'
import { isStringTag, resolvePlain } from './resolve.ts'
import {
  blockHeader,
  canBeLiteral,
  canBePlain,
  canBeSingle,
  needsQuotes,
  referenceStyle,
  writeBlock,
  writeDouble,
  writeSingle,
} from './strings.ts'

/** Where a leaf stands. */
export interface Site {
  readonly flow: boolean
  /** Column of a block scalar's content here. */
  readonly column: number
  /** Column of the block around it; -1 outside of all. */
  readonly outer: number
  /** The source's block scalar has an indentation indicator. */
  readonly digit: boolean
  /** It stands behind the chomping indicator. */
  readonly digitLast: boolean
  /** Empty lines behind the source's block scalar; undefined where it is none. */
  readonly blanks: number | undefined
  /** Empty lines behind the line of a source that is no block scalar. */
  readonly following?: number
  readonly eol: string
  /** Takes another plaintext's place, and so has no spelling of its own that must come back. */
  readonly renewed?: boolean
  /** A tag says that it is a string, whatever the text looks like. */
  readonly tagged: boolean
  /** On a line of its own at the column of the keys around it, where only a block scalar without tag can stand. */
  readonly bare: boolean
}

/** Value and, for decrypted numbers, booleans and times, their own spelling. */
type Spelled = Pick<Leaf, 'value' | 'spelling'>

const line = (head: string): ScalarText => ({ head })

/** Encrypted values as they stand in a file. */
export const isEncrypted = (value: Value): value is string => typeof value === 'string' && isToken(value)

/** A number, boolean or time as the reference prints it, or, with `other`, as it prints none. */
function spellTyped({ value, spelling }: Spelled, other: boolean): string {
  const expected = printScalar(value, 0, 0, '\n').head
  // Digits with separators are numbers to the reference and text to readers of YAML 1.2.
  const common = spelling !== undefined && !spelling.includes('_')
  if (common && other && typeof value === 'number' && /^[0-9-]+\.0$/.test(spelling))
    return `!!float ${spelling.slice(0, -2)}`
  const own = common ? spellingOf({ value, spelling }) : undefined
  if (own !== undefined) return own
  if (!other || value === null || typeof value === 'string' || value instanceof Uint8Array) return expected
  let text: string
  if (typeof value === 'boolean') text = value ? 'True' : 'False'
  else if (typeof value === 'number') text = formatFloatF(value)
  else if (typeof value === 'bigint') text = String(value)
  else text = value.rfc3339.replace(/T00:00:00Z$/, '')
  return spellingOf({ value, spelling: text }) ?? expected
}

function quoted(value: string): ScalarText {
  return line(canBeSingle(value) ? writeSingle(value) : writeDouble(value, true))
}

function inReferenceStyle(value: string, site: Site): ScalarText {
  switch (referenceStyle(value, !site.tagged)) {
    case '':
      return line(value)
    case "'":
      return line(writeSingle(value))
    case '"':
      return line(writeDouble(value, false))
    default:
      return site.flow
        ? line(writeDouble(value, false))
        : (writeBlock('|', value, { ...site, digit: site.digit || value[0] === '\n' }) ??
            line(writeDouble(value, false)))
  }
}

const readsAsString = (value: string, site: Site): boolean =>
  canBePlain(value, site.flow, site.renewed !== true) && (site.tagged || typeof resolvePlain(value) === 'string')

/** Readers of another YAML see something else in the text where it stands without quotes. */
const isDisputed = (value: string, { tagged }: Site): boolean =>
  needsQuotes(value, !tagged) || (!tagged && disputeOf(value) !== undefined)

/** How a text is written: as the reference prints it, or in a style of its own. */
type Form = 'reference' | 'plain' | '"' | "'" | '|' | '>'

/**
 * What the style of an encrypted value says of a text. One without quotes, which is all that the reference writes, says what the
 * reference prints; in a flow collection, where it cannot stand, single quotes take its place.
 */
function formOf(style: string, value: string, site: Site): Form {
  if (style === '|' || style === '>') return style
  const isDouble = style === '"'
  const isReadable = readsAsString(value, site)
  if (site.flow) {
    if (isReadable && isDisputed(value, site)) return isDouble ? 'plain' : '"'
    return isDouble ? '"' : isReadable ? 'plain' : "'"
  }
  if (style === '') return 'reference'
  if (!isReadable || referenceStyle(value, !site.tagged) !== '"') return isDouble ? '"' : "'"
  if (isDouble) return 'plain'
  // What the reference escapes stands raw in double quotes more often than in single ones.
  return writeDouble(value, true) === writeDouble(value, false) ? "'" : '"'
}

function writeText(form: Form, value: string, site: Site): ScalarText {
  switch (form) {
    case 'plain':
      return line(value)
    case '"':
      return line(writeDouble(value, true))
    case "'":
      return quoted(value)
    case '|':
    case '>':
      return (canBeLiteral(value) ? writeBlock(form, value, site) : undefined) ?? inReferenceStyle(value, site)
    default:
      return inReferenceStyle(value, site)
  }
}

function writeBytes(value: Uint8Array, site: Site): ScalarText {
  const text = printScalar(value, site.column, site.outer, site.eol)
  if (!site.flow) return text
  return line(text.head.includes('|') ? `!!binary "${Buffer.from(value).toString('base64')}"` : text.head)
}

const emptyText = (style: string): ScalarText => line(style === "'" ? "''" : '""')

/** The text of a plaintext leaf whose encrypted value has this style. */
export function writeAs(style: string, leaf: Spelled, site: Site): ScalarText {
  const { value } = leaf
  if (value instanceof Uint8Array) return writeBytes(value, site)
  if (typeof value !== 'string') return line(spellTyped(leaf, style === '"'))
  return value === '' ? emptyText(style) : writeText(formOf(style, value, site), value, site)
}

/** Another plaintext in the place of a plaintext of this style. */
export function restyle(style: string, leaf: Spelled, site: Site): ScalarText {
  const { value } = leaf
  if (typeof value !== 'string' || value === '') return writeAs(style === '"' ? '' : style, leaf, site)
  if (style !== '') return writeText(style as Form, value, site)
  if (!site.flow) return writeText('reference', value, site)
  const isPlain = readsAsString(value, { ...site, renewed: true }) && !isDisputed(value, site)
  return writeText(isPlain ? 'plain' : "'", value, site)
}

/** A value's text on one line, or as the reference prints it where readers of another YAML would see another value in it. */
export function unambiguous(text: string, value: Value): string {
  if (typeof value === 'string') return text === value && needsQuotes(value) ? writeDouble(value, false) : text
  return disputeOf(text) ? printScalar(value, 0, 0, '\n').head : text
}

/** The style of an encrypted value that says nothing of the plaintext. */
const usualStyle = (site: Site): string => (site.flow ? "'" : '')

/** Styles of an encrypted value to try for a source of a style, in order of preference. */
function stylesFor(style: string, { value }: Spelled, site: Site): string[] {
  const usual = usualStyle(site)
  if (typeof value !== 'string') return [usual, '"']
  if (style === '|' || style === '>') return [style]
  return [...new Set([site.flow && style === '' ? usual : style, usual, '"', "'"])]
}

const same = (a: ScalarText, b: ScalarText): boolean => a.head === b.head && a.body === b.body

const styleOf = ({ head }: ScalarText): string => (/^["'|>]/.test(head) ? (head[0] as string) : '')

/** The encrypted value's style under which `leaf` is written again as `source` stands; the nearest one, and `exact` false, where there is none. */
export function encryptedStyle(
  source: ScalarText,
  style: string,
  leaf: Spelled,
  site: Site,
): { style: string; exact: boolean } {
  const styles = stylesFor(style, leaf, site)
  const texts = styles.map((token) => writeAs(token, leaf, site))
  const exact = texts.findIndex((text) => same(text, source))
  if (exact >= 0) return { style: styles[exact] as string, exact: true }
  // Where only the tag goes, or only the escapes or the lines are others.
  const untagged = texts.findIndex(({ head, body }) => body === undefined && source.head.endsWith(head))
  const near = untagged >= 0 ? untagged : texts.findIndex((text) => styleOf(text) === style)
  return { style: styles[Math.max(near, 0)] as string, exact: false }
}

/** The style of another encrypted value in the place of one of this style: quotes stay, and say nothing but that. */
export function encryptedRestyle(style: string, leaf: Spelled, site: Site): string {
  if (style === '|' || style === '>') return style
  const usual = usualStyle(site)
  const { value } = leaf
  if (typeof value !== 'string') return hasAllDigits(leaf) ? '"' : usual
  if (style === usual || value === '') return usual
  const wanted = writeText(style as Form, value, site)
  return [style, usual].find((token) => same(writeAs(token, leaf, site), wanted)) ?? usual
}

/** An encrypted value in a style. */
export function writeEncrypted(style: string, value: string, site: Site): ScalarText {
  switch (style) {
    case '"':
      return line(`"${value}"`)
    case "'":
      return line(`'${value}'`)
    case '|':
    case '>': {
      const digit = site.digit ? site.column - Math.max(site.outer, 0) : 0
      return { head: blockHeader(style, digit, '-', site.digitLast), body: ' '.repeat(site.column) + value }
    }
    default:
      return line(value)
  }
}

/** The parts of a scalar node's text, with a tag that does not stay before an encrypted value. */
export function sourceOf(text: string, node: YScalar): ScalarText {
  const tag = node.tagToken && !isStringTag(node.tag) ? text.slice(node.tagToken.start, node.content) : ''
  const { block } = node
  if (!block) return { head: tag + text.slice(node.content, node.end) }
  const head = tag + text.slice(node.content, block.headerEnd)
  return block.contentEnd > block.body ? { head, body: text.slice(block.body, block.contentEnd) } : { head }
}
