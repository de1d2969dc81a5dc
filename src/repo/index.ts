// Front door: the files of a whole repository: what Git knows of them, which are encrypted, and which must be.
export { type Blobs, openBlobs } from './blobs.ts'
export { largest, looksEncrypted } from './candidates.ts'
export type { ChangedFile, ChangedFiles, ChangeOptions, FileChange, PlainFile } from './change.ts'
export {
  type ComparedValue,
  type CompareFilesOptions,
  compareFiles,
  type FileComparison,
  type FileVersion,
  hasSharedEntry,
  type ValueChange,
} from './compare.ts'
export { filesFitting } from './fitting.ts'
export { formatFor } from './format.ts'
export { type Git, gitIn, isWithin, pathFromTop, topOf } from './git.ts'
export { compileGlob, isGlob } from './glob.ts'
export { historiesOf, type PastVersion } from './history.ts'
export { clearLeavesOf, leavesOf, type StoredLeaf } from './leaves.ts'
export { changedFiles, mergeBase, stagedFiles, trackedFiles, untrackedFiles } from './listings.ts'
export { type KeptFile, keepLocked, listLocked, readLocked, removeLocked } from './locked.ts'
export { isSelective, mustBeEncrypted, type Need, type Needs, needsUnder } from './must-encrypt.ts'
export {
  type DecryptedFile,
  openRepository,
  type Repository,
  type RepositoryOptions,
  type RepositoryRequest,
  type UndecryptedFile,
} from './repository.ts'
export { isShown } from './shown.ts'
export type { TargetMeans, Wanted } from './suitable.ts'
export { findTargets, type Target, type TargetRequest } from './targets.ts'
