// `sops set` and `sops unset` change their line, the MAC and the date, and nothing else.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeProject, type Person, type Project } from '../../support/project.ts'

const yaml = `# settings
db:
  host: h   # inline

  port: 5432
list: [a, "b"]
tail: 'x'
`

let project: Project
let alice: Person

beforeEach(async () => {
  project = makeProject({
    'f.yaml': yaml,
    'f.json': '{\n  "a": {"b": 1},\n  "c": [1, 2]\n}\n',
    'f.env': 'A=1\n\n# c\nB=2\n',
    'f.ini': '[s]\nk = v\n',
  })
  alice = project.person('one')
  project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient}\n`)
  for (const name of ['f.yaml', 'f.json', 'f.env', 'f.ini']) await alice.sops(['encrypt', '-i', name])
})
afterEach(() => project.remove())

/** Lines of the new text that the old one does not have, without MAC and date. */
const changedLines = (before: string, after: string): string[] => {
  const old = new Set(before.split('\n'))
  return after.split('\n').filter((line) => !old.has(line) && !/(mac"?|lastmodified"?)\s*[:=]/.test(line))
}

describe('set', () => {
  test.each([
    ['f.yaml', '["db"]["port"]', '6543', 'port: 6543'],
    ['f.yaml', '["tail"]', '"y"', "tail: 'y'"],
    ['f.json', '["a"]["b"]', '7', '"b": 7'],
    ['f.env', '["A"]', '"9"', 'A=9'],
    ['f.ini', '["s"]["k"]', '"w"', 'k = w'],
  ])('%s %s = %s touches one line', async (file, index, value, shown) => {
    const before = project.read(file)
    expect(await alice.sops(['set', file, index, value])).toMatchObject({ code: 0 })
    expect(changedLines(before, project.read(file))).toHaveLength(1)
    expect((await alice.sops(['decrypt', file])).stdout).toContain(shown)
  })

  test.each([
    ['f.yaml', '["db"]["user"]', '"u"', '  port: 5432\n  user: u\nlist'],
    ['f.yaml', '["new"]', '{"k": [1, true]}', "tail: 'x'\nnew:\n  k:\n    - 1\n    - true\n"],
    ['f.yaml', '["list"][9]', '"c"', 'list: [a, "b", c]'],
    ['f.json', '["c"][5]', '3', '"c": [1, 2, 3]'],
    ['f.env', '["C"]', '"3"', '\n# c\nB=2\nC=3\n'],
    ['f.ini', '["s"]["l"]', '"x"', 'k = v\nl = x\n'],
  ])('%s %s = %s lands where a person would put it', async (file, index, value, shown) => {
    expect(await alice.sops(['set', file, index, value])).toMatchObject({ code: 0 })
    expect((await alice.sops(['decrypt', file])).stdout).toContain(shown)
  })

  test('a value can come from a file or stdin and never shows in an error', async () => {
    project.write('value.json', '"from file"')
    expect(await alice.sops(['set', '--value-file', 'f.env', '["A"]', 'value.json'])).toMatchObject({ code: 0 })
    expect((await alice.sops(['decrypt', '--extract', '["A"]', 'f.env'])).stdout).toBe('from file')
    expect(await alice.sops(['set', '--value-stdin', 'f.env', '["A"]'], { stdin: '"from stdin"\n' })).toMatchObject({
      code: 0,
    })
    expect((await alice.sops(['decrypt', '--extract', '["A"]', 'f.env'])).stdout).toBe('from stdin')
    const bad = await alice.sops(['set', 'f.env', '["A"]', '"s3cr3t-canary'])
    expect(bad).toMatchObject({ code: 7 })
    expect(bad.stderr).not.toContain('s3cr3t-canary')
  })

  test('--idempotent leaves an equal value alone', async () => {
    await alice.sops(['set', 'f.yaml', '["tail"]', '"same"'])
    const before = project.read('f.yaml')
    expect(await alice.sops(['set', '--idempotent', 'f.yaml', '["tail"]', '"same"'])).toMatchObject({ code: 0 })
    expect(project.read('f.yaml')).toBe(before)
  })

  test('a reserved key is refused', async () => {
    const before = project.read('f.yaml')
    expect(await alice.sops(['set', 'f.yaml', '["sops"]', '"x"'])).toMatchObject({
      code: 203,
      stderr:
        'error: f.yaml: ["sops"]: the file keeps its metadata under this name\nhint: choose another name for the value\n',
    })
    expect(project.read('f.yaml')).toBe(before)
  })
})

describe('unset', () => {
  test('removes the line and keeps the rest', async () => {
    expect(await alice.sops(['unset', 'f.yaml', '["db"]["port"]'])).toMatchObject({ code: 0 })
    const { stdout } = await alice.sops(['decrypt', 'f.yaml'])
    expect(stdout).not.toContain('port')
    expect(stdout).toContain('  host: h   # inline\n')
    expect(stdout.endsWith('list: [a, "b"]\ntail: \'x\'\n')).toBe(true)
  })

  describe('of a commented INI key', () => {
    const text = '; top\ntop = 1\n\n; ha\n[a]\n; ca\nb = 1\n\n; cc\n[c]\n; cd\nd = 2\n; ce\ne = 3\nf = 4\n'
    /** The same in the layout of other writers. */
    const tight = text.replaceAll(' = ', '=')

    test.each([
      ['["DEFAULT"]["top"]', /; top\ntop ?= ?1\n/],
      ['["a"]["b"]', /; ca\nb ?= ?1\n/],
      ['["c"]["d"]', /; cd\nd ?= ?2\n/],
      // What nothing else would take over stays.
      ['["c"]["e"]', /e ?= ?3\n/],
      ['["c"]["f"]', /f ?= ?4\n/],
    ])('%s leaves every other comment as it was', async (path, gone) => {
      for (const plain of [text, tight]) {
        project.write('c.ini', plain)
        await alice.sops(['encrypt', '-i', 'c.ini'])
        const before = project.read('c.ini')
        const { code, stderr } = await alice.sops(['unset', 'c.ini', path])
        expect(code).toBe(0)
        expect((await alice.sops(['decrypt', 'c.ini'])).stdout).toBe(plain.replace(gone, ''))
        expect(changedLines(before, project.read('c.ini'))).toEqual([])
        if (gone.source.startsWith(';')) expect(stderr).toContain(`note: c.ini: the comment above ${path} went with it`)
        else expect(stderr).toBe('')
      }
    })
  })

  test('a missing key is an error, or nothing with --idempotent', async () => {
    const before = project.read('f.yaml')
    expect(await alice.sops(['unset', 'f.yaml', '["zz"]'])).toMatchObject({
      code: 1,
      stderr: 'error: f.yaml: Key not found: zz\n',
    })
    expect(await alice.sops(['unset', '--idempotent', 'f.yaml', '["zz"]'])).toMatchObject({ code: 0 })
    expect(project.read('f.yaml')).toBe(before)
  })
})
