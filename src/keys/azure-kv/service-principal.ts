// Identities that the environment describes: an application with its secret, certificate or federated token, or a user's password.
import { readFile } from 'node:fs/promises'
import type { Context } from '../../context.ts'
import { messageOf, SopsError } from '../../errors.ts'
import type { Credential } from './credential.ts'
import { exchange, formRequest, readToken, tokenEndpoint } from './oauth.ts'
import { sdkCredential } from './sdk.ts'

type Form = Readonly<Record<string, string>>

/** What a request has to prove, for the endpoint that it goes to. */
type Proof = (endpoint: URL) => Promise<Form>

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const isAdfs = (tenant: string): boolean => tenant.toLowerCase() === 'adfs'

export function environmentCredential(ctx: Context): Credential {
  const { env } = ctx
  const { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: client } = env
  if (!tenant || !client) return notHere('AZURE_TENANT_ID or AZURE_CLIENT_ID is not set')
  // AD FS has other addresses.
  if (isAdfs(tenant)) return sdkCredential('EnvironmentCredential', ctx)
  const secret = env['AZURE_CLIENT_SECRET']
  if (secret) return grant(ctx, tenant, client, async () => ({ client_secret: secret }))
  const path = env['AZURE_CLIENT_CERTIFICATE_PATH']
  if (path) {
    return grant(ctx, tenant, client, async (endpoint) => {
      const { certificateAssertion } = await import('./certificate.ts')
      return {
        client_assertion_type: jwtBearer,
        client_assertion: await certificateAssertion(path, client, endpoint, ctx),
      }
    })
  }
  const { AZURE_USERNAME: username, AZURE_PASSWORD: password } = env
  if (username && password) {
    return grant(ctx, tenant, client, async () => ({ grant_type: 'password', username, password }))
  }
  return notHere('AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH and AZURE_USERNAME are not set')
}

export function workloadCredential(ctx: Context): Credential {
  const { env } = ctx
  const { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: client, AZURE_FEDERATED_TOKEN_FILE: file } = env
  if (!tenant || !client || !file) {
    return notHere('AZURE_TENANT_ID, AZURE_CLIENT_ID or AZURE_FEDERATED_TOKEN_FILE is not set')
  }
  if (isAdfs(tenant) || env['AZURE_KUBERNETES_TOKEN_PROXY']) return sdkCredential('WorkloadIdentityCredential', ctx)
  return grant(ctx, tenant, client, async () => {
    try {
      // The cluster renews it.
      return { client_assertion_type: jwtBearer, client_assertion: (await readFile(file, 'utf8')).trim() }
    } catch (error) {
      throw new SopsError('generic', `cannot read the file of AZURE_FEDERATED_TOKEN_FILE: ${messageOf(error)}`)
    }
  })
}

const notHere =
  (missing: string): Credential =>
  async () => ({ missing })

const grant =
  (ctx: Context, tenant: string, client: string, proof: Proof): Credential =>
  async (challenge, deadline) => {
    const endpoint = tokenEndpoint(challenge, tenant, ctx)
    const proven = await proof(endpoint)
    const form = { client_id: client, scope: challenge.scope, grant_type: 'client_credentials', ...proven }
    const { client_secret: secret = '', client_assertion: assertion = '', password = '' } = proven
    return readToken(await exchange(formRequest(endpoint, form), ctx, deadline), [secret, assertion, password])
  }
