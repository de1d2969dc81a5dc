// What there is to say of a file from its earlier versions.
import type { Fault } from '../finding.ts'
import { dataKeyDrafts, valueDrafts } from './ages.ts'
import type { Asked } from './asked.ts'
import { exposedDrafts } from './exposed.ts'
import { clearDrafts } from './in-clear.ts'
import { lineageOf, type Past } from './lineage.ts'

/** @param past undefined outside of Git: only what the file says of itself is known. */
export async function historyDrafts(asked: Asked, past: Past | undefined, now: Date): Promise<readonly Fault[]> {
  if (past === undefined) return dataKeyDrafts(asked, undefined, now)
  const lineage = await lineageOf(asked, past, async (recipients) => (await asked.revoked?.among(recipients)) ?? [])
  return [
    ...clearDrafts(asked, lineage),
    ...dataKeyDrafts(asked, lineage, now),
    ...valueDrafts(asked, lineage, now, past.isCut),
    ...(await exposedDrafts(asked, lineage)),
  ]
}
