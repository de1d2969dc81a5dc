// What a configuration calls the recipients of files.
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { contextAtHand, identityOf, type KeyTypeId, keyTypes, type MasterKey } from '../keys/index.ts'
import type { Config } from './load.ts'

/** The name of a recipient, however it is spelled; undefined for one that has none. */
export type RecipientNames = (key: MasterKey) => Promise<string | undefined>

/** By `x-sops-ts.recipients`; of several names of one recipient the first counts. Nothing is asked, started or looked up. */
export function recipientNames(config: Config | undefined, ctx: Context): RecipientNames {
  const named = Object.entries(config?.own.recipients ?? {})
  const known = new Map<KeyTypeId, Promise<ReadonlyMap<string, string>>>()
  const namesFor = async (type: KeyTypeId): Promise<ReadonlyMap<string, string>> => {
    const names = new Map<string, string>()
    const quiet = contextAtHand(ctx)
    for (const [name, { key }] of named)
      for (const one of await keysFrom(key, type, quiet)) {
        const identity = identityOf(one)
        if (!names.has(identity)) names.set(identity, name)
      }
    return names
  }
  return async (key) => {
    if (named.length === 0) return undefined
    const names = known.get(key.type) ?? namesFor(key.type)
    known.set(key.type, names)
    return (await names).get(identityOf(key))
  }
}

/** The key as one of this type; none if it is of another. */
async function keysFrom(text: string, type: KeyTypeId, ctx: Context): Promise<readonly MasterKey[]> {
  try {
    return await keyTypes[type].parse(text, ctx, {})
  } catch (error) {
    if (error instanceof SopsError) return []
    throw error
  }
}
