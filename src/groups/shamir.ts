// Shares of a data key in the reference's form (spec/format.md 3.3, spec/keys.md 11); the arithmetic is that of shamir-secret-sharing, whose cost
// per byte is 255 × threshold to split and shares² to combine: a few milliseconds for 20 groups, a fifth of a second for 255, the most there can be.
import { SopsError } from '../errors.ts'

/** Loaded for files of several key groups only. It takes no Buffer for a Uint8Array. */
const sharing = () => import('shamir-secret-sharing')

/** As many shares as there are numbers in the field besides 0, where the secret lies. */
const highestX = 255

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
  if (parts > highestX) refuse('parts cannot exceed 255')
  if (threshold < 2) refuse('threshold must be at least 2')
  if (secret.length === 0) refuse('cannot split an empty secret')
  const own = Uint8Array.from(secret)
  // The package chooses every x at random, so only all 255 are sure to have the wanted ones, 1 to `parts`, among them.
  const drawn = await (await sharing()).split(own, highestX, threshold)
  const inOrder = drawn.sort((a, b) => a.at(-1)! - b.at(-1)!)
  wipe([own, ...inOrder.slice(parts)])
  return inOrder.slice(0, parts)
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
  try {
    return await (await sharing()).combine(own)
  } finally {
    wipe(own)
  }
}
