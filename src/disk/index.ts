// Front door: files that are replaced as a whole or not at all, one program at a time.
export { type Batch, type Change, makeBatch } from './batch.ts'
export { isSame, type Lock, lockFile, onlyRegular } from './lock.ts'
export {
  type Content,
  createFile,
  overwriteFile,
  replaceFile,
  syncFolder,
} from './replace-file.ts'
export {
  cannotWrite,
  changed,
  type Fingerprint,
  fingerprint,
  followLinks,
  mustBeAsRead,
  mustBeLocked,
  statOrUndefined,
} from './state.ts'
export type { Writer } from './writer.ts'
