// `sops ls`: which files are encrypted, for whom, and how much of them, without any key.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../../support/cli.ts'
import { makeProject, type Person, type Project } from '../../support/project.ts'
import { sealedYaml } from '../../support/repository.ts'

let project: Project
let alice: Person
let bob: Person
let nobody: Person

beforeEach(async () => {
  project = makeProject()
  alice = project.person('one')
  bob = project.person('two')
  nobody = project.person('nobody')
  project.write('.sops.yaml', config(alice))
})
afterEach(() => project.remove())

const config = (...people: readonly Person[]): string =>
  [
    'creation_rules:',
    '  - path_regex: ^clear/',
    `    age: ${alice.recipient}`,
    '    encrypted_regex: ^secret',
    '  - path_regex: .*',
    `    age: ${people.map(({ recipient }) => recipient).join(',')}`,
    'x-sops-ts:',
    '  recipients:',
    `    alice: ${alice.recipient}`,
    '',
  ].join('\n')

async function seal(name: string, text: string, ...people: readonly Person[]): Promise<void> {
  project.write(name, text)
  const recipients = people.map(({ recipient }) => recipient).join(',')
  const argv = ['encrypt', '-i', ...(recipients === '' ? [] : ['--age', recipients]), name]
  expect(await alice.sops(argv)).toMatchObject({ code: 0 })
}

