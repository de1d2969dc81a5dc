// What stands beside a changed place in YAML: a comment, a comma, the end of the text. Through the whole program, for each reader of a value.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeProject, type Person, type Project } from '../support/project.ts'

let project: Project
let alice: Person

beforeEach(() => {
  project = makeProject()
  alice = project.person('one')
})
afterEach(() => project.remove())

async function encrypted(text: string): Promise<void> {
  project.write('f.yaml', text)
  expect(await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])).toMatchObject({ code: 0 })
  expect(project.read('f.yaml')).not.toBe(text)
}

async function decrypted(): Promise<string> {
  const ran = await alice.sops(['decrypt', 'f.yaml'])
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  return ran.stdout
}

async function values(): Promise<unknown> {
  const { stdout } = await alice.sops(['decrypt', '--output-type', 'json', 'f.yaml'])
  return JSON.parse(stdout)
}

describe('a text comes back as it was', () => {
  it.each([
    // A block scalar that ends with the text, and blanks there.
    'a: |-\n  x\n   ',
    'k: 1\n---\na: |-\n  x',
    'k:\n|-\n  x',
    'k:\n|\n  x\n',
    'a: 1\n  \t',
    'a: x\n   ',
    // Values that are not there.
    '{b: 1, a: }',
    '{a:\n}',
    '{a: ,}',
    '{? a : }',
    '{a:}',
    '{"a":}',
    '{a: &x }',
    '{a: !!str }',
    '{a: ! }\n',
    'm: {a: , b: }\n',
    'm: [a: , b]\n',
    // Tags are read as the reference reads them.
    'a: !a,b x\n',
    'a: !a[b] x\n',
    'a: [!a,b x]\n',
    // A comma on a line below a comment.
    '{a: 1 # c\n  ,}',
    '{a: 1 # c\n  ,\n}\n',
    '{k1: # c\n # d\n ,}',
    '{a # c\n , # d\n}\n',
    '{a: [1 # c\n ,] # d\n ,}\r\n',
    // A comment glued to what is before it.
    'k: "v"# c\n',
    "l: ['v,'# c\n, [1]# d\n]# e\n",
    'k: {a: 1}# c\n',
    'k: |# c\n  x\n',
    'k:\n  "v"# c\n',
  ])('%j', async (text) => {
    await encrypted(text)
    expect(await decrypted()).toBe(text)
    expect(await alice.sops(['rotate', '-i', 'f.yaml'])).toMatchObject({ code: 0 })
    expect(await decrypted()).toBe(text)
  })
})

describe('a text whose spelling cannot come back keeps its values, and says what it loses', () => {
  it.each([
    ['a: !!binary |\n  aGk=\n', 'a: |-\n  hi\n', { a: 'hi' }],
    ['a: !!binary |\n  aGkK\nb: 1\n', 'a: |\n  hi\nb: 1\n', { a: 'hi\n', b: 1 }],
    ['a: !!binary >-\n  aGk=', 'a: >-\n  hi', { a: 'hi' }],
    ['k:\n|\n  x', 'k:\n|-\n  x', { k: 'x' }],
    ['a: |+\n  x', 'a: |-\n  x', { a: 'x' }],
    ['a: !!str |\n  x', 'a: !!str |-\n  x', { a: 'x' }],
    ['a: |\n  x', 'a: |-\n  x', { a: 'x' }],
    ['a: >\n  x', 'a: >-\n  x', { a: 'x' }],
    ['a: |\n  x\n   ', 'a: |-\n  x\n   ', { a: 'x\n ' }],
    ['a: |2\n  x\n  \t', 'a: |2-\n  x\n  \t', { a: 'x\n\t' }],
    ['a:\n  - b: |\n      x\n       ', 'a:\n  - b: |-\n      x\n       ', { a: [{ b: 'x\n ' }] }],
    ["l: ['v'# c\n]\n", 'l: [v # c\n]\n', { l: ['v'] }],
    ['a: "yes"# c\n', 'a: "yes" # c\n', { a: 'yes' }],
    ['a: &x:y 1\n', 'a: &x :y 1\n', { a: ':y 1' }],
  ])('%j', async (text, again, expected) => {
    project.write('f.yaml', text)
    const ran = await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])
    expect(ran.stderr).toContain('same value')
    expect(await decrypted()).toBe(again)
    expect(await values()).toEqual(expected)
  })
})

