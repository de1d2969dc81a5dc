// What is told when a cloud, or something in front of it, does not give what it was asked for: host, status, cause and what to do, and no secret.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Context } from '../../src/context/context.ts'
import { azureKv } from '../../src/keys/azure-kv.ts'
import { gcpKms } from '../../src/keys/gcp-kms.ts'
import { hcVault } from '../../src/keys/hc-vault.ts'
import { hckms } from '../../src/keys/hckms.ts'
import { upload } from '../../src/publish/upload.ts'
import { fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { fail, json, type Listening, listen, type SeenRequest } from '../support/emulators/listen.ts'

let trusted: TestCertificate
let untrusted: TestCertificate
let folder: string
beforeAll(() => {
  trusted = makeCertificate()
  untrusted = makeCertificate()
  folder = mkdtempSync(join(tmpdir(), 'sops-causes-'))
  writeFileSync(join(folder, 'authority.pem'), trusted.cert)
})
afterAll(() => {
  trusted.remove()
  untrusted.remove()
  rmSync(folder, { recursive: true, force: true })
})

const dataKey = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 3)
/** Whatever of this a message held would be a secret told. */
const secrets = [
  'hunter2-token',
  'hunter2-secret',
  'hunter2-pass',
  Buffer.from(dataKey).toString('base64').slice(0, 20),
]

type Env = Readonly<Record<string, string>>

/** With the authority that the stand-ins' certificates are of. */
const contextWith = (env: Env): Context =>
  fakeContext({ env: { SSL_CERT_FILE: join(folder, 'authority.pem'), ...env } })

interface Row {
  readonly name: string
  /** As in `not of …`. */
  readonly service: string
  /** In front of the cause. */
  readonly head: (address: string) => string
  readonly ask: (address: string, env: Env) => Promise<unknown>
  /** Answers what comes before the request that is to fail; true if it did. */
  readonly before?: (request: SeenRequest, response: ServerResponse) => boolean
  readonly isTls?: true
  /** The service's own answer for a code and a text. */
  readonly body: (status: number, code: string, text: string) => unknown
  /** The same as the message has it, in front of the status. */
  readonly words: (code: string, text: string) => string
  /** By what happens: the code and text that the service answers with, and the advice. */
  readonly own: Readonly<Record<string, readonly [status: number, code: string, text: string, advice?: string]>>
}

const name = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'
const gcpKey = { type: 'gcp_kms', fields: { resource_id: name }, enc: 'AAAA' } as const
const googleBody: Row['body'] = (status, code, message) => ({ error: { code: status, status: code, message } })
const colon: Row['words'] = (code, text) => `${code}: ${text}`

const grant = (response: ServerResponse): true => {
  json(response, 200, { access_token: 'hunter2-token', expires_in: 3600, token_type: 'Bearer' })
  return true
}

const azureEnv = (address: string): Env => ({
  AZURE_TENANT_ID: 'tenant-1',
  AZURE_CLIENT_ID: 'client-1',
  AZURE_CLIENT_SECRET: 'hunter2-secret',
  AZURE_AUTHORITY_HOST: address,
  SOPS_AZURE_KEYVAULT_ORIGINS: address,
})
const azureHead = (address: string): string =>
  `failed to encrypt sops data key with Azure Key Vault key '${address}/keys/main/v1': `
const askAzure: Row['ask'] = (address, env) =>
  azureKv.wrap(
    { type: 'azure_kv', fields: { vault_url: address, name: 'main', version: 'v1' }, enc: '' },
    dataKey,
    contextWith({ ...azureEnv(address), ...env }),
  )
const isTokenCall = ({ path }: SeenRequest): boolean => path.startsWith('/tenant-1/oauth2/v2.0/token')
const challenge = (response: ServerResponse): true => {
  json(response, 401, {}, { 'WWW-Authenticate': 'Bearer authorization="https://login.microsoftonline.com/tenant-1"' })
  return true
}