const ls = async (...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  nobody.sops(['ls', ...argv])

describe('a line for each file', () => {
  test('says format, values and recipients, those with a name by their name', async () => {
    await seal('a.yaml', 'x: 1\ny: [2, 3]\n')
    await seal('clear/b.json', '{"secret": "s", "open": {"z": 1, "w": 2}}')
    await seal('d.env', 'A=1\n', bob)
    expect(await ls()).toEqual({
      code: 0,
      stdout: [
        'a.yaml  yaml  3 of 3 values encrypted  alice',
        'clear/b.json  json  1 of 3 values encrypted  alice',
        `d.env  dotenv  1 of 1 value encrypted  ${bob.recipient}  problem: its recipients are not those of creation_rules[1] of .sops.yaml`,
        '',
      ].join('\n'),
      stderr: '',
    })
  })

  test('with the paths of its keys', async () => {
    await seal('clear/b.yaml', 'secret: [s, t]\nopen: {z: 1}\n')
    expect((await ls('--keys', 'clear')).stdout.split('\n')).toEqual([
      'clear/b.yaml  yaml  2 of 3 values encrypted  alice',
      '  ["secret"][0]  encrypted',
      '  ["secret"][1]  encrypted',
      '  ["open"]["z"]  clear',
      '',
    ])
  })

  test('in columns at a terminal, with long recipients shortened', async () => {
    await seal('a.yaml', 'x: 1\n')
    await seal('longer.yaml', 'x: 1\n', bob)
    const { stdout } = await runCli(['ls'], {
      cwd: project.dir,
      tty: ['stdout'],
      env: { PATH: process.env.PATH, NO_COLOR: '1' },
    })
    const { recipient } = bob
    expect(
      stdout
        .toString()
        .split('\n')
        .map((line) => line.replace(/ {2}problem:.*/, '')),
    ).toEqual([
      'a.yaml       yaml  1 of 1 value encrypted  alice',
      `longer.yaml  yaml  1 of 1 value encrypted  ${recipient.slice(0, 9)}…${recipient.slice(-6)}`,
      '',
    ])
  })

  test('names cannot steer a terminal', async () => {
    await seal('x\u001b[2J.yaml', 'x: 1\n')
    expect((await ls()).stdout).toContain('x\\x1b[2J.yaml  yaml')
  })
})

describe('problems', () => {
  const problems = async (...argv: string[]): Promise<{ code: number; found: unknown }> => {
    const { code, stdout } = await ls('--json', ...argv)
    const { files } = JSON.parse(stdout)
    return { code, found: files.map(({ path, problems: all }: { path: string; problems: unknown }) => [path, all]) }
  }

  test('a file that cannot be read is one; the status is that of the failures, 1 where they differ', async () => {
    await seal('a.yaml', 'x: 1\n')
    project.write('broken.yaml', 'a: [\nsops:\n')
    project.write('plain.yaml', 'a: secret-1\n')
    const broken = { code: 'parse', message: expect.stringMatching(/^it cannot be read: /) }
    const plain = { code: 'generic', message: 'it cannot be read: sops metadata not found' }
    expect(await problems('a.yaml', 'plain.yaml', 'broken.yaml')).toEqual({
      code: 1,
      found: [
        ['a.yaml', []],
        ['plain.yaml', [expect.objectContaining({ message: plain.message })]],
        ['broken.yaml', [expect.objectContaining({ message: broken.message })]],
      ],
    })
    expect((await problems('plain.yaml', 'gone.yaml')).code).toBe(1)
    expect((await problems('a.yaml', 'gone.yaml')).code).toBe(2)
    expect((await ls('plain.yaml')).stdout).toBe(
      'plain.yaml  yaml  problem: it cannot be read: sops metadata not found\n',
    )
  })

  test('nothing encrypted, which empty values do not count for', async () => {
    await seal('clear/b.yaml', 'open: 1\n')
    await seal('clear/empty.yaml', 'open: ""\n')
    expect(await problems('clear')).toEqual({
      code: 0,
      found: [
        ['clear/b.yaml', [{ code: 'nothing-encrypted', message: 'nothing in it is encrypted' }]],
        ['clear/empty.yaml', []],
      ],
    })
  })

  test('a rule with other recipients, and no rule', async () => {
    await seal('a.yaml', 'x: 1\n')
    await seal('ball.yaml', 'x: 1\n', alice, bob)
    project.write('.sops.yaml', `creation_rules: [{path_regex: ^b, age: '${bob.recipient}'}]\n`)
    expect((await problems()).found).toEqual([
      ['a.yaml', [{ code: 'unmatched-file', message: 'no rule of .sops.yaml is for it' }]],
      [
        'ball.yaml',
        [{ code: 'recipients', message: 'its recipients are not those of creation_rules[0] of .sops.yaml' }],
      ],
    ])
  })

  test('a recipient without a wrapped data key', async () => {
    project.write('a.yaml', sealedYaml.replace(/^ +enc: x\n/m, ''))
    project.write('.sops.yaml', '')
    expect((await problems()).found).toEqual([
      ['a.yaml', [{ code: 'broken-metadata', message: expect.stringContaining('without a wrapped data key (enc)') }]],
    ])
  })

  test('a configuration that cannot be used hides no file', async () => {
    await seal('a.yaml', 'x: 1\n')
    project.write('.sops.yaml', 'creation_rules: 5\n')
    expect(await problems()).toEqual({
      code: 0,
      found: [['a.yaml', [{ code: 'generic', message: expect.stringContaining('Could not unmarshal config file') }]]],
    })
  })
})

describe('which files', () => {
  test('the nearest configuration counts for each', async () => {
    await seal('sub/a.yaml', 'x: 1\n')
    project.write('sub/.sops.yaml', `x-sops-ts: {recipients: {"alice of sub": ${alice.recipient}}}\n`)
    expect((await ls()).stdout).toBe('sub/a.yaml  yaml  1 of 1 value encrypted  alice of sub\n')
  })

  test('a folder without any is an error, as everywhere', async () => {
    expect(await ls()).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no encrypted file in') })
  })

  test('those that a named recipient can open', async () => {
    await seal('a.yaml', 'x: 1\n')
    await seal('b.yaml', 'x: 1\n', bob)
    expect((await ls('--recipient', 'alice')).stdout).toMatch(/^a\.yaml[^\n]*\n$/)
    expect((await ls('--recipient', bob.recipient)).stdout).toMatch(/^b\.yaml[^\n]*\n$/)
  })
})

test('as JSON', async () => {
  await seal('clear/b.yaml', 'secret: s\n---\nopen: 1\n')
  await seal('d.bin', 'binary')
  const recipients = [{ type: 'age', recipient: alice.recipient, name: 'alice' }]
  const whole = { recipients, problems: [] }
  const { code, stdout } = await ls('--json', '--keys')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({
    version: 1,
    command: 'ls',
    files: [
      {
        ...whole,
        path: 'clear/b.yaml',
        format: 'yaml',
        values: { encrypted: 1, clear: 1 },
        keys: [
          { keyPath: '["secret"]', document: 1, encrypted: true },
          { keyPath: '["open"]', document: 2, encrypted: false },
        ],
      },
      {
        ...whole,
        path: 'd.bin',
        format: 'binary',
        values: { encrypted: 1, clear: 0 },
        keys: [{ keyPath: '["data"]', encrypted: true }],
      },
    ],
    summary: { read: 2, failed: 0, problems: 0 },
  })
  const short = JSON.parse((await ls('--json')).stdout)
  expect(Object.keys(short.files[0])).toEqual(['path', 'format', 'recipients', 'values', 'problems'])
})
