// Bytes that are not UTF-8 in .env and INI files: the reference keeps them in values, comments and keys, and so does every command here.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { makeProject } from '../../support/project.ts'

const project = makeProject()
afterAll(() => project.remove())
const alice = project.person('one')

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const read = (name: string): string => readFileSync(join(project.dir, name)).toString('latin1')

const files: readonly (readonly [name: string, text: string])[] = [
  ['f.env', '#caf\xe9\nA=1\nZ=v\n'],
  ['f.env', 'A=1\n# \xe9 \xff\n\nZ=v\xe9\n'],
  ['f.env', 'K\xe9=v\nA=1\nZ=\n'],
  ['f.ini', '; caf\xe9\n[s]\nA=1\nZ=v\n'],
  ['f.ini', '[s]\n; \xe9\nA = 1 ; \xff\nZ=v\xe9\n'],
  ['f.ini', '[s]\nk\xe9=b\nA=1\nZ=\n'],
  ['f.ini', '[t\xe9]\na=b\n[s]\nA=1\nZ=v\n'],
]

const at = (name: string, key: string): string => (name === 'f.ini' ? `["s"]["${key}"]` : `["${key}"]`)

describe.each(files)('%s: %j', (name, text) => {
  const changed: readonly (readonly [string, readonly string[], string])[] = [
    ['encrypt', [], text],
    ['set', ['set', name, at(name, 'A'), '"2"'], text.replace('1', '2')],
    ['unset', ['unset', name, at(name, 'Z')], text.replace(/Z=.*\n/, '')],
    ['edit', ['edit', name], text.replace('1', '3')],
    ['rotate', ['rotate', '-i', name], text],
  ]
  test.each(changed)('%s keeps every byte', async (_, argv, wanted) => {
    project.write(name, latin1(text))
    const run = async (words: readonly string[]): Promise<void> => {
      const { code, stderr } = await alice.sops(words, { env: { EDITOR: 'sed -i s/1/3/' } })
      expect(code, stderr).toBe(0)
    }
    await run(['encrypt', '-i', '--age', alice.recipient, name])
    expect(read(name)).not.toMatch(/[;#] ?(?:caf)?\xe9/)
    if (argv.length > 0) await run(argv)
    await run(['decrypt', '-i', name])
    expect(read(name)).toBe(wanted)
  })
})
