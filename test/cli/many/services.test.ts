// What a run over many files asks of others: once for each wrapped key, and never for what it can do without.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type AwsEmulator, awsDefaults, startAws } from '../../support/emulators/aws.ts'
import { changedNames, makeWork, type Work } from './support.ts'

const arn = 'arn:aws:kms:eu-west-2:111122223333:key/many'
let aws: AwsEmulator
let work: Work
let env: Readonly<Record<string, string>>
beforeAll(async () => {
  aws = await startAws({ keys: { [arn]: 'enabled' } })
  env = { ...awsDefaults, AWS_ENDPOINT_URL: aws.url, SOPS_AGE_KEY: '' }
})
afterAll(() => aws.close())

beforeEach(async () => {
  work = await makeWork({}, { '.sops.yaml': `creation_rules:\n  - kms: ${arn}\n` })
  for (const name of ['one', 'two', 'three']) {
    work.write({ [`${name}.yaml`]: `a: ${name}\n` })
    await work.sops(['encrypt', '-i', `${name}.yaml`], { env })
  }
  // Ciphertext that was copied shares its wrapped key.
  for (const name of ['one', 'two', 'three'])
    for (let i = 0; i < 99; i++) work.write({ [`copies/${name}-${i}.yaml`]: work.read(`${name}.yaml`) })
  work.commit()
  aws.requests.length = 0
})
afterEach(() => work.remove())

const asked = (): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { action } of aws.requests.splice(0)) counts[action] = (counts[action] ?? 0) + 1
  return counts
}

test('300 files with 3 wrapped keys are 3 calls', async () => {
  const { code, stdout } = await work.sops(['decrypt', '--all', '--json'], { env })
  expect(code).toBe(0)
  expect((JSON.parse(stdout) as { summary: object }).summary).toEqual({ decrypted: 300, failed: 0 })
  expect(asked()).toEqual({ Decrypt: 3 })
})

test('set opens each once and wraps none; rotate wraps for each', async () => {
  const before = work.contents()
  expect((await work.sops(['set', '--all', '["a"]', '"new"'], { env })).code).toBe(0)
  expect(asked()).toEqual({ Decrypt: 3 })
  expect(changedNames(before, work.contents())).toHaveLength(300)
  expect((await work.sops(['rotate', '-i', '--all'], { env })).code).toBe(0)
  expect(asked()).toEqual({ Decrypt: 3, Encrypt: 300 })
})

test('updatekeys --check and dry runs of what needs no value ask nobody', async () => {
  expect((await work.sops(['updatekeys', '--check', '--all'], { env })).code).toBe(0)
  expect((await work.sops(['unlock', '--dry-run', '--all'], { env })).code).toBe(0)
  expect(asked()).toEqual({})
})

test('a call that fails is made once, and each file says so', async () => {
  const broken = await startAws({ keys: { [arn]: 'denied' } })
  try {
    const own = { ...env, AWS_ENDPOINT_URL: broken.url }
    const { code, stdout } = await work.sops(['rotate', '-i', '--json', 'copies/one-*.yaml'], { env: own })
    expect(code).toBe(128)
    expect((JSON.parse(stdout) as { summary: object }).summary).toEqual({ changed: 0, unchanged: 0, failed: 99 })
    expect(broken.requests.filter(({ action }) => action === 'Decrypt')).toHaveLength(1)
  } finally {
    await broken.close()
  }
})
