// Identity files encrypted with a passphrase.
import { scrypt } from 'node:crypto'
import type { Context } from '../../../context/index.ts'
import { messageOf } from '../../../errors.ts'
import { decodeCanonicalNoPad } from '../../../text/base64.ts'
import { type AgeFile, checkHeader, openFileKey, openPayload, parseAgeFile } from '../format/file.ts'
import type { Stanza } from '../format/stanza.ts'
import { type Identity, isFor } from '../identity.ts'
import { nativeIdentity } from '../native-identity.ts'
import { connectAgent } from './agent.ts'
import { identityLines } from './identity-lines.ts'
import { askPassphrase, NO_TERMINAL } from './passphrase.ts'

const LABEL = 'age-encryption.org/v1/scrypt'
/** The highest log2 of the work factor that is tried: 4 GiB of memory. */
const MAXIMUM_LOG_N = 22
const BLOCK_SIZE = 8

const failure = (cause: string): Error => new Error(`failed to decrypt identity file: ${cause}`)

interface Lock {
  readonly salt: Buffer
  readonly logN: number
  readonly body: Uint8Array
}

function lockOf(stanzas: readonly Stanza[]): Lock {
  const [stanza] = stanzas
  if (stanza?.args[0] !== 'scrypt') throw failure('identity file is encrypted with age but not with a passphrase')
  if (stanzas.length !== 1) throw failure('an scrypt recipient must be the only one')
  const [, salt64 = '', logN = ''] = stanza.args
  const salt = decodeCanonicalNoPad(salt64)
  if (stanza.args.length !== 3 || salt.length !== 16 || !/^[1-9][0-9]*$/.test(logN) || stanza.body.length !== 32) {
    throw failure('invalid scrypt recipient block')
  }
  if (Number(logN) > MAXIMUM_LOG_N) throw failure(`scrypt work factor too large: ${logN}`)
  return { salt, logN: Number(logN), body: stanza.body }
}

const derive = (passphrase: string, { salt, logN }: Lock): Promise<Buffer> =>
  new Promise((done, failed) => {
    const N = 2 ** logN
    const maxmem = 128 * BLOCK_SIZE * (N + 16)
    scrypt(
      passphrase,
      Buffer.concat([Buffer.from(LABEL), salt]),
      32,
      { N, r: BLOCK_SIZE, p: 1, maxmem },
      (error, key) => (error ? failed(error) : done(key)),
    )
  })

/** The plain identity file; undefined for a wrong passphrase. */
async function open(file: AgeFile, lock: Lock, passphrase: string): Promise<Buffer | undefined> {
  if (passphrase === '') throw failure("passphrase can't be empty")
  const key = await derive(passphrase, lock)
  const fileKey = await openFileKey(key, lock.body)
  key.fill(0)
  if (!fileKey) return undefined
  try {
    checkHeader(file, fileKey)
    return await openPayload(file, fileKey)
  } catch (error) {
    throw failure(messageOf(error))
  } finally {
    fileKey.fill(0)
  }
}

/** Opens it with the agent's passphrase; the agent forgets a wrong one. Undefined when there is no agent. */
async function openWithAgent(
  file: AgeFile,
  lock: Lock,
  content: Uint8Array,
  text: string,
  ctx: Context,
): Promise<Buffer | undefined> {
  const agent = await connectAgent(content, ctx).catch(() => undefined)
  if (!agent) return undefined
  try {
    let passphrase: string
    try {
      passphrase = await agent.passphrase(text)
    } catch (error) {
      throw failure(`could not read passphrase: gpg-agent passphrase request errored: ${messageOf(error)}`)
    }
    if (passphrase === '') await agent.clear()
    const plain = await open(file, lock, passphrase)
    if (plain) return plain
    await agent.clear()
    throw new Error('incorrect passphrase')
  } finally {
    agent.close()
  }
}

async function unlock(content: Uint8Array, location: string, ctx: Context): Promise<readonly Identity[]> {
  let file: AgeFile
  try {
    file = parseAgeFile(content)
  } catch (error) {
    throw failure(`failed to read header: ${messageOf(error)}`)
  }
  const lock = lockOf(file.stanzas)
  const text = `Enter passphrase for identity '${location}':`
  const plain =
    (await openWithAgent(file, lock, content, text, ctx)) ??
    (await askPassphrase(
      ctx,
      `${text} `,
      (passphrase) => open(file, lock, passphrase),
      () => failure(`could not read passphrase: ${NO_TERMINAL}`),
    ))
  if (!plain) throw new Error('incorrect passphrase')
  try {
    const identities = identityLines(plain, nativeIdentity)
    if (identities.length === 0) throw new Error('no identities found')
    return identities
  } catch (error) {
    throw failure(messageOf(error))
  } finally {
    plain.fill(0)
  }
}

/** An encrypted identity file, binary; unlocked when first tried, and kept unlocked (spec/keys.md 3.5). */
export function lockedIdentity(content: Uint8Array, location: string, ctx: Context): Identity {
  const kept = Uint8Array.from(content)
  let unlocked: Promise<readonly Identity[]> | undefined
  return {
    cost: 'locked',
    async unwrap(file, only) {
      unlocked ??= unlock(kept, location, ctx)
      for (const identity of await unlocked) {
        if (only !== undefined && !(await isFor(identity, only))) continue
        const fileKey = await identity.unwrap(file)
        if (fileKey) return fileKey
      }
      ctx.log({
        level: 'warning',
        logger: 'AGE',
        message: 'encrypted identity file has no identity for this recipient',
        fields: { identity: location },
      })
      return undefined
    },
  }
}
