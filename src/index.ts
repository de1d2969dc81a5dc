// The public API. The command line is a client of it.

// Bytes to bytes
export {
  type DecryptOptions,
  decrypt,
  decryptToObject,
  type EncryptOptions,
  encrypt,
  type ReplaceOptions,
  replacePlaintext,
} from './api.ts'
export { type ChangeRecipientsOptions, changeRecipients, type WantedRecipients } from './change-recipients.ts'
// .sops.yaml
export {
  type Config,
  type ConfigFile,
  type CreationRule,
  checkConfig,
  findConfig,
  loadConfig,
  matchCreationRule,
  matchDestinationRule,
} from './config/index.ts'
// What the outside provides
export type { AuditEvent, Context, Logger, LogLine, PromptOptions } from './context.ts'
// Trees and paths
export { isMissing, setAt, unsetAt } from './core/change.ts'
export { formatPath, nodeAt, type Path, parsePath, type Step } from './core/path.ts'
export { type PlainValue, toObject, toPlain } from './core/plain.ts'
export { compileSelection, type Selection, type SelectionOptions } from './core/selection.ts'
export {
  type Comment,
  type Entry,
  type Leaf,
  type ListNode,
  type MapNode,
  type Node,
  sameNode,
  sameValue,
  type Timestamp,
  type Tree,
  type Value,
} from './core/tree.ts'
// Data keys and who wraps them
export {
  type KeyService,
  localKeyService,
  newDataKey,
  parseDecryptionOrder,
  recoverDataKey,
  shortRecoveryText,
  type UnwrapOptions,
  wrapDataKey,
  wrapErrors,
} from './datakey.ts'
// Encrypted files, step by step
export { type Draft, draftText, parsePlain, parseWithMetadata, refuseReserved, sealDraft } from './draft.ts'
export {
  type EncryptedFile,
  emitPlain,
  loadEncrypted,
  type OpenFile,
  type OpenOptions,
  openFile,
  type SealInput,
  type SealOutput,
  sealFile,
} from './encrypted-file.ts'
export { type ErrorCode, exitCodes, messageOf, type Position, SopsError } from './errors.ts'
// Formats
export { formatIds, formatOfPath, isFormatId, loadFormat } from './formats/index.ts'
export type { Format, FormatId, Layout, Parsed } from './formats/types.ts'
export { type GroupChange, isChange, type KeyChanges, keepWrapped, keyChanges } from './key-changes.ts'
// Key types
export { keyTypes, labelOf } from './keys/index.ts'
export type { KeyGroup, KeyType, KeyTypeId, MasterKey, ParseOptions, StringMap, Unavailable } from './keys/types.ts'
// Key services elsewhere, for the `services` of any call
export { remoteKeyServices } from './keyservice/client.ts'
export { type Metadata, withMetadata } from './metadata.ts'
export { createFile, type EncryptionSettings, type NewFile, sealNew } from './new-file.ts'
export { type ProcessContextOptions, processContext } from './process-context.ts'
export { sniffFormat } from './sniff.ts'
export { compareVersions, compatibleVersion } from './version.ts'
