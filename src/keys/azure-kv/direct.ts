// Tokens without the SDK, which is slow to load: client secret, workload identity, App Service identity, and the az program.

import type { Context } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import {
  cloudRetry,
  type Deadline,
  type HttpRequest,
  loadCredentialReader,
  parseJson,
  proxyFor,
  refusalText,
  type Service,
  sendPatiently,
} from '../../net/index.ts'
import { codeOf, loadStart } from '../../system/index.ts'
import type { Challenge } from './challenge.ts'
import { entra, managedIdentity } from './refusal.ts'

interface DirectToken {
  readonly text: string
  /** Seconds. */
  readonly lifetime: number
}

export type DirectSource = (challenge: Challenge, deadline: Deadline) => Promise<DirectToken>

const wantedCredential = ({ env }: Context): string => (env['AZURE_TOKEN_CREDENTIALS'] ?? '').trim().toLowerCase()

/** Whether the credential of the SDK's chain, named in lower case, may be used; for those that are no programs for developers. */
export const allows = (name: string, ctx: Context): boolean => ['', 'prod', name].includes(wantedCredential(ctx))

/**
 * The credential that the SDK's default chain would choose, where the environment settles it; undefined elsewhere. The chain:
 * environment, workload identity, managed identity, programs for developers; `AZURE_TOKEN_CREDENTIALS` narrows it.
 */
export function directSource(ctx: Context): DirectSource | undefined {
  const { env } = ctx
  const wanted = wantedCredential(ctx)
  const [tenant, client] = [env['AZURE_TENANT_ID'] ?? '', env['AZURE_CLIENT_ID'] ?? '']
  // AD FS has other addresses.
  const isKnown = tenant !== '' && client !== '' && tenant.toLowerCase() !== 'adfs'
  if (allows('environmentcredential', ctx)) {
    const secret = env['AZURE_CLIENT_SECRET']
    if (isKnown && secret) return clientSource(ctx, tenant, client, async () => ({ client_secret: secret }))
    if (env['AZURE_CLIENT_CERTIFICATE_PATH'] || env['AZURE_USERNAME'] || tenant.toLowerCase() === 'adfs')
      return undefined
  }
  const file = env['AZURE_FEDERATED_TOKEN_FILE']
  if (allows('workloadidentitycredential', ctx) && file) {
    if (!isKnown || env['AZURE_KUBERNETES_TOKEN_PROXY']) return undefined
    return clientSource(ctx, tenant, client, () => assertionIn(file, ctx))
  }
  const [endpoint, header] = [env['IDENTITY_ENDPOINT'], env['IDENTITY_HEADER']]
  if (allows('managedidentitycredential', ctx) && endpoint && header && !env['IDENTITY_SERVER_THUMBPRINT']) {
    return appServiceSource(ctx, endpoint, header, client)
  }
  return wanted === 'azureclicredential' && ctx.platform !== 'win32' ? programSource(ctx) : undefined
}

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

async function assertionIn(file: string, ctx: Context): Promise<Record<string, string>> {
  const { readCredentials } = await loadCredentialReader()
  try {
    return { client_assertion_type: jwtBearer, client_assertion: (await readCredentials(file, ctx)).trim() }
  } catch (error) {
    throw new SopsError('generic', `cannot read the file of AZURE_FEDERATED_TOKEN_FILE: ${messageOf(error)}`)
  }
}

/** The client credentials grant of OAuth 2.0. */
function clientSource(
  ctx: Context,
  tenant: string,
  client: string,
  proof: () => Promise<Record<string, string>>,
): DirectSource {
  const authority = ctx.env['AZURE_AUTHORITY_HOST'] || 'https://login.microsoftonline.com'
  return async (challenge, deadline) => {
    const directory = directoryOf(challenge, tenant, ctx)
    if (!/^https:\/\//.test(authority) || !URL.canParse(authority)) {
      throw new SopsError('generic', 'AZURE_AUTHORITY_HOST must be an https URL')
    }
    const proven = await proof()
    const form = { client_id: client, scope: challenge.scope, grant_type: 'client_credentials', ...proven }
    const request = {
      method: 'POST',
      url: new URL(`${authority.replace(/\/+$/, '')}/${encodeURIComponent(directory)}/oauth2/v2.0/token`),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
      body: new URLSearchParams(form).toString(),
      secrets: [proven['client_secret'], proven['client_assertion']].filter((one) => one !== undefined),
    }
    return askForToken(request, entra, ctx, deadline)
  }
}

