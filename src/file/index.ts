// Front door: an encrypted file's life: parse, open, create, change, seal, verify.
export {
  asBytes,
  type DecryptOptions,
  decrypt,
  decryptToObject,
  type EncryptOptions,
  encrypt,
  type ReplaceOptions,
  replacePlaintext,
} from './bytes.ts'
export { checkCleartext, type OwnRule } from './cleartext.ts'
export { createFile, type EncryptionSettings, type NewFile, sealNew, withNewFile } from './create.ts'
export { type SealedOver, sealOver } from './earlier.ts'
export {
  emitPlain,
  loadEncrypted,
  openFile,
  openFileWith,
  type SealInput,
  type SealOutput,
  sealFile,
  warnOfOthers,
  withOpenFile,
} from './encrypted-file.ts'
export { loadLargeBinary } from './lazy.ts'
export { warnOfLeftOut, warnOfOneDocument } from './left-out.ts'
export { lossesOf, type SpellingLosses } from './losses.ts'
export { withMendable } from './mend.ts'
export { warnOfTokens } from './not-encrypted.ts'
export {
  alreadyEncrypted,
  type Draft,
  draftText,
  parsePlain,
  parseWithMetadata,
  refuseReserved,
  refuseSealed,
  sealDraft,
} from './plaintext.ts'
export { type ChangeRecipientsOptions, changeRecipients, type WantedRecipients } from './recipients.ts'
export { warnOfReprints } from './reprints.ts'
export { warnOfSharedPaths } from './shared-paths.ts'
export { lineOf, refuseToConvert, warnOfPlainTwins } from './twins.ts'
export type { EncryptedFile, OpenFile, OpenOptions } from './types.ts'
