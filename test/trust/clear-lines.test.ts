// Somebody without a key puts text in clear into an encrypted INI file where the reference drops it: nothing protects it, and other readers
// take it for the value.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../support/project.ts'

let project: Project
let alice: Person

beforeEach(() => {
  project = makeProject()
  alice = project.person('one')
})
afterEach(() => project.remove())

const plain = 'top = canary-0\n[db]\npassword = canary-1\nempty =\nhost_unencrypted = h1\n'

async function seal(text: string, ...flags: string[]): Promise<string> {
  project.write('f.ini', text)
  expect(await alice.sops(['encrypt', '-i', '--age', alice.recipient, ...flags, 'f.ini'])).toMatchObject({ code: 0 })
  return project.read('f.ini')
}

const before = (key: string, lines: string) => (sealed: string) => sealed.replace(`\n${key} =`, `\n${lines}\n${key} =`)
const twin = 'an earlier line gives this key a value in clear'
const noToken = "Input string does not match sops' data format"

const attacks: Readonly<Record<string, readonly [(sealed: string) => string, string]>> = {
  'a line before the real one': [before('password', 'password = EVIL'), twin],
  'with a comment': [before('password', 'password = EVIL ; c'), twin],
  'with another delimiter, in quotes': [before('password', '"password": \'EVIL\''), twin],
  'over several lines': [before('password', 'password = """EVIL\nEVIL"""'), twin],
  'the second of three': [before('password', 'password =\npassword = EVIL'), twin],
  'that begins as an encrypted one': [before('password', 'password = ENC[AES256_GCM,EVIL'), twin],
  'before an empty value': [before('empty', 'empty = EVIL'), twin],
  'before any section': [(sealed) => `top = EVIL\n${sealed}`, twin],
  'as a section before the real one': [(sealed) => `[db]\npassword = EVIL\n${sealed}`, noToken],
  'as a second DEFAULT': [(sealed) => sealed.replace('[db]', '[DEFAULT]\ntop = EVIL\n[db]'), noToken],
  'as a name in another case': [before('password', 'Password = EVIL'), noToken],
  'as a key with a number': [before('password', '- = EVIL'), noToken],
  'behind the name of a section': [
    (sealed) => sealed.replace('[db]', '[db] password = EVIL'),
    'text behind a section name',
  ],
  'that goes on in the real one': [before('password', 'password = EVIL\\'), noToken],
}

describe.each(Object.entries(attacks))('%s', (_, [attack, said]) => {
  test.each([
    ['decrypt', []],
    ['decrypt', ['--ignore-mac']],
    ['decrypt', ['--output-type', 'json']],
    ['decrypt', ['--extract', '["db"]["password"]']],
    ['rotate', ['-i']],
    ['set', ['--ignore-mac'], '["db"]["password"]', '"canary-2"'],
  ])('%s %s', async (command, flags, ...rest: string[]) => {
    const sealed = await seal(plain)
    const attacked = attack(sealed)
    expect(attacked).not.toBe(sealed)
    project.write('f.ini', attacked)
    const { code, stdout, stderr } = await alice.sops([command, ...flags, 'f.ini', ...rest])
    expect(code).not.toBe(0)
    expect(stderr).toContain(said)
    expect(stdout + stderr).not.toMatch(/canary|EVIL/)
    expect(project.read('f.ini')).toBe(attacked)
  })
})

describe('lines of one key, encrypted by us, open again', () => {
  const twice = '[s]\na = canary-1\na = canary-2\nb = canary-3\nb =\nc_unencrypted = 1\nc_unencrypted = 2\n'
  test('where comments are encrypted', async () => {
    expect(await seal(twice)).not.toMatch(/canary/)
    const { code, stdout, stderr } = await alice.sops(['decrypt', 'f.ini'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: twice })
    expect(stderr).toContain('counts nowhere and is not authenticated')
  })

  test('where they are not, without the values that do not count', async () => {
    expect(await seal(twice, '--encrypted-regex', '^[ab]$')).not.toMatch(/canary/)
    const opened = '[s]\na = canary-2\na = canary-2\nb = \nb =\nc_unencrypted = 1\nc_unencrypted = 2\n'
    expect(await alice.sops(['decrypt', 'f.ini'])).toEqual({ code: 0, stdout: opened, stderr: '' })
  })

  test('and empty values stay', async () => {
    await seal(plain)
    expect(await alice.sops(['decrypt', 'f.ini'])).toEqual({ code: 0, stdout: plain, stderr: '' })
  })
})
