// Wraps and unwraps in this process with the openpgp package (spec/keys.md 4.3).

import { randomBytes } from 'node:crypto'
import type { Key, PartialConfig, PrivateKey, PublicKey } from 'openpgp'
import type { Context } from '../../context/index.ts'
import { memoKeys, onceEach } from '../../context/index.ts'
import { messageOf } from '../../errors.ts'
import { loadOpenpgp } from '../../runtime/index.ts'
import type { Ring } from './ring.ts'

/** Why a ring failed. */
interface Failure {
  readonly message: string
  /** The owner revoked the key, so no other way may use it either. */
  readonly revoked: boolean
}

/** The library's message without its account of what it was doing. */
const cause = (error: unknown): string => messageOf(error).replace(/^Error (encrypting|decrypting) [a-z ]+: /, '')

/** A primary key or a subkey. */
type Part = ReturnType<Key['getKeys']>[number]

interface Wanted {
  readonly id: string
  /** The id ends in `!`: this very (sub)key. */
  readonly exact: boolean
}

/** The spellings that gpg takes: 40 or 16 digits in either case, with or without `0x`, with or without `!` (spec/keys.md 4.1). */
function wantedBy(fp: string): Wanted | undefined {
  const [, id, mark] = /^(?:0x)?([0-9a-f]{40}|[0-9a-f]{16})(!?)$/i.exec(fp) ?? []
  return id === undefined ? undefined : { id: id.toLowerCase(), exact: mark === '!' }
}

/** The key or subkey of this fingerprint or key id. */
const partOf = (key: Key, { id }: Wanted): Part | undefined =>
  key.getKeys().find((part) => (id.length === 40 ? part.getFingerprint() : part.getKeyID().toHex()) === id)

const failure = (ring: Ring, message: string, revoked = false): Failure => ({
  message: [message, ...ring.errors].join('; '),
  revoked,
})

/** Merges copies of one key, so that what any of them knows (a revocation, a later expiry) counts. */
async function merged(copies: readonly Key[]): Promise<PublicKey | undefined> {
  let one: PublicKey | undefined
  for (const copy of copies) {
    const next = copy.toPublic()
    if (one && one.getFingerprint() !== next.getFingerprint()) return undefined
    one = one ? ((await one.update(next)) as PublicKey) : next
  }
  return one
}

/** The armoured message, without a final newline. */
export async function wrapWithRing(
  fp: string,
  dataKey: Uint8Array,
  ring: Ring,
  ctx: Context,
): Promise<string | Failure> {
  const wanted = wantedBy(fp)
  const found = wanted ? ring.keys.filter((key) => partOf(key, wanted)) : []
  if (!wanted || found.length === 0) return failure(ring, `key with fingerprint '${fp}' is not available in keyring`)
  const key = await merged(found)
  if (!key) return failure(ring, `'${fp}' names several keys: give the whole fingerprint`)
  const { createMessage, encrypt } = await loadOpenpgp()
  const date = ctx.now()
  const session = randomBytes(32)
  try {
    // No name and no date inside, nothing compressed; a session key without an AEAD mode makes a packet that every gpg reads (SEIPD v1).
    const message = await createMessage({ binary: Uint8Array.from(dataKey), date: new Date(0) })
    const armored = await encrypt({
      message,
      encryptionKeys: key,
      ...(wanted.exact ? { encryptionKeyIDs: partOf(key, wanted)!.getKeyID() } : {}),
      sessionKey: { data: session, algorithm: 'aes256' },
      date,
      config: { allowMissingKeyFlags: true },
    })
    return (armored as string).trim().replaceAll('\r\n', '\n')
  } catch (error) {
    return failure(ring, cause(error), await key.isRevoked(undefined, undefined, date))
  } finally {
    session.fill(0)
  }
}

/** The limits apply to wrapping only: what was once encrypted must open, however old or weak its key. */
const unwrapConfig: PartialConfig = {
  rejectPublicKeyAlgorithms: new Set(),
  rejectCurves: new Set(),
  rejectHashAlgorithms: new Set(),
  minRSABits: 0,
  allowMissingKeyFlags: true,
  maxDecompressedMessageSize: 1024 * 1024,
}

