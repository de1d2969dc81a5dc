// `sops exec-file`: runs a shell line that can read the decrypted file, through a named pipe or from a private regular file.
import { randomInt } from 'node:crypto'
import { join, normalize } from 'node:path'
import { SopsError } from '../../errors.ts'
import type { Environment } from '../../system/index.ts'
import { systemErrorText, writeFile } from '../../system/index.ts'
import { type Command, command } from '../command.ts'
import { switchUser } from '../exec/account.ts'
import { outcomeOf, runShell, startShell } from '../exec/child.ts'
import { makePipe, servePipe } from '../exec/pipe.ts'
import { bool, string } from '../flag.ts'
import {
  background as backgroundFlag,
  decryptionOrder,
  keyServices,
  quoteAmbiguous,
  types,
  user as userFlag,
} from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { openerOf, read } from '../open.ts'
import { absolutePath, configOf, formatsFor, namedFormats, plainLayoutOf } from '../settings.ts'
import { privateTempDir } from '../temp-dir.ts'
import { refuseLost, warnOfBackground, wordsOf } from './exec-env.ts'

const flags = [
  backgroundFlag,
  bool('no-fifo', 'use a regular file, which can be read more than once'),
  userFlag,
  ...types,
  string('filename', 'name of the file that the command sees', { value: 'NAME', path: true }),
  quoteAmbiguous,
  decryptionOrder,
  ...keyServices,
] as const

export const execFile: Command = command({
  args: 'FILE COMMAND',
  flags,
  examples: ["sops exec-file config.yaml 'server --config {}'"],
  root: ['config', 'indent'],
  run,
})

async function run(inv: Invocation<(typeof flags)[number]>, io: Io): Promise<number> {
  const { host, ctx } = io
  const [name, shellLine] = wordsOf(inv)
  io.about(name)
  if (!shellLine.includes('{}')) {
    const message = "nothing receives the file: {} in the command stands for it, as in 'COMMAND {}'"
    ctx.log({ level: 'advice', logger: 'EXEC', message })
  }
  const path = absolutePath(ctx, name)
  const config = await configOf(inv, io)
  const opener = await openerOf(inv, io)
  const bytes = await read(io, path)
  const formats = formatsFor(namedFormats(inv), path, bytes)
  const { emit } = await import('./decrypt.ts')
  const content = await opener.withOpen({ path, bytes, input: formats.input }, {}, ({ file }) =>
    emit(file, formats.output, plainLayoutOf(inv, config, formats), io),
  )
  const background = inv.bool('background')
  if (background) warnOfBackground('exec-file', io)
  const filename = inv.string('filename')
  if (filename !== '' && !isLocal(filename, host.platform)) {
    throw new SopsError('generic', 'The provided filename is not a local path.')
  }
  const user = await switchUser(inv.string('user'), host)
  const env: Environment = { ...host.env, ...user }
  refuseLost(env)
  const folder = privateTempDir(host, '.sops')
  try {
    const served = await serve(folder.path, filename, content, !inv.bool('no-fifo'), io)
    try {
      const line = shellLine.replaceAll('{}', () => served.path)
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

/** True for a name that cannot lead out of the folder. */
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
