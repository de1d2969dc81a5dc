// Documents without entries, alone and among others: they come back as they were written, and a change elsewhere leaves them alone.
import { afterAll, describe, expect, test } from 'vitest'
import { makeProject } from '../support/project.ts'

const project = makeProject()
afterAll(() => project.remove())
const alice = project.person('one')

const bodies = [
  '',
  '\n',
  '# c\n',
  '# c\n\n# d\n',
  '   # c\n',
  '~\n',
  'null\n',
  'Null\n',
  '!!null\n',
  '&x ~\n',
  '{}\n',
  '{ }\n',
  '!t {}\n',
  '{\n}\n',
  '{ # c\n}\n',
  '  ~\n',
  '~  \n',
  '~ # c\n',
  '{} # c\n',
  '# c\n~\n',
  '~\n# c\n',
  '{}\n\n# c\n# d\n',
  '\n\n~\n\n',
]

/** The one value stands before, behind or between. */
const places: readonly ((body: string) => string)[] = [
  (body) => `a: b\n---\n${body}`,
  (body) => `${body}---\na: b\n`,
  (body) => `---\n${body}---\na: b\n---\n${body}`,
  (body) => `a: b # c\n...\n%YAML 1.1\n---\n${body}...\n`,
]

const sources = [
  'a: b\n---',
  'a: b\n--- ',
  'a: b\n---\n~',
  'a: b\n--- ~\n',
  'a: b\n---\t{}\n',
  'a: b\n--- null # c\n',
  'a: b\n--- # c\n',
  '--- # c\n---\na: b\n--- # d\n',
  'a: b\n...\n---\n...\n# c\n',
  'a: b\n...\n---\n~\n...\n# c\n---\n',
  '---\n---\n---\na: b\n---\n---\n# c\n---\n~\n---\n{}\n---\n',
  ...bodies.flatMap((body) => places.map((place) => place(body))),
].filter((source) => !/^(?:[ \t]*(?:#.*)?\n)*---\na/.test(source))

const shapes: readonly (readonly [string, (source: string) => string])[] = [
  ['LF', (source) => source],
  ['CR LF', (source) => source.replaceAll('\n', '\r\n')],
  ['a byte order mark', (source) => `\ufeff${source}`],
  ['no last line end', (source) => source.replace(/\n$/, '')],
]

const lines = (text: string): string[] => text.split('\n')
const changed = (before: string, after: string): string[] => {
  const [old, now] = [lines(before), lines(after)]
  expect(now.length).toBe(old.length)
  return now.filter((line, at) => line !== old[at])
}

async function encrypted(text: string): Promise<string> {
  project.write('f.yaml', text)
  expect(await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])).toMatchObject({ code: 0 })
  return project.read('f.yaml')
}

const decrypted = async (): Promise<string> => (await alice.sops(['decrypt', 'f.yaml'])).stdout

describe.each(shapes)('with %s', (_, shape) => {
  test.each(sources.map(shape))('%j comes back', async (source) => {
    const sealed = await encrypted(source)
    expect(sealed.match(/^\ufeff?sops:\s*$/gm)?.length).toBe(sealed.match(/lastmodified/g)?.length)
    expect(await decrypted()).toBe(source)
  })
})

test.each(['~\n', '{}\n', '---\n', '---\n# c\n', '--- {}\n', '# c\n~\n'])('%j alone comes back', async (source) => {
  await encrypted(source)
  expect(await decrypted()).toBe(source)
})

const renewed = /^ *(?:a|mac|lastmodified): |^ *\{.*\bmac: /

describe('a change elsewhere', () => {
  const some = [sources[10]!, ...bodies.map((body) => `${body}---\na: b\n---\n${body}`)].filter((source) =>
    source.includes('a: b'),
  )
  const commands: readonly (readonly [string, readonly string[], string])[] = [
    ['edit', ['edit', 'f.yaml'], 'new'],
    ['set', ['set', 'f.yaml', '["a"]', '"new"'], 'new'],
  ]
  test.each(some.flatMap((source) => commands.map((command) => [source, ...command] as const)))(
    'in %j by %s changes the value, the MAC and the time of each document',
    async (source, _, argv, value) => {
      const wanted = source.replaceAll('a: b', `a: ${value}`)
      const before = await encrypted(source)
      const env = { EDITOR: project.editorWriting(wanted) }
      expect(await alice.sops(argv, { env })).toMatchObject({ code: 0 })
      const after = project.read('f.yaml')
      expect(changed(before, after).filter((line) => !renewed.test(line))).toEqual([])
      expect(await decrypted()).toBe(wanted)
    },
  )

  test.each(some)('a rotation of %j leaves it as it is', async (source) => {
    await encrypted(source)
    expect(await alice.sops(['rotate', '-i', 'f.yaml'])).toMatchObject({ code: 0 })
    expect(await decrypted()).toBe(source)
  })
})

test('of a file without a word about its empty documents an edit changes no other line', async () => {
  const noted = await encrypted('~\n---\na: b\n---\n# c\n')
  const plain = noted.replaceAll(/^ *# empty document: .*\n/gm, '')
  expect(plain).not.toBe(noted)
  project.write('f.yaml', plain)
  expect(await decrypted()).toBe('{}\n---\na: b\n---\n# c\n{}\n')
  const env = { EDITOR: project.editorWriting('{}\n---\na: new\n---\n# c\n{}\n') }
  expect(await alice.sops(['edit', 'f.yaml'], { env })).toMatchObject({ code: 0 })
  expect(changed(plain, project.read('f.yaml')).filter((line) => !renewed.test(line))).toEqual([])
})

test('a value that comes into an empty document takes its note away', async () => {
  await encrypted('~\n')
  expect(await alice.sops(['set', 'f.yaml', '["a"]', '1'])).toMatchObject({ code: 0 })
  expect(project.read('f.yaml')).not.toContain('empty document')
  expect(await decrypted()).toBe('a: 1\n')
  expect(await alice.sops(['unset', 'f.yaml', '["a"]'])).toMatchObject({ code: 0 })
  expect(await decrypted()).toBe('{}\n')
})

test.each([
  'a: b',
  '- a',
  '~ # c',
  'text',
  '{a: b}',
  '!!str null',
  '~ at 0:9',
  '~ at 7:0',
  '~ at 99999:0',
  '~ at 0:99999',
  '',
])('a note that says %j is passed over', async (said) => {
  const noted = await encrypted('a: 1\n---\n# c\n~\n')
  project.write('f.yaml', noted.replace('empty document: ~', `empty document: ${said}`))
  expect(await decrypted()).toBe('a: 1\n---\n# c\n{}\n')
})

describe('where that cannot be kept it is said', () => {
  const advised = async (argv: readonly string[], text: string): Promise<string> => {
    project.write('f.yaml', text)
    return (await alice.sops([...argv, '--age', alice.recipient, 'f.yaml'])).stderr
  }
  test.each([
    [['encrypt'], '~\t\n---\na: b\n---\n!!null\n~\n', 'the empty documents 1 and 3 cannot be kept as written'],
    [['encrypt', '--output-type', 'json'], '~\n', 'the empty document 1 cannot be kept as written'],
    [['--indent', '3', 'encrypt'], 'a: b\n---\n', 'the empty document 2 cannot be kept as written'],
  ])('%j of %j', async (argv, text, message) => {
    expect(await advised(argv, text)).toContain(message)
  })
  test.each([
    [['encrypt'], 'a: b\n---\n'],
    [['encrypt', '--output-type', 'json'], '{}\n'],
    [['--indent', '3', 'encrypt'], 'a: b\n---\n{}\n'],
  ])('%j of %j loses nothing', async (argv, text) => {
    expect(await advised(argv, text)).toBe('')
  })
  test.each(['json', 'dotenv'])('decrypting to %s', async (type) => {
    await encrypted('a: b\n---\n# c\n---\n')
    const { stderr } = await alice.sops(['decrypt', '--output-type', type, 'f.yaml'])
    expect(stderr).toContain(`${type} holds one document: the empty documents 2 and 3 left out`)
  })
})
