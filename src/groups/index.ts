// Front door: the data key under key groups: made, wrapped, recovered, compared.
export {
  type KeyService,
  localKeyService,
  newDataKey,
  parseDecryptionOrder,
  recoverDataKey,
  shortRecoveryText,
  type UnwrapOptions,
  type Wrapped,
  wipedAfter,
  wrapDataKey,
  wrapErrors,
} from './data-key.ts'
export {
  type GroupChange,
  isChange,
  isReordered,
  type KeyChanges,
  keepWrapped,
  keyChanges,
  ownThreshold,
} from './diff.ts'
export { recoverWithRepair } from './kms-context.ts'
export { tellOfKeys, tellOfTrial, watchOf } from './log.ts'
export { type CompareOptions, refuseMixedKeys } from './same-data-key.ts'
export { type SharedServices, sharedServices, withSharedServices } from './shared.ts'
