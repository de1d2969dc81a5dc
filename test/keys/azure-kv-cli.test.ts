// Azure, Vault and HuaweiCloud keys at the command line, each against its loopback service.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { makeCertificate, type TestCertificate } from '../support/emulators/aws-tls.ts'
import { type AzureServer, startAzure } from '../support/emulators/azure.ts'
import { type HuaweiServer, startHuawei } from '../support/emulators/huawei.ts'
import { startVault, type VaultServer } from '../support/emulators/vault.ts'
import { runProgram } from '../support/process.ts'

const plain = 'a: 1\nb: two\n'
let tls: TestCertificate
let azure: AzureServer
let vault: VaultServer
let huawei: HuaweiServer
let box: Sandbox
let env: Record<string, string>

beforeAll(async () => {
  tls = makeCertificate()
  azure = await startAzure({ tls })
  vault = await startVault()
  huawei = await startHuawei()
  env = {
    SSL_CERT_FILE: tls.path,
    AZURE_TENANT_ID: 'tenant-1',
    AZURE_CLIENT_ID: 'client-1',
    AZURE_CLIENT_SECRET: 'client-secret',
    AZURE_AUTHORITY_HOST: azure.address,
    SOPS_AZURE_KEYVAULT_ORIGINS: azure.address,
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: 'test-token',
    HUAWEICLOUD_SDK_AK: 'AK',
    HUAWEICLOUD_SDK_SK: 'SK-secret',
    HUAWEICLOUD_SDK_PROJECT_ID: 'p1',
    HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: huawei.address,
  }
  box = sandbox({
    'plain.yaml': plain,
    'group.yaml': plain,
    'flat.yaml': plain,
    '.sops.yaml': `creation_rules:
  - path_regex: group
    shamir_threshold: 2
    key_groups:
      - azure_keyvault:
          - vaultUrl: ${azure.address}
            key: main
      - hc_vault:
          - ${vault.address}/v1/transit/keys/dev
      - hckms:
          - key_id: tr-west-1:key-1
  - path_regex: flat
    azure_keyvault: ${azure.address}/keys/main/v1
    hc_vault_transit_uri: ${vault.address}/v1/transit/keys/dev
    hckms:
      - tr-west-1:key-1
  - path_regex: plain
`,
  })
})

afterAll(async () => {
  await Promise.all([azure.close(), vault.close(), huawei.close()])
  tls.remove()
  box.remove()
})

const sops = (...argv: string[]) => runCli(argv, { cwd: box.dir, env })
const only = (...names: RegExp[]): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => names.some((one) => one.test(name))))

test('flags make one group; each key alone opens the file', async () => {
  const [azureUrl, vaultUri] = [`${azure.address}/keys/main`, `${vault.address}/v1/transit/keys/dev`]
  const flags = ['--azure-kv', azureUrl, '--hc-vault-transit', vaultUri, '--hckms', 'tr-west-1:key-1']
  const sealed = await sops('encrypt', ...flags, 'plain.yaml')
  expect([sealed.stderr, sealed.code]).toEqual(['', 0])
  const text = sealed.stdout.toString()
  expect(text).toMatch(
    / {4}azure_kv:\n {8}- created_at: "[^"]+"\n {10}enc: \S{342}\n {10}name: main\n {10}vault_url: \S+\n {10}version: v2\n/,
  )
  expect(text).toMatch(
    / {4}hc_vault:\n {8}- created_at: "[^"]+"\n {10}enc: vault:v1:\S+\n {10}engine_path: transit\n {10}key_name: dev\n/,
  )
  expect(text).toMatch(/ {4}hckms:\n {8}- created_at: "[^"]+"\n {10}enc: \S+\n {10}key_id: tr-west-1:key-1\n/)
  writeFileSync(box.path('sealed.yaml'), text)
  for (const names of [/^AZURE/, /^VAULT/, /^HUAWEI/]) {
    // The other services refuse, and the next key is tried.
    const opened = await runCli(['decrypt', 'sealed.yaml'], {
      cwd: box.dir,
      env: { ...env, VAULT_TOKEN: 'x', AZURE_CLIENT_SECRET: 'x', HUAWEICLOUD_SDK_SK: 'x', ...only(names) },
    })
    expect([opened.code, opened.stdout.toString()]).toEqual([0, plain])
  }
})

test('key groups of the three: two of them open the file, one does not', async () => {
  const sealed = await sops('encrypt', '-i', 'group.yaml')
  expect([sealed.stderr, sealed.code]).toEqual(['', 0])
  const two = { ...env, VAULT_TOKEN: 'x' }
  const opened = await runCli(['decrypt', 'group.yaml'], { cwd: box.dir, env: two })
  expect([opened.code, opened.stdout.toString()]).toEqual([0, plain])
  const one = await runCli(['decrypt', 'group.yaml'], { cwd: box.dir, env: { ...two, AZURE_CLIENT_SECRET: 'x' } })
  expect(one.code).toBe(128)
  expect(one.stderr).toContain('Group 2: SUCCESS')
  expect(one.stderr).not.toContain('client-secret')
})

test("the configuration's flat keys; rotate removes a key by its URL", async () => {
  expect((await sops('encrypt', '-i', 'flat.yaml')).code).toBe(0)
  const removed = await sops('rotate', '-i', '--rm-azure-kv', `${azure.address}/keys/main/v1`, 'flat.yaml')
  expect([removed.stderr, removed.code]).toEqual(['', 0])
  const shown = await sops('decrypt', '--extract', '["b"]', 'flat.yaml')
  expect(shown.stdout.toString()).toBe('two')
})

test("a process that trusts the vault by NODE_EXTRA_CA_CERTS, with a token of the SDK's chain", async () => {
  const sealed = await sops('encrypt', '--azure-kv', `${azure.address}/keys/main/v2`, 'plain.yaml')
  writeFileSync(box.path('azure.yaml'), sealed.stdout)
  mkdirSync(box.path('bin'))
  const answer = { accessToken: azure.validToken, expiresOn: '2030-01-01 00:00:00.000000', expires_on: 1_893_456_000 }
  writeFileSync(box.path('bin/az'), `#!/bin/sh\necho '${JSON.stringify({ ...answer, tokenType: 'Bearer' })}'\n`)
  chmodSync(box.path('bin/az'), 0o755)
  const base = {
    PATH: `${box.path('bin')}:${process.env.PATH}`,
    HOME: box.dir,
    NODE_EXTRA_CA_CERTS: tls.path,
    SOPS_AZURE_KEYVAULT_ORIGINS: azure.address,
  }
  const run = (more: Record<string, string>) =>
    runProgram(['decrypt', 'azure.yaml'], { cwd: box.dir, env: { ...base, ...more } })
  const direct = await run(only(/^AZURE/))
  expect([direct.stderr.toString(), direct.stdout.toString()]).toEqual(['', plain])
  const chain = await run({ AZURE_TOKEN_CREDENTIALS: 'dev' })
  expect([chain.stderr.toString(), chain.stdout.toString()]).toEqual(['', plain])
  const bogus = await run({ AZURE_TOKEN_CREDENTIALS: 'bogus' })
  expect(bogus.exit).toBe(128)
  expect(bogus.stderr.toString()).toMatch(/failed to get Azure token credential to decrypt: Invalid/)
})
