// A scalar with another value in the place of the one that stands in the text.
import { canonical } from '../../../tree/scalar.ts'
import type { Leaf, Value } from '../../../tree/tree.ts'
import type { Place } from '../parse/builder.ts'
import type { YCollection, YElement, YNode, YScalar } from '../parse/nodes.ts'
import { placeOf } from '../parse/source.ts'
import type { ScalarText } from '../print/print.ts'
import { isStringTag } from '../scalar/resolve.ts'
import {
  encryptedRestyle,
  encryptedStyle,
  isEncrypted,
  restyle,
  type Site,
  sourceOf,
  unambiguous,
  writeAs,
  writeEncrypted,
} from '../scalar/spelling.ts'
import { unchanged } from './check.ts'
import { afterBreak, lineEnd, skipBlanks } from './edits.ts'
import { dropTag, isGlued, putScalar, siteOf, type YamlRewriting } from './place.ts'
import { replaceValue } from './replace-value.ts'

/** The leaf as it will be after decryption: canonical spellings are not kept. */
function decrypted(value: Value, spelling: string | undefined): Pick<Leaf, 'value' | 'spelling'> {
  const plain = spelling === undefined || value === null || value instanceof Uint8Array || typeof value === 'string'
  return plain || spelling === canonical(value) ? { value } : { value, spelling }
}

/** A leaf in its old place: the value of an element or entry of the collection around it. */
export function rewriteLeaf(work: YamlRewriting, around: YCollection, element: YElement, old: Leaf, next: Leaf): void {
  const place = placeOf(old)
  const node = place.node as YScalar
  const { value } = next
  if (unchanged(place.value, value)) keepLeaf(work, node, place, value)
  else if (node.start === node.end) replaceValue(work, around, element, old, next)
  else if (work.encrypted && isEncrypted(value)) putEncrypted(work, siteOf(work, around, node), place, next)
  else {
    const site = siteOf(work, around, node)
    const text = plainText(work, site, node, place.value, next)
    if (site.bare && text.body === undefined) replaceValue(work, around, element, old, next)
    else putScalar(work, node, { ...text, untagged: typeof value !== 'string' })
  }
}

function keepLeaf(work: YamlRewriting, node: YScalar, place: Place, value: Value): void {
  if (node === work.source.openBlock) work.openBlockPlace = place
  // The mark of an earlier version, which no other reader takes.
  if (work.encrypted && node.tag === '!' && isEncrypted(value)) dropTag(work, node)
  if (work.unambiguous && isPlain(node)) disambiguate(work, node, value)
}

function putEncrypted(work: YamlRewriting, site: Site, place: Place, next: Leaf): void {
  const node = place.node as YScalar
  const { value: before } = place
  const value = next.value as string
  const { text } = work.edits
  const known = next.token?.value === value ? styleOfEncrypted(next.token.text, value) : undefined
  if (isEncrypted(before)) {
    const own =
      next.plain === undefined ? node.style : encryptedRestyle(node.style, { ...next, value: next.plain }, site)
    const style = known === undefined || (site.flow && known === '') || node.block ? own : known
    if (recrypt(work, node, before, { value, style, site })) return
  }
  const plain = decrypted(before, next.spelling)
  const source = sourceOf(text, node)
  if (known !== undefined && !(site.flow && known === '')) {
    const again = writeAs(known, plain, site)
    if (again.head === source.head && again.body === source.body) {
      putScalar(work, node, writeEncrypted(known, value, site))
      return
    }
  }
  const { style, exact } = encryptedStyle(source, node.style, plain, site)
  const parts = style === '' && node.style !== '' && text[node.end] === '#'
  if (!exact || parts || isGlued(text, node)) work.respelt.push(place)
  putScalar(work, node, writeEncrypted(style, value, site))
}

/** How a plaintext is written in the place of `before`. */
function plainText(work: YamlRewriting, site: Site, node: YScalar, before: Value, next: Leaf): ScalarText {
  const { value } = next
  // Only a block scalar, which needs a line break to say, takes the empty lines behind it for its own.
  const mayBeBlock = typeof value === 'string' && value.includes('\n') && !node.block && !site.flow
  const following = mayBeBlock ? emptyLines(work.edits.text, node.end, site.column, work.leaving) : undefined
  const lines = following === undefined ? site : { ...site, following }
  const own = isEncrypted(before) ? writeAs(node.style, next, lines) : restyle(node.style, next, lines)
  return work.unambiguous && !site.tagged ? { ...own, head: unambiguous(own.head, value) } : own
}

/** One encrypted value in the place of another; a style that says something of the plaintext goes with it. False where it must be written anew. */
function recrypt(
  work: YamlRewriting,
  node: YScalar,
  before: string,
  { value, style, site }: { readonly value: string; readonly style: string; readonly site: Site },
): boolean {
  const { edits } = work
  const from = edits.text.slice(node.content, node.end).indexOf(before)
  if (from < 0) return false
  if (style !== node.style) {
    putScalar(work, node, writeEncrypted(style, value, site))
    return true
  }
  if (!isStringTag(node.tag)) dropTag(work, node)
  edits.replace(node.content + from, node.content + from + before.length, value)
  return true
}

/** A scalar without quotes and tag. */
export const isPlain = (node: YNode): node is YScalar => node.kind === 'scalar' && node.style === '' && node.tag === ''

/** A scalar that stays, as other readers see the same value in it. */
export function disambiguate({ edits }: YamlRewriting, { content, end }: YScalar, value: Value): void {
  const text = edits.text.slice(content, end)
  const as = unambiguous(text, value)
  if (as !== text) edits.replace(content, end, as)
}

/**
 * How many empty lines will follow the line of an offset, once `leaving` has gone; Infinity where blanks or a comment there would belong to
 * a block scalar above.
 */
function emptyLines(text: string, offset: number, column: number, leaving: YamlRewriting['leaving']): number {
  let count = 0
  for (let at = afterBreak(text, lineEnd(text, offset)); at < text.length; count++) {
    if (at === leaving?.[0]) return count + emptyRun(text, afterBreak(text, lineEnd(text, leaving[1])))
    const end = skipBlanks(text, at)
    if (text[end] === '#' && end - at >= column) return Number.POSITIVE_INFINITY
    if (lineEnd(text, end) !== end) break
    if (end - at > column || text.slice(at, end).includes('\t')) return Number.POSITIVE_INFINITY
    if (end === text.length) break
    at = afterBreak(text, end)
  }
  return count
}

/** How many lines without anything begin at the offset. */
function emptyRun(text: string, start: number): number {
  let count = 0
  for (let at = start; at < text.length && lineEnd(text, at) === at; count++) at = afterBreak(text, at)
  return count
}

/** The style of a token's text on one line. */
const styleOfEncrypted = (text: string, value: string): string | undefined =>
  ['', '"', "'"].find((style) => text === style + value + style)
