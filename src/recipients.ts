// When two master keys are the same recipient, however each is spelled.
import { keyTypes } from './keys/index.ts'
import type { MasterKey } from './keys/types.ts'

/** Equal for two spellings of one recipient. */
export const identityOf = (key: MasterKey): string => {
  const { identity, label } = keyTypes[key.type]
  return `${key.type} ${(identity ?? label)(key)}`
}

/** Every recipient once, as it is spelled first. */
export function distinctKeys(keys: readonly MasterKey[]): readonly MasterKey[] {
  const seen = new Set<string>()
  return keys.filter((key) => {
    const identity = identityOf(key)
    return !seen.has(identity) && seen.add(identity)
  })
}
