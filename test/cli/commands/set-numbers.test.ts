// Numbers of `sops set` have the type and the digits that they have when the file is encrypted with them in it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../../support/project.ts'

let project: Project
let alice: Person

beforeEach(() => {
  project = makeProject()
  alice = project.person('one')
})
afterEach(() => project.remove())

async function encrypted(name: string, text: string): Promise<void> {
  project.write(name, text)
  expect(await alice.sops(['encrypt', '-i', '--age', alice.recipient, name])).toMatchObject({ code: 0 })
}
const decrypted = async (name: string, ...flags: string[]): Promise<string> =>
  (await alice.sops(['decrypt', ...flags, name])).stdout
const typesOf = (name: string): string[] => project.read(name).match(/type:\w+/g) ?? []

const numbers = [
  ['123456789012', 'int'],
  ['9007199254740993', 'int'],
  ['5432', 'int'],
  ['-0', 'int'],
  ['9223372036854775807', 'int'],
  ['9223372036854775808', 'float'],
  ['12345678901234567890', 'float'],
  ['-9223372036854775809', 'float'],
  ['1.50', 'float'],
  ['-0.0', 'float'],
  ['1e3', 'float'],
  ['10000000000000000000', 'float'],
  ['100000000000000000000', 'float'],
  ['1234567.5', 'float'],
] as const

describe.each(numbers)('%s', (digits, type) => {
  const told = (name: string, path: string): string =>
    type === 'float' && /^-?\d+$/.test(digits)
      ? `note: ${name}: ${path} is beyond 64 bits and stored as a float, of which not every program keeps all digits: put it in double quotes to store them as text\n`
      : ''

  test('is what encrypting the JSON document gives', async () => {
    await encrypted('whole.json', `{"a": ${digits}, "l": [${digits}]}\n`)
    await encrypted('f.json', '{"a": "x", "l": [1]}\n')
    for (const path of ['["a"]', '["l"][0]']) {
      expect(await alice.sops(['set', 'f.json', path, digits])).toMatchObject({ code: 0, stderr: told('f.json', path) })
    }
    expect(typesOf('f.json')).toEqual(typesOf('whole.json'))
    expect(typesOf('f.json')[0]).toBe(`type:${type}`)
    expect(await decrypted('f.json')).toBe(await decrypted('whole.json'))
    expect(await decrypted('f.json')).toBe(`{"a": ${digits}, "l": [${digits}]}\n`)
  })

  test('keeps type and digits in YAML, encrypted and in clear', async () => {
    await encrypted('f.yaml', 'a: x\nl: [1]\nk_unencrypted: 1\n')
    for (const path of ['["a"]', '["l"][0]', '["k_unencrypted"]', '["new_unencrypted"]', '["new"]["x"]']) {
      expect(await alice.sops(['set', 'f.yaml', path, digits])).toMatchObject({ code: 0, stderr: told('f.yaml', path) })
    }
    // An integer beyond 64 bits cannot be encrypted in YAML: the fraction makes it the float that it is in JSON.
    const shown = /^(9223372036854775808|12345678901234567890|10000000000000000000)$/.test(digits)
      ? `${digits}.0`
      : digits
    expect(typesOf('f.yaml').slice(0, 3)).toEqual([`type:${type}`, `type:${type}`, `type:${type}`])
    expect(await decrypted('f.yaml')).toBe(
      `a: ${shown}\nl: [${shown}]\nk_unencrypted: ${shown}\nnew_unencrypted: ${shown}\nnew:\n    x: ${shown}\n`,
    )
  })

  // The float of a negative zero is read back as another text.
  test.runIf(digits !== '-0.0')('stays as it is when another value is edited', async () => {
    await encrypted('f.yaml', 'a: x\nb: old\n')
    await alice.sops(['set', 'f.yaml', '["a"]', digits])
    const [line] = project.read('f.yaml').split('\n')
    const edited = await alice.sops(['edit', 'f.yaml'], { env: { EDITOR: 'sed -i s/old/new/' } })
    expect(edited).toMatchObject({ code: 0 })
    expect(project.read('f.yaml').split('\n')[0]).toBe(line)
  })

  test.each([
    ['f.env', 'A=x\nK_unencrypted=x\n', '["A"]', '["K_unencrypted"]', `A=${digits}\nK_unencrypted=${digits}\n`],
    [
      'f.ini',
      '[s]\nA = x\nK_unencrypted = x\n',
      '["s"]["A"]',
      '["s"]["K_unencrypted"]',
      `[s]\nA = ${digits}\nK_unencrypted = ${digits}\n`,
    ],
  ])('is its digits in %s, which knows only text', async (name, text, path, clearPath, result) => {
    await encrypted(name, text)
    for (const at of [path, clearPath]) {
      expect(await alice.sops(['set', name, at, digits])).toMatchObject({ code: 0, stderr: '' })
    }
    expect(await decrypted(name)).toBe(result)
  })

  test.each([
    ['f.yaml', 'a: 1\n', '["a"]'],
    ['f.json', '{"a": 1}\n', '["a"]'],
    ['f.env', 'a=1\n', '["a"]'],
  ])('--idempotent leaves it alone in %s', async (name, text, path) => {
    await encrypted(name, text)
    await alice.sops(['set', name, path, digits])
    const before = project.read(name)
    expect(await alice.sops(['set', '--idempotent', name, path, digits])).toMatchObject({ code: 0 })
    expect(project.read(name)).toBe(before)
  })
})

test('by file, stdin and the flag form, and seen by exec-env and --extract', async () => {
  await encrypted('f.yaml', 'a: 1\n')
  project.write('value', '9007199254740993\n')
  const ways = [
    [['set', '--value-file', 'f.yaml', '["a"]', 'value'], undefined],
    [['set', '--value-stdin', 'f.yaml', '["a"]'], '9007199254740993'],
    [['--set', '["a"] 9007199254740993', 'f.yaml'], undefined],
  ] as const
  for (const [argv, stdin] of ways) {
    await alice.sops(['set', 'f.yaml', '["a"]', '0'])
    expect(await alice.sops(argv, stdin === undefined ? {} : { stdin })).toMatchObject({ code: 0, stderr: '' })
    expect(await decrypted('f.yaml', '--extract', '["a"]')).toBe('9007199254740993\n')
  }
})

test.each([
  ['f.env', 'A=1\n', '["A"]'],
  ['f.ini', '[s]\nA = 1\n', '["s"]["A"]'],
])('%s takes true as text, and refuses null', async (name, text, path) => {
  await encrypted(name, text)
  expect(await alice.sops(['set', name, path, 'true'])).toMatchObject({ code: 0 })
  expect(await decrypted(name)).toContain('true')
  const before = project.read(name)
  expect(await alice.sops(['set', name, path, 'null'])).toMatchObject({
    code: 7,
    stderr: expect.stringContaining('no null'),
  })
  expect(project.read(name)).toBe(before)
})

test.each([
  ['"caf\xe9"', 'at ["a"], the string holds bytes that are not UTF-8'],
  ['{"q": ["x", {"z": "\\udfff"}]}', 'at ["a"], the string ["q"][1]["z"] holds half of a surrogate pair'],
])('%s is refused with its place', async (value, message) => {
  await encrypted('f.yaml', 'a: 1\n')
  project.write('value', Buffer.from(value, 'latin1'))
  const before = project.read('f.yaml')
  const ran = await alice.sops(['set', '--value-file', 'f.yaml', '["a"]', 'value'])
  expect(ran).toMatchObject({ code: 7, stderr: expect.stringContaining(message) })
  expect(project.read('f.yaml')).toBe(before)
})