const TRIES = 3

async function ask(key: PrivateKey, ctx: Context): Promise<PrivateKey> {
  const { decryptKey } = await loadOpenpgp()
  const name = key.getFingerprint().toUpperCase()
  const text = `Enter passphrase for PGP key ${name}: `
  for (let i = 0; i < TRIES; i++) {
    const passphrase = await ctx.prompt(i === 0 ? text : `Incorrect passphrase. ${text}`, { secret: true })
    if (passphrase === undefined)
      throw new Error(`the secret key ${name} is locked, and there is no terminal to ask for its passphrase`)
    ctx.watch?.({ what: 'trying the passphrase' })
    try {
      return await decryptKey({ privateKey: key, passphrase })
    } catch (error) {
      if (!/passphrase/i.test(messageOf(error))) throw error
    }
  }
  throw new Error(`incorrect passphrase for the secret key ${name}`)
}

/** By fingerprint. */
const unlockedKeys = memoKeys<Promise<PrivateKey>>('unlocked keys')

/** The key with its secrets unlocked; the user is asked once per key and run. */
const unlocked = (key: PrivateKey, ctx: Context): Promise<PrivateKey> =>
  onceEach(ctx, unlockedKeys, key.getFingerprint(), () => ask(key, ctx))

const isLocked = ({ keyPacket }: Part): boolean => 'isDecrypted' in keyPacket && keyPacket.isDecrypted() === false

interface PgpUnwrapOptions {
  /** Locked keys are passed over. */
  readonly quiet?: boolean
  /** The fingerprint or id of the only key that may be used. */
  readonly only?: string | undefined
}

/** The bytes, which the caller wipes. `Failure.revoked` is always false: what was encrypted earlier still opens. */
export async function unwrapWithRing(
  enc: string,
  ring: Ring,
  ctx: Context,
  { quiet = false, only }: PgpUnwrapOptions = {},
): Promise<Uint8Array | Failure> {
  let library: typeof import('openpgp')
  try {
    library = await loadOpenpgp()
  } catch (error) {
    // Where there were keys to read, the ring has the same to say.
    return { message: ring.errors.join('; ') || messageOf(error), revoked: false }
  }
  const { decrypt, readMessage } = library
  const read = () => readMessage({ armoredMessage: enc, config: unwrapConfig })
  let ids: ReturnType<Awaited<ReturnType<typeof read>>['getEncryptionKeyIDs']>
  try {
    ids = (await read()).getEncryptionKeyIDs()
  } catch (error) {
    return failure(ring, `reading PGP message failed: ${cause(error)}`)
  }
  const fits = (part: Part): boolean => ids.some((id) => id.equals(part.getKeyID(), true))
  const wanted = only === undefined ? undefined : wantedBy(only)
  const mayUse = (key: Key): boolean =>
    only === undefined || (wanted !== undefined && partOf(key, wanted) !== undefined)
  const candidates = ring.keys.filter(mayUse).flatMap((key) => {
    const parts = key.isPrivate() ? key.getKeys().filter(fits) : []
    return parts.map((part) => ({ key: key as PrivateKey, isLocked: isLocked(part) }))
  })
  // A key that needs no passphrase is tried before anybody is asked for one.
  candidates.sort((a, b) => Number(a.isLocked) - Number(b.isLocked))
  const errors: string[] = []
  for (const { key, isLocked } of candidates) {
    if (isLocked && quiet) continue
    try {
      const decryptionKeys = isLocked ? await unlocked(key, ctx) : key
      const { data } = await decrypt({ message: await read(), decryptionKeys, format: 'binary', config: unwrapConfig })
      return data as Uint8Array
    } catch (error) {
      errors.push(cause(error))
    }
  }
  if (errors.length > 0) return failure(ring, [...new Set(errors)].join('; '))
  const names = ids.map((id) => id.toHex().toUpperCase()).join(', ')
  return failure(ring, candidates.length > 0 ? `the secret key for ${names} is locked` : `no secret key for ${names}`)
}
