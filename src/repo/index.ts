// Front door: many files of a repository, and versions of one.
export {
  type ComparedValue,
  type CompareFilesOptions,
  compareFiles,
  type FileComparison,
  type FileVersion,
  type ValueChange,
} from './compare.ts'
export { type KeptFile, keepLocked, listLocked, readLocked, removeLocked, type UnlockedFile } from './locked.ts'