/** The tenant that the vault names must be the configured one or an allowed other. */
function directoryOf({ tenant }: Challenge, own: string, ctx: Context): string {
  if (tenant === undefined || tenant.toLowerCase() === own.toLowerCase()) return own
  const allowed = (ctx.env['AZURE_ADDITIONALLY_ALLOWED_TENANTS'] ?? '')
    .split(';')
    .map((one) => one.trim().toLowerCase())
  if (allowed.includes('*') || allowed.includes(tenant.toLowerCase())) return tenant
  throw new SopsError(
    'generic',
    `the vault belongs to tenant ${tenant}, which AZURE_TENANT_ID and AZURE_ADDITIONALLY_ALLOWED_TENANTS do not name`,
  )
}

const resourceOf = ({ scope }: Challenge): string => scope.replace(/\/\.default$/, '')

function appServiceSource(ctx: Context, endpoint: string, header: string, client: string): DirectSource {
  return async (challenge, deadline) => {
    if (!URL.canParse(endpoint)) throw new SopsError('generic', 'IDENTITY_ENDPOINT is not a URL')
    const url = new URL(endpoint)
    url.searchParams.set('api-version', '2019-08-01')
    url.searchParams.set('resource', resourceOf(challenge))
    if (client !== '') url.searchParams.set('client_id', client)
    const request = { method: 'GET', url, headers: { 'X-IDENTITY-HEADER': header } }
    return askForToken(request, managedIdentity, ctx, deadline)
  }
}

async function askForToken(
  direct: Omit<HttpRequest, 'ctx'>,
  service: Service,
  ctx: Context,
  deadline: Deadline,
): Promise<DirectToken> {
  const request = { ...direct, ctx, proxy: proxyFor(direct.url, ctx.env) }
  const answer = await sendPatiently(request, cloudRetry, deadline).catch((error: unknown) => {
    throw new SopsError('generic', `authentication failed: ${messageOf(error)}`, { cause: error })
  })
  const {
    access_token: text,
    expires_in: lifetime,
    expires_on: end,
  } = (parseJson(answer.body) ?? {}) as Record<string, unknown>
  if (answer.status === 200 && typeof text === 'string' && text !== '') {
    const seconds = lifetime ?? (end === undefined ? 0 : Number(end) - Date.now() / 1000)
    return { text, lifetime: Number(seconds) || 0 }
  }
  throw new SopsError('generic', `authentication failed: ${refusalText(service, request, answer)}`)
}

/** `az account get-access-token`. */
function programSource(ctx: Context): DirectSource {
  return async (challenge, deadline) => {
    const { run } = await loadStart()
    const tenant = challenge.tenant === undefined ? [] : ['--tenant', challenge.tenant]
    const args = ['account', 'get-access-token', '--output', 'json', '--resource', resourceOf(challenge), ...tenant]
    const env = ctx.env as NodeJS.ProcessEnv
    const failed = (reason: string): SopsError => new SopsError('generic', `az account get-access-token: ${reason}`)
    // Relative folders in PATH must not lead into the working directory.
    const ran = await run('az', args, { cwd: '/', env, signal: deadline.signal }, /^(?:AZURE|IDENTITY)_/).catch(
      (error: unknown) => {
        if (deadline.signal.aborted) throw failed('no answer in time')
        throw failed(codeOf(error) === 'ENOENT' ? 'there is no program az in PATH' : messageOf(error))
      },
    )
    if (ran.status !== 0) throw failed(ran.stderr || `exit status ${ran.status}`)
    const parsed = (parseJson(Buffer.from(ran.stdout)) ?? {}) as Record<string, unknown>
    const { accessToken, expires_on: end } = parsed
    if (typeof accessToken !== 'string') throw new SopsError('generic', 'az account get-access-token prints no token')
    return { text: accessToken, lifetime: Number(end) - Date.now() / 1000 || 0 }
  }
}
