// `sops filestatus` of several files: one JSON document.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProject, type Person, type Project, type Ran } from '../../support/project.ts'

let project: Project
let nobody: Person

beforeEach(async () => {
  project = makeProject({
    'sub/a.yaml': 'x: 1\n',
    'sub/b.json': '{"x": 1}',
    'sub/c.yaml': 'x: 1\n',
    'd.yaml': 'x: 1\n',
  })
  nobody = project.person('nobody')
  const alice = project.person('one')
  project.write('.sops.yaml', `creation_rules: [{path_regex: ^sub/, age: ${alice.recipient}}]\n`)
  for (const name of ['sub/a.yaml', 'sub/b.json'])
    expect(await alice.sops(['encrypt', '-i', name])).toMatchObject({ code: 0 })
})
afterEach(() => project.remove())

const filestatus = (...argv: string[]): Promise<Ran> => nobody.sops(['filestatus', ...argv])

const document = (files: object, summary: object): string =>
  `${JSON.stringify({ version: 1, command: 'filestatus', files, summary })}\n`

const found = [
  { path: 'sub/a.yaml', encrypted: true },
  { path: 'sub/b.json', encrypted: true },
  { path: 'sub/c.yaml', encrypted: false },
]

test.each<[string, readonly string[]]>([
  ['named files', ['sub/a.yaml', 'sub/b.json', 'sub/c.yaml']],
  ['a folder: what is or must be encrypted', ['.']],
  ['a pattern', ['sub/*']],
  ['all', ['--all']],
])('%s', async (_, argv) => {
  expect(await filestatus(...argv)).toEqual({
    code: 0,
    stdout: document(found, { encrypted: 2, clear: 1, failed: 0 }),
    stderr: '',
  })
})

test('one file, as SOPS answers it, and as a document', async () => {
  expect((await filestatus('d.yaml')).stdout).toBe('{"encrypted":false}\n')
  expect((await filestatus('--json', 'd.yaml')).stdout).toBe(
    document([{ path: 'd.yaml', encrypted: false }], { encrypted: 0, clear: 1, failed: 0 }),
  )
})

test('a file that cannot be read does not keep the others from being told', async () => {
  const { code, stdout, stderr } = await filestatus('gone.yaml', 'sub/a.yaml')
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({
    files: [{ path: 'gone.yaml', error: { code: 'generic' } }, found[0]],
    summary: { encrypted: 1, clear: 0, failed: 1 },
  })
  expect(stderr).toMatch(/^error: gone\.yaml: cannot check file status: .*no such file or directory\n/)
})

test('no file', async () => {
  expect(await filestatus()).toMatchObject({ code: 100, stdout: '' })
  expect(await filestatus('--json')).toMatchObject({ code: 100, stdout: '' })
})

test('none where flags say which files is no failure', async () => {
  expect(await filestatus('--all', '--type', 'ini')).toEqual({
    code: 0,
    stdout: document([], { encrypted: 0, clear: 0, failed: 0 }),
    stderr: '',
  })
})