const askHuawei = (address: string, env: Env, project: Env): Promise<unknown> => {
  const file = join(folder, `huawei${Math.random()}`)
  writeFileSync(file, `[basic]\nak = AK\nsk = hunter2-secret\niam_endpoint = ${address}\n`)
  const own = { HUAWEICLOUD_SDK_CREDENTIALS_FILE: file, HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: address }
  const key = { type: 'hckms', fields: { key_id: 'tr-west-1:key-1' }, enc: '' } as const
  if ('HUAWEICLOUD_SDK_PROJECT_ID' in project) {
    writeFileSync(file, `[basic]\nak = AK\nsk = hunter2-secret\nproject_id = p1\n`)
  }
  return hckms.wrap(key, dataKey, contextWith({ ...own, ...env }))
}
const huaweiBody: Row['body'] = (_status, code, text) => ({ error: { error_code: code, error_msg: text } })
const huaweiOwn: Row['own'] = {
  400: [400, 'KMS.0205', 'Bad algorithm.'],
  token: [
    401,
    'APIGW.0301',
    'Incorrect IAM authentication information',
    'check HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK, HUAWEICLOUD_SDK_SECURITY_TOKEN and the clock',
  ],
  denied: [
    403,
    'KMS.0308',
    'No access.',
    'the identity needs the actions kms:dek:crypto and kms:cmk:crypto on the key and the project',
  ],
  disabled: [403, 'KMS.0403', 'The key is disabled.', 'enable the key'],
  404: [404, 'KMS.0401', 'The key does not exist.', 'compare region and id of the key with those of the console'],
  429: [429, 'APIGW.0308', 'The throttling threshold has been reached'],
  500: [500, 'KMS.0102', 'Internal error'],
  503: [503, 'APIGW.0106', 'Orchestration error'],
}

