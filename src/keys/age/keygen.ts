// Makes age identities, and the file that holds one.
import { randomBytes } from 'node:crypto'
import type { Context } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import { encodeBech32 } from './bech32.ts'
import { defaultKeyFiles } from './sources/key-file.ts'
import { publicPoint, scalarKey } from './x25519.ts'

export interface KeyPair {
  /** `AGE-SECRET-KEY-1…` or `AGE-SECRET-KEY-PQ-1…` */
  readonly identity: string
  /** `age1…` or `age1pq1…` */
  readonly recipient: string
}

/** A new native key pair; `pq` makes it post-quantum (ML-KEM-768 with X25519). */
export async function generateIdentity(options: { readonly pq?: boolean } = {}): Promise<KeyPair> {
  if (options.pq) {
    const { generateHybridIdentity, identityToRecipient } = await import('age-encryption')
    const identity = await generateHybridIdentity()
    return { identity, recipient: await identityToRecipient(identity) }
  }
  const scalar = randomBytes(32)
  const identity = encodeBech32('AGE-SECRET-KEY-', scalar).toUpperCase()
  const recipient = encodeBech32('age', publicPoint(scalarKey(scalar)))
  scalar.fill(0)
  return { identity, recipient }
}

/** The text of an identity file, as age-keygen lays it out. */
export function identityFileText({ identity, recipient }: KeyPair, created: Date): string {
  const time = `${created.toISOString().slice(0, 19)}Z`
  return `# created: ${time}\n# public key: ${recipient}\n${identity}\n`
}

/**
 * The identity file that is read by default (spec/keys.md 3.3, row 8).
 * @throws SopsError `generic` where its folder cannot be determined.
 */
export function defaultIdentityFile(ctx: Context): string {
  const files = defaultKeyFiles(ctx)
  if (typeof files === 'string') {
    throw new SopsError('generic', `user config directory could not be determined: ${files}`, {
      hints: ['name a file with --output'],
    })
  }
  return files[0]!
}
