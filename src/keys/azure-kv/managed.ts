// The identity that Azure gives to a machine or an app (spec/keys.md 7.2).
import type { Context } from '../../context.ts'
import { SopsError } from '../../errors.ts'
import { deadlineIn, type HttpAnswer, parseJson, send } from '../http.ts'
import { type Credential, type NotHere, resourceOf, type Token } from './credential.ts'
import { exchange, formRequest, readToken } from './oauth.ts'
import { sdkCredential } from './sdk.ts'

/** `isOnly`: nothing else would be tried, so the service gets more time. */
export function managedCredential(ctx: Context, isOnly: boolean): Credential {
  const { env } = ctx
  const client = env['AZURE_CLIENT_ID'] ?? ''
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header, MSI_ENDPOINT: older, MSI_SECRET: secret } = env
  if (endpoint) {
    // Service Fabric pins a certificate, Arc proves who asks by a file.
    if (env['IDENTITY_SERVER_THUMBPRINT'] || (!header && env['IMDS_ENDPOINT'])) {
      return sdkCredential('ManagedIdentityCredential', ctx)
    }
    if (header) {
      const query = { 'api-version': '2019-08-01', client_id: client }
      return asking('IDENTITY_ENDPOINT', endpoint, query, { 'X-IDENTITY-HEADER': header }, ctx)
    }
  }
  if (older && secret) {
    const query = { 'api-version': '2017-09-01', clientid: client || (env['DEFAULT_IDENTITY_CLIENT_ID'] ?? '') }
    return asking('MSI_ENDPOINT', older, query, { secret }, ctx)
  }
  return older ? cloudShell(older, client, ctx) : instanceMetadata(client, isOnly, ctx)
}

function parse(name: string, text: string): URL {
  if (URL.canParse(text) && /^https?:/i.test(text)) return new URL(text)
  throw new SopsError('generic', `${name} is not a URL`)
}

const asking =
  (
    name: string,
    endpoint: string,
    query: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
    ctx: Context,
  ): Credential =>
  async (challenge, deadline) => {
    const url = parse(name, endpoint)
    for (const [key, value] of Object.entries({ ...query, resource: resourceOf(challenge) })) {
      if (value !== '') url.searchParams.set(key, value)
    }
    return readToken(await exchange({ method: 'GET', url, headers }, ctx, deadline), Object.values(headers))
  }

const cloudShell =
  (endpoint: string, client: string, ctx: Context): Credential =>
  async (challenge, deadline) => {
    if (client !== '') throw new SopsError('generic', 'Cloud Shell has no identities for AZURE_CLIENT_ID to name')
    const form = { resource: resourceOf(challenge) }
    const request = formRequest(parse('MSI_ENDPOINT', endpoint), form, { Metadata: 'true' })
    return readToken(await exchange(request, ctx, deadline))
  }

/** How long a machine may take that has no such service: elsewhere nobody should wait for it. */
const probeMs = 1000

/** The metadata service of virtual machines and clusters. */
const instanceMetadata =
  (client: string, isOnly: boolean, ctx: Context): Credential =>
  async (challenge, deadline): Promise<Token | NotHere> => {
    const name = 'AZURE_POD_IDENTITY_AUTHORITY_HOST'
    const url = parse(name, ctx.env[name] || 'http://169.254.169.254')
    url.pathname = '/metadata/identity/oauth2/token'
    if (!isOnly && !(await isThere(url))) return { missing: 'no instance metadata service' }
    url.searchParams.set('api-version', '2018-02-01')
    url.searchParams.set('resource', resourceOf(challenge))
    if (client !== '') url.searchParams.set('client_id', client)
    const answer = await exchange({ method: 'GET', url, headers: { Metadata: 'true' } }, ctx, deadline)
    // Machines without an identity of that name answer so, and gateways that only look like the service.
    if (isOnly || ![400, 403, 404, 502, 504].includes(answer.status)) return readToken(answer)
    return { missing: `the instance metadata service gives no token${reasonOf(answer)}` }
  }

/** Without the header that it wants the service refuses at once. Docker's proxy says of networks that there are none. */
async function isThere(url: URL): Promise<boolean> {
  try {
    const answer = await send({ method: 'GET', url }, deadlineIn(probeMs))
    return !(answer.status === 403 && answer.body.toString('utf8').includes('unreachable'))
  } catch {
    return false
  }
}

function reasonOf(answer: HttpAnswer): string {
  const { error_description: text, error } = (parseJson(answer.body) ?? {}) as Record<string, unknown>
  const reason = String(text ?? error ?? '').split(/[\r\n]/)[0]
  return ` (status ${answer.status}${reason === '' ? '' : `, ${reason}`})`
}
