// A hash of all plaintext in a log lets anybody guess short values. A mismatch tells what may have been changed and where, never a digest.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { processContext } from '../../src/context/process.ts'
import { decrypt } from '../../src/file/bytes.ts'
import { runCli, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'

const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
const box = sandbox({
  'all.yaml': 'pin: "1234"\nport_unencrypted: 8080\nhost_unencrypted: db\nlist:\n  - a\n  - b\n',
  'sealed.json': '{"pin": "1234", "more": "5678"}',
  'pair.yaml': 'pin: "1234"\n---\npin: "5678"\nhost_unencrypted: db\n',
})
const auditFile = box.path('audit.jsonl')
const env = {
  PATH: process.env.PATH ?? '',
  HOME: box.dir,
  SOPS_AGE_KEY: identity,
  SOPS_AGE_RECIPIENTS: /age1[a-z0-9]+/.exec(identity)![0],
  SOPS_DEBUG: '1',
}
const sops = (...argv: string[]) => runCli(argv, { cwd: box.dir, env, auditConfig: box.path('audit.yaml') })
const textOf = (name: string): string => readFileSync(box.path(name), 'utf8')

beforeAll(async () => {
  writeFileSync(box.path('audit.yaml'), `backends:\n  file:\n    - path: ${auditFile}\n`)
  writeFileSync(auditFile, '')
  for (const name of ['all.yaml', 'sealed.json', 'pair.yaml'])
    expect(await sops('encrypt', '-i', name)).toMatchObject({ code: 0, stderr: '' })
})
afterAll(() => box.remove())

const digest = /[0-9a-f]{64}|[A-Za-z0-9+/]{80,}={0,2}/i

const changes: readonly (readonly [what: string, file: string, change: (text: string) => string, ...told: string[]])[] =
  [
    [
      'a value in clear',
      'all.yaml',
      (text) => text.replace(': 8080', ': 8081'),
      'MAC mismatch. File has ',
      'one in clear may have been changed: ["port_unencrypted"], ["host_unencrypted"]',
    ],
    [
      'an entry is taken out',
      'sealed.json',
      (text) => text.replace(/\s*"more": "[^"]*",/, ''),
      'MAC mismatch. File has ',
      'every encrypted value opens',
      'an entry may have been added, removed, moved or repeated',
    ],
    [
      'a value in clear of a later document',
      'pair.yaml',
      (text) => text.replace('host_unencrypted: db', 'host_unencrypted: evil'),
      'MAC mismatch. File has ',
      '["host_unencrypted"] in document 2',
    ],
    [
      'the MAC is taken out',
      'all.yaml',
      (text) => text.replace(/^ {4}mac: .*\n/m, ''),
      'MAC mismatch. File has no MAC',
    ],
    [
      'the date',
      'all.yaml',
      (text) => text.replace(/lastmodified: "20\d\d/, 'lastmodified: "2001'),
      'Cannot decrypt MAC: ',
      'sops.lastmodified was changed',
    ],
    [
      'the type of the MAC',
      'all.yaml',
      (text) => text.replace(/^( {4}mac: .*)type:str/m, '$1type:int'),
      'Cannot decrypt MAC: ',
    ],
    [
      'what the MAC covers',
      'all.yaml',
      (text) => text.replace(/^ {4}mac: .*\n/m, (line) => `${line}    mac_only_encrypted: true\n`),
      'MAC mismatch. File has ',
      'mac_only_encrypted was added',
    ],
  ]

const ways: readonly (readonly string[])[] = [
  ['decrypt'],
  ['--verbose', 'decrypt'],
  ['rotate'],
  ['set', '["x"]', '1'],
  ['exec-env', 'true'],
  ['doctor'],
  ['git', 'textconv'],
]
const wordsOf = ([...way]: readonly string[], file: string): string[] =>
  way.length > 1 && /^(set|exec-env)$/.test(way[0]!) ? [way[0]!, file, ...way.slice(1)] : [...way, file]

describe.each(changes.map(([what, file, change, ...told]) => ({ what, file, change, told })))(
  '$what',
  ({ file, change, told }) => {
    const changed = `changed-${file}`
    beforeAll(() => {
      const text = change(textOf(file))
      expect(text).not.toBe(textOf(file))
      writeFileSync(box.path(changed), text)
    })

    test('is told in words', async () => {
      const { code, stderr } = await sops('decrypt', changed)
      expect(code).toBe(51)
      for (const words of told) expect(stderr).toContain(words)
    })

    test.each(ways)('%s %s', async (...way) => {
      const { stdout, stderr } = await sops(...wordsOf(way, changed))
      // The wrapped keys and values of the file itself are no digests of its plaintext.
      const shown = way.includes('textconv') ? stdout.toString().split('\nsops')[0]! : stdout.toString()
      expect(stderr + shown).not.toMatch(digest)
      expect(textOf('audit.jsonl')).not.toMatch(digest)
    })

    test('the library', async () => {
      const error = await decrypt(readFileSync(box.path(changed)), {
        format: file.endsWith('json') ? 'json' : 'yaml',
        context: { ...processContext(), env },
      }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'mac-mismatch' })
      expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(digest)
    })
  },
)

test('the search finds a digest in each of its spellings', () => {
  const hash = createHash('sha512').update('1234')
  const bytes = hash.digest()
  for (const coding of ['hex', 'base64'] as const) expect(bytes.toString(coding)).toMatch(digest)
})
