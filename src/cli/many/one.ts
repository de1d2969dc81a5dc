// One of many files: a run of its own within the whole.
import { memoKey } from '../../context/index.ts'
import { type KeyService, type SharedServices, sharedServices } from '../../groups/index.ts'
import type { Target } from '../../repo/index.ts'
import type { Invocation, Io, Many } from '../invocation.ts'
import { configFor } from './targets.ts'

/** What a run over many files decides for all of them. */
type ManyWays = Pick<Many, 'rehearsal' | 'agreed' | 'wouldChange'>

const reading: ManyWays = { rehearsal: false, agreed: true, wouldChange: () => {} }

/** The run for one file: its messages wait, its configuration is the nearest, and what it opens is opened once for all. */
export function ioOf(inv: Invocation<never>, io: Io, target: Target, ways: ManyWays = reading): Io {
  const many: Many = {
    ...ways,
    config: () => configFor(inv, io, target.path),
    services: async (make, own) => {
      const services = (await sharing(io, make)).forFile(await make(own))
      return ways.rehearsal ? services.map(quiet) : services
    },
    earlier: (make) => io.ctx.once(sharedEarlier, () => wipedAtEnd(io, [make(io.ctx)])).services[0]!,
  }
  return { ...io.of(target.name), many }
}

/** Somebody who only wants to know what would change is not asked for a passphrase. */
const quiet = (service: KeyService): KeyService => ({
  ...service,
  unwrap: (key) => service.unwrap(key, { atHand: true }),
})

const shared = memoKey<Promise<SharedServices>>('shared key services')
const sharedEarlier = memoKey<SharedServices>('shared service for earlier versions')

const sharing = (io: Io, make: (ctx: Io['ctx']) => Promise<readonly KeyService[]>): Promise<SharedServices> =>
  io.ctx.once(shared, async () => wipedAtEnd(io, await make(io.ctx)))

/** Made for the whole run, whose messages name no file; wiped however it ends. */
function wipedAtEnd({ host }: Io, own: readonly KeyService[]): SharedServices {
  const services = sharedServices(own)
  host.onCleanup(services.wipe)
  return services
}
