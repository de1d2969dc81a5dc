// What a file's own spelling loses by being encrypted, since the encrypted form has no room for it (design: "the source text is the document").
import type { Selection } from './core/selection.ts'
import type { Leaf, Tree } from './core/tree.ts'
import { walk } from './core/walk.ts'
import type { Draft } from './draft.ts'
import type { SealOutput } from './encrypted-file.ts'

export interface Losses {
  /** Paths of numbers and the like that come back in their usual spelling: `0x1F` as `31`. The values stay. */
  readonly spellings: readonly (readonly string[])[]
  /** How many aliases were replaced by copies, because what they stand for is encrypted. */
  readonly aliases: number
}

interface Place {
  readonly leaf: Leaf
  readonly path: readonly string[]
}

/** The leaves in the order of the walk, with the paths of those that have a spelling of their own. */
function leavesOf(tree: Tree, selection: Selection): Place[] {
  const found: Place[] = []
  const path: string[] = []
  walk(
    tree,
    selection,
    {
      leaf: (leaf) => {
        found.push({ leaf, path: leaf.spelling === undefined ? [] : [...path] })
        return leaf
      },
      comment: (comment) => comment,
    },
    path,
  )
  return found
}

/** Compares a draft with what became of it; only a draft that is written in its own format has a spelling to lose. */
export function lossesOf(draft: Draft, sealed: SealOutput, selection: Selection): Losses {
  const after = leavesOf(sealed.tree, selection)
  const spellings = leavesOf(draft.plain, selection).flatMap(({ leaf, path }, i) =>
    leaf.spelling !== undefined && after[i]?.leaf.spelling !== leaf.spelling && leaf.value !== after[i]?.leaf.value
      ? [path]
      : [],
  )
  return { spellings, aliases: draft.format.expandedAliases?.(draft.parsed, sealed.tree) ?? 0 }
}
