// The post-quantum identity: X-Wing, which is ML-KEM-768 beside X25519, as the key encapsulation of HPKE
// (draft-connolly-cfrg-xwing-kem; RFC 9180; age's mlkem768x25519).
import { createHash, createHmac, type KeyObject } from 'node:crypto'
import { decodeCanonicalNoPad } from '../../text/base64.ts'
import { encodeBech32 } from './bech32.ts'
import { openAead } from './format/file.ts'
import type { Identity } from './identity.ts'
import type { MlKemKey } from './ml-kem.ts'
import { publicPoint, scalarKey, sharedSecret } from './x25519.ts'

const stanzaType = 'mlkem768x25519'
const info = Buffer.from('age-encryption.org/mlkem768x25519')
/** Bytes of an X25519 point, which follows the ML-KEM-768 ciphertext in a share. */
const pointLength = 32
const shareLength = 1120
const xwingLabel = Buffer.from('\\.//^\\')
/** KEM 0x647a (X-Wing), KDF 1 (HKDF-SHA256), AEAD 3 (ChaCha20-Poly1305). */
const suite = Buffer.from('HPKE\x64\x7a\x00\x01\x00\x03', 'latin1')

interface KeyPair {
  readonly lattice: MlKemKey
  readonly curve: KeyObject
  readonly point: Buffer
}

async function expand(seed: Uint8Array): Promise<KeyPair> {
  const { mlKem768 } = await import('./ml-kem.ts')
  const seeds = createHash('shake256', { outputLength: 96 }).update(seed).digest()
  const lattice = await mlKem768(seeds.subarray(0, 64))
  const curve = scalarKey(seeds.subarray(64))
  seeds.fill(0)
  return { lattice, curve, point: publicPoint(curve) }
}

/** The 32-byte secret in a share of 1120 bytes. A share for another key gives other bytes. */
function decapsulate(pair: KeyPair, share: Buffer): Buffer {
  const curveShare = share.subarray(-pointLength)
  const fromLattice = pair.lattice.decapsulate(share.subarray(0, -pointLength))
  const fromCurve = sharedSecret(pair.curve, curveShare)
  const secret = createHash('sha3-256')
  for (const part of [fromLattice, fromCurve, curveShare, pair.point, xwingLabel]) secret.update(part)
  fromLattice.fill(0)
  fromCurve.fill(0)
  return secret.digest()
}

/** HKDF-Extract over the labelled input of RFC 9180, section 4. */
const labeledExtract = (salt: Uint8Array, label: string, ikm: Uint8Array): Buffer =>
  createHmac('sha256', salt).update('HPKE-v1').update(suite).update(label).update(ikm).digest()

/** The same for HKDF-Expand, up to 32 bytes. */
function labeledExpand(secret: Uint8Array, label: string, context: Uint8Array, length: number): Buffer {
  const bytes = createHmac('sha256', secret)
    .update(Uint8Array.of(0, length))
    .update('HPKE-v1')
    .update(suite)
    .update(label)
    .update(context)
    .update(Uint8Array.of(1))
    .digest()
  return bytes.subarray(0, length)
}

/** Key and nonce for the only message (RFC 9180, section 5.1, mode_base). */
function schedule(shared: Uint8Array): { readonly key: Buffer; readonly nonce: Buffer } {
  const none = new Uint8Array(0)
  const context = Buffer.concat([
    Uint8Array.of(0),
    labeledExtract(none, 'psk_id_hash', none),
    labeledExtract(none, 'info_hash', info),
  ])
  const secret = labeledExtract(shared, 'secret', none)
  const parts = {
    key: labeledExpand(secret, 'key', context, 32),
    nonce: labeledExpand(secret, 'base_nonce', context, 12),
  }
  secret.fill(0)
  return parts
}

/** The identity with this 32-byte seed, of which it keeps a copy. */
export function hybridIdentity(seed: Uint8Array): Identity {
  const own = Uint8Array.from(seed)
  let expanded: Promise<KeyPair> | undefined
  const keys = (): Promise<KeyPair> => {
    expanded ??= expand(own)
    return expanded
  }
  return {
    cost: 'hybrid',
    async recipient() {
      const { lattice, point } = await keys()
      return encodeBech32('age1pq', Buffer.concat([lattice.publicKey, point]))
    },
    async unwrap({ stanzas }) {
      for (const { args, body } of stanzas) {
        if (args[0] !== stanzaType) continue
        const share = args.length === 2 ? decodeCanonicalNoPad(args[1]!) : undefined
        if (share?.length !== shareLength || body.length !== 32) throw new Error(`invalid ${stanzaType} stanza`)
        const shared = decapsulate(await keys(), share)
        const { key, nonce } = schedule(shared)
        const fileKey = await openAead(key, nonce, body)
        shared.fill(0)
        key.fill(0)
        if (fileKey) return fileKey
      }
      return undefined
    },
  }
}
