// Which lines of an encrypted file a change of it changes: what was changed, the MAC and the date, in files of every layout, with metadata in
// the order of this version and of older ones.
import { basename } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { layoutFiles } from '../support/layout.ts'
import { makeProject } from '../support/project.ts'

const project = makeProject()
afterAll(() => project.remove())
const [alice, bob] = [project.person('one'), project.person('two')]
project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient},${bob.recipient}\n`)

const lines = (text: string): string[] => text.split('\n')
/** Lines of metadata that every change renews. */
const isRenewed = (line: string): boolean => /(?:^|[{\s"_])(?:mac|lastmodified)"?\s*[:=]/.test(line)

async function encrypt(file: string, content: string | Uint8Array): Promise<string> {
  project.write(file, content)
  expect(await alice.sops(['encrypt', '-i', '--age', alice.recipient, file])).toMatchObject({ code: 0 })
  return project.read(file)
}
async function done(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const ran = await alice.sops(argv, { env })
  expect(ran, argv.join(' ')).toMatchObject({ code: 0 })
  expect(ran.stderr).not.toContain('laid out anew')
  return ran.stdout
}

/** The lines of the second text that are not in the first, in order, without those that every change renews. */
function added(before: string, after: string): string[] {
  const left = new Map<string, number>()
  for (const line of lines(before)) left.set(line, (left.get(line) ?? 0) + 1)
  return lines(after).filter((line) => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0 && !isRenewed(line)
  })
}

interface Place {
  readonly path: string
  readonly value: string
}

/** The first texts of a JSON text that are written on one line. */
function textsIn(json: string, atMost: number): Place[] {
  const found: Place[] = []
  const visit = (value: unknown, path: string): void => {
    if (found.length === atMost) return
    if (typeof value === 'string') {
      if (/^[ -~]+$/.test(value)) found.push({ path, value })
    } else if (Array.isArray(value)) {
      for (const [at, item] of value.entries()) visit(item, `${path}[${at}]`)
    } else if (typeof value === 'object' && value !== null)
      for (const [key, item] of Object.entries(value)) visit(item, `${path}[${JSON.stringify(key)}]`)
  }
  // Not every file can be shown as JSON.
  if (json !== '') visit(JSON.parse(json), '')
  return found
}

/** Comments in lists of the reference's data model count, those of JSON are gone: such paths would mean another element. */
const hasPaths = (format: string, text: string): boolean => format !== 'yaml' || !/^\s+#/m.test(text)

// Each takes a good part of a second: `npm run fuzz` takes all of them, a plain run some.
const isLong = process.env['SOPS_FUZZ_RUNS'] !== undefined
const someFiles = layoutFiles.filter((_, at) => isLong || at % 4 === 0)

describe.each(someFiles)('$name', ({ name, format, bytes }) => {
  const file = `files/${basename(name)}`

  test('set of a value changes its line', async () => {
    const before = await encrypt(file, bytes)
    const plain = await done(['decrypt', file])
    if (!hasPaths(format, plain)) return
    for (const { path } of textsIn((await alice.sops(['decrypt', '--output-type', 'json', file])).stdout, 1)) {
      project.write(file, before)
      await done(['set', file, path, '"new"'])
      const after = project.read(file)
      expect(lines(after).length, path).toBe(lines(before).length)
      expect(added(before, after).length, path).toBeLessThanOrEqual(1)
      // The same through the editor.
      const wanted = await done(['decrypt', file])
      project.write(file, before)
      await done(['edit', file], { EDITOR: project.editorWriting(wanted) })
      expect(added(before, project.read(file)).length, path).toBeLessThanOrEqual(1)
      expect(await done(['decrypt', file])).toBe(wanted)
    }
  })

  // In INI, where comments that follow each other are one, that above it is sealed anew.
  test('unset of a value takes its line', async () => {
    const before = await encrypt(file, bytes)
    if (!hasPaths(format, await done(['decrypt', file]))) return
    for (const { path } of textsIn((await alice.sops(['decrypt', '--output-type', 'json', file])).stdout, 1)) {
      project.write(file, before)
      await done(['unset', file, path])
      const after = project.read(file)
      expect(lines(after).length, path).toBeLessThanOrEqual(lines(before).length)
      expect(added(before, after).length, path).toBeLessThanOrEqual(format === 'ini' ? 2 : 1)
    }
  })

  test('a rotation changes no line but those of encrypted values and wrapped keys', async () => {
    const before = await encrypt(file, bytes)
    const plain = await done(['decrypt', file])
    await done(['rotate', '-i', file])
    const bare = (text: string): string[] =>
      lines(text.replaceAll(/ENC\[[^\]]*\]/g, 'ENC').replaceAll(/-----BEGIN AGE.*?END AGE/gs, 'KEY')).filter(
        (line) => !isRenewed(line),
      )
    expect(bare(project.read(file))).toEqual(bare(before))
    expect(await done(['decrypt', file])).toBe(plain)
  })

  test('other recipients change the metadata alone', async () => {
    const before = await encrypt(file, bytes)
    const plain = await done(['decrypt', file])
    await done(['updatekeys', '-y', file])
    const after = project.read(file)
    const data = (text: string): string[] => lines(text).filter((line) => /ENC\[/.test(line))
    expect(after).not.toBe(before)
    expect(data(after).map((line) => line.replace(/\{.*/, ''))).toEqual(
      data(before).map((line) => line.replace(/\{.*/, '')),
    )
    expect(await done(['decrypt', file])).toBe(plain)
    expect((await bob.sops(['decrypt', file])).stdout).toBe(plain)
  })
})

/** The metadata as versions before 3.13 wrote it: empty lists, the recipient before its `enc`, the keys first. */
function asOld(sealed: string): string {
  const eol = sealed.includes('\r\n') ? '\r\n' : '\n'
  const text = sealed.replaceAll('\r\n', '\n')
  const block = /^sops:[ \t]*\n((?: +.*(?:\n|$))+)/gm
  const old = text.replace(block, (whole, body: string) => {
    const pad = /^ +/.exec(body)![0]
    const field = (key: string): string => new RegExp(`^${pad}${key}: .*\n?`, 'm').exec(body)![0].replace(/\n?$/, '\n')
    const key = /^( +- )enc: \|\n([\s\S]*?-----END AGE.*\n)( +recipient: .*)\n/m.exec(body)!
    const [, dash, armor, recipient] = key
    const inner = ' '.repeat(dash!.length)
    const none = ['kms', 'gcp_kms', 'azure_kv', 'hc_vault'].map((name) => `${pad}${name}: []\n`).join('')
    const age = `${pad}age:\n${dash}${recipient!.trim()}\n${inner}enc: |\n${armor}`
    const fields = `${field('lastmodified')}${field('mac')}${pad}pgp: []\n${field('unencrypted_suffix')}`
    const end = `${pad}version: 3.9.4${whole.endsWith('\n') ? '\n' : ''}`
    return `${/^sops:[ \t]*\n/.exec(whole)![0]}${none}${age}${fields}${end}`
  })
  expect(old).not.toBe(text)
  return old.replaceAll('\n', eol)
}

const blocks = [
  'x: |\n  l\n',
  'x: |-\n  l\n\n',
  'x: |+\n  l\n\n',
  'x: |+\n\n\n',
  'x: >\n  l\n   m\n',
  'x: >+\n  l\n\n\n',
  'x: "l\\n\\n"\n',
  'x:\n  - |+\n    l\n\n  - m\n',
  'x:\n - y:\n   - |2+\n       l\n\n',
  'x: {a: 1,  b: [ y ]}\n',
  'x: &l\n  a: 1\ny_unencrypted: *l\n',
  'x: # c\n  # d\n  - 1 # e\n  # f\n# g\n',
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((width) => `x:\n${' '.repeat(width)}y:\n${' '.repeat(2 * width)}- z\n`),
]
const around: readonly ((block: string) => string)[] = [
  (block) => `k: "q"\n\n# c\n${block}`,
  (block) => `${block}k: q\n`,
  (block) => `${block}\nk: 'q' # c\n---\n${block}`,
]
const ends: readonly ((text: string) => string)[] = [(text) => text, (text) => text.replaceAll('\n', '\r\n')]
const versions: readonly (readonly [string, (sealed: string) => string])[] = [
  ['3.13', (sealed) => sealed],
  ['3.9', asOld],
]
const sources = blocks.flatMap((block) => around.map((place, at) => ends[at % 2]!(place(block))))

