// The user's editor: finds the program, and runs it on a file (spec/cli.md 13.4.2).

import { SopsError } from '../errors.ts'
import { findProgram, isProgram, start, startFailure } from '../system/index.ts'
import { splitWords } from '../text/words.ts'
import type { Host } from './host.ts'

const failed = (reason: string, hints: readonly string[] = []): SopsError =>
  new SopsError('editor-failed', `Could not run editor: ${reason}`, { hints })

const fallbacks = ['vim', 'nano', 'vi']

/** A program's path: as given, or from PATH. */
function lookUp(program: string, host: Host): string | undefined {
  if (program.includes('/') || (host.platform === 'win32' && program.includes('\\'))) return program
  const suffixes = host.platform === 'win32' ? ['', ...(host.env['PATHEXT'] ?? '.EXE;.CMD;.BAT').split(';')] : ['']
  const names = suffixes.map((suffix) => program + suffix)
  return findProgram(names, host.env['PATH'])
}

interface EditorCommand {
  readonly program: string
  readonly args: readonly string[]
  /** The variable that names the editor. */
  readonly variable?: string
}

/** @throws SopsError `editor-failed` if there is none, or its variable does not parse. */
function editorCommand(host: Host): EditorCommand {
  for (const name of ['SOPS_EDITOR', 'EDITOR']) {
    const value = host.env[name]
    if (!value) continue
    const [program, ...args] = splitWords(value) ?? []
    if (program === undefined) throw failed(`invalid $${name}: ${value}`)
    const path = lookUp(program, host)
    if (path === undefined) {
      const advice = adviceOn(name, value)
      throw failed(`exec: ${JSON.stringify(program)}: executable file not found in $PATH`, advice)
    }
    return { program: path, args, variable: name }
  }
  for (const name of fallbacks) {
    const path = lookUp(name, host)
    if (path !== undefined) return { program: path, args: [] }
  }
  throw new SopsError(
    'editor-failed',
    `no editor available: SOPS_EDITOR and EDITOR are not set, and none of ${fallbacks.join(', ')} is in PATH`,
    { hints: ['set EDITOR to the command that opens your editor'] },
  )
}

/** Hints for a variable that names no program. */
function adviceOn(variable: string, value: string): readonly string[] {
  const words = value.split(' ')
  for (let end = words.length; end > 1; end--) {
    const path = words.slice(0, end).join(' ')
    if (path.includes('/') && isProgram(path))
      return [`${path} has blanks: put it in quotes of its own, as in ${variable}='"${path}"'`]
  }
  return [`set ${variable} to the command that opens your editor`]
}

/**
 * Runs the editor on `file` and waits for it.
 * @throws SopsError `editor-failed` if it cannot be started or fails.
 */
export async function runEditor(file: string, host: Host): Promise<void> {
  const { program, args, variable } = editorCommand(host)
  const end = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    const child = start(program, [...args, file], { cwd: host.cwd, env: { ...host.env }, stdio: 'inherit' })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal }))
  }).catch(async (error: unknown) => {
    const advice = variable === undefined ? [] : await adviceOn(variable, host.env[variable] ?? '')
    throw failed(startFailure(program, error, host.cwd), advice)
  })
  if (end.signal) throw failed(`signal: ${end.signal}`)
  if (end.code !== 0) throw failed(`exit status ${end.code}`)
}
