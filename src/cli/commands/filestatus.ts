// `sops filestatus`: says in JSON whether a file is encrypted. Needs no keys.

import type { Watch } from '../../context/index.ts'
import { messageOf, placeOf, SopsError } from '../../errors.ts'
import type { EncryptedFile } from '../../file/index.ts'
import { loadEncrypted, loadLargeBinary, warnOfOthers } from '../../file/index.ts'
import type { FormatId } from '../../formats/index.ts'
import { type Command, command } from '../command.ts'
import { onlyWord } from '../extra-words.ts'
import { readInput } from '../files.ts'
import { inputType } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { openIfLarge } from '../large.ts'
import { absolutePath, configOf, formatsFor, formatsOf, type NamedFormats } from '../settings.ts'

const flags = [inputType] as const
type Given = Invocation<(typeof flags)[number]>

export const filestatus: Command = command({
  args: 'FILE',
  flags,
  examples: ['sops filestatus secrets.yaml'],
  root: ['config'],
  run,
})

async function run(inv: Given, io: Io): Promise<number> {
  const path = onlyWord(inv)
  io.about(path)
  try {
    await configOf(inv, io)
    const file = (await loadedLarge(inv, io, path)) ?? (await loadedWhole(inv, io, path))
    if (file) warnOfOthers(file, io.ctx.log)
    const metadata = file?.metadata
    await io.say(`{"encrypted":${metadata !== undefined && metadata.version !== '' && metadata.mac !== ''}}`)
    return 0
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    const text = `cannot check file status: cannot load encrypted file: ${messageOf(error)}`
    throw new SopsError('generic', text, { ...placeOf(error), hints: error.hints, cause: error })
  }
}

const named = (inv: Given): NamedFormats => ({ input: inv.string('input-type') })

async function loadedWhole(inv: Given, io: Io, path: string): Promise<EncryptedFile | undefined> {
  const bytes = await readInput(io, path)
  return loaded(bytes, formatsFor(named(inv), path, bytes).input, io.ctx.watch)
}

/** A binary file that is too large for one string; undefined for any other. */
async function loadedLarge(inv: Given, io: Io, path: string): Promise<EncryptedFile | undefined> {
  const input =
    formatsOf(named(inv), path).input === 'binary' ? await openIfLarge(io, absolutePath(io.ctx, path)) : undefined
  try {
    return input && (await (await loadLargeBinary()).loadLarge(input))?.file
  } finally {
    await input?.close()
  }
}

/** Undefined for a file without metadata; any other fault of the metadata is an error. */
async function loaded(bytes: Uint8Array, input: FormatId, watch?: Watch): Promise<EncryptedFile | undefined> {
  try {
    return await loadEncrypted(bytes, input, watch)
  } catch (error) {
    if (error instanceof SopsError && error.details.fault === 'no metadata') return undefined
    throw error
  }
}
