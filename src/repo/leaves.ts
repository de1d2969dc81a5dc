// The values of one version of an encrypted file, each with its place and with what tells it from others.
import { compileSelection, splitToken, type TokenParts, walk } from '../cipher/index.ts'
import type { EncryptedFile, OpenFile } from '../file/index.ts'
import type { Path, Step } from '../tree/path.ts'
import type { Comment, Item, Leaf, ListNode, MapNode, Origin, Tree, Value } from '../tree/tree.ts'

/** A value where it is stored. */
export interface StoredLeaf {
  /** Counted from 1. */
  readonly document: number
  readonly path: Path
  /** Equal for all places that share the additional data of their encryption, and so may exchange their values: lists, documents. */
  readonly family: string
  readonly value: Value
  /** The settings of the file say that it is encrypted. */
  readonly selected: boolean
  /** Of its entry, or of itself in a list. */
  readonly origin: Origin | undefined
  /** Its parts, where it is encrypted. */
  readonly token?: TokenParts
  /** What it opens to, where the file was opened. */
  readonly plain?: Leaf
}

/** All values in the order of the text, without comments. An open file gives their plaintexts too. */
export async function leavesOf(file: EncryptedFile | OpenFile): Promise<StoredLeaf[]> {
  const selection = await compileSelection(file.metadata.selection)
  const selected: boolean[] = []
  const leaf = (found: Leaf, _aad: string, isSelected: boolean): Leaf | Comment => {
    selected.push(isSelected)
    // Belongs to the comments around it, which may say what is encrypted below them.
    const isComment = isSelected && typeof found.value === 'string' && splitToken(found.value)?.type === 'comment'
    return isComment ? { kind: 'comment', text: '', inline: false, element: true } : found
  }
  walk(file.tree, selection, { leaf, comment: (comment) => comment }, [])
  let at = 0
  return placesIn(file.tree, 'plain' in file ? file.plain : undefined).flatMap(({ stored, plain, ...place }) => {
    const { value } = stored
    const isSelected = selected[at++] === true
    const token = isSelected && typeof value === 'string' ? splitToken(value) : undefined
    if (token?.type === 'comment') return []
    return [
      { ...place, value, selected: isSelected, ...(token && { token }), ...(plain?.kind === 'leaf' && { plain }) },
    ]
  })
}

/** All values of a text that is not encrypted, where they stand. */
export const clearLeavesOf = (tree: Tree): Pick<StoredLeaf, 'path' | 'family' | 'value'>[] =>
  placesIn(tree, undefined).map(({ path, family, stored }) => ({ path, family, value: stored.value }))

interface Place extends Pick<StoredLeaf, 'document' | 'path' | 'family' | 'origin'> {
  readonly stored: Leaf
  /** What stands in the same place of the open tree; an encrypted comment in a list has become one. */
  readonly plain: Item | undefined
}

/** A container that is passed through, and how it was reached: a chain, since containers nest deeply. */
interface Frame {
  readonly node: MapNode | ListNode
  readonly plain: Item | undefined
  readonly reached: Reached | undefined
  at: number
}

interface Reached {
  readonly from: Reached | undefined
  readonly step: Step
}

const placesIn = ({ documents }: Tree, plain: Tree | undefined): Place[] =>
  documents.flatMap((document, at) => placesBelow(document, plain?.documents[at], at + 1))

function placesBelow(root: MapNode, open: MapNode | undefined, document: number): Place[] {
  const found: Place[] = []
  const stack: Frame[] = [{ node: root, plain: open, reached: undefined, at: 0 }]
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const at = frame.at++
    const item = frame.node.items[at]
    if (item === undefined) stack.pop()
    if (item === undefined || item.kind === 'comment') continue
    const reached = { from: frame.reached, step: item.kind === 'entry' ? item.key : at }
    const node = item.kind === 'entry' ? item.value : item
    const plain = valueIn(frame.plain, at)
    if (node.kind !== 'leaf') stack.push({ node, plain, reached, at: 0 })
    else found.push({ document, ...pathTo(reached), origin: item.origin, stored: node, plain })
  }
  return found
}

function valueIn(container: Item | undefined, at: number): Item | undefined {
  const item = container?.kind === 'map' || container?.kind === 'list' ? container.items[at] : undefined
  return item?.kind === 'entry' ? item.value : item
}

function pathTo(reached: Reached): Pick<StoredLeaf, 'path' | 'family'> {
  const path: Step[] = []
  for (let step: Reached | undefined = reached; step !== undefined; step = step.from) path.unshift(step.step)
  return { path, family: JSON.stringify(path.map((step) => (typeof step === 'number' ? 0 : step))) }
}
