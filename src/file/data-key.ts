// The data key of a file: recovers it, records who opened it, and compares it with what the other entries hold.

import { recoverWithRepair, refuseMixedKeys } from '../groups/index.ts'
import type { MasterKey } from '../keys/index.ts'
import { bareKeys, labelOf, namesOf } from '../keys/index.ts'
import type { Metadata } from '../metadata/index.ts'
import { checkFileVersion } from '../metadata/index.ts'
import type { OpenOptions } from './types.ts'

/**
 * The data key of a file. The caller wipes it.
 * @throws SopsError `no-data-key`; `generic` for a version that cannot be compared, and for entries in `compare` with different data keys.
 */
export async function dataKeyOf(metadata: Metadata, options: OpenOptions): Promise<Uint8Array> {
  checkFileVersion(metadata.version)
  const openedBy: MasterKey[] = []
  const dataKey = await recordedDataKey(metadata, options, openedBy)
  const { compare, services } = options
  try {
    if (compare) await refuseMixedKeys(compare.groups, services, { ...compare, dataKey, openedBy })
    return dataKey
  } catch (error) {
    dataKey.fill(0)
    throw error
  }
}

/** Recovers the data key and records who opened the file, before anything is decrypted with it. Adds those keys to `openedBy`. */
async function recordedDataKey(metadata: Metadata, options: OpenOptions, openedBy: MasterKey[]): Promise<Uint8Array> {
  const record = async (success: boolean): Promise<void> => {
    const { context, file } = options.audit ?? {}
    if (file === undefined) return
    await context?.audit?.({ action: 'decrypt', file, recipients: openedBy.map(labelOf), success })
  }
  let dataKey: Uint8Array | undefined
  try {
    dataKey = await recoverWithRepair(metadata, options.services, {
      ...(options.order ? { order: options.order } : {}),
      ...(options.log ? { log: options.log } : {}),
      unwrapped: (key) => openedBy.push(key),
    })
    await record(true)
    return dataKey
  } catch (error) {
    if (dataKey === undefined) await record(false)
    dataKey?.fill(0)
    throw error
  }
}

/** Warns of recipients that a file names without a wrapped data key. */
export function warnOfBare({ keyGroups }: Metadata, log: OpenOptions['log']): void {
  const bare = bareKeys(keyGroups)
  if (bare.length === 0) return
  const message = `the file names ${namesOf(bare)} without a wrapped data key (enc): that entry opens nothing`
  log?.({ level: 'warning', logger: 'SOPS', message })
}
