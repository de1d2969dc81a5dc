// Wrapping and unwrapping a data key by a key of Azure Key Vault, and the latest version of a key (spec/keys.md 7).

import type { Context } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { deadlineIn, kmsTimeout } from '../../net/index.ts'
import { decodeBase64Url } from '../../text/base64.ts'
import type { MasterKey, Operation } from '../types.ts'
import { callVault } from './client.ts'
import { type TokenSource, tokenSource } from './token.ts'
import { checkPart, type Vault, vaultAt } from './vault.ts'

const algorithm = 'RSA-OAEP-256'

/** URL base64 without padding. @throws SopsError. */
export async function wrap(key: MasterKey, dataKey: Uint8Array, ctx: Context): Promise<string> {
  const vault = inStep('failed to construct Azure Key Vault client to encrypt data', () => vaultOf(key, ctx))
  const tokens = await inStepAsync('failed to get Azure token credential to encrypt data', () => tokenSource(ctx))
  return (await crypt(key, 'encrypt', Buffer.from(dataKey).toString('base64url'), { vault, tokens, ctx })).text
}

/** @throws SopsError. */
export async function unwrap(key: MasterKey, ctx: Context): Promise<Uint8Array> {
  const vault = inStep('failed to construct Azure Key Vault client to decrypt data', () => vaultOf(key, ctx))
  const tokens = await inStepAsync('failed to get Azure token credential to decrypt', () => tokenSource(ctx))
  const enc = key.enc.replace(/[\r\n]/g, '')
  inStep('failed to base64 decode Azure Key Vault encrypted key', () => decodeBase64Url(enc).fill(0))
  return (await crypt(key, 'decrypt', enc, { vault, tokens, ctx })).bytes
}

/** The current version of a key in the vault. @throws SopsError. */
export async function latestVersion(vaultUrl: string, name: string, ctx: Context): Promise<string> {
  const end = 'to retrieve key version'
  const vault = inStep(`failed to construct Azure Key Vault client ${end}`, () => {
    checkPart(name, 'name')
    return vaultAt(vaultUrl, ctx)
  })
  const tokens = await inStepAsync(`failed to get Azure token credential ${end}`, () => tokenSource(ctx))
  try {
    const path = ['keys', name, '']
    const answer = await callVault(vault, { method: 'GET', path }, tokens, ctx, deadlineIn(kmsTimeout(ctx)))
    const { kid } = (answer['key'] ?? {}) as { kid?: unknown }
    const version = typeof kid === 'string' && URL.canParse(kid) ? new URL(kid).pathname.split('/')[3] : undefined
    if (!version) throw new SopsError('generic', 'the answer of the vault names no version')
    return version
  } catch (error) {
    throw prefixed(`failed to fetch Azure Key ${end}`, error)
  }
}

const placeOf = ({ fields }: MasterKey): { vault: string; name: string; version: string } => ({
  vault: String(fields.vault_url ?? ''),
  name: String(fields.name ?? ''),
  version: String(fields.version ?? ''),
})

/** The vault to ask, checked before any search for credentials. @throws SopsError `generic`. */
function vaultOf(key: MasterKey, ctx: Context): Vault {
  const { vault, name, version } = placeOf(key)
  checkPart(name, 'name')
  if (version !== '') checkPart(version, 'version')
  return vaultAt(vault, ctx)
}

async function crypt(
  key: MasterKey,
  verb: Operation,
  value: string,
  { vault, tokens, ctx }: { vault: Vault; tokens: TokenSource; ctx: Context },
): Promise<{ text: string; bytes: Uint8Array }> {
  const { vault: address, name, version } = placeOf(key)
  try {
    const path = ['keys', name, ...(version === '' ? [] : [version]), verb]
    const operation = { method: 'POST', path, body: { alg: algorithm, value } } as const
    const answer = await callVault(vault, operation, tokens, ctx, deadlineIn(kmsTimeout(ctx)))
    const text = answer['value']
    if (typeof text !== 'string' || text === '') throw new SopsError('generic', 'the answer of the vault has no value')
    return { text, bytes: decodeBase64Url(text) }
  } catch (error) {
    const label = `${address}/keys/${name}/${version}`
    throw prefixed(`failed to ${verb} sops data key with Azure Key Vault key '${label}'`, error)
  }
}

function inStep<T>(step: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw prefixed(step, error)
  }
}

const inStepAsync = <T>(step: string, work: () => Promise<T>): Promise<T> =>
  work().catch((error: unknown) => {
    throw prefixed(step, error)
  })

const prefixed = (step: string, error: unknown): SopsError =>
  new SopsError(error instanceof SopsError ? error.code : 'generic', `${step}: ${messageOf(error)}`, { cause: error })