const rows: readonly Row[] = [
  {
    name: 'Google KMS',
    service: 'Google Cloud KMS',
    head: () => 'failed to encrypt sops data key with GCP KMS key: ',
    ask: (address, env) => {
      const own = { SOPS_GCP_KMS_CLIENT_TYPE: 'rest', SOPS_GCP_KMS_ENDPOINT: address }
      return gcpKms.wrap(gcpKey, dataKey, contextWith({ ...own, GOOGLE_OAUTH_ACCESS_TOKEN: 'hunter2-token', ...env }))
    },
    body: googleBody,
    words: colon,
    own: {
      400: [400, 'INVALID_ARGUMENT', 'Invalid resource.'],
      token: [
        401,
        'UNAUTHENTICATED',
        'Request had invalid authentication credentials.',
        'get a new access token (GOOGLE_OAUTH_ACCESS_TOKEN), or log in again with "gcloud auth application-default login"',
      ],
      denied: [
        403,
        'PERMISSION_DENIED',
        "Permission 'x' denied on resource 'y'.",
        'the identity needs the role roles/cloudkms.cryptoKeyEncrypterDecrypter on the key',
      ],
      disabled: [
        400,
        'FAILED_PRECONDITION',
        `${name}/cryptoKeyVersions/1 is not enabled.`,
        'enable that version of the key, or restore it',
      ],
      404: [404, 'NOT_FOUND', 'CryptoKey not found.', 'compare the resource id with "gcloud kms keys list"'],
      429: [429, 'RESOURCE_EXHAUSTED', 'Quota exceeded.'],
      500: [500, 'INTERNAL', 'Internal error.'],
      503: [503, 'UNAVAILABLE', 'The service is currently unavailable.'],
    },
  },
  {
    name: 'Google tokens',
    service: "Google's token service",
    head: () => 'failed to encrypt sops data key with GCP KMS key: cannot get an access token: ',
    ask: (address, env) => {
      const credentials = {
        type: 'authorized_user',
        client_id: 'the-client',
        client_secret: 'hunter2-secret',
        refresh_token: 'hunter2-token',
        token_uri: `${address}/token`,
      }
      const own = { SOPS_GCP_KMS_CLIENT_TYPE: 'rest', SOPS_GCP_KMS_ENDPOINT: 'http://127.0.0.1:1' }
      return gcpKms.wrap(
        gcpKey,
        dataKey,
        contextWith({ ...own, GOOGLE_CREDENTIALS: JSON.stringify(credentials), ...env }),
      )
    },
    body: (_status, error, error_description) => ({ error, error_description }),
    words: (code, text) => `${code}: ${text}`,
    own: {
      400: [400, 'invalid_request', 'Missing parameter'],
      token: [
        400,
        'invalid_grant',
        'Token has been expired or revoked.',
        'log in again with "gcloud auth application-default login"',
      ],
      denied: [403, 'org_internal', 'restricted'],
      404: [404, 'not_found', 'no'],
      429: [429, 'rate_limit', 'slow down'],
      500: [500, 'internal_failure', 'x'],
      503: [503, 'temporarily_unavailable', 'x'],
    },
  },
  {
    name: 'Google Cloud Storage',
    service: 'Google Cloud Storage',
    head: () => 'could not publish to gcs://b/n: ',
    ask: (address, env) =>
      upload(
        { name: 'n', bucket: { kind: 'gcs', bucket: 'b', prefix: '' }, bytes: Buffer.from('x') } as never,
        contextWith({ STORAGE_EMULATOR_HOST: address, ...env }),
      ),
    body: (status, _code, message) => ({ error: { code: status, message, errors: [] } }),
    words: (_code, text) => text,
    own: {
      400: [400, '', 'Invalid bucket name'],
      token: [401, '', 'Invalid Credentials', 'log in again with "gcloud auth application-default login"'],
      denied: [
        403,
        '',
        'x does not have storage.objects.create access.',
        'the identity needs the permission storage.objects.create on the bucket, and storage.objects.delete where the object is there already',
      ],
      404: [404, '', 'The specified bucket does not exist.', 'there must be a bucket of that name'],
      429: [429, '', 'The rate of requests is too high.'],
      500: [500, '', 'Backend Error'],
      503: [503, '', 'Backend Error'],
    },
  },
  {
    name: 'Azure Key Vault',
    service: 'Azure Key Vault',
    head: azureHead,
    ask: askAzure,
    isTls: true,
    before: (request, response) =>
      isTokenCall(request)
        ? grant(response)
        : request.headers.authorization === undefined
          ? challenge(response)
          : false,
    body: (_status, code, message) => {
      const [outer, inner] = code.split('/')
      return { error: { code: outer, message, ...(inner ? { innererror: { code: inner } } : {}) } }
    },
    words: (code, text) => {
      const [outer, inner] = code.split('/')
      return `${outer}${inner ? ` (${inner})` : ''}: ${text}`
    },
    own: {
      400: [400, 'BadParameter', 'The parameter is incorrect.'],
      token: [
        401,
        'Unauthorized',
        'Token validation failed.',
        "the token is refused; AZURE_TENANT_ID must be the vault's directory",
      ],
      denied: [
        403,
        'Forbidden/ForbiddenByRbac',
        'Caller is not authorized.',
        'the identity needs the role "Key Vault Crypto User", or the key permissions get, encrypt and decrypt',
      ],
      disabled: [403, 'Forbidden/KeyDisabled', 'Operation is not allowed on a disabled key.', 'enable the key'],
      firewall: [
        403,
        'Forbidden/ForbiddenByFirewall',
        'Client address is not authorized.',
        "let this machine's address through the vault's firewall",
      ],
      404: [
        404,
        'KeyNotFound',
        'A key was not found.',
        'compare name and version with "az keyvault key list-versions"',
      ],
      429: [429, 'Throttled', 'Request was not processed.'],
      500: [500, 'InternalServerError', 'x'],
      503: [503, 'ServiceUnavailable', 'x'],
    },
  },
  {
    name: 'Azure tokens',
    service: 'Microsoft Entra ID',
    head: (address) => `${azureHead(address)}authentication failed: `,
    ask: askAzure,
    isTls: true,
    before: (request, response) => (isTokenCall(request) ? false : challenge(response)),
    body: (_status, error, text) => ({ error, error_description: `${text}\r\nTrace ID: x` }),
    words: colon,
    own: {
      400: [
        400,
        'unauthorized_client',
        'AADSTS700016: Application was not found.',
        'AZURE_CLIENT_ID names no application of the directory AZURE_TENANT_ID',
      ],
      directory: [400, 'invalid_request', 'AADSTS90002: Tenant not found.', 'AZURE_TENANT_ID names no directory'],
      token: [
        401,
        'invalid_client',
        'AADSTS7000222: The provided client secret keys are expired.',
        'AZURE_CLIENT_SECRET is wrong or has expired',
      ],
      denied: [403, 'access_denied', 'AADSTS53003: Blocked by conditional access.'],
      404: [404, 'not_found', 'no'],
      429: [429, 'temporarily_unavailable', 'AADSTS90055: Throttled.'],
      500: [500, 'server_error', 'x'],
      503: [503, 'temporarily_unavailable', 'x'],
    },
  },
  {
    name: 'HuaweiCloud KMS',
    service: 'HuaweiCloud KMS',
    head: () => 'failed to encrypt sops data key with HuaweiCloud KMS: ',
    ask: (address, env) => askHuawei(address, env, { HUAWEICLOUD_SDK_PROJECT_ID: 'p1' }),
    body: huaweiBody,
    words: colon,
    own: huaweiOwn,
  },
  {
    name: 'HuaweiCloud IAM',
    service: 'HuaweiCloud IAM',
    head: () => 'failed to create HuaweiCloud KMS client: ',
    ask: (address, env) => askHuawei(address, env, {}),
    body: huaweiBody,
    words: colon,
    own: huaweiOwn,
  },
]