describe.each(versions)('an edit of a file with the metadata of %s', (_, version) => {
  test.each(sources.filter((_, at) => isLong || at % 3 === 0))('of %j changes its line', async (source) => {
    const before = version(await encrypt('f.yaml', source))
    project.write('f.yaml', before)
    const plain = await done(['decrypt', 'f.yaml'])
    const wanted = plain.replace(/^(k: ['"]?)q/m, '$1new')
    await done(['edit', 'f.yaml'], { EDITOR: project.editorWriting(wanted) })
    const after = project.read('f.yaml')
    expect(lines(after).length).toBe(lines(before).length)
    const isVersion = (line: string): boolean => /^ +version: /.test(line)
    expect(
      added(before, after)
        .filter((line) => !isVersion(line))
        .map((line) => line.slice(0, 2)),
    ).toEqual(['k:'])
    expect(await done(['decrypt', 'f.yaml'])).toBe(wanted)
    // An entry more is a line more.
    const more = wanted.replace(/^k: .*?(\r?\n)/m, '$&n: 1$1')
    await done(['edit', 'f.yaml'], { EDITOR: project.editorWriting(more) })
    expect(added(after, project.read('f.yaml')).map((line) => line.slice(0, 2))).toEqual(['n:'])
    expect(await done(['decrypt', 'f.yaml'])).toBe(more)
  })
})

describe('after a value with line breaks was set', () => {
  const values = ['x\n\n', '\n\n', 'x\n\n\n', 'x\n', '\n', 'x\n \n', 'x\ny']
  test.each([
    ['a: q\nk: q\n', '["k"]'],
    ['k: q\na: q\n', '["k"]'],
    ['m:\n  k: q\na: 1\n', '["m"]["k"]'],
    ['a: q\n\nl:\n  - k\n', '["l"][0]'],
    ['a: q\nm:\n    k: |\n        x\n', '["m"]["k"]'],
    ['k: "q"\n\na: 1\n', '["k"]'],
  ])('in %j at %s an edit of another changes its line', async (source, path) => {
    for (const value of values) {
      await encrypt('f.yaml', source)
      await done(['set', 'f.yaml', path, JSON.stringify(value)])
      const before = project.read('f.yaml')
      const wanted = (await done(['decrypt', 'f.yaml'])).replace(/^a: .*/m, 'a: new\nmore: 1')
      await done(['edit', 'f.yaml'], { EDITOR: project.editorWriting(wanted) })
      const changed = added(before, project.read('f.yaml'))
      expect(
        changed.map((line) => line.slice(0, 2)),
        JSON.stringify(value),
      ).toEqual(['a:', 'mo'])
      expect(await done(['decrypt', 'f.yaml'])).toBe(wanted)
    }
  })
})

test('what is laid out anew without having been asked for is said, with line and reason', async () => {
  await encrypt('f.yaml', 'x: 1\nm: {a: 1 # c\n  , b: 2}\n')
  const { stderr } = await alice.sops(['unset', 'f.yaml', '["m"]["a"]'])
  expect(stderr).toContain('what begins in line 2 was laid out anew: comments stand where its entries change')
  await encrypt('f.yaml', '{a: 1 # c\n  ,}')
  const { stderr: whole } = await alice.sops(['set', 'f.yaml', '["b"]', '2'])
  expect(whole).toContain('was laid out anew: ')
})
