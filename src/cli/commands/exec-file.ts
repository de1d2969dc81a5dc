// `sops exec-file`: a shell line with the decrypted file at hand, as a named pipe or a private regular file.
import { randomInt } from 'node:crypto'
import { join, normalize } from 'node:path'
import { SopsError } from '../../errors.ts'
import type { Environment } from '../../system/environment.ts'
import { systemErrorText } from '../../system/errors.ts'
import { writeFile } from '../../system/files.ts'
import { switchUser } from '../exec/account.ts'
import { outcomeOf, runShell, startShell } from '../exec/child.ts'
import { makePipe, servePipe } from '../exec/pipe.ts'
import type { Invocation, Io } from '../invocation.ts'
import { openerOf, read } from '../open.ts'
import { absolutePath, configOf, formatsFor, plainLayoutOf } from '../settings.ts'
import { privateTempDir } from '../temp-dir.ts'
import { refuseLost, warnOfBackground, wordsOf } from './exec-env.ts'

export async function run(inv: Invocation, io: Io): Promise<number> {
  const { host, ctx } = io
  const [name, command] = wordsOf(inv)
  const path = absolutePath(ctx, name)
  const config = await configOf(inv, ctx)
  const opener = await openerOf(inv, io)
  const bytes = await read(io, path)
  const formats = formatsFor(inv, path, bytes)
  const { file } = await opener.open(path, bytes, formats.input)
  file.dataKey.fill(0)
  const { emit } = await import('./decrypt.ts')
  const content = await emit(file, formats.output, plainLayoutOf(inv, config, formats.output), io)
  const background = inv.bool('background')
  if (background) warnOfBackground('exec-file', io)
  const filename = inv.string('filename')
  if (filename !== '' && !isLocal(filename, host.platform)) {
    throw new SopsError('generic', 'The provided filename is not a local path.')
  }
  const user = await switchUser(inv.string('user'), io)
  if (!user) return 1
  const env: Environment = { ...host.env, ...user }
  refuseLost(env)
  const folder = privateTempDir(host, '.sops')
  try {
    const served = await serve(folder.path, filename, content, !inv.bool('no-fifo'), io)
    try {
      const line = command.replaceAll('{}', () => served.path)
      if (background) {
        await startShell(line, env, host)
        return 0
      }
      const { status, text } = outcomeOf(await runShell(line, env, host))
      if (text !== '') await io.tell(text)
      return status
    } finally {
      served.end()
    }
  } finally {
    folder.remove()
  }
}

/** True for a name that stays below the folder it is put into. */
function isLocal(name: string, platform: NodeJS.Platform): boolean {
  if (name.startsWith('/') || name.includes('\0')) return false
  if (platform === 'win32' && /^[\\]|^[A-Za-z]:/.test(name)) return false
  return normalize(name).split(/[\\/]/, 1)[0] !== '..'
}

async function serve(
  folder: string,
  filename: string,
  content: Uint8Array,
  asPipe: boolean,
  io: Io,
): Promise<{ readonly path: string; readonly end: () => void }> {
  if (asPipe) {
    const path = join(folder, filename || 'tmp-file')
    if (await makePipe(path, io.host)) return { path, end: servePipe(path, content, io.host) }
    const message =
      'named pipes are not available here; the decrypted file is a regular file for as long as the command runs'
    io.ctx.log({ level: 'warning', logger: 'EXEC', message })
  }
  const path = join(folder, filename || `tmp-file${randomInt(2 ** 48 - 1)}`)
  try {
    await writeFile(path, content, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw new SopsError('generic', systemErrorText(error, 'open', path), { cause: error })
  }
  return { path, end: () => {} }
}