const cause = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => error.message.replace(/after \d+ attempts/, 'after N attempts'),
  )

/** As the program in `NODE_EXTRA_CA_CERTS` does; a short time-out, so that what is repeated ends soon. */
const hasty = { SOPS_KMS_TIMEOUT: '1200ms', VAULT_CLIENT_TIMEOUT: '1200ms' }

async function failing(
  row: Pick<Row, 'before' | 'isTls' | 'ask'>,
  answer: (response: ServerResponse) => unknown,
): Promise<{ told: string; address: string; host: string }> {
  const handle = (request: SeenRequest, response: ServerResponse): unknown =>
    row.before?.(request, response) || answer(response)
  const server: Listening = await listen(handle, row.isTls ? { tls: trusted } : {})
  try {
    const told = await cause(row.ask(server.address, hasty))
    for (const secret of secrets) expect(told).not.toContain(secret)
    return { told, address: server.address, host: new URL(server.address).host }
  } finally {
    await server.close()
  }
}

const isRepeated = (status: number): boolean => status === 429 || (status >= 500 && status !== 501)
const html = '<!DOCTYPE html><html><head><title>502 Bad\nGateway</title></head><body>hunter2-token</body></html>'
const way = 'see HTTPS_PROXY and NO_PROXY, or ask who runs it'

/** How something that is not the service fails, and what is told of it behind the service's own beginning. */
const foreign: readonly [string, (response: ServerResponse) => unknown, (host: string, service: string) => string][] = [
  [
    '301',
    (response) => fail(response, { status: 301, headers: { Location: 'https://user:hunter2-pass@other.example/x?y' } }),
    (host) =>
      `status 301 from ${host}: a redirect to https://other.example, which is not followed; name the server that answers itself`,
  ],
  [
    'HTML',
    (response) =>
      fail(response, { status: 502, headers: { 'Content-Type': 'text/html', 'X-Request-Id': 'r-1' }, body: html }),
    (host, service) =>
      `status 502 from ${host}, request id r-1, after N attempts: an answer of a proxy, not of ${service} ("502 Bad Gateway"); ${way}`,
  ],
  [
    'HTML with status 403',
    (response) => fail(response, { status: 403, body: '<html>Blocked by policy</html>' }),
    (host, service) => `status 403 from ${host}: an answer of a proxy, not of ${service}; ${way}`,
  ],
  [
    'HTML with status 200',
    (response) => fail(response, { status: 200, body: '<html><title>Sign in</title></html>' }),
    (host, service) => `status 200 from ${host}: an answer of a proxy, not of ${service} ("Sign in"); ${way}`,
  ],
  [
    'half of the JSON',
    (response) => fail(response, { status: 200, body: '{"access_token":"hunter2-tok' }),
    (host, service) =>
      `status 200 from ${host}: the answer is empty, cut off or no JSON; is ${service} what answers there?`,
  ],
  [
    'half of the body',
    (response) => {
      response.writeHead(200, { 'Content-Length': 100 }).write('{"va')
      setTimeout(() => response.destroy(), 20)
    },
    (host) => `the answer of ${host} is cut off`,
  ],
  [
    'text',
    (response) => fail(response, { status: 418, body: 'no healthy upstream' }),
    (host) => `status 418 from ${host}: no healthy upstream`,
  ],
]

