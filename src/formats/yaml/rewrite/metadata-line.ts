// The line `sops:` of an encrypted text. Scripts tell YAML from JSON by it, so that it stands alone at the beginning of a line in every
// document, whatever its layout. In a block all keys share a column: a document that is indented as a whole loses its indentation while it
// is encrypted, and blanks at the end of the line say how much that was.
import type { Comment, Entry, MapNode, Node, Tree } from '../../../tree/tree.ts'
import { contentText, type YDocument, type YMap, type YNode } from '../parse/nodes.ts'
import { placeOf, read, type Source } from '../parse/source.ts'
import { readsAs, sameNodes } from './check.ts'
import { lineEnd, lineStart } from './edits.ts'

export const metadataKey = 'sops'

const alone = /^( *)sops:[ \t]*$/

/** Deeper is no document of people. */
const deepest = 64

export const isMetadata = (item: Entry | Node | Comment): item is Entry =>
  item.kind === 'entry' && item.key === metadataKey

const lineOf = (text: string, offset: number): string => text.slice(lineStart(text, offset), lineEnd(text, offset))

/** The document with metadata that is printed anew where it does not stand below a line of its own. */
export function withOwnLine(text: string, old: MapNode, next: MapNode): MapNode {
  const before = old.items.find(isMetadata)
  if (before === undefined) return next
  const indent = alone.exec(lineOf(text, placeOf(before).start))?.[1]
  if (indent === '' || (indent !== undefined && isBlock(placeOf(old).node))) return next
  const items = next.items.map((item) => {
    if (!isMetadata(item)) return item
    const { origin: _, ...fresh } = item
    return fresh
  })
  return { ...next, items }
}

/** The text of a metadata entry for a document in which it stands at `column`. */
export function placedAt(text: string, column: number): string {
  const own = /^ */.exec(text)![0].length
  const shifted = own === column ? text : shift(text, column - own, false)
  return shifted.replace(/^( *sops:)[ \t]+$/m, '$1')
}

/** Every line that is not empty, `by` blanks to the right, or to the left as far as it has blanks. */
function shift(text: string, by: number, blankLines: boolean): string {
  const lines = blankLines ? /^(?=[^\r\n])/gm : /^(?=[ \t]*[^ \t\r\n])/gm
  if (by > 0) return text.replace(lines, ' '.repeat(by))
  return text.replace(new RegExp(`${lines.source} {1,${-by}}`, 'gm'), '')
}

const isBlock = (root: YNode | undefined): root is YMap => root?.kind === 'map' && !root.flow

interface Shift {
  readonly document: YDocument
  readonly by: number
}

/** The text with the lines of some documents shifted; undefined where that would say something else. */
function shifted(text: string, shifts: readonly Shift[], next: Tree): string | undefined {
  for (const blankLines of [false, true]) {
    let result = ''
    let at = 0
    for (const { document, by } of shifts) {
      const start = lineStart(text, (document.root as YNode).content)
      result += text.slice(at, start)
      const lines = shift(text.slice(start, document.end), by, blankLines)
      result += by > 0 ? lines : lines.replace(/^sops:[ \t]*$/m, `sops:${' '.repeat(-by)}`)
      at = document.end
    }
    result += text.slice(at)
    if (readsAs(result, next)) return result
  }
  return undefined
}

/**
 * An encrypted text without the indentation of whole documents. One that is encrypted already keeps it where its comments, which are sealed
 * for their places, would count to something else.
 */
export function outdented(text: string, source: Source, next: Tree): string {
  if (!source.documents.some(({ root }) => isBlock(root) && root.column > 0)) return text
  const before = read(Buffer.from(text))
  const shifts = before.documents.flatMap((document) =>
    isBlock(document.root) && document.root.column > 0 && document.root.column <= deepest
      ? [{ document, by: -document.root.column }]
      : [],
  )
  const result = shifted(text, shifts, next) ?? text
  const isSealed = source.tree.documents.some(({ items }) => items.some(isMetadata))
  return isSealed && !sameTrees(before.tree, read(Buffer.from(result)).tree) ? text : result
}

const sameTrees = (one: Tree, other: Tree): boolean =>
  one.documents.every((document, i) => sameNodes(document, other.documents[i] as MapNode))

/** How far a document of an encrypted text was indented before. */
function notedIn(text: string, { root }: YDocument): number {
  if (!isBlock(root) || root.column > 0) return 0
  const key = root.entries.find(({ key }) => contentText(key) === metadataKey && key.column === 0)?.key
  const line = key && /^sops:( +)$/.exec(lineOf(text, key.start))
  return Math.min(line?.[1]?.length ?? 0, deepest)
}

/** A decrypted text with the indentation that its documents had. */
export function indentedAgain(text: string, source: Source, next: Tree): string {
  const noted = source.documents.map((document, i) =>
    next.documents[i]?.items.some(isMetadata) ? 0 : notedIn(source.text, document),
  )
  if (noted.every((by) => by === 0)) return text
  const shifts = read(Buffer.from(text)).documents.flatMap((document, i) =>
    isBlock(document.root) && document.root.column === 0 && noted[i] ? [{ document, by: noted[i] }] : [],
  )
  return shifted(text, shifts, next) ?? text
}
