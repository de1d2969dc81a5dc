// The cases of spec/functional-cases.md that need a cloud or a Vault, by their numbers, here with emulators of them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AwsEmulator, awsDefaults, startAws } from '../support/emulators/aws.ts'
import { type S3Server, startS3 } from '../support/emulators/s3.ts'
import { startVault, type VaultServer } from '../support/emulators/vault.ts'
import { makeSuite, read, type Suite } from './suite.ts'

const arn = 'arn:aws:kms:eu-west-2:1:key/a'
const token = expect.stringMatching(/^ENC\[/)

let suite: Suite
let s3: S3Server
let vault: VaultServer
let kms: AwsEmulator
beforeAll(async () => {
  s3 = await startS3()
  vault = await startVault({ token: 'root' })
  kms = await startAws({ keys: { [arn]: 'enabled' } })
  suite = makeSuite()
  suite.project.write(
    '.sops.yaml',
    `${suite.project.read('.sops.yaml')}destination_rules:
  - path_regex: test_encrypt_publish_s3\\.json
    s3_bucket: sops-publish-functional-tests
    s3_prefix: functional-test/
    reencryption_rule:
      pgp: 0000
  - path_regex: test_encrypt_publish_vault\\.json
    vault_address: ${vault.address}
    vault_path: functional-test/
    vault_kv_mount_name: secret/
    vault_kv_version: 2
  - path_regex: test_encrypt_publish_vault_version_1\\.json
    vault_address: ${vault.address}
    vault_path: functional-test-version-1/
    vault_kv_mount_name: kv/
    vault_kv_version: 1
`,
  )
})
afterAll(async () => {
  suite.remove()
  await Promise.all([s3.close(), vault.close(), kms.close()])
})

const text = '{"foo": 2, "bar": "baz"}'

test('3: publish to S3, by a rule with a field that nobody knows', async () => {
  const path = await suite.encrypted('test_encrypt_publish_s3.json', text)
  const env = { ...awsDefaults, AWS_ENDPOINT_URL_S3: s3.address, AWS_REGION: 'eu-west-2' }
  expect(await suite.sops(['publish', '--yes', path], { env })).toMatchObject({ code: 0 })
  expect([...s3.objects]).toEqual([
    ['sops-publish-functional-tests/functional-test/test_encrypt_publish_s3.json', Buffer.from(read(path))],
  ])
})

test.each([
  ['4', 'test_encrypt_publish_vault.json', '/v1/secret/data/functional-test/', { data: JSON.parse(text) }],
  ['5', 'test_encrypt_publish_vault_version_1.json', '/v1/kv/functional-test-version-1/', JSON.parse(text)],
])('%s: publish %s to Vault', async (_, name, place, body) => {
  const path = await suite.encrypted(name, text)
  expect(
    await suite.sops(['publish', '--yes', path], { env: { VAULT_TOKEN: 'root', VAULT_ADDR: vault.address } }),
  ).toMatchObject({ code: 0 })
  const last = vault.requests.at(-1)!
  expect([last.method, last.path, JSON.parse(last.body)]).toEqual(['PUT', place + name, body])
})

const aws = (): Record<string, string> => ({ ...awsDefaults, AWS_ENDPOINT_URL: kms.url })

test('6: a JSON file for a key in AWS KMS', async () => {
  const argv = ['encrypt', '--kms', arn, suite.file('6.json', text)]
  const { code, stdout } = await suite.sops(argv, { env: aws() })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ foo: token, bar: token, sops: { kms: [{ arn }] } })
})

test('36: with an encryption context', async () => {
  const path = suite.file('36.json', text)
  const argv = ['encrypt', '--kms', arn, '--encryption-context', 'foo:bar,one:two', '-i', path]
  expect(await suite.sops(argv, { env: aws() })).toMatchObject({ code: 0 })
  expect(JSON.parse(read(path)).sops.kms[0].context).toEqual({ foo: 'bar', one: 'two' })
  expect(await suite.sops(['decrypt', path], { env: aws() })).toMatchObject({ code: 0, stdout: text })
})
