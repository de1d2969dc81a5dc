// PGP keys among the recipients: gpg is asked once for all of them, where there are any.
import type { Context } from '../context/index.ts'
import { contextAtHand, distinctKeys, labelOf, loadPgpFacts, type MasterKey } from '../keys/index.ts'
import type { SealedVersion } from './checked-file.ts'
import type { Fault } from './finding.ts'
import { type RecipientFacts, rsaDrafts } from './recipients.ts'

/** Collects the PGP recipients of files. */
interface PgpRecipients {
  see(version: SealedVersion, facts: Pick<RecipientFacts, 'nameOf'>): Promise<void>
  /** By path. */
  drafts(): Promise<ReadonlyMap<string, readonly Fault[]>>
}

interface Holder {
  readonly path: string
  readonly key: MasterKey
  readonly name: string
}

export function pgpRecipients(ctx: Context): PgpRecipients {
  const holders: Holder[] = []
  return {
    see: async ({ path, file }, { nameOf }) => {
      for (const key of distinctKeys(file.metadata.keyGroups.flatMap(({ keys }) => keys)))
        if (key.type === 'pgp') holders.push({ path, key, name: (await nameOf(key)) ?? labelOf(key) })
    },
    drafts: async () => {
      const found = new Map<string, Fault[]>()
      if (holders.length === 0) return found
      const { pgpFacts } = await loadPgpFacts()
      const known = await pgpFacts(
        holders.map(({ key }) => labelOf(key)),
        contextAtHand(ctx),
      )
      for (const { path, key, name } of holders) {
        const facts = known.get(labelOf(key))
        const drafts = facts ? [...rsaDrafts(name, facts.rsaBits), ...expiredDrafts(name, facts.expired)] : []
        found.set(path, [...(found.get(path) ?? []), ...drafts])
      }
      return found
    },
  }
}

const expiredDrafts = (name: string, expired: Date | undefined): readonly Fault[] =>
  expired
    ? [
        {
          rule: 'recipient-expired',
          message: `its recipient ${name} expired on ${expired.toISOString().slice(0, 10)}, as gpg has it`,
        },
      ]
    : []
