// Files of one group, as `x-sops-ts.groups` has them, whose keys differ: what one environment has and another lacks.
import type { Context } from '../context/index.ts'
import { filesFitting } from '../repo/index.ts'
import { listed } from '../text/listed.ts'
import { quote } from '../text/quote.ts'
import { formatPath } from '../tree/path.ts'
import type { SealedVersion } from './checked-file.ts'
import type { Fault } from './finding.ts'

interface Member {
  readonly path: string
  readonly keys: ReadonlySet<string>
}

/** Collects the keys of files that are in a group. */
interface Drift {
  see(version: SealedVersion): void
  /** By path. */
  drafts(): ReadonlyMap<string, readonly Fault[]>
}

export function keyDrift(ctx: Context): Drift {
  const groups = new Map<string, Member[]>()
  return {
    see: (version) => {
      const { config, path } = version
      for (const [name, patterns] of Object.entries(config?.own.groups ?? {})) {
        if (config === undefined || !filesFitting(patterns, config, ctx)(path)) continue
        const id = JSON.stringify([config.file.absolutePath, name])
        const members = groups.get(id) ?? []
        groups.set(id, members)
        members.push({ path, keys: keysOf(version) })
      }
    },
    drafts: () => {
      const found = new Map<string, Fault[]>()
      for (const [id, members] of groups) {
        const [, group] = JSON.parse(id) as [string, string]
        const all = new Set(members.flatMap(({ keys }) => [...keys]))
        for (const { path, keys } of members) {
          const missing = [...all].filter((key) => !keys.has(key))
          if (missing.length === 0) continue
          const drafts = found.get(path) ?? []
          found.set(path, drafts)
          drafts.push({
            rule: 'key-drift',
            message: `lacks what other files of the group ${quote(group)} have: ${listed(missing)}`,
          })
        }
      }
      return found
    },
  }
}

/** Paths of maps alone: lists differ in length. */
const keysOf = ({ leaves }: SealedVersion): ReadonlySet<string> =>
  new Set(leaves.map(({ path }) => formatPath(path.filter((step) => typeof step === 'string'))))
