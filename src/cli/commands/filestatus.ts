// `sops filestatus`: says in JSON whether files are encrypted. Needs no keys.
import { messageOf, placeOf, SopsError } from '../../errors.ts'
import { type EncryptedFile, warnOfOthers } from '../../file/index.ts'
import { type Command, command } from '../command.ts'
import { noFile } from '../extra-words.ts'
import { bool } from '../flag.ts'
import { inputType } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { targetFlags } from '../many/flags.ts'
import { readMany } from '../many/read.ts'
import { errorData, sayJson, shownPath, statusOf } from '../many/report.ts'
import { isByFlag, isSingle, targetsOf } from '../many/targets.ts'
import { configOf } from '../settings.ts'
import { loadUnopened } from '../unopened.ts'

const flags = [
  inputType,
  bool('json', 'print one document, as for several files, also for one'),
  ...targetFlags,
] as const
type Given = Invocation<(typeof flags)[number]>

export const filestatus: Command = command({
  args: '[FILE...]',
  flags,
  examples: ['sops filestatus secrets.yaml', 'sops filestatus --all'],
  root: ['config'],
  run,
})

async function run(inv: Given, io: Io): Promise<number> {
  if (!isSingle(inv, io) || inv.bool('json')) return tellOfMany(inv, io)
  const [path] = inv.positionals
  if (path === undefined) throw noFile(inv)
  io.about(path)
  await io.say(`{"encrypted":${await isEncrypted(inv, io, path)}}`)
  return 0
}

/** Of folders, patterns and flags: files that are or must be encrypted. */
async function tellOfMany(inv: Given, io: Io): Promise<number> {
  const targets = await targetsOf(inv, io, 'either')
  if (targets.length === 0 && !isByFlag(inv)) throw noFile(inv)
  const files: object[] = []
  const counts = { encrypted: 0, clear: 0, failed: 0 }
  const errors = await readMany(
    inv,
    io,
    { targets, doing: 'reading' },
    (child, { name }) => isEncrypted(inv, child, name),
    ({ target, result, error }) => {
      const path = shownPath(io, target.path)
      files.push(error ? { path, error: errorData(error) } : { path, encrypted: result })
      counts[error ? 'failed' : result ? 'encrypted' : 'clear']++
    },
  )
  await sayJson(io, 'filestatus', files, counts)
  return statusOf(errors)
}

async function isEncrypted(inv: Given, io: Io, name: string): Promise<boolean> {
  try {
    await configOf(inv, io)
    const file = await loaded(inv, io, name)
    if (file) warnOfOthers(file, io.ctx.log)
    return file !== undefined && file.metadata.version !== '' && file.metadata.mac !== ''
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    const text = `cannot check file status: cannot load encrypted file: ${messageOf(error)}`
    throw new SopsError('generic', text, { ...placeOf(error), hints: error.hints, cause: error })
  }
}

/** Undefined for a file without metadata; any other fault of the metadata is an error. */
async function loaded(inv: Given, io: Io, name: string): Promise<EncryptedFile | undefined> {
  try {
    return await loadUnopened(io, name, { input: inv.string('input-type') })
  } catch (error) {
    if (error instanceof SopsError && error.details.fault === 'no metadata') return undefined
    throw error
  }
}
