// What encrypting loses of a file's spelling is said, by path and without values.
import { describe, expect, test } from 'vitest'
import { makeProject } from '../support/project.ts'

const encryptedWith = async (text: string, name = 'f.yaml'): Promise<{ stderr: string; plain: string }> => {
  const project = makeProject({ [name]: text })
  try {
    const alice = project.person('one')
    const { stderr } = await alice.sops(['encrypt', '-i', '--age', alice.recipient, name])
    return { stderr, plain: (await alice.sops(['decrypt', name])).stdout }
  } finally {
    project.remove()
  }
}

test('a spelling the encrypted form cannot hold is named', async () => {
  const { stderr, plain } = await encryptedWith('a:\n  mask: 0x1F\n  ratio: 1.50\nb: plain\n')
  expect(stderr).toContain('note: f.yaml: the spelling of ["a"]["mask"] cannot be kept')
  expect(stderr).not.toContain('0x1F')
  expect(plain).toBe('a:\n  mask: 31\n  ratio: 1.50\nb: plain\n')
})

test('digits with underscores and dates in other spellings are named, plain dates are kept', async () => {
  const { stderr, plain } = await encryptedWith('a: 1_000\nb: 2024-01-01\nc: 2024-01-01T10:00:00.50Z\n')
  expect(stderr).toContain('note: f.yaml: the spelling of ["a"]')
  expect(plain).toContain('a: 1000\nb: 2024-01-01\n')
})

test('texts whose lines, escapes or tag have no room in the encrypted form are named', async () => {
  const { stderr, plain } = await encryptedWith('a: x\n  y\nb: "\\x41"\nc: !!binary aGk=\nd: >-\n  e\n  f\n')
  expect(stderr).toContain('note: f.yaml: the spelling of ["a"], ["b"], ["c"] and 1 more cannot be kept')
  expect(plain).toBe('a: x y\nb: "A"\nc: hi\nd: >-\n  e f\n')
})

test('aliases of encrypted values are counted', async () => {
  const { stderr } = await encryptedWith('a: &x secret\nb: *x\nc: [*x]\n')
  expect(stderr).toContain('2 aliases were replaced by a copy')
})

test('a file without losses is encrypted silently', async () => {
  expect(await encryptedWith('a: "x"\nb: 1.50\nc: [1, +7]\nd: true\ne: !!float 1\nf: |+\n\n')).toEqual({
    stderr: '',
    plain: 'a: "x"\nb: 1.50\nc: [1, +7]\nd: true\ne: !!float 1\nf: |+\n\n',
  })
})

test.each([
  ["slashes beside Go's escapes", '{"a":"x\\/\\u0026"}\n'],
  ["Go's escapes in ASCII", '{"a":"\\u00e9\\u0026"}\n'],
  ['all three', '{"a":"x\\/\\u00e9\\u0026"}\n'],
])('JSON escapes of two kinds come back: %s', async (_, text) => {
  expect(await encryptedWith(text, 'f.json')).toEqual({ stderr: '', plain: text })
})

test.each([
  ['an escape beside the character itself', '{"a":"\\u00e9 é"}\n', '{"a":"é é"}\n'],
  ['one of two slashes', '{"a":"\\/ /"}\n', '{"a":"/ /"}\n'],
  ['a letter', '{"b":{"a":"\\u0041"}}\n', '{"b":{"a":"A"}}\n'],
])('JSON escapes without a rule are named: %s', async (_, text, wanted) => {
  const { stderr, plain } = await encryptedWith(text, 'f.json')
  expect(stderr).toContain('["a"] cannot be kept')
  expect(plain).toBe(wanted)
})

test.each(
  ['|', '>', '|+', '>+'].flatMap((header) => [
    [`a: ${header}\n  x\n   `, `a: ${header[0]}-\n  x\n   `],
    [`a: ${header}\r\n  x\r\n   `, `a: ${header[0]}-\r\n  x\r\n   `],
    [`l:\n  - ${header}\n    x\n     `, `l:\n  - ${header[0]}-\n    x\n     `],
    [`m:\n  a: ${header}\n    x\n     `, `m:\n  a: ${header[0]}-\n    x\n     `],
  ]),
)(
  'a block scalar that ends the file with deeper blanks keeps its value, and its change is named: %j',
  async (text, wanted) => {
    const { stderr, plain } = await encryptedWith(text)
    expect(stderr).toContain('cannot be kept')
    expect(plain).toBe(wanted)
    expect(await encryptedWith(wanted)).toEqual({ stderr: '', plain: wanted })
  },
)

describe('characters that end a line in YAML only', () => {
  test.each([
    ['a plain text', 'a: x\x85y\n', 'line 1, column 5 holds U+0085', '\\N'],
    ['a comment', '# c\x85d\na: b\n', 'line 1, column 4 holds U+0085', '\\N'],
    ['a key', 'a\x85b: c\n', 'line 1, column 2 holds U+0085', '\\N'],
    ['a literal', 'a: |\n  x\u2028y\n', 'line 2, column 4 holds U+2028', '\\L'],
    ['behind others', 'z: 1\na: x\u2029y\n', 'line 2, column 5 holds U+2029', '\\P'],
  ])('in %s are named', async (_, text, place, written) => {
    const { stderr } = await encryptedWith(text)
    expect(stderr).toContain(
      `hint: ${place}, which ends a line in YAML: delete it, or write it as ${written} in double quotes\n`,
    )
  })

  test('not where they are far away', async () => {
    expect((await encryptedWith('a: "x\x85y"\nb: 1\nc: 2\nd: [\n')).stderr).not.toContain('U+0085')
  })

  test('come back where they are escaped, and as a blank within quotes, which is said', async () => {
    expect(await encryptedWith('a: "x\\Ny"\n')).toEqual({ stderr: '', plain: 'a: "x\\Ny"\n' })
    const { stderr, plain } = await encryptedWith('a: "x\x85y"\n')
    expect(plain).toBe('a: "x y"\n')
    expect(stderr).toContain('the spelling of ["a"] cannot be kept')
  })
})

test.each([
  ['a: .INF', 'a: .inf'],
  ['a: .Inf', 'a: .inf'],
  ['a: -.INF', 'a: -.inf'],
  ['a: +.INF', 'a: .inf'],
  ['a: .NaN', 'a: .nan'],
  ['k: &a:b', 'k: &a :b'],
])('%s comes back as %s, which is said', async (text, wanted) => {
  const { stderr, plain } = await encryptedWith(`${text}\n`)
  expect([plain, stderr.includes('cannot be kept')]).toEqual([`${wanted}\n`, text !== wanted])
})
