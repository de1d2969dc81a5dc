import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { decrypt, encrypt } from '../../src/index.ts'
import { loadOptional } from '../../src/net/optional.ts'
import { type CliResult, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { fakeContext } from '../support/context.ts'
import { awsDefaults, startAws } from '../support/emulators/aws.ts'
import { type GcsServer, startGcs } from '../support/emulators/gcs.ts'
import { type S3Server, startS3 } from '../support/emulators/s3.ts'
import { startVault, type VaultServer } from '../support/emulators/vault.ts'
import { environmentIn, identity, recipient, secondRecipient } from './exec-support.ts'

let box: Sandbox
beforeEach(() => {
  box = sandbox({ 'home/x': '' })
})
afterEach(() => box.remove())

async function put(name: string, text: string, format: 'yaml' | 'json' | 'binary' = 'yaml'): Promise<Buffer> {
  mkdirSync(dirname(box.path(name)), { recursive: true })
  writeFileSync(box.path(name), await encrypt(text, { format, recipients: { age: recipient } }))
  return readFileSync(box.path(name))
}

const rules = (text: string): void => writeFileSync(box.path('.sops.yaml'), `destination_rules:\n${text}`)

const publishIn = (
  argv: readonly string[],
  options: { stdin?: string; env?: Record<string, string> } = {},
): Promise<CliResult> =>
  runCli(['publish', ...argv], {
    cwd: box.dir,
    env: { ...environmentIn(box), ...options.env },
    stdin: options.stdin ?? '',
  })

test('a package that is not installed is named', async () => {
  const absent = 'no-such-sdk'
  await expect(loadOptional(absent, () => import(absent))).rejects.toThrow(
    'missing package no-such-sdk: npm i -g no-such-sdk',
  )
})

const done = { code: 0, stdout: Buffer.alloc(0), stderr: '' }

describe('S3', () => {
  let s3: S3Server
  beforeAll(async () => {
    s3 = await startS3()
  })
  afterAll(() => s3.close())
  beforeEach(() => s3.objects.clear())

  const publish = (argv: readonly string[], options: { stdin?: string } = {}): Promise<CliResult> =>
    publishIn(argv, {
      ...options,
      env: {
        AWS_ENDPOINT_URL_S3: s3.address,
        AWS_ACCESS_KEY_ID: 'AKIATEST',
        AWS_SECRET_ACCESS_KEY: 'not a secret',
        AWS_REGION: 'eu-test-1',
      },
    })

  test('gets the bytes of the file under prefix and name', async () => {
    const bytes = await put('f.yaml', 'a: 1\n')
    rules('  - s3_bucket: b\n    s3_prefix: some/p-\n')
    expect(await publish(['--yes', 'f.yaml'])).toEqual(done)
    expect([...s3.objects]).toEqual([['b/some/p-f.yaml', bytes]])
    expect(s3.scopes.at(-1)).toMatch(/^AKIATEST\/\d{8}\/eu-test-1\/s3\/aws4_request$/)
  })

  test('asks first; the answer counts', async () => {
    await put('f.yaml', 'a: 1\n')
    rules('  - s3_bucket: b\n')
    const question = `uploading ${box.path('f.yaml')} to s3://b/f.yaml ? (y/n): `
    const no = await publish(['f.yaml'], { stdin: 'n\n' })
    expect([no.code, no.stdout.toString(), no.stderr]).toEqual([
      1,
      question,
      `error: f.yaml: Publication of ${box.path('f.yaml')} canceled\n`,
    ])
    expect(s3.objects.size).toBe(0)
    const yes = await publish(['f.yaml'], { stdin: 'y\n' })
    expect([yes.code, yes.stdout.toString()]).toEqual([0, question])
    expect(s3.objects.size).toBe(1)
  })

  test('a folder in the order of names, each file by its own answer', async () => {
    for (const name of ['d/a.yaml', 'd/a/z.yaml', 'd/b.yaml', 'd/ä.yaml']) await put(name, 'a: 1\n')
    rules('  - s3_bucket: b\n')
    const { code, stdout } = await publish(['--recursive', '--omit-extensions', 'd'], { stdin: 'y\nn\ny\ny\n' })
    expect(code).toBe(0)
    expect([...s3.objects.keys()]).toEqual(['b/a/z', 'b/b', 'b/ä'])
    expect(stdout.toString()).toContain(`Publication of ${box.path('d/a.yaml')} canceled\n`)
  })

  test('a file that is not encrypted stops a walk, and is not uploaded', async () => {
    await put('d/a.yaml', 'a: 1\n')
    writeFileSync(box.path('d/b.yaml'), 'password: fake\n')
    await put('d/c.yaml', 'a: 1\n')
    rules('  - s3_bucket: b\n')
    expect(await publish(['--yes', '--recursive', 'd'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('sops metadata not found\n'),
    })
    expect([...s3.objects.keys()]).toEqual(['b/a.yaml'])
  })

  test.each([
    ['f.tar.yaml', 'b/f.tar'],
    ['dir.d/plain', 'b/plain'],
    // All extension: nothing would be left.
    ['.yaml', 'b/.yaml'],
  ])('--omit-extensions: %s becomes %s', async (name, key) => {
    await put(name, 'a: 1\n')
    rules('  - s3_bucket: b\n')
    expect(await publish(['--yes', '--omit-extensions', name])).toEqual(done)
    expect([...s3.objects.keys()]).toEqual([key])
  })

  test('a recreation rule: for its recipients, with its suffix, and with nothing else of the file', async () => {
    await put('f.yaml', '# note\na: 1\nb_clear:   text\n')
    const rule = `    recreation_rule:\n      age: ${recipient},${secondRecipient}\n      unencrypted_suffix: _clear\n`
    rules(`  - s3_bucket: b\n${rule}`)
    const before = readFileSync(box.path('f.yaml'))
    const { code, stdout } = await publish(['--yes', 'f.yaml'])
    expect(code).toBe(0)
    expect(stdout.toString()).toBe(
      `The following changes will be made to the file's key groups:\nGroup 1\n    ${recipient}\n+++ ${secondRecipient}\n`,
    )
    expect(readFileSync(box.path('f.yaml'))).toEqual(before)
    const object = s3.objects.get('b/f.yaml')!.toString()
    expect(object).toContain('b_clear:   text\n')
    expect(object).toContain('unencrypted_suffix: _clear')
    const context = fakeContext({ env: { SOPS_AGE_KEY: identity } })
    expect(Buffer.from(await decrypt(object, { context })).toString()).toBe('# note\na: 1\nb_clear:   text\n')
  })

  test('a recreation rule without suffix encrypts everything', async () => {
    const plain = 'a_clear: text\n'
    writeFileSync(
      box.path('f.yaml'),
      await encrypt(plain, { format: 'yaml', recipients: { age: recipient }, unencryptedSuffix: '_clear' }),
    )
    rules(`  - s3_bucket: b\n    recreation_rule: { age: ${recipient} }\n`)
    expect(await publish(['--yes', 'f.yaml'])).toMatchObject({ code: 0 })
    const object = s3.objects.get('b/f.yaml')!.toString()
    expect(object).toMatch(/^a_clear: ENC\[/)
    const context = fakeContext({ env: { SOPS_AGE_KEY: identity } })
    expect(Buffer.from(await decrypt(object, { context })).toString()).toBe(plain)
  })

  test('a recreation rule without suffix for names that readers take for clear ones', async () => {
    await put('f.yaml', 'a_unencrypted: text\n')
    rules(`  - s3_bucket: b\n    recreation_rule: { age: ${recipient} }\n`)
    expect(await publish(['--yes', 'f.yaml'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/could not be opened again.*a_unencrypted.*\n.*hint: give the recreation rule/),
    })
    expect(s3.objects.size).toBe(0)
  })

  test('a changed file is not sealed anew', async () => {
    const bytes = await put('f.yaml', 'a: one\nb_unencrypted: old\n')
    writeFileSync(box.path('f.yaml'), bytes.toString().replace(': old', ': new'))
    rules(`  - s3_bucket: b\n    recreation_rule: { age: ${recipient} }\n`)
    expect(await publish(['--yes', 'f.yaml'])).toMatchObject({ code: 51 })
    expect(s3.objects.size).toBe(0)
  })

  test('ten files opened with a KMS key: one set of credentials for both services, and one client of each', async () => {
    const arn = 'arn:aws:kms:eu-west-2:1:key/a'
    const role = 'arn:aws:iam::1:role/r'
    const aws = await startAws({ keys: { [arn]: 'enabled' }, roles: [role] })
    const names = Array.from({ length: 10 }, (_, i) => `all/${i}.yaml`)
    const own = { ...environmentIn(box), AWS_ENDPOINT_URL: aws.url }
    for (const name of names) {
      mkdirSync(dirname(box.path(name)), { recursive: true })
      writeFileSync(box.path(name), 'a: 1\n')
      const argv = ['encrypt', '-i', '--kms', arn, name]
      expect(await runCli(argv, { cwd: box.dir, env: { ...own, ...awsDefaults } })).toMatchObject({ code: 0 })
    }
    aws.requests.length = 0
    writeFileSync(box.path('token'), 'the-token')
    rules(`  - s3_bucket: b\n    recreation_rule: { age: ${recipient} }\n`)
    const identity = { AWS_WEB_IDENTITY_TOKEN_FILE: box.path('token'), AWS_ROLE_ARN: role, AWS_REGION: 'eu-west-2' }
    const env = { ...own, ...identity, AWS_ENDPOINT_URL_S3: s3.address, AWS_EC2_METADATA_DISABLED: 'true' }
    s3.scopes.length = 0
    expect(await publishIn(['--yes', '--recursive', 'all'], { env })).toMatchObject({ code: 0 })
    expect(s3.objects.size).toBe(10)
    expect(aws.requests.map(({ action }) => action)).toEqual([
      'AssumeRoleWithWebIdentity',
      ...Array(10).fill('Decrypt'),
    ])
    expect(new Set(aws.requests.slice(1).map(({ port }) => port)).size).toBe(1)
    const used = aws.requests.slice(1).map(({ accessKeyId }) => accessKeyId)
    expect(new Set([...used, ...s3.scopes.map((scope) => scope.split('/')[0])]).size).toBe(1)
    await aws.close()
  })

  test('a refusal is an error', async () => {
    await put('f.yaml', 'a: 1\n')
    rules('  - s3_bucket: b\n')
    s3.faults.push('AccessDenied')
    expect(await publish(['--yes', 'f.yaml'])).toEqual({
      code: 1,
      stdout: Buffer.alloc(0),
      stderr: 'error: f.yaml: could not publish to s3://b/f.yaml: AccessDenied: as asked (status 403)\n',
    })
  })
})

describe('Google Cloud Storage', () => {
  let gcs: GcsServer
  beforeAll(async () => {
    gcs = await startGcs()
  })
  afterAll(() => gcs.close())
  beforeEach(() => gcs.objects.clear())
  const env = (): Record<string, string> => ({ STORAGE_EMULATOR_HOST: gcs.address })

  test('gets the bytes of the file under prefix and name', async () => {
    const bytes = await put('f &+.yaml', 'a: 1\n')
    rules('  - gcs_bucket: b\n    gcs_prefix: p/\n')
    expect(await publishIn(['--yes', 'f &+.yaml'], { env: env() })).toEqual(done)
    expect([...gcs.objects]).toEqual([['b/p/f &+.yaml', bytes]])
    expect(gcs.authorizations.at(-1)).toBe('')
  })

  test('the emulator may be given without a scheme', async () => {
    await put('f.yaml', 'a: 1\n')
    rules('  - gcs_bucket: b\n')
    const host = { STORAGE_EMULATOR_HOST: gcs.address.replace('http://', '') }
    expect(await publishIn(['--yes', 'f.yaml'], { env: host })).toEqual(done)
  })

  test.each<[string, GcsServer['faults'][number], RegExp]>([
    ['a refusal', { status: 403 }, /^error: f\.yaml: could not publish to gcs:\/\/b\/f\.yaml: .*as asked/],
    ['another content than was sent', 'corrupt', /the stored object has another checksum than the file/],
  ])('%s is an error', async (_, fault, message) => {
    await put('f.yaml', 'a: 1\n')
    rules('  - gcs_bucket: b\n')
    gcs.faults.push(fault)
    const { code, stderr } = await publishIn(['--yes', 'f.yaml'], { env: env() })
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
  })

  test('a connection that breaks before the answer is an error', async () => {
    await put('f.yaml', 'a: 1\n')
    rules('  - gcs_bucket: b\n')
    gcs.faults.push('drop', 'drop', 'drop', 'drop', 'drop')
    const { code, stderr } = await publishIn(['--yes', 'f.yaml'], { env: env() })
    gcs.faults.length = 0
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: f\.yaml: could not publish to gcs:\/\/b\/f\.yaml: /)
    expect(gcs.objects.size).toBe(0)
  })

  test('a busy service is asked again', async () => {
    await put('f.yaml', 'a: 1\n')
    rules('  - gcs_bucket: b\n')
    gcs.faults.push({ status: 503 })
    expect(await publishIn(['--yes', 'f.yaml'], { env: env() })).toEqual(done)
    expect(gcs.objects.size).toBe(1)
  })

  test('no credentials', async () => {
    await put('f.yaml', 'a: 1\n')
    rules('  - gcs_bucket: b\n')
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', box.path('missing.json'))
    const { code, stderr } = await publishIn(['--yes', 'f.yaml'])
    vi.unstubAllEnvs()
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: f\.yaml: could not publish to gcs:\/\/b\/f\.yaml: /)
  })
})

describe('Vault', () => {
  let vault: VaultServer
  beforeAll(async () => {
    vault = await startVault({ token: 'root' })
    Object.assign(env, { VAULT_ADDR: vault.address })
  })
  afterAll(() => vault.close())
  beforeEach(() => {
    vault.secrets.clear()
    vault.requests.length = 0
  })
  const methods = (): string[] => vault.requests.map(({ method }) => method)
  const env: Record<string, string> = { VAULT_TOKEN: 'root' }
  const rule = (more = ''): void => rules(`  - vault_path: team\n    vault_address: ${vault.address}\n${more}`)

  test('version 2 gets the values of all documents as one map', async () => {
    const text = [
      '# note',
      'a: 1',
      'f: 1.5',
      'whole: 2.0',
      'b: true',
      'n: null',
      'when: 2026-01-02T03:04:05Z',
      'list:',
      '  # inside',
      '  - x: 1',
      '  - [2, y]',
      'big: 9007199254740993',
      '---',
      'a: later',
      '__proto__: own',
      '',
    ].join('\n')
    await put('f.yaml', text)
    rule()
    expect(await publishIn(['--yes', 'f.yaml'], { env })).toEqual({
      ...done,
      stderr: 'warning: f.yaml: several documents have ["a"]: only the last value of each is published\n',
    })
    expect(methods()).toEqual(['GET', 'PUT'])
    const { path, body, headers } = vault.requests[1]!
    expect(path).toBe('/v1/secret/data/team/f.yaml')
    expect(headers).toMatchObject({ 'x-vault-token': 'root', 'x-vault-request': 'true' })
    expect(body).toContain('"big":9007199254740993')
    expect(body).toContain('"__proto__":"own"')
    expect(JSON.parse(body.replace('"__proto__":"own"', '"proto":"own"'))).toEqual({
      data: {
        a: 'later',
        f: 1.5,
        whole: 2,
        b: true,
        n: null,
        when: '2026-01-02T03:04:05Z',
        list: [{ x: 1 }, [2, 'y']],
        big: 9007199254740992,
        proto: 'own',
      },
    })
  })

  test.each([
    ['2', '/v1/secret/data/team/f.yaml'],
    ['1', '/v1/kv/team/f.yaml'],
  ])('version %s: what is there already is not written again', async (version, path) => {
    await put('f.yaml', 'a: 1\nb: {c: [x]}\n')
    rule(`    vault_kv_version: ${version}\n${version === '1' ? '    vault_kv_mount_name: kv\n' : ''}`)
    expect(await publishIn(['--yes', 'f.yaml'], { env })).toEqual(done)
    expect(await publishIn(['--yes', 'f.yaml'], { env })).toEqual(done)
    expect(vault.requests.map((request) => `${request.method} ${request.path}`)).toEqual([
      `GET ${path}`,
      `PUT ${path}`,
      `GET ${path}`,
    ])
    const data = { a: 1, b: { c: ['x'] } }
    expect(vault.secrets.get(path)).toEqual(version === '1' ? data : { data, metadata: {} })
  })

  test.each([
    ['-0.0', '0.0'],
    ['9007199254740993', '9007199254740992'],
    ['-9007199254740993', '-9007199254740994'],
    ['1e21', '1e22'],
    ['1.10', '1.11'],
    ['-1', '1'],
  ])('version 2: %s is compared by its digits: written once, and again when it is %s', async (value, other) => {
    rule()
    await put('f.yaml', `a: ${value}\nb: [{c: ${value}}]\n`)
    for (const _ of [1, 2]) expect(await publishIn(['--yes', 'f.yaml'], { env })).toEqual(done)
    expect(methods()).toEqual(['GET', 'PUT', 'GET'])
    await put('f.yaml', `a: ${value}\nb: [{c: ${other}}]\n`)
    for (const _ of [1, 2]) expect(await publishIn(['--yes', 'f.yaml'], { env })).toEqual(done)
    expect(methods().slice(3)).toEqual(['GET', 'PUT', 'GET'])
  })

  test('a binary file has one value', async () => {
    await put('f.bin', 'text\n', 'binary')
    rule()
    expect(await publishIn(['--yes', 'f.bin'], { env })).toEqual(done)
    expect(JSON.parse(vault.requests[1]!.body)).toEqual({ data: { data: 'text\n' } })
  })

  test('what JSON cannot hold is refused by its place', async () => {
    await put('f.yaml', 'a:\n  b: .nan\n')
    rule()
    const { code, stderr } = await publishIn(['--yes', 'f.yaml'], { env })
    expect(code).toBe(1)
    expect(stderr).toMatch(/a number that is not finite cannot be stored in Vault \(at \["a"\]\["b"\]\)/)
    expect(vault.requests).toEqual([])
  })

  test('a secret that cannot be read is warned about and written; one that cannot be written is an error', async () => {
    await put('f.yaml', 'a: hidden\n')
    rule()
    vault.faults.push({ status: 403, body: '{"errors":["permission denied"]}' })
    const written = await publishIn(['--yes', 'f.yaml'], { env })
    expect(written.code).toBe(0)
    expect(written.stderr).toMatch(/^warning: f\.yaml: Cannot check if destination secret already exists in /)
    vault.secrets.clear()
    const { code, stderr } = await publishIn(['--yes', 'f.yaml'], { env: { ...env, VAULT_TOKEN: 'wrong' } })
    expect(code).toBe(1)
    expect(stderr).toContain(
      `could not publish to ${vault.address}/v1/secret/data/team/f.yaml: Error making API request.`,
    )
    expect(stderr).not.toMatch(/hidden|wrong/)
  })

  test.each([
    ['nothing', ''],
    ['an answer without a version', '{"data":null}'],
    ['a page', '<html>welcome</html>'],
  ])('%s, with status 200, is no confirmation', async (_, body) => {
    await put('f.yaml', 'a: hidden\n')
    rule()
    vault.faults.push({ status: 404, body: '{"errors":[]}' }, { status: 200, body })
    const { code, stderr } = await publishIn(['--yes', 'f.yaml'], { env })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: f\.yaml: could not publish to .*(?:did not confirm that|answer of a proxy)/)
    expect(stderr).not.toContain('hidden')
  })

  test('an answer without a version is one if the secret is there then', async () => {
    await put('f.yaml', 'a: hidden\n')
    rule()
    vault.faults.push(
      { status: 404, body: '{"errors":[]}' },
      { status: 200, body: '{}' },
      { status: 200, body: '{"data":{"data":{"a":"hidden"},"metadata":{"version":1}}}' },
    )
    expect(await publishIn(['--yes', 'f.yaml'], { env })).toEqual(done)
    expect(methods()).toEqual(['GET', 'PUT', 'GET'])
  })

  test('a server that the user did not name is sent nothing', async () => {
    await put('f.yaml', 'a: 1\n')
    rule()
    const away = { ...env, VAULT_ADDR: 'https://v.example' }
    const { code, stderr } = await publishIn(['--yes', 'f.yaml'], { env: away })
    expect(code).toBe(1)
    expect(stderr).toContain(`could not publish to ${vault.address}/v1/secret/data/team/f.yaml: the Vault server `)
    expect(stderr).toContain(`SOPS_HC_VAULT_ALLOWLIST=${vault.address}`)
    expect(methods()).toEqual([])
  })

  test("the token is VAULT_TOKEN's alone", async () => {
    await put('f.yaml', 'a: 1\n')
    writeFileSync(box.path('home/.vault-token'), 'root')
    chmodSync(box.path('home/.vault-token'), 0o600)
    rule()
    expect(await publishIn(['--yes', 'f.yaml'], { env: { ...env, VAULT_TOKEN: '' } })).toMatchObject({ code: 1 })
    expect(vault.requests.length).toBeGreaterThan(0)
    expect(vault.requests.every(({ headers }) => headers['x-vault-token'] === undefined)).toBe(true)
  })
})
