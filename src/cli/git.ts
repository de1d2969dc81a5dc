// Git as the user has it: with the settings of the machine and the user, hooks among them, which repo/git.ts leaves out.
import { resolve } from 'node:path'
import { messageOf, SopsError, setIn } from '../errors.ts'
import { codeOf, run as startAndWait } from '../system/index.ts'
import type { Io } from './invocation.ts'

/** What Git prints, without the last line end. @throws SopsError `generic` with Git's own words where it fails. */
export async function git(io: Io, ...args: string[]): Promise<string> {
  const failed = ([reason, ...more]: readonly string[]): SopsError =>
    new SopsError('generic', [`git ${args.join(' ')} failed: ${reason}`, ...more])
  const { cwd, env } = io.ctx
  // They mean the same with `-C`.
  const paths = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR'].filter((name) => env[name])
  const absolute = Object.fromEntries(paths.map((name) => [name, resolve(cwd, env[name]!)]))
  const ran = await startAndWait('git', args, { cwd, env: { ...env, ...absolute } }).catch((error: unknown) => {
    throw failed([codeOf(error) === 'ENOENT' ? 'there is no program git in PATH' : messageOf(error)])
  })
  if (ran.status === 0) return ran.stdout.replace(/\r?\n$/, '')
  throw failed(setIn(ran.stderr || `exit status ${ran.status}`))
}
