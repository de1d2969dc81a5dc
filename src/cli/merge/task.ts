// One file to merge: with what, and what becomes of the result.
import type { KeyService } from '../../groups/index.ts'
import type { Labels } from '../../merge/index.ts'
import type { Io } from '../invocation.ts'
import type { Wishes } from './choices.ts'

/** What all files of a call are merged with. */
export interface Means {
  readonly services: readonly KeyService[]
  readonly order?: string[]
  readonly ignoreMac: boolean
  readonly wishes: Wishes
}

export interface Task extends Means {
  readonly io: Io
  /** As the user named it. */
  readonly name: string
  readonly path: string
  readonly labels: Labels
  /** Writes the merged file; `how` says what became of its conflicts. */
  readonly finish: (bytes: Uint8Array, how: string) => Promise<void>
}

/** How the work on a file ended: merged, with conflicts left, or with nobody who wants to go on. */
export type End = 'done' | 'left' | 'quit'

/** What came of what people were asked: `sealed` where the rest was decided in an editor. */
export type Decided = 'left' | 'quit' | { readonly sealed?: Uint8Array }
