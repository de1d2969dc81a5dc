// The public API. The command line is a client of it.

export type { SelectionOptions } from './cipher/index.ts'
export { compileSelection, type Selection } from './cipher/index.ts'
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
// The outside world
export type { AuditEvent, Context, Logger, LogLine, MemoKey, PromptOptions } from './context/index.ts'
export { type ProcessContextOptions, processContext } from './context/index.ts'
export { type ErrorCode, exitCodes, messageOf, type Position, SopsError } from './errors.ts'
export type { EncryptedFile, OpenFile, OpenOptions } from './file/index.ts'
// Bytes to bytes
// Encrypted files, step by step
export {
  type ChangeRecipientsOptions,
  changeRecipients,
  createFile,
  type DecryptOptions,
  type Draft,
  decrypt,
  decryptToObject,
  draftText,
  type EncryptionSettings,
  type EncryptOptions,
  emitPlain,
  encrypt,
  loadEncrypted,
  type NewFile,
  openFile,
  parsePlain,
  parseWithMetadata,
  type ReplaceOptions,
  refuseReserved,
  replacePlaintext,
  type SealInput,
  type SealOutput,
  sealDraft,
  sealFile,
  sealNew,
  type WantedRecipients,
} from './file/index.ts'
export type { Format, FormatId, Layout, Parsed } from './formats/index.ts'
// Formats
export { formatIds, formatOfPath, isFormatId, loadFormat, sniffFormat } from './formats/index.ts'
// Data keys, and what wraps them
export {
  type GroupChange,
  isChange,
  type KeyChanges,
  type KeyService,
  keepWrapped,
  keyChanges,
  localKeyService,
  newDataKey,
  parseDecryptionOrder,
  recoverDataKey,
  shortRecoveryText,
  type UnwrapOptions,
  wrapDataKey,
  wrapErrors,
} from './groups/index.ts'
export type { KeyGroup, KeyType, KeyTypeId, MasterKey, ParseOptions, StringMap, Unavailable } from './keys/index.ts'
// Key types
export { keyTypes, labelOf } from './keys/index.ts'
// Remote key services, for the `services` of any call
export { remoteKeyServices } from './keyservice/index.ts'
// Three versions of a file become one
export {
  type Apart,
  type Choose,
  type ClosedMerge,
  type Labels,
  type Merge,
  type MergeConflict,
  type MergeOptions,
  type MergeVersions,
  type OpenMerge,
  type Side,
  withMerge,
} from './merge/index.ts'
export { compareVersions, compatibleVersion, type Metadata, withMetadata } from './metadata/index.ts'
// All files of a repository, and two versions of one
export {
  type ChangedFile,
  type ChangedFiles,
  type ChangeOptions,
  type ComparedValue,
  type CompareFilesOptions,
  compareFiles,
  type DecryptedFile,
  type FileChange,
  type FileComparison,
  type FileVersion,
  openRepository,
  type PlainFile,
  type Repository,
  type RepositoryOptions,
  type RepositoryRequest,
  type Target,
  type TargetRequest,
  type UndecryptedFile,
  type ValueChange,
  type Wanted,
} from './repo/index.ts'
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
