// A new plaintext put into the text of the encrypted file entry by entry, as set and unset would do, so that nothing changes there but what
// is another in the plaintext.
import type { Selection } from '../cipher/index.ts'
import { SopsError } from '../errors.ts'
import type { Layout } from '../formats/index.ts'
import type { Metadata } from '../metadata/index.ts'
import { findAhead } from '../tree/find-ahead.ts'
import {
  type Item,
  type Leaf,
  type ListNode,
  type MapNode,
  type Node,
  sameNode,
  sameValue,
  type Tree,
} from '../tree/tree.ts'
import { reopened, type SealInput, type SealOutput, sealFile } from './encrypted-file.ts'
import type { OpenFile } from './types.ts'

type Draft = Pick<SealInput, 'parsed' | 'plain' | 'allowCleartext'>

interface Sealing {
  readonly metadata: Metadata
  readonly selection: Selection
  readonly now: Date
  readonly layout: Layout
}

/** Undefined where the text that comes of it would not open as the very bytes of the draft. */
export async function sealInPlace(file: OpenFile, draft: Draft, sealing: Sealing): Promise<SealOutput | undefined> {
  const { format } = file
  const plain = withValues(file.plain, draft.plain)
  if (plain === undefined) return undefined
  try {
    const { now, layout, ...settings } = sealing
    const { allowCleartext } = draft
    const sealed = sealFile({ ...file, ...settings, plain, allowCleartext }, format, now, layout)
    const wanted = format.rewrite(draft.parsed, draft.parsed.tree).bytes
    const opened = await reopened(sealed.bytes, format.id, file.dataKey)
    // What opens as the very bytes has lost nothing.
    const isWhole = Buffer.compare(opened, wanted) === 0 && sealed.reprints === undefined
    return isWhole ? { ...sealed, losses: undefined } : undefined
  } catch (error) {
    if (error instanceof SopsError) return undefined
    throw error
  }
}

/** The first tree as the second has it, with the origins of what is in both; undefined where it has other documents, or is too deep. */
function withValues(tree: Tree, values: Tree): Tree | undefined {
  if (tree.documents.length !== values.documents.length || isDeep(tree) || isDeep(values)) return undefined
  return { documents: tree.documents.map((document, at) => nodeWith(document, values.documents[at]!) as MapNode) }
}

function nodeWith(node: Node, values: Node): Node {
  if (node.kind === 'leaf') return values.kind === 'leaf' ? leafWith(node, values) : (anew(values) as Node)
  if (values.kind !== node.kind) return anew(values) as Node
  return { ...node, items: itemsWith(node.items, values.items) } as MapNode | ListNode
}

/** Each of the new items in the place of the next old one that it may have come from, or new. */
function itemsWith(items: readonly Item[], values: readonly Item[]): Item[] {
  const isSettled = items.length === values.length
  let from = 0
  return values.map((value, at) => {
    const found =
      isSettled && at >= from && comesFrom(items[at]!, value, true)
        ? at
        : findAhead(items, from, (item) => comesFrom(item, value, false))
    if (found < 0) return anew(value)
    from = found + 1
    return itemWith(items[found]!, value)
  })
}

/** `inPlace`: as many items stand around them as before, so that only their kind and key tell. */
function comesFrom(item: Item, value: Item, inPlace: boolean): boolean {
  if (item.kind === 'entry') return value.kind === 'entry' && item.key === value.key && item.keyType === value.keyType
  if (item.kind === 'comment')
    return value.kind === 'comment' && item.inline === value.inline && (inPlace || item.text === value.text)
  return value.kind !== 'entry' && value.kind !== 'comment' && (inPlace || sameNode(item, value))
}

function itemWith(item: Item, value: Item): Item {
  if (item.kind === 'comment') return value.kind === 'comment' ? { ...item, text: value.text } : anew(value)
  if (item.kind === 'entry')
    return value.kind === 'entry' ? { ...item, value: nodeWith(item.value, value.value) } : anew(value)
  return value.kind === 'entry' || value.kind === 'comment' ? anew(value) : nodeWith(item, value)
}

function leafWith(leaf: Leaf, { value, spelling }: Leaf): Leaf {
  if (sameValue(leaf.value, value) && leaf.spelling === spelling) return leaf
  const { spelling: _, ...rest } = leaf
  return spelling === undefined ? { ...rest, value } : { ...rest, value, spelling }
}

/** Without the origins that it has in another text. */
function anew(item: Item): Item {
  const { origin: _, ...rest } = item
  if (rest.kind === 'entry') return { ...rest, value: anew(rest.value) as Node }
  if (rest.kind === 'map' || rest.kind === 'list')
    return { ...rest, items: (rest.items as readonly Item[]).map(anew) } as MapNode | ListNode
  return rest
}

/** Deeper is no document of people; the functions here call themselves at each level. */
const deepest = 500

function isDeep({ documents }: Tree): boolean {
  let level: readonly Item[] = documents
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return true
    level = level.flatMap((item): readonly Item[] => {
      if (item.kind === 'entry') return [item.value]
      return item.kind === 'map' || item.kind === 'list' ? item.items : []
    })
  }
  return false
}
