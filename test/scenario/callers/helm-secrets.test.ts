// helm-secrets: flags before the file, both types always named, and greps for what is encrypted.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Caller, hasShell, makeCaller, samples } from './caller.ts'

describe.skipIf(!hasShell)('helm-secrets', () => {
  let helm: Caller
  beforeEach(async () => {
    helm = await makeCaller()
  })
  afterEach(() => helm.remove())

  const types = (type: string): string => `--input-type ${type} --output-type ${type}`
  const isEncrypted = async (name: string): Promise<boolean> =>
    (await helm.shell(`grep -q 'mac.*,type:str]' - < ${name}`)).code === 0
  /** The type that it takes an encrypted file for. */
  const typeOf = async (name: string): Promise<string> =>
    (
      await helm.shell(
        `if grep -xq 'sops:\\s*' ${name}; then echo yaml; elif grep -q '"data": "ENC' ${name}; then echo binary; else echo json; fi`,
      )
    ).stdout.trim()

  test.each(samples)('%s: encrypt and decrypt to stdout, to a file and in place', async (type, suffix, text) => {
    const file = `secrets.${suffix}`
    helm.write(file, text)
    expect(await isEncrypted(file)).toBe(false)
    const { stdout, stderr } = await helm.shell(`sops --encrypt ${types(type)} ${file}`)
    expect(stderr).toBe('')
    helm.write('printed', stdout)
    expect(await helm.shell(`sops --encrypt ${types(type)} --output out ${file}`)).toMatchObject({
      code: 0,
      stdout: '',
    })
    expect(await helm.shell(`sops --encrypt ${types(type)} --in-place ${file}`)).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
    for (const name of ['printed', 'out', file]) {
      expect(await isEncrypted(name)).toBe(true)
      if (type !== 'dotenv' && type !== 'ini') expect(await typeOf(name)).toBe(type)
    }
    expect(await helm.shell(`sops --decrypt ${types(type)} ${file}`)).toEqual({ code: 0, stdout: text, stderr: '' })
    await helm.shell(`sops --decrypt ${types(type)} --output plain ${file}`)
    await helm.shell(`sops --decrypt ${types(type)} --in-place ${file}`)
    expect([helm.read('plain'), helm.read(file)]).toEqual([text, text])
  })

  test('a literal passes through /dev/stdin as JSON', async () => {
    helm.write('secrets.json', samples[1][2])
    const { stdout } = await helm.shell('sops --encrypt secrets.json')
    expect(
      await helm.shell('sops --decrypt --input-type json --output-type json /dev/stdin', { stdin: stdout }),
    ).toMatchObject({ code: 0, stdout: samples[1][2] })
  })

  test('arguments for the backend stand before its own, and the last one of a kind counts', async () => {
    helm.write('secrets.yaml', samples[0][2])
    await helm.shell(`sops --encrypt ${types('yaml')} --in-place secrets.yaml`)
    for (const first of ['--verbose', '--verbose --output-type "yaml"', '--output-type json']) {
      expect(await helm.shell(`sops ${first} --decrypt ${types('yaml')} secrets.yaml`)).toMatchObject({
        code: 0,
        stdout: samples[0][2],
        stderr: first.startsWith('--verbose') ? expect.stringContaining('Data key recovered successfully') : '',
      })
    }
  })

  test('edit makes a new file, changes one, and says what is missing', async () => {
    const EDITOR = helm.script('editor.sh', '#!/bin/sh\necho "hello: world" >"$1"\n')
    helm.write('old.yaml', samples[0][2])
    await helm.shell('sops -e -i old.yaml')
    for (const name of [`${helm.dir}/new.yaml`, 'old.yaml']) {
      expect(await helm.shell(`sops ${types('yaml')} ${name}`, { env: { EDITOR } })).toMatchObject({
        code: 0,
        stdout: '',
      })
      expect(await helm.shell(`sops --decrypt ${types('yaml')} ${name}`)).toMatchObject({ stdout: 'hello: world\n' })
    }
    const refused = await helm.shell(`rm .sops.yaml; sops ${types('yaml')} nonexists`, { env: { EDITOR } })
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain(
      'config file not found, or has no creation rules, and no keys provided through command line options',
    )
  })
})
