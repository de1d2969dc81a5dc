// Front door: files, programs, variables and bytes that are no text.
export { bytesOf, hasBytes, LOST, replaced, shown, textOf } from './bytes.ts'
export { type Environment, withheld, withheldHint } from './environment.ts'
export { causeOf, codeOf, inWords, systemErrorText } from './errors.ts'
export {
  access,
  type FileHandle,
  filesBelow,
  link,
  lstat,
  makeFolders,
  open,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  writeFile,
} from './files.ts'
export {
  accessSync,
  close,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  open as openWithCallback,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realPathOf,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statOf,
  statSync,
  writeSync,
} from './files-sync.ts'
export { type FreshFile, makeFile } from './fresh-file.ts'
export { environmentAsGiven, wordsAsGiven } from './given.ts'
export { collect, type InputOptions, irregularity, readNamed, readNamedSync, readRegular, silence } from './inputs.ts'
export { loadStart } from './lazy.ts'
export { findProgram, isProgram, startFailure } from './programs.ts'
export {
  declareSecretVariables,
  holdsIdentity,
  holdsSecret,
  secretValues,
  shownPath,
  withoutSecrets,
  withoutSecretsOf,
  withoutValuesOf,
} from './secrets.ts'
export { handedOver, lostVariables, needsShell, run, start, startApart, startKeeping } from './start.ts'
export { onProgram } from './starts.ts'
