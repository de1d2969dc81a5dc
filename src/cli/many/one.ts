// One of many files: a run of its own within the whole.
import type { Target } from '../../repo/index.ts'
import type { Invocation, Io, Many } from '../invocation.ts'
import { configFor } from './targets.ts'

/** What a run over many files decides for all of them. */
export type ManyWays = Pick<Many, 'rehearsal' | 'agreed' | 'wouldChange'>

const reading: ManyWays = { rehearsal: false, agreed: true, wouldChange: () => {} }

/** The run for one file: its messages wait, its configuration is the nearest, and what it opens is opened once for all. */
export function ioOf(inv: Invocation<never>, io: Io, target: Target, ways: ManyWays = reading): Io {
  const many: Many = { ...ways, config: () => configFor(inv, io, target.path), share: (services) => services }
  return { ...io.of(target.name), many }
}
