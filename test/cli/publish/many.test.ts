// `sops publish` of several files: all are made ready, one question, then one upload after the other.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encrypt } from '../../../src/index.ts'
import { runCli, type Sandbox, sandbox } from '../../support/cli.ts'
import { type S3Server, startS3 } from '../../support/emulators/s3.ts'
import { environmentIn, recipient, secondRecipient } from '../exec-support.ts'

let s3: S3Server
let box: Sandbox
beforeAll(async () => {
  s3 = await startS3()
})
afterAll(() => s3.close())
beforeEach(async () => {
  s3.objects.clear()
  box = sandbox({ 'home/x': '' })
  rules('  - {s3_bucket: b}\n')
  for (const name of ['d/a.yaml', 'd/e/b.yaml', 'c.yaml']) await put(name, 'x: 1\n')
})
afterEach(() => box.remove())

async function put(name: string, text: string): Promise<void> {
  mkdirSync(dirname(box.path(name)), { recursive: true })
  writeFileSync(box.path(name), await encrypt(text, { format: 'yaml', recipients: { age: recipient } }))
}

const rules = (text: string): void => writeFileSync(box.path('.sops.yaml'), `destination_rules:\n${text}`)

async function publish(
  argv: readonly string[],
  stdin = '',
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const env = {
    ...environmentIn(box),
    AWS_ENDPOINT_URL_S3: s3.address,
    AWS_ACCESS_KEY_ID: 'AKIATEST',
    AWS_SECRET_ACCESS_KEY: 'not a secret',
    AWS_REGION: 'eu-test-1',
  }
  const result = await runCli(['publish', ...argv], { cwd: box.dir, env, stdin })
  return { ...result, stdout: result.stdout.toString() }
}

const uploaded = (): readonly string[] => [...s3.objects.keys()]

describe('which files, and their names', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['several', ['c.yaml', 'd/a.yaml'], ['b/c.yaml', 'b/a.yaml']],
    ['a pattern', ['d/**/*.yaml'], ['b/a.yaml', 'b/b.yaml']],
    ['all', ['--all'], ['b/c.yaml', 'b/a.yaml', 'b/b.yaml']],
    ['all with their paths', ['--all', '--recursive'], ['b/c.yaml', 'b/d/a.yaml', 'b/d/e/b.yaml']],
    ['a list', ['--files-from', 'list'], ['b/c.yaml', 'b/a.yaml']],
    ['all but some', ['--all', '--exclude', 'd/e'], ['b/c.yaml', 'b/a.yaml']],
  ])('%s', async (_, argv, keys) => {
    writeFileSync(box.path('list'), 'c.yaml\nd/a.yaml\n')
    expect(await publish(['--yes', ...argv])).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(uploaded()).toEqual(keys)
  })

  test('two for one place are refused before anything is uploaded', async () => {
    await put('d/c.yaml', 'x: 2\n')
    const { code, stderr } = await publish(['--yes', '--all'])
    expect([code, uploaded()]).toEqual([1, []])
    expect(stderr).toContain('c.yaml and d/c.yaml would both be published to s3://b/c.yaml\n')
    expect(stderr).toContain('hint: --recursive publishes each under its path below the current folder\n')
  })

  test('one outside of the current folder has no path below it', async () => {
    const { code, stderr } = await publish(['--yes', '--recursive', '../x.yaml', 'c.yaml'])
    expect([code, uploaded()]).toEqual([1, []])
    expect(stderr).toContain('../x.yaml is outside of the current folder')
  })
})

describe('the question', () => {
  const question = 'c.yaml: to s3://b/c.yaml\nd/a.yaml: to s3://b/a.yaml\nPublish 2 files? (y/n): '

  test('is one for all', async () => {
    expect(await publish(['c.yaml', 'd/a.yaml'], 'y\n')).toEqual({ code: 0, stdout: question, stderr: '' })
    expect(uploaded()).toEqual(['b/c.yaml', 'b/a.yaml'])
  })

  test('no publishes none', async () => {
    const said = { code: 0, stdout: question, stderr: 'nothing was published\n' }
    expect(await publish(['c.yaml', 'd/a.yaml'], 'n\n')).toEqual(said)
    expect(uploaded()).toEqual([])
  })

  test('--json leaves no room for it', async () => {
    expect(await publish(['--json', '--all'])).toMatchObject({ code: 1, stdout: '' })
    expect(uploaded()).toEqual([])
  })
})

