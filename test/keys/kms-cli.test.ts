// Whole commands on files whose keys live in clouds.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type AwsEmulator, awsDefaults, startAws } from '../support/emulators/aws.ts'
import { type GcpEmulator, startGcpRest } from '../support/emulators/gcp.ts'
import { makeProject, type Person, type Project } from '../support/project.ts'

const arn = 'arn:aws:kms:eu-west-2:1:key/a'
const role = 'arn:aws:iam::1:role/r'
const other = 'arn:aws:kms:us-east-1:1:alias/b'
const resource = 'projects/p/locations/global/keyRings/r/cryptoKeys/k'
const text = 'a: 1\nb: secret # note\n'

let aws: AwsEmulator
let gcp: GcpEmulator
let both: Record<string, string>
let onlyAws: Record<string, string>
let onlyGcp: Record<string, string>
beforeAll(async () => {
  aws = await startAws({ keys: { [arn]: 'enabled', [other]: 'enabled' }, roles: [role] })
  gcp = await startGcpRest({ keys: { [resource]: 'enabled' } })
  const noAws = { AWS_EC2_METADATA_DISABLED: 'true' }
  const noGcp = { GCE_METADATA_HOST: '127.0.0.1:1' }
  const server = { SOPS_GCP_KMS_ENDPOINT: `http://127.0.0.1:${gcp.port}`, SOPS_GCP_KMS_CLIENT_TYPE: 'rest' }
  onlyAws = { ...awsDefaults, AWS_ENDPOINT_URL: aws.url, ...server, ...noGcp }
  onlyGcp = { AWS_ENDPOINT_URL: aws.url, ...noAws, ...server, GOOGLE_OAUTH_ACCESS_TOKEN: 'gcp-token' }
  both = { ...onlyAws, ...onlyGcp, ...awsDefaults }
})
afterAll(async () => {
  await aws.close()
  await gcp.close()
})

let project: Project
let nobody: Person
beforeEach(() => {
  project = makeProject({ 'secrets.yaml': text })
  nobody = project.person('nobody')
})
afterEach(() => project.remove())

test('keys from flags: either cloud opens the file, with its context, profile-less entry and role', async () => {
  const flags = ['--kms', `${arn}+${role}`, '--gcp-kms', resource, '--encryption-context', 'env:prod,app:x']
  expect(await nobody.sops(['encrypt', '-i', ...flags, 'secrets.yaml'], { env: both })).toMatchObject({ code: 0 })
  const file = project.read('secrets.yaml')
  expect(file).toMatch(
    /kms:\n +- arn: arn:aws:kms:eu-west-2:1:key\/a\n +aws_profile: ""\n +context:\n +app: x\n +env: prod\n +created_at: "[^"]+Z"\n +enc: [A-Za-z0-9+/=]+\n +role: arn:aws:iam::1:role\/r\n/,
  )
  expect(file).toMatch(/gcp_kms:\n +- created_at: "[^"]+Z"\n +enc: [A-Za-z0-9+/=]+\n +resource_id: projects\/p/)
  for (const env of [onlyAws, onlyGcp])
    expect(await nobody.sops(['decrypt', 'secrets.yaml'], { env })).toMatchObject({ code: 0, stdout: text, stderr: '' })
})

test('two groups need both clouds', async () => {
  project.write(
    '.sops.yaml',
    `creation_rules:
  - key_groups:
      - kms:
          - arn: ${arn}
            context:
              env: prod
          - arn: ${other}
      - gcp_kms:
          - resource_id: ${resource}
`,
  )
  expect(await nobody.sops(['encrypt', '-i', 'secrets.yaml'], { env: both })).toMatchObject({ code: 0 })
  expect(await nobody.sops(['decrypt', 'secrets.yaml'], { env: both })).toMatchObject({ code: 0, stdout: text })
  const { code, stdout, stderr } = await nobody.sops(['decrypt', 'secrets.yaml'], { env: onlyAws })
  expect([code, stdout]).toEqual([128, ''])
  expect(stderr).toContain('Group 0: SUCCESS')
  expect(stderr).toMatch(/Group 1: FAILED\n {2}projects\/p\/.*: FAILED\n {4}- \| cannot create GCP KMS service/)
})

test('a key joins by rotate and leaves by its whole identity', async () => {
  await nobody.sops(['encrypt', '-i', '--kms', arn, 'secrets.yaml'], { env: both })
  const add = ['rotate', '-i', '--add-gcp-kms', resource, '--rm-kms', arn, 'secrets.yaml']
  expect(await nobody.sops(add, { env: both })).toMatchObject({ code: 0 })
  expect(project.read('secrets.yaml')).not.toContain('arn:aws')
  expect(await nobody.sops(['decrypt', 'secrets.yaml'], { env: onlyGcp })).toMatchObject({ code: 0, stdout: text })
  expect(await nobody.sops(['decrypt', 'secrets.yaml'], { env: onlyAws })).toMatchObject({ code: 128 })
})

test('all keys that fail are named, and nothing is written', async () => {
  const flags = ['--kms', `${arn},nonsense`, '--gcp-kms', 'projects/p']
  const { code, stderr } = await nobody.sops(['encrypt', '-i', ...flags, 'secrets.yaml'], { env: both })
  expect(code).toBe(1)
  expect(stderr).toContain(
    `failed to encrypt new data key with master key "nonsense": no valid ARN found in 'nonsense'`,
  )
  expect(stderr).toContain('master key "projects/p": cannot create GCP KMS service: no valid resource ID found in')
  expect(project.read('secrets.yaml')).toBe(text)
})