describe('lines of nothing but blanks with a tab lose it, and are said', () => {
  it.each([
    ['a: 1\n\t\n', 'a: 1\n\n', { a: 1 }],
    ['{}\n\t\n', '{}\n\n', {}],
    ['a: {b: 1}\n \t \n\t', 'a: {b: 1}\n \n', { a: { b: 1 } }],
    ['a: "x"\r\n\t\r\n', 'a: "x"\r\n\r\n', { a: 'x' }],
    ['a: |\n  x\n\t\n', 'a: |\n  x\n\n', { a: 'x\n' }],
    ['a: >-\n  x\n \t\n\t', 'a: >-\n  x\n \n', { a: 'x' }],
    ['a: |+\n  x\n\t\n', 'a: |+\n  x\n\n', { a: 'x\n\n' }],
    ['a:\n  b: |\n    x\n  \t\nc: 1\n', 'a:\n  b: |\n    x\n  \nc: 1\n', { a: { b: 'x\n' }, c: 1 }],
    ['l:\n  - 1\n\t\n', 'l:\n  - 1\n\n', { l: [1] }],
    ['a: 1\n# c\n\t\n', 'a: 1\n# c\n\n', { a: 1 }],
    ['a: 1\n\t\n---\nb: {}\n\t\n', 'a: 1\n\n---\nb: {}\n\n', { a: 1 }],
    ['a:\n\t\n', 'a:\n\n', { a: null }],
    ['a: |\n\t\n', 'a: |\n\n', { a: '' }],
    ['l:\n  - \t\n', 'l:\n  - \n', { l: [null] }],
  ])('%j', async (text, again, expected) => {
    project.write('f.yaml', text)
    const ran = await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.stderr).toContain('a line of nothing but blanks with a tab')
    expect(project.read('f.yaml')).not.toContain('\t')
    expect((await alice.sops(['decrypt', 'f.yaml'])).stdout).toBe(again)
    expect(await values()).toEqual(expected)
  })

  it.each(['a: |\n  x\n\t\n  y\n', 'a: {}\n\tb: 1\n'])('a tab that indents is refused: %j', async (text) => {
    project.write('f.yaml', text)
    expect((await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])).code).not.toBe(0)
    expect(project.read('f.yaml')).toBe(text)
  })
})

describe('set leaves what stands beside as it was', () => {
  it.each([
    ['a: |\n  x', '["b"]', '1', 'a: |-\n  x\nb: 1'],
    ['a: >\n  x\n   ', '["b"]', '"z"', 'a: >-\n  x\n   \nb: z'],
    ['b: 1\na: |\n  x', '["b"]', '2', 'b: 2\na: |-\n  x'],
    ['a: 1\n  \t', '["a"]', '"x: y"', "a: 'x: y'\n"],
    ['a: 1\n   ', '["b"]', '"x\\ny\\n"', 'a: 1\nb: |\n    x\n    y\n   '],
    ['m:\n  a: 1\n   ', '["b"]', '"x\\ny\\n"', 'm:\n  a: 1\nb: |\n  x\n  y\n'],
    ['k:\n|-\n  x\nb: 1\n', '["k"]', '1', 'k: 1\nb: 1\n'],
    ['k: # c\n|-\n  x\nb: 1\n', '["k"]', 'null', 'k: null # c\nb: 1\n'],
    ['{b: 1, a: }', '["c"]', '2', '{b: 1, a: , c: 2 }'],
    ['{b: 1, a: }', '["a"]', '2', '{b: 1, a: 2 }'],
    ['{? a : }', '["c"]', '2', '{? a : , c: 2 }'],
    ['{a:}', '["c"]', '2', '{a:, c: 2}'],
    ['m: { a, b }\n', '["m"]["a"]', '"w"', 'm: { a: w, b }\n'],
    ['m: {a, "b"}\n', '["m"]["b"]', '""', 'm: {a, "b": ""}\n'],
    ['m: [? a, b: ]\n', '["m"][0]["a"]', '1', 'm: [? a: 1, b: ]\n'],
    ['? a # c\n? b\n', '["a"]', '"w"', '? a # c\n: w\n? b\n'],
    ['m:\n  ? a\n  # c\n  ? b', '["m"]["b"]', '1', 'm:\n  ? a\n  # c\n  ? b\n  : 1'],
    ['a: # c\nb: 1\n', '["a"]', '[1]', 'a: # c\n    - 1\nb: 1\n'],
    ['l:\n  -\n  - a\n', '["l"][0]', '"w"', 'l:\n  - w\n  - a\n'],
    ['a: !!str\nb: &x\n', '["a"]', '"w"', 'a: !!str w\nb: &x\n'],
    ['k: "v"# c\n', '["k"]', 'true', 'k: true # c\n'],
    ['k: "v"# c\n', '["k"]', 'null', 'k: null # c\n'],
    ['k: "v"# c\n', '["k"]', '"w"', 'k: "w"# c\n'],
    // Between a comma below a comment and the metadata there is no place for a new entry: all is laid out anew.
    ['{a: 1 # c\n  ,}', '["b"]', '2', 'a: 1 # c\nb: 2\n'],
    ['m: [1 # c\n  ,\n]', '["m"][2]', '2', 'm: [1 # c\n  , 2,\n]'],
    // Empty lines that come to stand behind the value when the metadata goes.
    ['--- # f\r\n\r\n--- # c\r\n', '["u"]', '"\\n\\n"', '--- # f\r\nu: |4+\r\n\r\n\r\n--- # c\r\n'],
    ['---\n\n\n', '["u"]', '"x\\n\\n"', '---\n\n\nu: |+\n    x\n\n'],
    ['a: x\n\n---\nb: 1\n', '["a"]', '"\\n\\n"', 'a: |4+\n\n\n---\nb: 1\n'],
    ['m: {k: "v"# c\n}\n', '["m"]["k"]', 'false', 'm: {k: false # c\n}\n'],
  ])('%j %s %s', async (text, path, value, expected) => {
    await encrypted(text)
    expect(await alice.sops(['set', 'f.yaml', path, value])).toMatchObject({ code: 0 })
    expect(await decrypted()).toBe(expected)
  })
})

