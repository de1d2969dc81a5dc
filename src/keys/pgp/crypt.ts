// How a data key is wrapped and unwrapped: with keys that the user gave, through gpg, or with GnuPG's old rings (spec/keys.md 4.2).
//
// The reference reads the old rings before it starts gpg. Here gpg comes first, because it knows what those files do not: renewals,
// revocations, cards, and the passphrases that its agent keeps. The same files open.
import type { Context } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import type { MasterKey, Operation, Unavailable } from '../types.ts'
import { type GpgRefusal, unwrapWithGpg, wrapWithGpg } from './gpg.ts'
import { rings } from './ring.ts'

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array

/** The reference's frame around both causes; the first is left out where there was no key to try (getsops/sops#304). */
function report(verb: Operation, library: readonly string[], gpg: GpgRefusal | undefined): string {
  const causes = [
    ...(library.length > 0 ? [`openpgp error: ${library.join('; ')}`] : []),
    ...(gpg ? [`GnuPG binary error: ${gpg.message}`] : []),
  ]
  const kind = verb === 'encrypt' ? 'public' : 'secret'
  const advice =
    gpg?.absent && library.length === 0
      ? `\ninstall GnuPG, or give the ${kind} key in SOPS_PGP_KEY or SOPS_PGP_KEY_FILE`
      : ''
  return `could not ${verb} data key with PGP key: ${causes.join('; ')}${advice}`
}

/** @see KeyType.wrap */
export async function wrap(key: MasterKey, dataKey: Uint8Array, ctx: Context): Promise<string> {
  const fp = String(key.fields.fp ?? '')
  const library: string[] = []
  const fail = (gpg?: GpgRefusal): SopsError => new SopsError('generic', report('encrypt', library, gpg))
  const given = await rings.given(ctx)
  if (given) {
    const { wrapWithRing } = await import('./openpgp.ts')
    const result = await wrapWithRing(fp, dataKey, given, ctx)
    if (typeof result === 'string') return result
    library.push(result.message)
    if (result.revoked) throw fail()
  }
  const gpg = await wrapWithGpg(fp, dataKey, ctx)
  if (typeof gpg === 'string') return gpg
  const ring = gpg.unusable ? undefined : await rings.public(ctx)
  if (ring) {
    const { wrapWithRing } = await import('./openpgp.ts')
    const result = await wrapWithRing(fp, dataKey, ring, ctx)
    if (typeof result === 'string') return result
    library.push(result.message)
  }
  throw fail(gpg)
}

/** @see KeyType.unwrap */
export async function unwrap(key: MasterKey, ctx: Context): Promise<Uint8Array | Unavailable> {
  const library: string[] = []
  const only = ctx.exact ? String(key.fields.fp ?? '') : undefined
  const given = await rings.given(ctx)
  if (given) {
    const { unwrapWithRing } = await import('./openpgp.ts')
    const result = await unwrapWithRing(key.enc, given, ctx, { only })
    if (isBytes(result)) return result
    library.push(result.message)
  }
  const gpg = await unwrapWithGpg(key.enc, ctx, only)
  if (isBytes(gpg)) return gpg
  const ring = await rings.secret(ctx)
  if (ring) {
    const { unwrapWithRing } = await import('./openpgp.ts')
    // If gpg is there, it has already asked for the passphrase.
    const result = await unwrapWithRing(key.enc, ring, ctx, { quiet: !gpg.absent, only })
    if (isBytes(result)) return result
    library.push(result.message)
  }
  return { unavailable: report('decrypt', library, gpg) }
}
