// The hash over all leaf values that detects changed, moved or missing leaves (spec/format.md 4).
import { createHash, type Hash, timingSafeEqual } from 'node:crypto'

/** SHA-256 of the text `sops`: first input of MACs that cover the encrypted leaves only. */
const onlyEncryptedSeed = '8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69'

const batchSize = 64 * 1024

export interface MacState {
  readonly hash: Hash
  /** Collects small inputs: a call into the hash costs more than hashing a short value. */
  readonly batch: Buffer
  used: number
}

export function startMac(onlyEncrypted: boolean): MacState {
  const hash = createHash('sha512')
  if (onlyEncrypted) hash.update(onlyEncryptedSeed, 'hex')
  return { hash, batch: Buffer.allocUnsafe(batchSize), used: 0 }
}

function flush(mac: MacState): void {
  if (mac.used > 0) mac.hash.update(mac.batch.subarray(0, mac.used))
  mac.used = 0
}

/**
 * Adds a leaf's bytes; text is taken as UTF-8. Returns the same, as bytes if these are at hand: encoding a text once more takes as long as
 * hashing it. They are good until the next call.
 */
export function addToMac(mac: MacState, input: string | Uint8Array): string | Uint8Array {
  const most = typeof input === 'string' ? input.length * 3 : input.length
  if (most > batchSize - mac.used) flush(mac)
  if (most > batchSize) {
    if (typeof input === 'string') mac.hash.update(input, 'utf8')
    else mac.hash.update(input)
  } else if (typeof input === 'string') {
    const from = mac.used
    mac.used += mac.batch.write(input, from, 'utf8')
    return mac.batch.subarray(from, mac.used)
  } else {
    mac.batch.set(input, mac.used)
    mac.used += input.length
  }
  return input
}

/** What `finishMac` would give here. */
export function peekMac(mac: MacState): string {
  flush(mac)
  return mac.hash.copy().digest('hex').toUpperCase()
}

/** 128 upper-case hex digits. The state cannot be used afterwards. */
export function finishMac(mac: MacState): string {
  flush(mac)
  mac.batch.fill(0)
  return mac.hash.digest('hex').toUpperCase()
}

/** Takes the same time wherever two MACs differ. */
export function sameMac(a: string, b: string): boolean {
  const left = Buffer.from(a, 'utf8')
  const right = Buffer.from(b, 'utf8')
  return left.length === right.length && timingSafeEqual(left, right)
}
