// Finds programs, and says in words why one could not be started.
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { codeOf, systemErrorText } from './errors.ts'
import { accessSync, constants, statSync } from './files-sync.ts'
import { shownPath } from './secrets.ts'

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * The first program of one of these names in a folder of `path`, the value of PATH. Folders that are not absolute are skipped, so that no
 * program in the working directory runs by accident: it might get keys or plaintext.
 */
export function findProgram(names: readonly string[], path: string | undefined): string | undefined {
  const folders = (path ?? '').split(delimiter).filter((folder) => isAbsolute(folder))
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram)
}

/** What is wrong with the file itself; undefined if the system's error says it all. */
function trouble(path: string, code: string | undefined): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory()) return 'it is a folder, not a program'
  if (code === 'ENOENT' && found) return 'the interpreter that its first line names is missing'
  if (code === 'EACCES' && found && (found.mode & 0o111) === 0) return 'it is not executable: chmod +x'
  if (code === 'ENOEXEC') return 'it is no program of this system, or a script without #! in its first line'
  return undefined
}

/** `fork/exec /tmp: permission denied (it is a folder, not a program)`; a relative path starts at `cwd`. */
export function startFailure(path: string, error: unknown, cwd: string): string {
  const code = codeOf(error)
  if (code === 'ENOENT' && !path.includes('/')) return `exec: "${shownPath(path)}": executable file not found in $PATH`
  // Node's own message quotes the word that it refuses.
  if (code === 'ERR_INVALID_ARG_VALUE') return `fork/exec ${shownPath(path)}: a word for it has null bytes`
  let why: string | undefined
  try {
    why = trouble(resolve(cwd, path), code)
  } catch {
    // If we cannot look at the file, the system's error has to do.
  }
  return `${systemErrorText(error, 'fork/exec', path)}${why === undefined ? '' : ` (${why})`}`
}
