// What encryption loses of a file's spelling, for which the encrypted form has no room (README, "What differs").
import type { Selection } from '../cipher/index.ts'
import { walk } from '../cipher/index.ts'
import type { FormatId } from '../formats/index.ts'
import type { Origin } from '../tree/tree.ts'
import type { SealOutput } from './encrypted-file.ts'
import type { Draft } from './plaintext.ts'

export interface SpellingLosses {
  /** Paths of values that come back in the default spelling: `0x1F` as `31`, a folded text on one line. */
  readonly spellings: readonly (readonly string[])[]
  /** How many aliases became copies, because their target is encrypted. */
  readonly aliases: number
  /** Numbers of empty documents, counted from 1, that come back as `{}`. */
  readonly documents: readonly number[]
}

/**
 * Of a draft that is written in another format only its empty documents. A fresh layout loses all that keeping the draft's own would, and
 * how those are written.
 */
export function lossesOf(draft: Draft, sealed: SealOutput, selection: Selection, output: FormatId): SpellingLosses {
  const { format, parsed } = draft
  const unusual = sealed.fresh ? format.unusualDocuments?.(parsed) : undefined
  const losses =
    sealed.fresh && output === format.id
      ? format.rewrite(parsed, sealed.tree, { encrypted: true }).losses
      : sealed.losses
  if (!losses) return { spellings: [], aliases: 0, documents: unusual ?? [] }
  const lost = new Set<Origin | undefined>(losses.respelt)
  const spellings = lost.size > 0 ? pathsOf(draft, selection, lost) : []
  return { spellings, aliases: losses.aliases, documents: unusual ?? losses.documents }
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
