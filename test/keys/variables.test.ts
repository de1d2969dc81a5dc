// What the environment says of connections counts for every service: certificates, proxy and time limit, through each of them, as
// test/aws/variables.test.ts has it for AWS.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { azureKv } from '../../src/keys/azure-kv.ts'
import { gcpKms } from '../../src/keys/gcp-kms.ts'
import { hcVault } from '../../src/keys/hc-vault.ts'
import { hckms } from '../../src/keys/hckms.ts'
import { upload } from '../../src/publish/upload.ts'
import { fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { startTunnelProxy } from '../support/emulators/proxy.ts'

type Env = Readonly<Record<string, string>>

interface Service {
  readonly name: string
  readonly ask: (address: string, env: Env) => Promise<unknown>
  /** The request that goes to the service itself. */
  readonly path: RegExp
  /** What limits a call, and what is said then. */
  readonly limit?: string
}

const dataKey = new Uint8Array(32).fill(5)
const resource = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'

const google = (address: string, env: Env): Promise<unknown> => {
  const key = { type: 'gcp_kms', fields: { resource_id: resource }, enc: '' } as const
  const own = { SOPS_GCP_KMS_ENDPOINT: address, GOOGLE_OAUTH_ACCESS_TOKEN: 'token' }
  return gcpKms.wrap(key, dataKey, fakeContext({ env: { ...own, ...env } }))
}
const azure = (address: string, env: Env): Promise<unknown> => {
  const key = { type: 'azure_kv', fields: { vault_url: address, name: 'main', version: 'v1' }, enc: '' } as const
  const own = {
    AZURE_TENANT_ID: 'tenant-1',
    AZURE_CLIENT_ID: 'client-1',
    AZURE_AUTHORITY_HOST: address,
    SOPS_AZURE_KEYVAULT_ORIGINS: address,
  }
  return azureKv.wrap(key, dataKey, fakeContext({ env: { ...own, ...env } }))
}
const huawei = (address: string, env: Env): Promise<unknown> => {
  const key = { type: 'hckms', fields: { key_id: 'tr-west-1:key-1' }, enc: '' } as const
  const keys = { HUAWEICLOUD_SDK_AK: 'AK', HUAWEICLOUD_SDK_SK: 'SK' }
  const places = { HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: address, HUAWEICLOUD_SDK_IAM_ENDPOINT: address }
  return hckms.wrap(key, dataKey, fakeContext({ env: { ...keys, ...places, ...env } }))
}

let folder: string
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const services: readonly Service[] = [
  {
    name: 'Cloud KMS over REST',
    ask: (address, env) => google(address, { SOPS_GCP_KMS_CLIENT_TYPE: 'rest', ...env }),
    path: /cryptoKeys\/k:encrypt$/,
  },
  {
    name: 'Cloud KMS over gRPC',
    ask: (address, env) => google(address.replace('https://', ''), env),
    path: /KeyManagementService\/Encrypt$/,
  },
  {
    name: 'Google tokens',
    ask: (address, env) => {
      const account = { type: 'authorized_user', client_id: 'c', client_secret: 's', refresh_token: 'r' }
      const json = JSON.stringify({ ...account, token_uri: `${address}/token` })
      return google('https://127.0.0.1:1', { SOPS_GCP_KMS_CLIENT_TYPE: 'rest', GOOGLE_CREDENTIALS: json, ...env })
    },
    path: /^\/token$/,
  },
  {
    name: 'Google Cloud Storage',
    ask: (address, env) =>
      upload(
        { name: 'n', bucket: { kind: 'gcs', bucket: 'b', prefix: '' }, bytes: Buffer.from('x') } as never,
        fakeContext({ env: { STORAGE_EMULATOR_HOST: address, ...env } }),
      ),
    path: /^\/upload\/storage/,
    // An upload has a minute, and more for what is long.
    limit: '',
  },
  {
    name: 'Azure Key Vault',
    ask: (address, env) => azure(address, { AZURE_CLIENT_SECRET: 'secret', ...env }),
    path: /^\/keys\/main/,
  },
  {
    name: 'Azure tokens by a secret',
    ask: (address, env) => azure(address, { AZURE_CLIENT_SECRET: 'secret', ...env }),
    path: /oauth2\/v2\.0\/token/,
  },
  {
    name: 'Azure tokens by a federated token',
    ask: (address, env) => azure(address, { AZURE_FEDERATED_TOKEN_FILE: file('federated', 'token\n'), ...env }),
    path: /oauth2\/v2\.0\/token/,
  },
  {
    name: 'Vault transit',
    ask: (address, env) => {
      const fields = { vault_address: address, engine_path: 'transit', key_name: 'dev' }
      const own = { VAULT_ADDR: address, VAULT_TOKEN: 'token', VAULT_MAX_RETRIES: '0' }
      return hcVault.wrap({ type: 'hc_vault', fields, enc: '' }, dataKey, fakeContext({ env: { ...own, ...env } }))
    },
    path: /^\/v1\/transit\/encrypt\/dev$/,
  },
  {
    name: 'Vault KV',
    ask: (address, env) => {
      const vault = { kind: 'vault', address, mount: 'secret/', path: 'team/', version: 2 }
      const leaf = { kind: 'leaf', value: 'x' }
      const plain = { documents: [{ kind: 'map', items: [{ kind: 'entry', key: 'a', value: leaf }] }] }
      const own = { VAULT_ADDR: address, VAULT_TOKEN: 'token', VAULT_MAX_RETRIES: '0' }
      return upload({ name: 'n', vault, plain } as never, fakeContext({ env: { ...own, ...env } }))
    },
    path: /^\/v1\/secret\/data\/team\/n$/,
    limit: 'VAULT_CLIENT_TIMEOUT',
  },
  {
    name: 'HuaweiCloud KMS',
    ask: (address, env) => huawei(address, { HUAWEICLOUD_SDK_PROJECT_ID: 'p1', ...env }),
    path: /kms\/encrypt-data$/,
  },
  { name: 'HuaweiCloud IAM', ask: huawei, path: /^\/v3\/projects/ },
]

let tls: TestCertificate
let port: number
let close: () => void
/** Which request is never answered. */
let silent: RegExp | undefined
const seen: string[] = []

/** Refuses what a service is asked for, after what comes before it. */
function answer(request: Http2ServerRequest, response: Http2ServerResponse): void {
  const { url, headers } = request
  seen.push(url)
  if (silent?.test(url)) return
  if (headers['content-type'] === 'application/grpc') {
    response.stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '7' },
      { endStream: true },
    )
    return
  }
  const isToken = url.includes('/oauth2/')
  const isDemand = url.startsWith('/keys/') && headers.authorization === undefined
  response.setHeader('Content-Type', 'application/json')
  if (isDemand) response.setHeader('WWW-Authenticate', 'Bearer authorization="https://login.example/tenant-1"')
  response.statusCode = isToken ? 200 : isDemand ? 401 : 403
  response.end(isToken ? '{"access_token":"token","expires_in":3600}' : '{}')
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sops-variables-'))
  tls = makeCertificate('cloud.test')
  const server = createSecureServer({ key: tls.key, cert: tls.cert, allowHTTP1: true }, (request, response) => {
    request.resume()
    request.on('end', () => answer(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ;({ port } = server.address() as AddressInfo)
  close = () => server.close()
})
afterAll(() => {
  close()
  tls.remove()
  rmSync(folder, { recursive: true, force: true })
})

describe.each(services)('$name', ({ ask, path, limit = 'SOPS_KMS_TIMEOUT' }) => {
  const run = async (host: string, env: Env): Promise<string> => {
    seen.length = 0
    const told = await ask(`https://${host}:${port}`, env).then(
      () => 'no failure',
      (error: Error) => error.message,
    )
    return seen.some((one) => path.test(one)) ? 'asked' : told
  }

  test.each<[string, () => Env]>([
    ['SSL_CERT_FILE', () => ({ SSL_CERT_FILE: tls.path, SSL_CERT_DIR: '/nonexistent' })],
    [
      'SSL_CERT_DIR',
      () => {
        file('authority.pem', tls.cert)
        return { SSL_CERT_FILE: '/dev/null', SSL_CERT_DIR: folder }
      },
    ],
    ['NODE_EXTRA_CA_CERTS', () => ({ NODE_EXTRA_CA_CERTS: tls.path })],
  ])('trust by %s', async (_, env) => {
    expect(await run('localhost', env())).toBe('asked')
  })

  test('no trust in what nothing names', async () => {
    expect(await run('localhost', {})).toMatch(/localhost:\d+: .*no authority that is trusted here/)
  })

  test.each(['HTTPS_PROXY', 'https_proxy'])('%s, and not where NO_PROXY says so', async (name) => {
    // Tunnels are kept open, so each test has a proxy of its own.
    const proxy = await startTunnelProxy(port)
    const env = { SSL_CERT_FILE: tls.path, [name]: proxy.url }
    expect(await run('cloud.test', env)).toBe('asked')
    expect(proxy.seen).toContain(`cloud.test:${port} Basic ${Buffer.from('user:pass').toString('base64')}`)
    const through = proxy.seen.length
    const exempt = { ...env, SOPS_KMS_TIMEOUT: '2s', VAULT_CLIENT_TIMEOUT: '2s', NO_PROXY: 'example.org,.test' }
    expect(await run('cloud.test', exempt)).toMatch(/cloud\.test|no answer within 2s/)
    expect(proxy.seen.length).toBe(through)
    proxy.close()
    expect(await run('localhost', { ...env, HTTPS_PROXY: 'http://127.0.0.1:1' })).toBe('asked')
  })

  if (limit === '') return

  test(`${limit} ends what is not answered`, async () => {
    silent = path
    const env = { SSL_CERT_FILE: tls.path, [limit]: '500ms' }
    const told = await ask(`https://localhost:${port}`, env).then(
      () => 'no failure',
      (error: Error) => error.message,
    )
    silent = undefined
    expect(told).toMatch(/no answer (?:from localhost:\d+ in time|within 0\.5s)/)
  })

  test(`${limit} that is no duration`, async () => {
    await expect(ask(`https://localhost:${port}`, { SSL_CERT_FILE: tls.path, [limit]: 'soon' })).rejects.toThrow(
      `${limit} must be`,
    )
  })
})
