// The public API. The command line is a client of it.

export { compileSelection, type Selection } from './cipher/selection.ts'
export type { SelectionOptions } from './cipher/selection-settings.ts'
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
export type { AuditEvent, Context, Logger, LogLine, MemoKey, PromptOptions } from './context/index.ts'
export { type ProcessContextOptions, processContext } from './context/process.ts'
export { type ErrorCode, exitCodes, messageOf, type Position, SopsError } from './errors.ts'
// Bytes to bytes
export {
  type DecryptOptions,
  decrypt,
  decryptToObject,
  type EncryptOptions,
  encrypt,
  type ReplaceOptions,
  replacePlaintext,
} from './file/bytes.ts'
export { createFile, type EncryptionSettings, type NewFile, sealNew } from './file/create.ts'
export { emitPlain, loadEncrypted, openFile, type SealInput, type SealOutput, sealFile } from './file/encrypted-file.ts'
// Encrypted files, step by step
export { type Draft, draftText, parsePlain, parseWithMetadata, refuseReserved, sealDraft } from './file/plaintext.ts'
export { type ChangeRecipientsOptions, changeRecipients, type WantedRecipients } from './file/recipients.ts'
export type { EncryptedFile, OpenFile, OpenOptions } from './file/types.ts'
export { sniffFormat } from './formats/detect.ts'
// Formats
export { formatIds, formatOfPath, isFormatId, loadFormat } from './formats/index.ts'
export type { Format, FormatId, Layout, Parsed } from './formats/types.ts'
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
} from './groups/data-key.ts'
export { type GroupChange, isChange, type KeyChanges, keepWrapped, keyChanges } from './groups/diff.ts'
// Key types
export { keyTypes, labelOf } from './keys/index.ts'
export type { KeyGroup, KeyType, KeyTypeId, MasterKey, ParseOptions, StringMap, Unavailable } from './keys/types.ts'
// Key services elsewhere, for the `services` of any call
export { remoteKeyServices } from './keyservice/client.ts'
export { type Metadata, withMetadata } from './metadata/index.ts'
export { compareVersions, compatibleVersion } from './metadata/version.ts'
// Trees and paths
export { isMissing, setAt, unsetAt } from './tree/edit.ts'
export { formatPath, nodeAt, type Path, parsePath, type Step } from './tree/path.ts'
export { type PlainValue, toObject, toPlain } from './tree/plain.ts'
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
} from './tree/tree.ts'
