// What encryption loses of a file's spelling, for which the encrypted form has no room (README, "What differs").
import type { Selection } from '../cipher/index.ts'
import { walk } from '../cipher/index.ts'
import type { Origin } from '../tree/tree.ts'
import type { SealOutput } from './encrypted-file.ts'
import type { Draft } from './plaintext.ts'

export interface SpellingLosses {
  /** Paths of values that come back in the default spelling: `0x1F` as `31`, a folded text on one line. */
  readonly spellings: readonly (readonly string[])[]
  /** How many aliases became copies, because their target is encrypted. */
  readonly aliases: number
}

/** Nothing for a draft that is written in another format. A fresh layout loses all that keeping the draft's own would. */
export function lossesOf(draft: Draft, sealed: SealOutput, selection: Selection): SpellingLosses {
  const { losses } = sealed.fresh ? draft.format.rewrite(draft.parsed, sealed.tree, { encrypted: true }) : sealed
  if (!losses) return { spellings: [], aliases: 0 }
  const lost = new Set<Origin | undefined>(losses.respelt)
  return { spellings: lost.size > 0 ? pathsOf(draft, selection, lost) : [], aliases: losses.aliases }
}

function pathsOf(draft: Draft, selection: Selection, lost: ReadonlySet<Origin | undefined>): string[][] {
  const found: string[][] = []
  const path: string[] = []
  walk(
    draft.plain,
    selection,
    {
      leaf: (leaf) => {
        if (lost.has(leaf.origin)) found.push([...path])
        return leaf
      },
      comment: (comment) => comment,
    },
    path,
  )
  return found
}
