// Requests to HuaweiCloud's KMS and identity service (spec/keys.md 9).

import type { Context } from '../../context/index.ts'
import { memoKeys, onceEach } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import {
  cloudRetry,
  type Deadline,
  type HttpAnswer,
  parseJson,
  proxyFor,
  readCredentials,
  refusalText,
  type Service,
  sendPatiently,
} from '../../net/index.ts'
import { type AnyCredentials, credentialsOf, type HuaweiCredentials } from './credentials.ts'
import { huaweiIam, huaweiKms } from './refusal.ts'
import { iamEndpoint, kmsEndpoints } from './region.ts'
import { signed } from './sign.ts'

interface HuaweiClient {
  /** @throws SopsError `generic` with the service's code and message. */
  post(operation: 'encrypt-data' | 'decrypt-data', body: Readonly<Record<string, string>>): Promise<unknown>
}

interface Call {
  readonly service: Service
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
  /** What of the body no message may show. */
  readonly secrets?: readonly string[]
}

/** Adds the proof of identity to the headers. */
type Authorize = (request: {
  method: string
  url: URL
  headers: Record<string, string>
  body: string
}) => Record<string, string>

/** By region. */
const projects = memoKeys<Promise<Project>>('Huawei projects')

/** @throws SopsError `generic`, `failed to create HuaweiCloud KMS client: …`. */
export async function kmsClient(region: string, ctx: Context, deadline: Deadline): Promise<HuaweiClient> {
  try {
    const credentials = await credentialsOf(ctx, deadline)
    const endpoints = await kmsEndpoints(region, ctx)
    const { projectId, authorize } = await onceEach(ctx, projects, region, () =>
      openProject(region, credentials, ctx, deadline),
    )
    return {
      post: (operation, body) => {
        const path = `/v1.0/${encodeURIComponent(projectId)}/kms/${operation}`
        const secrets = [body['plain_text'], body['cipher_text']].filter((one) => one !== undefined)
        const headers = { 'X-Project-Id': projectId }
        const call: Call = { service: huaweiKms, method: 'POST', path, headers, body, secrets }
        return firstReachable(endpoints, (endpoint) => request(endpoint, call, authorize, ctx, deadline))
      },
    }
  } catch (error) {
    throw new SopsError('generic', `failed to create HuaweiCloud KMS client: ${messageOf(error)}`, { cause: error })
  }
}

interface Project {
  readonly projectId: string
  readonly authorize: Authorize
}

async function openProject(
  region: string,
  credentials: AnyCredentials,
  ctx: Context,
  deadline: Deadline,
): Promise<Project> {
  const iam = iamEndpoint(region, credentials.iamEndpoint, ctx)
  if ('idpId' in credentials) {
    const { idpId, idTokenFile, projectId } = credentials
    const id = await identityToken(idTokenFile, ctx)
    const scope = { project: projectId === undefined ? { name: region } : { id: projectId } }
    const { headers, body } = await exchange(
      iam,
      {
        service: huaweiIam,
        method: 'POST',
        path: '/v3.0/OS-AUTH/id-token/tokens',
        headers: { 'X-Idp-Id': idpId },
        body: { auth: { id_token: { id }, scope } },
        secrets: [id],
      },
      ({ headers }) => headers,
      ctx,
      deadline,
    )
    const token = headers['x-subject-token']
    const granted = projectId ?? (parseJson(body) as { token?: { project?: { id?: string } } })?.token?.project?.id
    if (typeof token !== 'string' || !granted) throw new SopsError('generic', 'the identity service gives no token')
    return { projectId: granted, authorize: ({ headers }) => ({ ...headers, 'X-Auth-Token': token }) }
  }
  const authorize = byAccessKey(credentials, ctx)
  if (credentials.projectId !== undefined) return { projectId: credentials.projectId, authorize }
  const path = `/v3/projects?name=${encodeURIComponent(region)}`
  const answer = (await request(iam, { service: huaweiIam, method: 'GET', path }, authorize, ctx, deadline)) as {
    projects?: { id?: string }[]
  }
  const [project, ...others] = Array.isArray(answer.projects) ? answer.projects : []
  if (project?.id === undefined || others.length > 0) {
    throw new SopsError(
      'generic',
      `the region must have exactly one project for HUAWEICLOUD_SDK_PROJECT_ID to be left out, and has ${project === undefined ? 0 : others.length + 1}`,
    )
  }
  return { projectId: project.id, authorize }
}

/** @throws SopsError `generic` naming the file, which is the environment's or a profile's. */
async function identityToken(file: string, ctx: Context): Promise<string> {
  try {
    return (await readCredentials(file, ctx)).trim()
  } catch (error) {
    const name = ctx.env['HUAWEICLOUD_SDK_ID_TOKEN_FILE'] === file ? 'HUAWEICLOUD_SDK_ID_TOKEN_FILE' : 'id_token_file'
    throw new SopsError('generic', `${name}: ${messageOf(error)}`, { cause: error })
  }
}

const byAccessKey =
  (credentials: HuaweiCredentials, ctx: Context): Authorize =>
  (request) => {
    const { securityToken } = credentials
    const headers = securityToken ? { ...request.headers, 'X-Security-Token': securityToken } : request.headers
    return signed({ ...request, headers }, credentials, ctx.now())
  }

/** Any endpoint will do; the last failure counts. */
async function firstReachable<T>(endpoints: readonly URL[], attempt: (endpoint: URL) => Promise<T>): Promise<T> {
  for (const endpoint of endpoints.slice(0, -1)) {
    try {
      return await attempt(endpoint)
    } catch (error) {
      if (!(error instanceof SopsError) || error.details.connection === undefined) throw error
    }
  }
  return attempt(endpoints.at(-1)!)
}

async function request(
  endpoint: URL,
  call: Call,
  authorize: Authorize,
  ctx: Context,
  deadline: Deadline,
): Promise<unknown> {
  return parseJson((await exchange(endpoint, call, authorize, ctx, deadline)).body)
}

/** An answer that succeeded, in JSON. */
async function exchange(
  endpoint: URL,
  call: Call,
  authorize: Authorize,
  ctx: Context,
  deadline: Deadline,
): Promise<HttpAnswer> {
  const url = new URL(endpoint.href.replace(/\/+$/, '') + call.path)
  const body = call.body === undefined ? '' : JSON.stringify(call.body)
  const headers = { 'User-Agent': 'sops-ts', 'Content-Type': 'application/json;charset=UTF-8', ...call.headers }
  const request = {
    ctx,
    method: call.method,
    url,
    headers: authorize({ method: call.method, url, headers, body }),
    ...(body === '' ? {} : { body }),
    secrets: call.secrets ?? [],
    proxy: proxyFor(url, ctx.env),
  }
  const answer = await sendPatiently(request, cloudRetry, deadline)
  const json = parseJson(answer.body)
  if (answer.status >= 200 && answer.status < 300 && typeof json === 'object' && json !== null) return answer
  throw new SopsError('generic', refusalText(call.service, request, answer))
}
