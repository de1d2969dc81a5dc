// Comments of lists that a file stores as encrypted elements, as older releases do in YAML, and every release in JSON made of YAML: a change
// of anything else leaves them as they are.
import { afterAll, describe, expect, test } from 'vitest'
import { loadFormat } from '../../src/formats/index.ts'
import { makeProject } from '../support/project.ts'

const project = makeProject({ '.sops.yaml': '' })
afterAll(() => project.remove())
const alice = project.person('one')

const plain = `l:
    # first
    - x

    # second
    - k: v
      m:
        # inner
        - 1
    # third
    - z
    # last
q: old
`

/** With every comment as an element. */
async function writeSealed(file: string): Promise<string> {
  project.write('plain.yaml', plain)
  const { code, stdout, stderr } = await alice.sops(['encrypt', '--age', alice.recipient, 'plain.yaml'])
  expect(code, stderr).toBe(0)
  const text = stdout.replace(/^(\s*)#(ENC\[[^\]]*type:comment\])$/gm, '$1- $2')
  const asYaml = (await loadFormat('yaml')).parse(Buffer.from(text), { encrypted: true })
  const sealed = file === 'f.json' ? Buffer.from((await loadFormat('json')).print(asYaml.tree)).toString() : text
  expect(sealed.match(/^\s*(?:- |")ENC\[[^\]]*type:comment\]/gm)).toHaveLength(5)
  project.write(file, sealed)
  return sealed
}

const isData = (line: string): boolean => !/^\s*"?(?:mac|lastmodified)"?:/.test(line)

/** What went and what came, with the values that are in them left out. */
async function changed(file: string, before: string): Promise<string[]> {
  const now = project.read(file)
  const [a, b] = [before, now].map((text) => text.split('\n').filter(isData))
  const short = (line: string): string =>
    line
      .trim()
      .replaceAll(/data:[^\]]*,type/g, '')
      .replace(/,$/, '')
  const { code, stderr } = await alice.sops(['decrypt', file])
  expect(code, stderr).toBe(0)
  return [
    ...a!.filter((line) => !b!.includes(line)).map((line) => `< ${short(line)}`),
    ...b!.filter((line) => !a!.includes(line)).map((line) => `> ${short(line)}`),
  ]
}

const str = 'ENC[AES256_GCM,:str]'
const comment = 'ENC[AES256_GCM,:comment]'

describe.each(['f.yaml', 'f.json'])('%s', (file) => {
  const isYaml = file === 'f.yaml'
  const [q, item] = isYaml ? [`q: ${str}`, `- ${str}`] : [`"q": "${str}"`, `"${str}"`]

  test('set', async () => {
    const before = await writeSealed(file)
    await alice.sops(['set', file, '["q"]', '"new"'])
    expect(await changed(file, before)).toEqual([`< ${q}`, `> ${q}`])
  })

  test('unset', async () => {
    const before = await writeSealed(file)
    await alice.sops(['unset', file, '["q"]'])
    expect(await changed(file, before)).toEqual([`< ${q}`])
  })

  test('rotate', async () => {
    const before = await writeSealed(file)
    const { code, stderr } = await alice.sops(['rotate', '-i', file])
    expect(code, stderr).toBe(0)
    const bare = (text: string): string[] =>
      text
        .replaceAll(/data:[^\]]*,type/g, '')
        .replaceAll(/-----BEGIN AGE[\s\S]*?-----END/g, '')
        .split('\n')
        .filter(isData)
    expect(bare(project.read(file))).toEqual(bare(before))
  })

  const shown = async (): Promise<string> => (await alice.sops(['decrypt', file])).stdout

  test.each<[string, (text: string) => string, string[]]>([
    ['another value', (text) => text.replace('old', 'new'), [`< ${q}`, `> ${q}`]],
    [
      'an element',
      (text) => text.replace(isYaml ? '- x' : '"x"', isYaml ? '- y1' : '"y1"'),
      [`< ${item}`, `> ${item}`],
    ],
    ['an element that goes', (text) => text.replace(isYaml ? '    - x\n' : /\s*"x",/, ''), [`< ${item}`]],
    [
      'an element that comes',
      (text) =>
        isYaml ? text.replace('    - x\n', '    - x\n    - x2\n') : text.replace(/(\s*)"x",/, '$1"x",$1"x2",'),
      [`> ${item}`],
    ],
    // The text is taken as the editor left it: its own quotes and brackets come in.
    [
      'an entry in another style',
      (text) => (isYaml ? `${text}"n": [ x3 ]\n` : text.replace(/"q": "old"/, '"q": "old",  "n":[ "x3" ]')),
      isYaml ? [`> "n": [ '${str}' ]`] : [`< ${q}`, `> "q": "${str}",  "n":[ "${str}" ]`],
    ],
  ])('edit: %s', async (_, change, lines) => {
    const before = await writeSealed(file)
    const text = change(await shown())
    const { code, stderr } = await alice.sops(['edit', file], { env: { EDITOR: project.editorWriting(text) } })
    expect(code, stderr).toBe(0)
    expect(stderr).not.toContain('anew')
    expect(await changed(file, before)).toEqual(lines)
    expect(await shown()).toBe(text)
    expect(project.read(file).match(/type:comment\]/g)).toHaveLength(5)
  })

  // JSON shows no comments.
  if (!isYaml) return
  test('edit: the text of a comment', async () => {
    const before = await writeSealed(file)
    const text = (await shown()).replace('# second', '# another')
    await alice.sops(['edit', file], { env: { EDITOR: project.editorWriting(text) } })
    expect(await changed(file, before)).toEqual([`< - ${comment}`, `> - ${comment}`])
    expect(await shown()).toBe(text)
  })
})
