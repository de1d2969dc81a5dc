// Access tokens, fetched once per run: directly where the environment names the source, else through the SDK's chain of credentials.

import type {
  ClientCertificateCredentialOptions,
  DefaultAzureCredential,
  DefaultAzureCredentialOptions,
} from '@azure/identity'
import type { Context } from '../../context/index.ts'
import { memoKey } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import {
  agentFor,
  type Deadline,
  kmsTimeout,
  loadCredentialReader,
  loadOptional,
  secured,
  unreachable,
  within,
  withoutSecrets,
} from '../../net/index.ts'
import { secretValues, shownPath } from '../../system/index.ts'
import type { Challenge } from './challenge.ts'
import { allows, type DirectSource, directSource } from './direct.ts'

type PipelinePolicy = NonNullable<DefaultAzureCredentialOptions['additionalPolicies']>[number]['policy']

interface AccessToken {
  readonly text: string
  /** Milliseconds since 1970. */
  readonly expires: number
}

/** @throws SopsError `generic`. */
export type TokenSource = (challenge: Challenge, deadline: Deadline) => Promise<AccessToken>

const tokens = memoKey<Promise<TokenSource>>('Azure tokens')

/** @throws SopsError `missing-dependency` when the SDK is needed and absent; `generic` when it refuses its settings. */
export const tokenSource = (ctx: Context): Promise<TokenSource> =>
  ctx.once(tokens, async (): Promise<TokenSource> => {
    const direct = directSource(ctx)
    const source = direct === undefined ? sdkSource(await makeCredential(ctx), ctx) : keepingTime(direct, ctx)
    const kept = new Map<string, Promise<AccessToken>>()
    return async (challenge, deadline) => {
      const name = `${challenge.tenant} ${challenge.scope}`
      const old = await kept.get(name)
      if (old !== undefined && old.expires > ctx.now().getTime() + margin) return old
      const fresh = source(challenge, deadline)
      kept.set(name, fresh)
      return fresh
    }
  })

/** A token that is about to expire is not worth sending. */
const margin = 60_000

const keepingTime =
  (source: DirectSource, ctx: Context): TokenSource =>
  async (challenge, deadline) => {
    const { text, lifetime } = await source(challenge, deadline)
    return { text, expires: ctx.now().getTime() + lifetime * 1000 }
  }

type Credential = Pick<DefaultAzureCredential, 'getToken'>

async function makeCredential(ctx: Context): Promise<Credential> {
  const identity = await loadOptional('@azure/identity', () => import('@azure/identity'))
  const certificate = await certificateOf(ctx)
  try {
    const additionalPolicies = [{ policy: trusting(ctx), position: 'perCall' } as const]
    // Its client for identities of machines has policies of its own instead, and asks a service beside it, without a proxy.
    const tlsOptions = { secureContext: secured(ctx).secureContext } as object
    if (certificate === undefined) return new identity.DefaultAzureCredential({ additionalPolicies, tlsOptions })
    const { tenant, client, options, ...proof } = certificate
    return new identity.ClientCertificateCredential(tenant, client, proof, {
      additionalPolicies,
      tlsOptions,
      ...options,
    })
  } catch (error) {
    throw failureOf(error, ctx)
  }
}

interface Certificate {
  readonly tenant: string
  readonly client: string
  /** With its key, in PEM. */
  readonly certificate: string
  readonly certificatePassword?: string
  readonly options: Pick<
    ClientCertificateCredentialOptions,
    'additionallyAllowedTenants' | 'authorityHost' | 'sendCertificateChain'
  >
}

/** As for the SDK's chain, whose first credential it is. */
const namesCertificate = (ctx: Context): boolean =>
  ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_CERTIFICATE_PATH'].every((name) => ctx.env[name]) &&
  !ctx.env['AZURE_CLIENT_SECRET'] &&
  allows('environmentcredential', ctx)

/**
 * The certificate of an application, where the environment names one: as the SDK's chain takes it, which would read the file by itself.
 * @throws SopsError `generic` for a file that cannot be read.
 */
