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
const twin = 'an earlier line gives this key a value in clear, or none,'
const noToken = "Input string does not match sops' data format"

const attacks: Readonly<Record<string, readonly [(sealed: string) => string, string]>> = {
  'a line before the real one': [before('password', 'password = EVIL'), twin],
  'with a comment': [before('password', 'password = EVIL ; c'), twin],
  'with another delimiter, in quotes': [before('password', '"password": \'EVIL\''), twin],
  'over several lines': [before('password', 'password = """EVIL\nEVIL"""'), twin],
  'the second of three': [before('password', 'password =\npassword = EVIL'), twin],
  'that begins as an encrypted one': [before('password', 'password = ENC[AES256_GCM,EVIL'), twin],
  'that is empty': [before('password', 'password ='), twin],
  'that is empty, in quotes': [before('password', '"password": ""'), twin],
  'behind an encrypted value': [(s) => s.replace(/^(password = ENC.*)$/m, '$1 EVIL\n$1'), twin],
  'over several lines, behind an encrypted value': [
    (s) => s.replace(/^password = (ENC.*)$/m, 'password = """$1\npassword = EVIL"""\n$&'),
    twin,
  ],
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

describe('an encrypted text in the place of a value, which opens nowhere', () => {
  const forged = 'ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]'
  test.each([
    ['password', []],
    ['password', ['--encrypted-regex', '^password$']],
    ['empty', []],
  ])('before %s, encrypted with %j', async (key, flags) => {
    project.write('f.ini', before(key, `${key} = ${forged}`)(await seal(plain, ...flags)))
    const { code, stdout, stderr } = await alice.sops(['decrypt', '--ignore-mac', 'f.ini'])
    expect({ code, stdout }).toEqual({ code: 25, stdout: '' })
    expect(stderr).toContain('an encrypted text that does not open stands in the place of a value (line')
  })
})

test('a line before one in clear, which no MAC counts, is named', async () => {
  project.write('f.ini', before('host_unencrypted', 'host_unencrypted = EVIL')(await seal(plain)))
  const { code, stderr } = await alice.sops(['decrypt', 'f.ini'])
  expect(code).toBe(0)
  expect(stderr).toContain('line 5 counts nowhere and is not authenticated: line 6 has')
})

describe('lines of one key, encrypted by us, open again', () => {
  const twice = '[s]\na = canary-1\na =\na = canary-2\nb = canary-3\nb =\nc_unencrypted = 1\nc_unencrypted = 2\n'
  test('where comments are encrypted', async () => {
    expect(await seal(twice)).not.toMatch(/canary/)
    const { code, stdout, stderr } = await alice.sops(['decrypt', 'f.ini'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: twice })
    expect(stderr).toContain('counts nowhere and is not authenticated')
  })

  test('where they are not, without the values that do not count', async () => {
    expect(await seal(twice, '--encrypted-regex', '^[ab]$')).not.toMatch(/canary/)
    const opened = '[s]\na = canary-2\na =canary-2\na = canary-2\nb = \nb =\nc_unencrypted = 1\nc_unencrypted = 2\n'
    const { code, stdout, stderr } = await alice.sops(['decrypt', 'f.ini'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: opened })
    expect(stderr).toMatch(/^warning: f\.ini: line \d+ counts nowhere and .*c_unencrypted.*\n$/)
  })

  test('and empty values stay', async () => {
    await seal(plain)
    expect(await alice.sops(['decrypt', 'f.ini'])).toEqual({ code: 0, stdout: plain, stderr: '' })
  })
})
