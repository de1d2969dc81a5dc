// Long walks, for somebody who waits for their end.
import type { Watch } from '../context/index.ts'
import type { Node, Tree } from '../tree/tree.ts'
import type { Visitor } from './walk.ts'

/** Leaves between two words about them: some milliseconds. */
const stride = 1024

/** Leaves that take longer than a second, with all that is done to them. */
const many = 32 * stride

function leavesOf(tree: Tree): number {
  const open: Node[] = [...tree.documents]
  let count = 0
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.kind === 'leaf') count++
    else
      for (const item of node.items) if (item.kind !== 'comment') open.push(item.kind === 'entry' ? item.value : item)
  }
  return count
}

/** The visitor, which tells how many values of the tree it has seen; itself if nobody watches. */
export function watchedVisitor(visitor: Visitor, what: string, tree: Tree, watch: Watch | undefined): Visitor {
  if (!watch) return visitor
  const total = leavesOf(tree)
  let done = 0
  const tell = (): void => watch({ what, done, total, unit: 'values', long: total >= many })
  tell()
  return {
    ...visitor,
    leaf: (leaf, aad, selected, inList) => {
      if (++done % stride === 0) tell()
      return visitor.leaf(leaf, aad, selected, inList)
    },
  }
}