async function certificateOf(ctx: Context): Promise<Certificate | undefined> {
  const { env } = ctx
  const { AZURE_TENANT_ID: tenant = '', AZURE_CLIENT_ID: client = '', AZURE_CLIENT_CERTIFICATE_PATH: path = '' } = env
  if (!namesCertificate(ctx)) return undefined
  const { readCredentials } = await loadCredentialReader()
  const certificate = await readCredentials(path, ctx).catch((error: unknown) => {
    throw new SopsError('generic', `AZURE_CLIENT_CERTIFICATE_PATH: ${messageOf(error)}`, { cause: error })
  })
  if (!certificate.includes('-----BEGIN CERTIFICATE-----')) {
    const message = `AZURE_CLIENT_CERTIFICATE_PATH: ${shownPath(path)} does not contain a PEM-encoded certificate`
    throw new SopsError('generic', message)
  }
  const [password, authorityHost] = [env['AZURE_CLIENT_CERTIFICATE_PASSWORD'], env['AZURE_AUTHORITY_HOST']]
  const options = {
    additionallyAllowedTenants: (env['AZURE_ADDITIONALLY_ALLOWED_TENANTS'] || '')
      .split(';')
      .filter((one) => one !== ''),
    sendCertificateChain: /^(?:true|1)$/i.test(env['AZURE_CLIENT_SEND_CERTIFICATE_CHAIN'] ?? ''),
    ...(authorityHost ? { authorityHost } : {}),
  }
  return { tenant, client, certificate, ...(password ? { certificatePassword: password } : {}), options }
}

/** Has the SDK's requests trust what ours do, through the same proxies. */
function trusting(ctx: Context): PipelinePolicy {
  const agent = agentFor(ctx, kmsTimeout(ctx))
  return {
    name: 'sopsTrust',
    sendRequest: (request, next) => {
      if (request.url.startsWith('https:')) request.agent ??= agent
      return next(request)
    },
  }
}

/**
 * The chain reports on many lines how each of its sources failed, and a certificate's credential not which variable named it. Where a program
 * printed no JSON, the output is quoted.
 */
function failureOf(error: unknown, ctx: Context): SopsError {
  if (error instanceof SopsError) return error
  const { env } = ctx
  const text = (unreachable(error, ctx) ?? messageOf(error))
    .replace(/Unexpected token .*? is not valid JSON/gs, 'the answer is no JSON')
    .replace(/\s*\n\s*/g, ' ')
  const headline = namesCertificate(ctx) && !text.startsWith('cannot reach') ? 'AZURE_CLIENT_CERTIFICATE_PATH: ' : ''
  return new SopsError('generic', `${headline}${withoutSecrets(text, secretValues(env))}; ${variablesText(env)}`)
}

/** Each of these proves an application's identity; one is needed besides tenant and client. */
const proofs = ['AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PATH', 'AZURE_FEDERATED_TOKEN_FILE', 'AZURE_PASSWORD']

/** Which variables of an application's identity are set, and which lack; by name alone. */
function variablesText(env: Context['env']): string {
  const ids = ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID']
  const given = [...ids, ...proofs].filter((name) => env[name])
  const lacking = [
    ...ids.filter((name) => !env[name]),
    ...(proofs.some((name) => env[name]) ? [] : [`${proofs[0]} (or ${proofs.slice(1, 3).join(', ')})`]),
  ]
  const parts = [
    given.length === 0 ? '' : `set: ${given.join(', ')}`,
    lacking.length === 0 ? '' : `not set: ${lacking.join(', ')}`,
  ]
  return parts.filter((part) => part !== '').join('; ')
}

const sdkSource =
  (credential: Credential, ctx: Context): TokenSource =>
  ({ scope, tenant }, deadline) =>
    within(Math.max(1, Math.ceil(deadline.left())), 'Azure credentials', async (abortSignal) => {
      const options = { abortSignal, ...(tenant ? { tenantId: tenant } : {}) }
      const token = await credential.getToken(scope, options).catch((error: unknown) => {
        throw failureOf(error, ctx)
      })
      if (token === null) throw new SopsError('generic', 'no credential gives a token')
      return { text: token.token, expires: token.expiresOnTimestamp }
    })