describe('unset leaves what stands beside as it was', () => {
  it.each([
    ['{a: , b: 1}', '["b"]', '{a: }'],
    ['{? a : }', '["a"]', '{ }'],
    ['{ # c\n a: }', '["a"]', '{ # c\n\n }'],
    ['m: [1, # c\n 2]\n', '["m"][2]', 'm: [1 # c\n ]\n'],
    ['m: {? a, b: 1, ? c}', '["m"]["c"]', 'm: {? a, b: 1}'],
    ['m: {? a, b: 1, ? c}', '["m"]["a"]', 'm: {b: 1, ? c}'],
    ['{a: !!str , b: 1}', '["b"]', '{a: !!str }'],
    ['{"a":, b: 1}', '["b"]', '{"a":}'],
    ['{e:,a: 1\n}', '["a"]', '{e:,\n}'],
    ['{a: 1 # c\n  , b: 1,}', '["b"]', '{a: 1 # c\n  ,}'],
    ['{a,# c\nd\n}\n', '["d"]', '{a # c\n}\n'],
    ['m: [1, a,# c\nd]\n', '["m"][3]', 'm: [1, a # c\n]\n'],
    ['m: {a: "x",# c\n b: y}\n', '["m"]["b"]', 'm: {a: "x" # c\n }\n'],
    ['m: [a: ,# c\nb]\n', '["m"][2]', 'm: [a: # c\n]\n'],
    ['m: [a: , b]\n', '["m"][1]', 'm: [a: ]\n'],
    ['a: |\n  x\nb: 1\n   ', '["b"]', 'a: |\n  x\n'],
  ])('%j %s', async (text, path, expected) => {
    await encrypted(text)
    expect(await alice.sops(['unset', 'f.yaml', path])).toMatchObject({ code: 0 })
    expect(await decrypted()).toBe(expected)
  })
})

describe('edit takes a text of another layout', () => {
  it.each([
    ['a: 1\n', '  a: 2\n  b: 3\n'],
    ['a: 1\n---\nb: 1\n', '  a: 1\n---\n    b: 2\n'],
    ['a: 1\n', '{a: 2}\n'],
    ['{a: 1}\n', 'a: 2\n'],
    ['{\n"a": 1\n}\n', 'a: 2\n'],
    ['{a: 1}', '  a: 2\n  b: |-\n    c'],
  ])('%j becomes %j', async (text, edited) => {
    await encrypted(text)
    const env = { EDITOR: project.editorWriting(edited) }
    expect(await alice.sops(['edit', 'f.yaml'], { env })).toMatchObject({ code: 0 })
    expect(await decrypted()).toBe(edited)
  })
})

it.each([
  ['# c\n\ufeffa: 1\n', { '\ufeffa': 1 }],
  ['a: 1\n\ufeffb: 2\n', { a: 1, '\ufeffb': 2 }],
  ['a:\n\ufeff  b: 1\n', { a: null, '\ufeff  b': 1 }],
  ['\ufeffa: 1\n', { a: 1 }],
])('a byte order mark within %j is a character as any other', async (text, expected) => {
  await encrypted(text)
  expect(await values()).toEqual(expected)
  expect(await decrypted()).toBe(text)
})

it('says of an alias whose anchor is in an earlier document that anchors do not reach so far', async () => {
  project.write('f.yaml', 'a: &x 1\n---\nb: *x\n')
  const ran = await alice.sops(['encrypt', '--age', alice.recipient, 'f.yaml'])
  expect(ran.code).not.toBe(0)
  expect(ran.stderr).toContain(
    "yaml: line 3: unknown anchor 'x' referenced: it stands in an earlier document (line 1), and anchors do not reach across documents",
  )
})
