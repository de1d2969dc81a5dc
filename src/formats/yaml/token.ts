// The token of one leaf: how its style travels with it through encryption, and how it is written again (design.md, "The source text is the document").
import { formatFloatF } from '../../core/floats.ts'
import type { Leaf, Value } from '../../core/tree.ts'
import type { YNode } from './nodes.ts'
import { printScalar, type ScalarText, spellingOf } from './print.ts'
import { isTypeTag, resolvePlain } from './resolve.ts'
import {
  blockHeader,
  canBeLiteral,
  canBePlain,
  canBeSingle,
  looksTyped,
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

/** What an encrypted token says about the plaintext's style: its own style, and with `less` (the tag `!`) the less expected reading of it. */
export interface Code {
  readonly style: string
  readonly less: boolean
}

/** Value and, for decrypted numbers, booleans and times, their own spelling. */
type Spelled = Pick<Leaf, 'value' | 'spelling'>

const line = (head: string): ScalarText => ({ head })

/** Encrypted values as they stand in a file. */
export const isEncrypted = (value: Value): value is string =>
  typeof value === 'string' && value.startsWith('ENC[AES256_GCM,data:') && value.endsWith(']')

function spellTyped({ value, spelling }: Spelled, less: boolean): string {
  const expected = printScalar(value, 0, 0, '\n').head
  // Digits with separators are numbers to the reference and text to readers of YAML 1.2.
  const common = spelling !== undefined && !spelling.includes('_')
  if (common && less && typeof value === 'number' && /^[0-9-]+\.0$/.test(spelling))
    return `!!float ${spelling.slice(0, -2)}`
  const own = common ? spellingOf({ value, spelling }) : undefined
  if (own !== undefined) return own
  if (!less || value === null || typeof value === 'string' || value instanceof Uint8Array) return expected
  let other: string
  if (typeof value === 'boolean') other = value ? 'True' : 'False'
  else if (typeof value === 'number') other = formatFloatF(value)
  else if (typeof value === 'bigint') other = String(value)
  else other = value.rfc3339.replace(/T00:00:00Z$/, '')
  return spellingOf({ value, spelling: other }) ?? expected
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

/** A string whose token in a flow collection is in single quotes: plain or single-quoted. */
function inFlow(value: string, less: boolean, site: Site): ScalarText {
  const expectsPlain = readsAsString(value, site) && (site.tagged || !looksTyped(value))
  if (expectsPlain !== less) return readsAsString(value, site) ? line(value) : quoted(value)
  return quoted(value)
}

/** The text of a plaintext leaf whose encrypted token had this code. */
export function writeAs(code: Code, leaf: Spelled, site: Site): ScalarText {
  const { value } = leaf
  if (value instanceof Uint8Array) {
    const text = printScalar(value, site.column, site.outer, site.eol)
    return site.flow
      ? line(text.head.includes('|') ? `!!binary "${Buffer.from(value).toString('base64')}"` : text.head)
      : text
  }
  if (typeof value !== 'string') return line(spellTyped(leaf, code.less))
  if (value === '') return line(code.style === "'" ? "''" : '""')
  if (site.flow) return code.style === '"' ? line(writeDouble(value, !code.less)) : inFlow(value, code.less, site)
  switch (code.style) {
    case '"':
      return line(writeDouble(value, !code.less))
    case "'":
      return quoted(value)
    case '|':
    case '>':
      if (canBeLiteral(value)) {
        const block = writeBlock(code.style, value, site, code.less)
        if (block) return block
      }
      return inReferenceStyle(value, site)
    default:
      return code.less && readsAsString(value, site) ? line(value) : inReferenceStyle(value, site)
  }
}

/** Another plaintext in the place of a plaintext of this style. */
export function restyle(style: string, leaf: Spelled, site: Site): ScalarText {
  const { value } = leaf
  const keepsQuotes = style === "'" && typeof value === 'string' && value !== ''
  return keepsQuotes ? quoted(value) : writeAs({ style, less: false }, leaf, { ...site, renewed: true })
}

/** Codes to try for a source token of a style, in order of preference. */
function codesFor(style: string, site: Site): Code[] {
  const own = site.flow && style !== '"' ? "'" : style
  return site.tagged || site.bare ? [{ style: own, less: false }] : [false, true].map((less) => ({ style: own, less }))
}

const same = (a: ScalarText, b: ScalarText): boolean => a.head === b.head && a.body === b.body

/** The code under which `leaf` is written again as `source` stands; the nearest one, and `exact` false, where none does. */
export function codeOf(source: ScalarText, style: string, leaf: Spelled, site: Site): Code & { exact: boolean } {
  const codes = codesFor(style, site)
  const texts = codes.map((code) => writeAs(code, leaf, site))
  const exact = texts.findIndex((text) => same(text, source))
  if (exact >= 0) return { ...(codes[exact] as Code), exact: true }
  // Where only the tag goes or only the lines were folded. What a block scalar of bytes holds ends in no line break, whatever its header.
  const near = texts.findIndex(({ head, body }) =>
    body === undefined ? source.head.endsWith(head) : source.head === head,
  )
  return { ...(codes[Math.max(near, 0)] as Code), exact: false }
}

/** The text of an encrypted value under a code, without the `!`. */
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

/** The parts of a scalar node's text, with a tag that an encrypted token cannot stand behind. */
export function sourceOf(text: string, node: YNode): ScalarText {
  const tag =
    node.tagToken && (node.tag === '!' || isTypeTag(node.tag)) ? text.slice(node.tagToken.start, node.content) : ''
  const { block } = node
  if (!block) return { head: tag + text.slice(node.content, node.end) }
  const head = tag + text.slice(node.content, block.headerEnd)
  return block.contentEnd > block.body ? { head, body: text.slice(block.body, block.contentEnd) } : { head }
}

/** A tag under which the text is a string as it stands. */
export const isStringTag = (tag: string): boolean => tag !== '' && tag !== '!' && !isTypeTag(tag)
