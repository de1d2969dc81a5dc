// Servers, contexts and keys for the tests of AWS KMS keys.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll } from 'vitest'
// The table tells the program which variables hold secrets.
import '../../src/keys/key-types.ts'
import { kms } from '../../src/keys/kms.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { type AwsEmulator, type AwsEmulatorOptions, awsDefaults, startAws } from '../support/emulators/aws.ts'

export const arn = 'arn:aws:kms:eu-west-2:111122223333:key/bc436485-5092-42b8-92a3-0aa8b93536dc'
export const role = 'arn:aws:iam::111122223333:role/sops'
export const dataKey: Uint8Array = new Uint8Array(32).map((_, i) => i * 7)

export const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'sops-aws-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

export async function aws(options: Partial<AwsEmulatorOptions> = {}): Promise<AwsEmulator> {
  const server = await startAws({ keys: { [arn]: 'enabled' }, ...options })
  open.push(server)
  return server
}

export const context = (server: AwsEmulator, env: Record<string, string | undefined> = {}): FakeContext =>
  fakeContext({ env: { ...awsDefaults, AWS_ENDPOINT_URL: server.url, ...env }, now: new Date() })

/** Without credentials of its own, and away from any machine's. */
export const bare = (server: AwsEmulator, env: Record<string, string | undefined> = {}): FakeContext =>
  context(server, {
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...env,
  })

let files = 0
export function file(text: string): string {
  const path = join(home, `file${files++}`)
  writeFileSync(path, text)
  return path
}

export const keyOf = (fields: MasterKey['fields'] = {}, enc = ''): MasterKey => ({
  type: 'kms',
  fields: { arn, role: '', context: {}, aws_profile: '', ...fields },
  createdAt: '2026-01-02T03:04:05Z',
  enc,
})

export async function wrapped(server: AwsEmulator, fields: MasterKey['fields'] = {}): Promise<MasterKey> {
  return keyOf(fields, await kms.wrap(keyOf(fields), dataKey, context(server)))
}
