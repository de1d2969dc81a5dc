// age's native identities, X25519 and post-quantum, from their text.
import { decodeBech32 } from './bech32.ts'
import { hybridIdentity } from './hybrid.ts'
import type { Identity } from './identity.ts'
import { x25519Identity } from './x25519.ts'

/** The 32 secret bytes; the caller wipes them. */
function secretKey(word: string, hrp: string): Uint8Array {
  const decoded = decodeBech32(word)
  if (decoded.hrp !== hrp) throw new Error('malformed secret key: unknown type')
  if (decoded.bytes.length !== 32) throw new Error('malformed secret key: invalid length')
  return decoded.bytes
}

const kinds: readonly (readonly [RegExp, string])[] = [
  [/^-----BEGIN/, 'SSH keys have variables of their own'],
  [/^\s*["']|["']\s*$/, 'it stands in quotes: take them away'],
  [/^\s*(?:export$|(?:export\s+)?\w+\s*=)/, 'it is an assignment: give what stands behind the equals sign'],
  [/^\s|\s$/, 'it has blanks around it: take them away'],
  [
    /^(?:age1|ssh-(?:ed25519|rsa)(?:\s|$))/i,
    'it is a recipient, which encrypts; the identity that decrypts begins with AGE-SECRET-KEY-1',
  ],
  [/^age-(?:secret-key|plugin)-/, 'identities are in upper case'],
  [/AGE-SECRET-KEY-1|AGE-PLUGIN-/, 'there is more than the identity in it'],
  [
    /^(?:[~./\\]|[A-Za-z]:\\|\$\{?\w|file:)|[/\\][^/\\]+\.\w+$|^[\w-]+\.(?:txt|age|key)$/,
    'it looks like a path, which belongs in SOPS_AGE_KEY_FILE',
  ],
]

/** What something that is not an identity seems to be; never its text. */
function whatItIs(word: string): string {
  const kind = kinds.find(([pattern]) => pattern.test(word))
  return kind === undefined ? '' : `; ${kind[1]}`
}

/**
 * The identity `AGE-SECRET-KEY-1…` or `AGE-SECRET-KEY-PQ-1…`, upper case only.
 * @throws Error that never repeats the text
 */
export function nativeIdentity(word: string): Identity {
  if (word.startsWith('AGE-SECRET-KEY-PQ-1')) {
    const seed = secretKey(word, 'AGE-SECRET-KEY-PQ-')
    const identity = hybridIdentity(seed)
    seed.fill(0)
    return identity
  }
  if (word.startsWith('AGE-SECRET-KEY-1')) {
    const scalar = secretKey(word, 'AGE-SECRET-KEY-')
    const identity = x25519Identity(scalar)
    scalar.fill(0)
    return identity
  }
  throw new Error(`unknown identity type${whatItIs(word)}`)
}