describe.each(rows)('$name', (row) => {
  test.each(Object.entries(row.own))('its own answer: %s', async (_, [status, code, text, advice]) => {
    const { told, address, host } = await failing(row, (response) =>
      json(response, status, row.body(status, code, text), { 'X-Request-Id': 'r-1' }),
    )
    const again = isRepeated(status) ? ', after N attempts' : ''
    expect(told).toBe(
      `${row.head(address)}${row.words(code, text)} (status ${status} from ${host}, request id r-1${again})${advice ? `: ${advice}` : ''}`,
    )
  })

  test.each(foreign)('%s', async (_, answer, text) => {
    const { told, address, host } = await failing(row, answer)
    expect(told).toBe(`${row.head(address)}${text(host, row.service)}`)
  })

  test('a reset', async () => {
    const { told, host } = await failing(row, (response) => response.socket?.resetAndDestroy())
    // Over TLS the reset is not seen as such.
    expect(told).toContain(
      `cannot reach ${host}: ${row.isTls ? 'it closed the connection without an answer' : 'read: connection reset by peer'}`,
    )
  })

  test('refused', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    const address = row.isTls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`
    const told = await cause(row.ask(address, hasty))
    expect(told).toMatch(/cannot reach (?:localhost|127\.0\.0\.1):\d+: connect \S+: connection refused/)
  })

  test('a name that is none', async () => {
    const told = await cause(row.ask('https://cloud.invalid', hasty))
    expect(told).toMatch(
      /cloud\.invalid: .*(?:no such host|name resolution|in time)|no answer from cloud\.invalid in time/,
    )
  })

  test('a certificate that is not trusted', async () => {
    const server = await listen((_, response) => json(response, 200, {}), { tls: untrusted })
    const told = await cause(row.ask(server.address, hasty))
    await server.close()
    expect(told).toMatch(/cannot reach localhost:\d+: .*(?:certificate|signature)/)
  })

  test('503 for 0.6 seconds passes, 20 times of 20', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, async () => {
        let since: number | undefined
        let after = ''
        const handle = (request: SeenRequest, response: ServerResponse): unknown => {
          if (row.before?.(request, response)) return undefined
          since ??= performance.now()
          if (performance.now() - since < 600) return json(response, 503, {})
          after = 'asked again'
          return json(response, 418, {})
        }
        const server = await listen(handle, row.isTls ? { tls: trusted } : {})
        await cause(row.ask(server.address, {}))
        await server.close()
        return after
      }),
    )
    expect(results).toEqual(Array(20).fill('asked again'))
  })
})

const vaultRows: readonly [string, (address: string, env: Env) => Promise<unknown>, string, string][] = [
  [
    'Vault transit',
    (address, env) =>
      hcVault.wrap(
        { type: 'hc_vault', fields: { vault_address: address, engine_path: 'transit', key_name: 'dev' }, enc: '' },
        dataKey,
        contextWith({ VAULT_TOKEN: 'hunter2-token', VAULT_ADDR: address, ...env }),
      ),
    "failed to encrypt sops data key to Vault transit backend 'transit/encrypt/dev': ",
    'transit/encrypt/dev',
  ],
  [
    'Vault KV',
    (address, env) => {
      const vault = { kind: 'vault', address, mount: 'secret/', path: 'team/', version: 2 }
      const leaf = { kind: 'leaf', value: 'hunter2-secret' }
      const plain = { documents: [{ kind: 'map', items: [{ kind: 'entry', key: 'a', value: leaf }] }] }
      return upload(
        { name: 'n', vault, plain } as never,
        contextWith({ VAULT_TOKEN: 'hunter2-token', VAULT_ADDR: address, ...env }),
      )
    },
    '',
    'secret/data/team/n',
  ],
]

describe.each(vaultRows)('%s', (_name, ask, head, path) => {
  const told = async (answer: (response: ServerResponse) => unknown, env: Env = {}): Promise<[string, string]> => {
    const { told, address } = await failing({ ask: (at, more) => ask(at, { ...more, ...env }) }, answer)
    return [told, `${head || `could not publish to ${address}/v1/${path}: `}`.concat(`|${address}`)]
  }

  test.each<[string, number, string, string, Env]>([
    ['400', 400, 'encryption key not found', 'the engine has no such key (VAULT_NAMESPACE is not set)', {}],
    ['400 of another kind', 400, 'bad', '', {}],
    [
      'denied',
      403,
      'permission denied',
      'the token has expired, or none of its policies allows this (VAULT_NAMESPACE is not set)',
      {},
    ],
    [
      'denied in a namespace',
      403,
      'permission denied',
      'the token has expired, or none of its policies allows this in the namespace team-a',
      { VAULT_NAMESPACE: 'team-a' },
    ],
    [
      '404',
      404,
      'no handler for route "transit/encrypt/dev". route entry not found.',
      'no secrets engine is mounted there (VAULT_NAMESPACE is not set)',
      {},
    ],
    ['429', 429, 'request path: rate limit quota exceeded', '', {}],
    ['500', 500, '1 error occurred', '', {}],
    ['503', 503, 'Vault is sealed', '', {}],
  ])('its own answer: %s', async (_, status, error, advice, env) => {
    const [text, place] = await told(
      (response) => json(response, status, { errors: [error] }, { 'X-Request-Id': 'r-1' }),
      env,
    )
    const [start, address] = place.split('|')
    expect(text).toBe(
      [
        `${start}Error making API request.`,
        '',
        ...(env['VAULT_NAMESPACE'] ? ['Namespace: team-a'] : []),
        `URL: PUT ${address}/v1/${path}`,
        `Code: ${status}, request id r-1. Errors:`,
        '',
        `* ${error}`,
        ...(advice === '' ? [] : ['', advice]),
      ].join('\n'),
    )
  })

  test.each<[string, (response: ServerResponse) => unknown, RegExp]>([
    [
      'HTML',
      (response) => fail(response, { status: 502, body: html }),
      /Code: 502\. Raw Message:\n\nan answer of a proxy, not of Vault \("502 Bad Gateway"\); see HTTPS_PROXY and NO_PROXY, or ask who runs it$/,
    ],
    [
      'HTML with status 200',
      (response) => fail(response, { status: 200, body: html }),
      /an answer of a proxy, not of Vault \("502 Bad Gateway"\); .* \(status 200 from 127\.0\.0\.1:\d+\)$/,
    ],
    [
      'half of the JSON',
      (response) => fail(response, { status: 200, body: '{"data":{"cipher' }),
      /the answer of the Vault server is cut off, or not a JSON object \(status 200 from 127\.0\.0\.1:\d+\)$/,
    ],
    [
      'half of the body',
      (response) => {
        response.writeHead(200, { 'Content-Length': 100 }).write('{"da')
        setTimeout(() => response.destroy(), 20)
      },
      /the answer of 127\.0\.0\.1:\d+ is cut off$/,
    ],
    [
      '301',
      (response) =>
        fail(response, { status: 301, headers: { Location: 'https://user:hunter2-pass@other.example/v1/x' } }),
      /redirect to another server: the Vault server https:\/\/other\.example is none that you named/,
    ],
    [
      'a reset',
      (response) => response.socket?.resetAndDestroy(),
      /cannot reach 127\.0\.0\.1:\d+: read: connection reset by peer$/,
    ],
  ])('%s', async (_, answer, text) => {
    expect((await told(answer))[0]).toMatch(text)
  })

  test.each([
    ['refused', 'http://127.0.0.1:1', /cannot reach 127\.0\.0\.1:1: connect 127\.0\.0\.1:1: connection refused$/],
    ['a name that is none', 'https://cloud.invalid', /cloud\.invalid/],
  ])('%s', async (_, address, text) => {
    expect(await cause(ask(address, hasty))).toMatch(text)
  })

  test('503 for 0.6 seconds passes, 20 times of 20', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => {
        let since: number | undefined
        const server = await listen((_, response) => {
          since ??= performance.now()
          return performance.now() - since < 600
            ? json(response, 503, { errors: ['sealed'] })
            : json(response, 200, { data: { ciphertext: 'vault:v1:x', version: 1 } })
        })
        const result = await cause(ask(server.address, {}))
        await server.close()
        return result
      }),
    )
    expect(statuses).toEqual(Array(20).fill('no error'))
  })
})
