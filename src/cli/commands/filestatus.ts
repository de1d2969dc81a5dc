// `sops filestatus`: whether a file is encrypted, as JSON. Needs no keys.
import { type EncryptedFile, loadEncrypted, warnOfOthers } from '../../encrypted-file.ts'
import { messageOf, SopsError } from '../../errors.ts'
import type { FormatId } from '../../formats/types.ts'
import { readInput } from '../files.ts'
import type { Invocation, Io } from '../invocation.ts'
import { configOf, formatsFor } from '../settings.ts'

export async function run(inv: Invocation, io: Io): Promise<number> {
  const [path] = inv.positionals
  if (path === undefined) throw new SopsError('no-file', 'Error: no file specified')
  try {
    await configOf(inv, io.ctx)
    const bytes = await readInput(io.host, path, { log: io.ctx.log })
    const file = await loaded(bytes, formatsFor(inv, path, bytes).input)
    if (file) warnOfOthers(file, io.ctx.log)
    const metadata = file?.metadata
    await io.out(`{"encrypted":${metadata !== undefined && metadata.version !== '' && metadata.mac !== ''}}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    return io.fatal(`cannot check file status: cannot load encrypted file: ${messageOf(error)}`)
  }
}

/** Undefined for a file that has no metadata; any other fault of the metadata is an error. */
async function loaded(bytes: Uint8Array, input: FormatId): Promise<EncryptedFile | undefined> {
  try {
    return await loadEncrypted(bytes, input)
  } catch (error) {
    if (error instanceof SopsError && error.message === 'sops metadata not found') return undefined
    throw error
  }
}
