// Identities from SSH private key files and from the command that prints one.
import { resolve } from 'node:path'
import type { Context } from '../../../context/index.ts'
import { messageOf } from '../../../errors.ts'
import { utf16Problem } from '../../../text/encoding.ts'
import { quote } from '../../../text/quote.ts'
import type { Identity } from '../identity.ts'
import { fileCause, pathAdvice, readKeyFile } from '../sources/key-file.ts'
import { askPassphrase, NO_TERMINAL } from '../sources/passphrase.ts'
import { parseSshPrivateKey, type SshKeyFile, type SshPrivateKey } from './key.ts'
import { isFor, tagOf, unwrapWithSshKey } from './stanzas.ts'
import { parseAuthorizedKey, parsePublicKey, type SshPublicKey } from './wire.ts'

const lineOf = ({ type, wire }: Pick<SshPublicKey, 'type' | 'wire'>): string =>
  `${type} ${Buffer.from(wire).toString('base64')}`

const openIdentity = (key: SshPrivateKey): Identity => ({
  cost: 'ssh',
  recipient: async () => lineOf(key),
  unwrap: async ({ stanzas }) => unwrapWithSshKey(stanzas, key),
})

/** Asks for the passphrase only when a stanza is for this key, and once per run. */
function lockedIdentity(
  file: Extract<SshKeyFile, { kind: 'locked' }>,
  publicKey: SshPublicKey,
  path: string,
  ctx: Context,
): Identity {
  const tag = tagOf(publicKey.wire)
  let unlocked: Promise<SshPrivateKey> | undefined
  const unlock = async (): Promise<SshPrivateKey> => {
    const key = await askPassphrase(
      ctx,
      `Enter passphrase for ${quote(path)}: `,
      async (passphrase) => {
        const bytes = Buffer.from(passphrase)
        const result = await file.unlock(bytes)
        bytes.fill(0)
        return result
      },
      () => new Error(`failed to obtain passphrase: could not read passphrase for ${quote(path)}: ${NO_TERMINAL}`),
    )
    if (!key) throw new Error('failed to decrypt SSH key file: x509: decryption password incorrect')
    if (Buffer.compare(key.wire, publicKey.wire) !== 0) throw new Error('mismatched private and public SSH key')
    return key
  }
  return {
    cost: 'locked',
    recipient: async () => lineOf(publicKey),
    async unwrap({ stanzas }) {
      if (!stanzas.some((stanza) => isFor(stanza, publicKey.type, tag))) return undefined
      unlocked ??= unlock()
      return unwrapWithSshKey(stanzas, await unlocked)
    },
  }
}

/** @throws Error for text in UTF-16. */
function textOf(bytes: Buffer, encoding: 'utf8' | 'latin1'): string {
  const utf16 = utf16Problem(bytes)
  if (utf16 !== undefined) throw new Error(utf16)
  return bytes.toString(encoding)
}

/** The public key for a legacy PEM file, which does not hold it. */
async function besides(path: string, ctx: Context): Promise<SshPublicKey> {
  const file = `${path}.pub`
  try {
    return parseAuthorizedKey(textOf(await readKeyFile(resolve(ctx.cwd, file), ctx, { public: true }), 'utf8').trim())
  } catch (error) {
    throw new Error(
      `failed to obtain public key for ${quote(path)} SSH key, use ${quote(file)}: ${fileCause(file, error)}`,
    )
  }
}

function isLocked(bytes: Buffer): boolean {
  try {
    return parseSshPrivateKey(textOf(bytes, 'latin1')).kind === 'locked'
  } catch {
    return false
  }
}

/**
 * The identity in an SSH private key file.
 * @throws Error with the reference's message (spec/keys.md 3.5)
 */
export async function sshFileIdentity(path: string, ctx: Context): Promise<Identity> {
  let bytes: Buffer
  try {
    bytes = await readKeyFile(resolve(ctx.cwd, path), ctx, { isLocked })
  } catch (error) {
    throw new Error(`failed to open file: ${fileCause(path, error)}${pathAdvice(path)}`)
  }
  try {
    const file = parseSshPrivateKey(textOf(bytes, 'latin1'))
    if (file.kind === 'open') return openIdentity(file.key)
    return lockedIdentity(file, file.wire ? parsePublicKey(file.wire) : await besides(path, ctx), path, ctx)
  } catch (error) {
    throw new Error(`malformed SSH identity in ${quote(path)}: ${messageOf(error)}`)
  } finally {
    bytes.fill(0)
  }
}

/** The identity that a command printed. Without a file name, nobody can be asked for its passphrase. @throws Error */
export function sshCommandIdentity(output: Buffer): Identity {
  const name = 'SOPS_AGE_SSH_PRIVATE_KEY_CMD'
  try {
    const file = parseSshPrivateKey(output.toString('latin1'))
    if (file.kind === 'open') return openIdentity(file.key)
  } catch (error) {
    throw new Error(`malformed SSH identity in ${quote(name)}: ${messageOf(error)}`)
  } finally {
    output.fill(0)
  }
  throw new Error(
    `the SSH key printed by ${name} is encrypted, which is not supported; use SOPS_AGE_SSH_PRIVATE_KEY_FILE`,
  )
}
