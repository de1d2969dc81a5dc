// Encrypts values that stand in clear in an encrypted file, under the data key that it has.
import { fingerprint } from '../../disk/index.ts'
import { type EncryptedFile, loadEncrypted, sealFile, withMendable } from '../../file/index.ts'
import type { FormatId } from '../../formats/index.ts'
import { refuseOthers } from '../../metadata/index.ts'
import { openBlobs, topOf } from '../../repo/index.ts'
import { readInput } from '../files.ts'
import type { Invocation, Io } from '../invocation.ts'
import { absolutePath, configOf, formatsFor, layoutOf, orderOf, servicesOf } from '../settings.ts'
import { warnOfRespelling } from '../warnings.ts'
import type { CheckFlag } from './flags.ts'

/** @throws SopsError as `withMendable` and `sealFile`; then nothing is written. */
export async function mendValues(inv: Invocation<CheckFlag>, io: Io, name: string, place: string): Promise<void> {
  const path = absolutePath(io.ctx, name)
  const bytes = await readInput(io, name)
  const formats = formatsFor({}, path, bytes)
  const file = await loadEncrypted(bytes, formats.input)
  refuseOthers(file.others)
  const services = await servicesOf(inv, io)
  const options = { services, ...orderOf(inv), log: io.ctx.log, audit: { context: io.ctx, file: path } }
  const layout = layoutOf(inv, await configOf(inv, io), formats)
  const earlier = await earlierVersions(io, place, formats.input)
  const { sealed, isVerified } = await withMendable(file, earlier, options, (mendable) => ({
    sealed: sealFile(mendable.file, file.format, io.ctx.now(), layout),
    isVerified: mendable.isVerified,
  }))
  warnOfRespelling(sealed, io.ctx)
  await io.write(path, sealed.bytes, { expect: fingerprint(bytes) })
  if (isVerified) return
  const message = `${name} is sealed again as it stood: its MAC could not be compared, so look whether anything else was changed in it (git diff)`
  io.ctx.log({ level: 'warning', logger: 'CMD', message })
}

/** What the index and HEAD have of a file, where that is encrypted. */
async function earlierVersions({ ctx }: Io, place: string, format: FormatId): Promise<readonly EncryptedFile[]> {
  const top = await topOf(ctx.cwd, ctx)
  if (top === undefined) return []
  const blobs = await openBlobs(top, ctx)
  try {
    const found: EncryptedFile[] = []
    for (const revision of [':0', 'HEAD']) {
      const bytes = await blobs.read(`${revision}:${place}`)
      const file = bytes && (await loadEncrypted(bytes, format).catch(() => undefined))
      if (file) found.push(file)
    }
    return found
  } finally {
    blobs.close()
  }
}
