import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { gcpKms } from '../../src/keys/gcp-kms.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { type GcpEmulator, type GcpEmulatorOptions, startGcpGrpc, startGcpRest } from '../support/emulators/gcp.ts'

const name = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'
const dataKey = new Uint8Array(32).map((_, i) => 255 - i)

let tls: TestCertificate
beforeAll(() => {
  tls = makeCertificate()
})
afterAll(() => tls.remove())

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

const keyOf = (enc = '', id = name): MasterKey => ({
  type: 'gcp_kms',
  fields: { resource_id: id },
  createdAt: '2026-01-02T03:04:05Z',
  enc,
})

interface Setup {
  readonly server: GcpEmulator
  readonly ctx: FakeContext
}

async function setup(kind: 'grpc' | 'rest', options: Partial<GcpEmulatorOptions> = {}, env = {}): Promise<Setup> {
  const all = { keys: { [name]: 'enabled' as const }, ...options }
  const server = kind === 'grpc' ? await startGcpGrpc(all, tls) : await startGcpRest(all)
  open.push(server)
  const place =
    kind === 'grpc'
      ? { SOPS_GCP_KMS_ENDPOINT: `localhost:${server.port}`, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: tls.path }
      : { SOPS_GCP_KMS_ENDPOINT: `http://127.0.0.1:${server.port}`, SOPS_GCP_KMS_CLIENT_TYPE: 'REST' }
  return { server, ctx: fakeContext({ env: { ...place, GOOGLE_OAUTH_ACCESS_TOKEN: 'gcp-token', ...env } }) }
}

test.each(['grpc', 'rest'] as const)('wraps and unwraps over %s', async (kind) => {
  const { server, ctx } = await setup(kind)
  const enc = await gcpKms.wrap(keyOf(), dataKey, ctx)
  expect(enc).toMatch(/^[A-Za-z0-9+/]+=*$/)
  expect(await gcpKms.unwrap(keyOf(enc), ctx)).toEqual(dataKey)
  expect(server.requests.map(({ operation, authorization }) => `${operation} ${authorization}`)).toEqual([
    'encrypt Bearer gcp-token',
    'decrypt Bearer gcp-token',
  ])
})
