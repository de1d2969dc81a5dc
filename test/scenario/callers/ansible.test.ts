// community.sops for Ansible: the commands of SOPS 3.9 and later, /dev/stdin, exit codes, `filestatus`.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Caller, hasShell, identity, makeCaller, samples } from './caller.ts'

const nowhere = '/nonexistent'

describe.skipIf(!hasShell)('community.sops', () => {
  let ansible: Caller
  beforeEach(async () => {
    ansible = await makeCaller()
  })
  afterEach(() => ansible.remove())

  const encrypt = (
    words: readonly string[],
    stdin: string,
  ): Promise<{ code: number; stdout: string; stderr: string }> =>
    ansible.sops(['encrypt', ...words, '/dev/stdin'], { stdin })

  test('the version is 3.9 or later, in words that it knows', async () => {
    const { code, stdout, stderr } = await ansible.sops(['--version', '--disable-version-check'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [, major, minor] = /^sops ([0-9]+)\.([0-9]+)\.([0-9]+)/.exec(stdout) ?? []
    expect([Number(major), Number(minor) >= 9]).toEqual([3, true])
  })

  test.each(samples)('%s: the lookup, load_vars, the filter', async (type, suffix, text) => {
    const file = `group_vars.sops.${suffix}`
    ansible.write(file, text)
    await ansible.sops(['encrypt', '-i', file])
    expect(await ansible.sops(['decrypt', file])).toEqual({ code: 0, stdout: text, stderr: '' })
    const words = ['decrypt', '--input-type', type, '--output-type', type]
    expect(await ansible.sops([...words, file])).toMatchObject({ code: 0, stdout: text })
    expect(await ansible.sops([...words, '/dev/stdin'], { stdin: ansible.read(file) })).toMatchObject({ stdout: text })
    expect(JSON.parse((await ansible.sops(['filestatus', file])).stdout)).toEqual({ encrypted: true })
  })

  test('JSON and YAML of one tree, and what a name hides', async () => {
    ansible.write('hidden', samples[0][2])
    await ansible.sops(['encrypt', '-i', '--input-type', 'yaml', '--output-type', 'yaml', 'hidden'])
    const as = async (type: string): Promise<string> =>
      (await ansible.sops(['decrypt', '--input-type', 'yaml', '--output-type', type, 'hidden'])).stdout
    expect(JSON.parse(await as('json'))).toEqual(parse(samples[0][2]))
    expect(await as('yaml')).toBe(samples[0][2])
    const json = await encrypt(
      ['--input-type', 'json', '--output-type', 'json', '--filename-override', 'x'],
      samples[1][2],
    )
    expect(
      await ansible.sops(['decrypt', '--input-type', 'json', '--output-type', 'yaml', '/dev/stdin'], {
        stdin: json.stdout,
      }),
    ).toMatchObject({ stdout: 'a: b\nc:\n    d:\n        - 1\n        - null\n        - x\n' })
  })

  test.each([
    ['["nested"]["list"][1]', 0, 'two'],
    ['["nope"]', 1, ''],
  ])('the lookup extracts %s', async (path, code, stdout) => {
    ansible.write('x.yaml', samples[0][2])
    await ansible.sops(['encrypt', '-i', 'x.yaml'])
    expect(await ansible.sops(['decrypt', '--extract', path, 'x.yaml'])).toMatchObject({ code, stdout })
  })

  test('sops_encrypt: content on stdin, the name for the rule, options of encryption', async () => {
    const { recipient } = ansible
    const yaml = ['--input-type', 'yaml', '--output-type', 'yaml', '--filename-override', 'x.yaml']
    for (const options of [
      [],
      ['--age', recipient],
      ['--age', recipient, '--encrypted-regex', '^global_'],
      ['--age', recipient, '--unencrypted-suffix', '_clear', '--shamir-secret-sharing-threshold', '1'],
    ]) {
      const { code, stdout } = await encrypt([...options, ...yaml], samples[0][2])
      expect(code).toBe(0)
      expect(parse(stdout)).toMatchObject({ global_secret: expect.stringMatching(/^ENC\[/), sops: expect.anything() })
      ansible.write('x.yaml', stdout)
      expect((await ansible.sops(['decrypt', '--output-type', 'yaml', 'x.yaml'])).stdout).toBe(samples[0][2])
    }
    const key = await encrypt(['--input-type', 'binary', '--filename-override', 'id_rsa'], samples[4][2])
    ansible.write('id_rsa', key.stdout)
    expect((await ansible.sops(['decrypt', '--output-type', 'binary', 'id_rsa'])).stdout).toBe(samples[4][2])
  })

  test('keys from variables, and the configuration by a path before the command', async () => {
    ansible.write('x.yaml', samples[0][2])
    await ansible.sops(['encrypt', '-i', 'x.yaml'])
    ansible.write('age.txt', identity)
    const path = `${ansible.dir}/age.txt`
    for (const variable of [
      { SOPS_AGE_KEY: identity },
      { SOPS_AGE_KEY_FILE: path },
      { SOPS_AGE_KEY_CMD: `cat ${path}` },
    ] as Record<string, string>[]) {
      expect(
        await ansible.sops(['--config', '.sops.yaml', 'decrypt', 'x.yaml'], { env: { HOME: nowhere, ...variable } }),
      ).toMatchObject({ code: 0, stdout: samples[0][2] })
    }
    expect(await ansible.sops(['decrypt', 'x.yaml'], { env: { HOME: nowhere } })).toMatchObject({
      code: 128,
      stdout: '',
    })
    const keyless = ['decrypt', '--enable-local-keyservice=false', '--keyservice', 'tcp://127.0.0.1:1', 'x.yaml']
    expect(await ansible.sops(keyless)).toMatchObject({ code: 128, stdout: '' })
  })

  test('files that are not encrypted: the vars plugin asks after the failure', async () => {
    ansible.write('plain.sops.yaml', 'this-is-not: a sops file\n')
    const failed = await ansible.sops(['decrypt', 'plain.sops.yaml'])
    expect(failed).toMatchObject({ code: 1, stdout: '' })
    expect(failed.stderr).toContain('sops metadata not found')
    expect(await ansible.sops(['filestatus', 'plain.sops.yaml'])).toMatchObject({
      code: 0,
      stdout: '{"encrypted":false}\n',
    })
    ansible.write('wrong.yaml', 'a: [\n')
    expect((await ansible.sops(['filestatus', 'wrong.yaml'])).code).not.toBe(0)
    expect(await ansible.sops(['decrypt', 'missing.yaml'])).toMatchObject({ code: 100, stdout: '' })
  })

  test('versions before 3.9 are called by flags', async () => {
    const words = ['--config', '.sops.yaml', '--input-type', 'yaml', '--output-type', 'yaml']
    const { stdout } = await ansible.sops([...words, '--encrypt', '/dev/stdin'], { stdin: samples[0][2] })
    expect(await ansible.sops([...words, '--decrypt', '/dev/stdin'], { stdin: stdout })).toEqual({
      code: 0,
      stdout: samples[0][2],
      stderr: '',
    })
  })
})
