// A scalar with another value in the place of the one that stands in the text.
import { canonical } from '../../../tree/scalar.ts'
import type { Leaf, Value } from '../../../tree/tree.ts'
import type { Place } from '../parse/builder.ts'
import type { YCollection, YElement, YNode, YScalar } from '../parse/nodes.ts'
import { placeOf } from '../parse/source.ts'
import type { ScalarText } from '../print/print.ts'
import { isStringTag } from '../scalar/resolve.ts'
import {
  agreed,
  isEncrypted,
  restyle,
  type Site,
  sourceOf,
  tokenRestyle,
  tokenStyle,
  writeAs,
  writeEncrypted,
} from '../scalar/spelling.ts'
import { unchanged } from './check.ts'
import { afterBreak, lineEnd, skipBlanks } from './edits.ts'
import { dropTag, isGlued, type Job, putScalar, siteOf } from './place.ts'
import { replaceValue } from './replace-value.ts'

/** The leaf as it will be after decryption: canonical spellings are not kept. */
function decrypted(value: Value, spelling: string | undefined): Pick<Leaf, 'value' | 'spelling'> {
  const plain = spelling === undefined || value === null || value instanceof Uint8Array || typeof value === 'string'
  return plain || spelling === canonical(value) ? { value } : { value, spelling }
}

/** A leaf in its old place: the value of an element or entry of the collection around it. */
export function changeLeaf(job: Job, around: YCollection, element: YElement, old: Leaf, next: Leaf): void {
  const place = placeOf(old)
  const node = place.node as YScalar
  const { value } = next
  if (unchanged(place.value, value)) keepLeaf(job, node, place, value)
  else if (node.start === node.end) replaceValue(job, around, element, old, next)
  else if (job.encrypted && isEncrypted(value)) putEncrypted(job, siteOf(job, around, node), place, next)
  else {
    const site = siteOf(job, around, node)
    const text = plainText(job, site, node, place.value, next)
    if (site.bare && text.body === undefined) replaceValue(job, around, element, old, next)
    else putScalar(job, node, { ...text, untagged: typeof value !== 'string' })
  }
}

function keepLeaf(job: Job, node: YScalar, place: Place, value: Value): void {
  if (node === job.source.openBlock) job.openPlace = place
  // The mark of an earlier version, which no other reader takes.
  if (job.encrypted && node.tag === '!' && isEncrypted(value)) dropTag(job, node)
  if (job.agreed && isPlain(node)) agree(job, node, value)
}

function putEncrypted(job: Job, site: Site, place: Place, next: Leaf): void {
  const node = place.node as YScalar
  const { value: before } = place
  const value = next.value as string
  const { text } = job.edits
  if (isEncrypted(before) && recrypt(job, node, before, next, site)) return
  const plain = decrypted(before, next.spelling)
  const source = sourceOf(text, node)
  const known = next.token?.value === value ? styleOfToken(next.token.text, value) : undefined
  if (known !== undefined && !(site.flow && known === '')) {
    const again = writeAs(known, plain, site)
    if (again.head === source.head && again.body === source.body) {
      putScalar(job, node, writeEncrypted(known, value, site))
      return
    }
  }
  const { style, exact } = tokenStyle(source, node.style, plain, site)
  const parts = style === '' && node.style !== '' && text[node.end] === '#'
  if (!exact || parts || isGlued(text, node)) job.respelt.push(place)
  putScalar(job, node, writeEncrypted(style, value, site))
}

/** How a plaintext is written in the place of `before`. */
function plainText(job: Job, site: Site, node: YScalar, before: Value, next: Leaf): ScalarText {
  const { value } = next
  // Only a block scalar, which needs a line break to say, takes the empty lines behind it for its own.
  const mayBeBlock = typeof value === 'string' && value.includes('\n') && !node.block && !site.flow
  const following = mayBeBlock ? emptyLines(job.edits.text, node.end, site.column, job.leaving) : undefined
  const lines = following === undefined ? site : { ...site, following }
  const own = isEncrypted(before) ? writeAs(node.style, next, lines) : restyle(node.style, next, lines)
  return job.agreed && !site.tagged ? { ...own, head: agreed(own.head, value) } : own
}

/** One encrypted value in the place of another; a style that says something of the plaintext goes with it. False where it must be written anew. */
function recrypt(job: Job, node: YScalar, before: string, next: Leaf, site: Site): boolean {
  const { edits } = job
  const from = edits.text.slice(node.content, node.end).indexOf(before)
  if (from < 0) return false
  const value = next.value as string
  const style = next.plain === undefined ? node.style : tokenRestyle(node.style, { ...next, value: next.plain }, site)
  if (style !== node.style) {
    putScalar(job, node, writeEncrypted(style, value, site))
    return true
  }
  if (!isStringTag(node.tag)) dropTag(job, node)
  edits.replace(node.content + from, node.content + from + before.length, value)
  return true
}

/** A scalar without quotes and tag. */
export const isPlain = (node: YNode): node is YScalar => node.kind === 'scalar' && node.style === '' && node.tag === ''

/** A scalar that stays, as other readers see the same value in it. */
export function agree({ edits }: Job, { content, end }: YScalar, value: Value): void {
  const text = edits.text.slice(content, end)
  const as = agreed(text, value)
  if (as !== text) edits.replace(content, end, as)
}

/**
 * How many empty lines will follow the line of an offset, once `leaving` has gone; Infinity where blanks or a comment there would belong to
 * a block scalar above.
 */
function emptyLines(text: string, offset: number, column: number, leaving: Job['leaving']): number {
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
const styleOfToken = (text: string, value: string): string | undefined =>
  ['', '"', "'"].find((style) => text === style + value + style)
