// Shares of a data key in the reference's form (spec/format.md 3.3, spec/keys.md 11); the arithmetic is that of shamir-secret-sharing.
import { SopsError } from '../errors.ts'

/** Loaded for files of several key groups only. It takes no Buffer for a Uint8Array. */
const sharing = () => import('shamir-secret-sharing')

const refuse = (message: string): never => {
  throw new SopsError('generic', message)
}

const wipe = (shares: readonly Uint8Array[]): void => {
  for (const share of shares) share.fill(0)
}

/**
 * Shares of `secret.length + 1` bytes: the values, then x (1 for the first share). Any `threshold` of them give the secret back.
 * @throws SopsError `generic` for impossible numbers. The caller wipes the shares.
 */
export async function split(secret: Uint8Array, parts: number, threshold: number): Promise<Uint8Array[]> {
  if (parts < threshold) refuse('parts cannot be less than threshold')
  if (parts > 255) refuse('parts cannot exceed 255')
  if (threshold < 2) refuse('threshold must be at least 2')
  if (secret.length === 0) refuse('cannot split an empty secret')
  // The package chooses every x at random. As many shares as the threshold tell the polynomial, whose values at 1, 2, 3… are wanted.
  const own = Uint8Array.from(secret)
  const drawn = await (await sharing()).split(own, threshold, threshold)
  const shares: Uint8Array[] = []
  for (let x = 1; x <= parts; x++) shares.push(await shareAt(x, drawn))
  wipe([own, ...drawn])
  return shares
}

/** The share at another x. Combining gives the value at 0; the shares are moved so that x lies there (adding is XOR in the field). */
async function shareAt(x: number, shares: readonly Uint8Array[]): Promise<Uint8Array> {
  const moved = shares.map((share) => share.with(-1, share.at(-1)! ^ x))
  const values = await (await sharing()).combine(moved)
  const share = Uint8Array.of(...values, x)
  wipe([...moved, values])
  return share
}

/**
 * The secret, by interpolation at 0 over all shares. Too few or foreign shares give wrong bytes, which only decryption notices.
 * @throws SopsError `generic` for shares that cannot belong together. The caller wipes shares and secret.
 */
export async function combine(shares: readonly Uint8Array[]): Promise<Uint8Array> {
  const first = shares[0]
  if (first === undefined || shares.length < 2)
    return refuse('less than two parts cannot be used to reconstruct the secret')
  if (first.length < 2) refuse('parts must be at least two bytes')
  if (shares.some((share) => share.length !== first.length)) refuse('all parts must be the same length')
  if (new Set(shares.map((share) => share.at(-1))).size !== shares.length) refuse('duplicate part detected')
  const own = shares.map((share) => Uint8Array.from(share))
  const secret = await (await sharing()).combine(own)
  wipe(own)
  return secret
}
