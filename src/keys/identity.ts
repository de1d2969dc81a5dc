// Whether two master keys are the same recipient, however each is spelled; and recipients that a file merely names.

import { SopsError } from '../errors.ts'
import { quote } from '../text/quote.ts'
import { keyTypes, labelOf } from './key-types.ts'
import type { KeyGroup, MasterKey } from './types.ts'

/** Equal for two spellings of one recipient. */
export const identityOf = (key: MasterKey): string => {
  const { identity, label } = keyTypes[key.type]
  return `${key.type} ${(identity ?? label)(key)}`
}

/** Every recipient once, in its first spelling; a bare entry does not hide a wrapped one. */
export function distinctKeys(keys: readonly MasterKey[]): readonly MasterKey[] {
  const found = new Map<string, MasterKey>()
  for (const key of keys) {
    const identity = identityOf(key)
    const known = found.get(identity)
    if (known === undefined || (known.isBare && !key.isBare)) found.set(identity, key)
  }
  return [...found.values()]
}

/** Names of recipients for messages, quoted because they come from files. */
export const namesOf = (keys: readonly MasterKey[]): string => keys.map((key) => quote(labelOf(key))).join(', ')

/** Every recipient for which a file holds nothing wrapped, once. */
export const bareKeys = (groups: readonly KeyGroup[]): readonly MasterKey[] =>
  distinctKeys(groups.flatMap(({ keys }) => distinctKeys(keys).filter((key) => key.isBare)))

const bareHints = [
  'somebody wrote the entry without having the data key: see in the history of the file who and why',
  'to let the recipient in, name it: in .sops.yaml for sops updatekeys, or with sops rotate --add-…',
  'to take the entry away: sops rotate --rm-…, or sops updatekeys where .sops.yaml does not name it',
]

/**
 * Refuses to wrap a data key for a recipient that a file names without having one wrapped for it.
 * @throws SopsError `generic` naming each of them.
 */
export function refuseBare(groups: readonly KeyGroup[]): void {
  const bare = bareKeys(groups)
  if (bare.length === 0) return
  throw new SopsError('generic', `the file names ${namesOf(bare)} without a wrapped data key (enc): none is made`, {
    hints: bareHints,
  })
}
