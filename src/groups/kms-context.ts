// Files older than SOPS 3.3.0, whose AWS KMS keys may be wrapped under another encryption context than the stored one (spec/keys.md 5.5).
import type { LogLine } from '../context/index.ts'
import type { KeyGroup, MasterKey, StringMap } from '../keys/index.ts'
import type { Metadata } from '../metadata/index.ts'
import { compareVersions } from '../metadata/index.ts'
import { type KeyService, recoverDataKey } from './data-key.ts'

type RecoverOptions = NonNullable<Parameters<typeof recoverDataKey>[3]>

interface RepairOptions extends RecoverOptions {
  readonly log?: (line: LogLine) => void
}

const contextOf = (key: MasterKey): StringMap =>
  key.type === 'kms' && typeof key.fields.context === 'object' ? key.fields.context : {}

/** Old versions gave every name of a context the same value, so a key with several values may be wrapped under any one of them. */
const mayBeWrong = (key: MasterKey): boolean => new Set(Object.values(contextOf(key))).size > 1

/**
 * The key groups as they may have been wrapped: once per value that occurs, in stored order, with that value alone in every context that holds
 * it. Empty for files without the fault.
 * @throws SopsError `generic` for a version that cannot be compared.
 */
export function repairContextCandidates({ keyGroups, version }: Metadata): readonly (readonly KeyGroup[])[] {
  if (compareVersions(version, '3.3.0') >= 0) return []
  const affected = keyGroups.flatMap(({ keys }) => keys.filter(mayBeWrong))
  const values = new Set(affected.flatMap((key) => Object.values(contextOf(key))))
  return [...values].map((value) =>
    keyGroups.map(({ keys }) => ({ keys: keys.map((key) => (mayBeWrong(key) ? withValue(key, value) : key)) })),
  )
}

function withValue(key: MasterKey, value: string): MasterKey {
  const context = contextOf(key)
  if (!Object.values(context).includes(value)) return key
  const same = Object.fromEntries(Object.keys(context).map((name) => [name, value]))
  return { ...key, fields: { ...key.fields, context: same } }
}

/**
 * The data key of a file; the contexts of old versions are tried after the stored ones. The caller wipes it.
 * @throws SopsError as `recoverDataKey`, about the stored contexts.
 */
export async function recoverWithRepair(
  metadata: Metadata,
  services: readonly KeyService[],
  options: RepairOptions = {},
): Promise<Uint8Array> {
  const { shamirThreshold: threshold, keyGroups } = metadata
  const candidates = repairContextCandidates(metadata)
  try {
    return await recoverDataKey(keyGroups, threshold, services, options)
  } catch (error) {
    for (const groups of candidates) {
      const dataKey = await recoverDataKey(groups, threshold, services, options).catch(() => undefined)
      if (dataKey === undefined) continue
      const message =
        'This file is from before version 3.3.0 and its AWS KMS keys carry a wrong encryption context. It was read all the same; rotate the data key to put the file right'
      options.log?.({ level: 'advice', logger: 'AWSKMS', message })
      return dataKey
    }
    throw error
  }
}
