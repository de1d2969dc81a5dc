// Front door: the key types, their keys and what identifies them.
export { contextAtHand } from './at-hand.ts'
export { bareKeys, distinctKeys, identityOf, namesOf, refuseBare } from './identity.ts'
export { approveKey, keyTypes, keyTypesInOrder, labelOf } from './key-types.ts'
export { loadGoogle, loadKeygen, loadPgpFacts } from './lazy.ts'
export type {
  FlatField,
  GroupField,
  IdentityPlace,
  KeyConfig,
  KeyDescriptor,
  KeyGroup,
  KeyRanks,
  KeyType,
  KeyTypeId,
  MasterKey,
  Operation,
  ParseOptions,
  StringMap,
  Unavailable,
} from './types.ts'
