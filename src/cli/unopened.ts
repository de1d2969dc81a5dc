// An encrypted file as it lies there, for commands that need no key.
import { type EncryptedFile, loadEncrypted, loadLargeBinary } from '../file/index.ts'
import { readInput } from './files.ts'
import type { Io } from './invocation.ts'
import { openIfLarge } from './large.ts'
import { absolutePath, formatsFor, formatsOf, type NamedFormats } from './settings.ts'

/** The file, which may be too large for one string. @throws SopsError as `loadEncrypted`, and `bad-input` if it cannot be read. */
export async function loadUnopened(io: Io, name: string, named: NamedFormats = {}): Promise<EncryptedFile> {
  const large = await loadedLarge(io, name, named)
  if (large) return large
  const bytes = await readInput(io, name)
  return loadEncrypted(bytes, formatsFor(named, name, bytes).input, io.ctx.watch)
}

/** A binary file that is too large for one string; undefined for any other. */
async function loadedLarge(io: Io, name: string, named: NamedFormats): Promise<EncryptedFile | undefined> {
  const input =
    formatsOf(named, name).input === 'binary' ? await openIfLarge(io, absolutePath(io.ctx, name)) : undefined
  try {
    return input && (await (await loadLargeBinary()).loadLarge(input))?.file
  } finally {
    await input?.close()
  }
}
