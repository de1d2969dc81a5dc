import { hostname } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import { kms } from '../../src/keys/kms.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { fakeContext } from '../support/context.ts'
import { type AwsEmulator, type AwsEmulatorOptions, awsDefaults, startAws } from '../support/emulators/aws.ts'

const arn = 'arn:aws:kms:eu-west-2:111122223333:key/bc436485-5092-42b8-92a3-0aa8b93536dc'
const dataKey = new Uint8Array(32).map((_, i) => i * 7)

const open: AwsEmulator[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

async function aws(options: Partial<AwsEmulatorOptions> = {}): Promise<AwsEmulator> {
  const server = await startAws({ keys: { [arn]: 'enabled' }, ...options })
  open.push(server)
  return server
}

const context = (server: AwsEmulator, env: Record<string, string | undefined> = {}) =>
  fakeContext({ env: { ...awsDefaults, AWS_ENDPOINT_URL: server.url, ...env } })

const keyOf = (fields: MasterKey['fields'] = {}, enc = ''): MasterKey => ({
  type: 'kms',
  fields: { arn, role: '', context: {}, aws_profile: '', ...fields },
  createdAt: '2026-01-02T03:04:05Z',
  enc,
})

describe('round trip', () => {
  test('wraps and unwraps, signed for the region of the ARN', async () => {
    const server = await aws()
    const ctx = context(server, { AWS_REGION: 'us-east-1' })
    const enc = await kms.wrap(keyOf(), dataKey, ctx)
    expect(await kms.unwrap(keyOf({}, enc), ctx)).toEqual(dataKey)
    expect(server.requests.map(({ action, region, accessKeyId }) => [action, region, accessKeyId])).toEqual([
      ['Encrypt', 'eu-west-2', 'AKIDTEST'],
      ['Decrypt', 'eu-west-2', 'AKIDTEST'],
    ])
    expect(server.requests[0]!.body).toEqual({ KeyId: arn, Plaintext: Buffer.from(dataKey).toString('base64') })
    expect(new Set(server.requests.map(({ port }) => port)).size).toBe(1)
  })
})