describe('failures', () => {
  test('a file that cannot be made ready keeps all from being uploaded', async () => {
    writeFileSync(box.path('plain.yaml'), 'x: 1\n')
    const { code, stderr } = await publish(['--yes', 'c.yaml', 'plain.yaml'])
    expect([code, uploaded()]).toEqual([1, []])
    expect(stderr).toContain('error: plain.yaml: sops metadata not found\n')
    expect(stderr).toContain('published 0, unchanged 1, failed 1: nothing was uploaded\n')
  })

  test('but for --keep-going only itself', async () => {
    writeFileSync(box.path('plain.yaml'), 'x: 1\n')
    const { code, stdout } = await publish(['--yes', '--keep-going', '--json', 'plain.yaml', 'c.yaml'])
    expect([code, uploaded()]).toEqual([1, ['b/c.yaml']])
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      command: 'publish',
      files: [
        { path: 'plain.yaml', status: 'failed', error: { message: 'sops metadata not found' } },
        { path: 'c.yaml', status: 'changed', to: 's3://b/c.yaml' },
      ],
      summary: { changed: 1, unchanged: 0, failed: 1 },
    })
  })

  test.each<[string, readonly string[], readonly string[], string]>([
    ['the rest is not tried', [], ['b/c.yaml'], 'published 1, unchanged 1, failed 1: what was uploaded stays\n'],
    ['with --keep-going it is', ['--keep-going'], ['b/c.yaml', 'b/b.yaml'], 'published 2, unchanged 0, failed 1: '],
  ])('an upload that fails: %s', async (_, argv, keys, said) => {
    rules('  - {path_regex: ^d/a, s3_bucket: NOT A BUCKET}\n  - {s3_bucket: b}\n')
    const { code, stderr } = await publish(['--yes', ...argv, 'c.yaml', 'd/a.yaml', 'd/e/b.yaml'])
    expect([code, uploaded()]).toEqual([1, keys])
    expect(stderr).toMatch(/^error: d\/a\.yaml: could not publish to /)
    expect(stderr).toContain(said)
  })
})

describe('a rehearsal', () => {
  test.each<[string, number]>([
    ['--dry-run', 0],
    ['--check', 1],
  ])('%s uploads nothing, and asks nothing', async (flag, code) => {
    const stdout = 'would publish c.yaml to s3://b/c.yaml\nwould publish d/a.yaml to s3://b/a.yaml\n'
    expect(await publish([flag, 'c.yaml', 'd/a.yaml'])).toEqual({ code, stdout, stderr: '' })
    expect(uploaded()).toEqual([])
  })

  test('of one file, and of a folder', async () => {
    expect((await publish(['--dry-run', 'c.yaml'])).stdout).toBe('would publish c.yaml to s3://b/c.yaml\n')
    expect((await publish(['--dry-run', '--recursive', 'd'])).stdout).toBe(
      'would publish d/a.yaml to s3://b/a.yaml\nwould publish d/e/b.yaml to s3://b/e/b.yaml\n',
    )
    expect(uploaded()).toEqual([])
  })

  test('as JSON', async () => {
    expect(JSON.parse((await publish(['--dry-run', '--json', 'c.yaml'])).stdout)).toMatchObject({
      files: [{ path: 'c.yaml', status: 'changed', to: 's3://b/c.yaml' }],
      summary: { changed: 1, unchanged: 0, failed: 0 },
    })
  })

  test('seals nothing anew', async () => {
    rules(`  - {s3_bucket: b, recreation_rule: {age: ${secondRecipient}, encrypted_suffix: x}}\n`)
    const { code, stdout } = await publish(['--dry-run', 'c.yaml', 'd/a.yaml'])
    expect([code, stdout]).toEqual([0, expect.not.stringContaining('+++')])
  })
})

test('a recreation rule: each file says how its recipients change', async () => {
  rules(`  - {s3_bucket: b, recreation_rule: {age: ${secondRecipient}, encrypted_suffix: x}}\n`)
  const before = readFileSync(box.path('c.yaml'))
  const { code, stdout } = await publish(['--yes', 'c.yaml', 'd/a.yaml'])
  expect(code).toBe(0)
  expect(stdout).toContain('The following changes will be made to the key groups of c.yaml:\n')
  expect(stdout).toContain('The following changes will be made to the key groups of d/a.yaml:\n')
  expect(s3.objects.get('b/c.yaml')?.toString()).toContain(secondRecipient)
  expect(readFileSync(box.path('c.yaml'))).toEqual(before)
})
