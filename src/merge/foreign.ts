// Nodes of another version in the tree of ours: they have no place in its text, but may bring the text they had.
import type { Comment, Entry, Item, Node } from '../tree/tree.ts'

/** The node without its places. Entries bring the lines that they were written in, as `textOf` gives them. */
export const foreign = <T extends Item>(node: T, textOf: (entry: Entry) => string | undefined): T =>
  withoutPlace(node, textOf) as T

export const foreignComments = (comments: readonly Comment[]): Comment[] =>
  comments.map(({ origin: _, ...comment }) => comment)

function withoutPlace(node: Item, textOf: (entry: Entry) => string | undefined): Item {
  if (node.kind === 'comment') {
    const { origin: _, ...comment } = node
    return comment
  }
  if (node.kind === 'entry') {
    const { origin: _, text: __, ...entry } = node
    const text = textOf(node)
    return { ...entry, value: withoutPlace(node.value, textOf) as Node, ...(text === undefined ? {} : { text }) }
  }
  const { origin: _, ...rest } = node
  if (node.kind === 'leaf') return rest as Node
  const items = (node.items as readonly Item[]).map((item) => withoutPlace(item, textOf))
  return { ...rest, items } as Node
}
