// Vault over TLS: whom to trust, what to show, and that clear text is never fallen back to.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { hcVault } from '../../src/keys/hc-vault.ts'
import { fakeContext } from '../support/context.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { startVault, type VaultServer, type VaultServerOptions } from '../support/emulators/vault.ts'

let tls: TestCertificate
let client: TestCertificate
beforeAll(() => {
  tls = makeCertificate()
  client = makeCertificate()
})
afterAll(() => {
  tls.remove()
  client.remove()
})

const servers: VaultServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(options: Partial<VaultServerOptions['tls']> = {}): Promise<VaultServer> {
  const server = await startVault({ tls: { key: tls.key, cert: tls.cert, ...options } })
  servers.push(server)
  return server
}

async function wrapAt(address: string, env: Record<string, string>): Promise<string> {
  const ctx = fakeContext({
    env: { VAULT_TOKEN: 'test-token', VAULT_MAX_RETRIES: '0', VAULT_ADDR: address, ...env },
    cwd: dirname(tls.path),
  })
  const fields = { vault_address: address, engine_path: 'transit', key_name: 'dev' }
  return hcVault
    .wrap({ type: 'hc_vault', fields, enc: '' }, new Uint8Array(32).fill(9), ctx)
    .catch((error) => error.message)
}

test('a server that nobody vouches for gets nothing', async () => {
  const server = await serve()
  expect(await wrapAt(server.address, {})).toMatch(/cannot reach localhost:\d+: .*(self-signed|certificate)/)
  expect(await wrapAt(server.address, { VAULT_CACERT: client.path })).toMatch(/cannot reach/)
  expect(server.requests).toEqual([])
})

test.each(['VAULT_CACERT', 'VAULT_CACERT relative', 'VAULT_CACERT_BYTES', 'VAULT_CAPATH', 'VAULT_SKIP_VERIFY'])(
  '%s',
  async (variable) => {
    const server = await serve()
    const folder = join(dirname(tls.path), 'trusted')
    mkdirSync(join(folder, 'below'), { recursive: true })
    writeFileSync(join(folder, 'below', 'ca.pem'), tls.cert)
    writeFileSync(join(folder, 'README'), 'no certificate')
    const values: Record<string, Record<string, string>> = {
      VAULT_CACERT: { VAULT_CACERT: tls.path },
      'VAULT_CACERT relative': { VAULT_CACERT: 'cert.pem' },
      VAULT_CACERT_BYTES: { VAULT_CACERT_BYTES: tls.cert },
      VAULT_CAPATH: { VAULT_CAPATH: folder },
      VAULT_SKIP_VERIFY: { VAULT_SKIP_VERIFY: '1' },
    }
    expect(await wrapAt(server.address, values[variable]!)).toMatch(/^vault:v1:/)
    rmSync(folder, { recursive: true })
  },
)

test('VAULT_TLS_SERVER_NAME is the name that is checked', async () => {
  const server = await serve()
  const env = { VAULT_CACERT: tls.path, VAULT_TLS_SERVER_NAME: 'other.example' }
  expect(await wrapAt(server.address, env)).toMatch(/cannot reach .*other\.example/)
  const byNumber = server.address.replace('localhost', '127.0.0.1')
  expect(await wrapAt(byNumber, { ...env, VAULT_TLS_SERVER_NAME: 'localhost' })).toMatch(/^vault:v1:/)
})

test('a client certificate is shown', async () => {
  const server = await serve({ ca: client.cert, requestCert: true })
  const keyPath = join(dirname(client.path), 'key.pem')
  const env = { VAULT_CACERT: tls.path, VAULT_CLIENT_CERT: client.path, VAULT_CLIENT_KEY: keyPath }
  expect(await wrapAt(server.address, { VAULT_CACERT: tls.path })).toMatch(/cannot reach/)
  expect(await wrapAt(server.address, env)).toMatch(/^vault:v1:/)
})

test('a redirect to clear text is refused', async () => {
  const [server, plain] = [await serve(), await startVault()]
  servers.push(plain)
  server.faults.push({ status: 307, headers: { Location: `${plain.address}/v1/transit/encrypt/dev` } })
  expect(await wrapAt(server.address, { VAULT_CACERT: tls.path })).toMatch(/redirect would cause protocol downgrade$/)
  expect(plain.requests).toEqual([])
})
