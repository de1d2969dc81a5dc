// Files whose bytes are not UTF-8: they come back byte for byte, or the command names what it cannot show.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { processContext } from '../../../src/context/process.ts'
import { decryptToObject, encrypt } from '../../../src/index.ts'
import { keysFolder } from '../../support/conformance/case.ts'
import { makeProject, type Person, type Project } from '../../support/project.ts'

let project: Project
let alice: Person

beforeEach(() => {
  project = makeProject()
  alice = project.person('one')
})
afterEach(() => project.remove())

const bytesIn = (name: string): string => readFileSync(join(project.dir, name), 'latin1')

async function encrypted(name: string, latin1: string): Promise<void> {
  project.write(name, Buffer.from(latin1, 'latin1'))
  expect(await alice.sops(['encrypt', '-i', '--age', alice.recipient, name])).toMatchObject({ code: 0, stderr: '' })
}

describe.each([
  ['f.env', '# caf\xe9\nA=x\ncl\xe9=caf\xe9\nB=\xff\n'],
  ['f.ini', '[s\xe9]\n; caf\xe9\nk\xe9 = v\xe9\nB = ok\n'],
  ['f.bin', '\xff\xfe\x00'],
])('%s', (name, text) => {
  test('comes back byte for byte, also after another change', async () => {
    await encrypted(name, text)
    const [key, changed] = name === 'f.ini' ? ['["s2"]["n"]', `${text}\n[s2]\nn = 1\n`] : ['["N"]', `${text}N=1\n`]
    if (name !== 'f.bin') {
      expect(await alice.sops(['set', name, key, '"1"'])).toMatchObject({ code: 0, stderr: '' })
      await alice.sops(['rotate', '-i', name])
    }
    expect(await alice.sops(['decrypt', '-i', name])).toMatchObject({ code: 0 })
    expect(bytesIn(name)).toBe(name === 'f.bin' ? text : changed)
  })

  test.each(['json', 'yaml'])('as %s it comes back, or is refused by name', async (type) => {
    await encrypted(name, text)
    const ran = await alice.sops(['decrypt', '--output-type', type, name])
    if (type === 'yaml' && name === 'f.bin') expect(ran.stdout).toBe('data: !!binary //4A\n')
    else {
      expect(ran).toMatchObject({ code: 4, stdout: '', stderr: expect.stringContaining('that are not UTF-8') })
    }
  })

  test('plain, it is not converted either', async () => {
    project.write(name, Buffer.from(text, 'latin1'))
    if (name === 'f.bin') return
    const argv = ['encrypt', '--age', alice.recipient, '--output-type', 'yaml', name]
    expect(await alice.sops(argv)).toMatchObject({ code: 4, stdout: '' })
  })
})

test('bytes of YAML are refused in JSON by their path, and come back by --extract', async () => {
  await encrypted('f.yaml', 'a:\n  - b: !!binary /w==\n')
  const ran = await alice.sops(['decrypt', '--output-type', 'json', 'f.yaml'])
  expect(ran).toMatchObject({
    code: 4,
    stdout: '',
    stderr: expect.stringContaining('the value ["a"][0]["b"] holds bytes'),
  })
  await alice.sops(['decrypt', '--extract', '["a"][0]["b"]', '--output', 'out', 'f.yaml'])
  expect(bytesIn('out')).toBe('\xff')
  const draft = await alice.sops(['edit', '--output-type', 'json', 'f.yaml'], { env: { EDITOR: 'true' } })
  expect(draft).toMatchObject({ code: 4 })
})

test('a key or value that no environment can hold is refused by exec-env', async () => {
  await encrypted('f.env', 'cl\xe9=x\n')
  expect(await alice.sops(['exec-env', 'f.env', 'true'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('not text'),
  })
})

test('the library keeps bytes apart from text, and refuses strings that no bytes stand for', async () => {
  const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
  const context = { ...processContext(), env: { SOPS_AGE_KEY: /AGE-SECRET-KEY\S+/.exec(identity)![0] } }
  const options = { format: 'dotenv', recipients: { age: alice.recipient }, context } as const
  const sealed = await encrypt(Buffer.from('A=caf\xe9\ncl\xe9=x\n', 'latin1'), options)
  expect(await decryptToObject(sealed, { context, format: 'dotenv' })).toEqual({
    A: new Uint8Array(Buffer.from('caf\xe9', 'latin1')),
    'cl\udce9': 'x',
  })
  await expect(encrypt('A=\ud800\n', options)).rejects.toThrow('lone surrogate')
})
