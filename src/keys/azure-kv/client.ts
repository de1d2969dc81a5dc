// The REST operations of a key vault, with a token for vaults (spec/keys.md 7.3).

import type { Context } from '../../context/index.ts'
import { memoKeys } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import {
  cloudRetry,
  type Deadline,
  type HttpRequest,
  parseJson,
  proxyFor,
  refusalText,
  sendPatiently,
} from '../../net/index.ts'
import { type Challenge, tenantIn } from './challenge.ts'
import { keyVault } from './refusal.ts'
import type { TokenSource } from './token.ts'
import type { Vault } from './vault.ts'

const apiVersion = '7.4'

interface VaultOperation {
  readonly method: 'GET' | 'POST'
  /** Segments below the vault's URL; those that files name have been checked. */
  readonly path: readonly string[]
  readonly body?: { readonly alg: string; readonly value: string }
}

/** By the vault's origin. */
const challengesByOrigin = memoKeys<Challenge>('Azure challenges')

/** The answer's JSON. @throws SopsError `generic` with the service's code and message. */
export async function callVault(
  vault: Vault,
  operation: VaultOperation,
  tokens: TokenSource,
  ctx: Context,
  deadline: Deadline,
): Promise<Record<string, unknown>> {
  const url = new URL(vault.url)
  url.pathname = ['', ...operation.path.map(encodeURIComponent)].join('/')
  url.search = `?api-version=${apiVersion}`
  const bare: HttpRequest = {
    ctx,
    method: operation.method,
    url,
    headers: { Accept: 'application/json' },
    proxy: proxyFor(url, ctx.env),
  }
  const challenges = ctx.once(challengesByOrigin, () => new Map())
  const challenge = challenges.get(url.origin) ?? (await demandOf(vault, bare, deadline))
  challenges.set(url.origin, challenge)
  const { text } = await tokens(challenge, deadline)
  const headers = { ...bare.headers, Authorization: `Bearer ${text}`, 'Content-Type': 'application/json' }
  const body = operation.body && { body: JSON.stringify(operation.body), secrets: [operation.body.value] }
  const request = { ...bare, headers, ...body }
  const answer = await sendPatiently(request, cloudRetry, deadline)
  const parsed = parseJson(answer.body)
  if (answer.status === 200 && typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>
  throw new SopsError('generic', refusalText(keyVault, request, answer))
}

/** Sends no token and no body, only to learn the directory of the vault. */
async function demandOf({ scope }: Vault, request: HttpRequest, deadline: Deadline): Promise<Challenge> {
  const answer = await sendPatiently(request, cloudRetry, deadline)
  if (answer.status !== 401) throw new SopsError('generic', refusalText(keyVault, request, answer))
  return { scope, tenant: tenantIn(answer.headers['www-authenticate']) }
}
