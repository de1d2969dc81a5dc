// An identity that files are opened with is never sealed in its own place.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CliResult, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { identity, recipient } from './exec-support.ts'

let box: Sandbox
beforeEach(() => {
  box = sandbox({ 'home/x': '' })
})
afterEach(() => box.remove())

const word = /AGE-SECRET-KEY-1\S+/.exec(identity)![0]
const ssh = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'

const put = (name: string, text: string): void => {
  mkdirSync(dirname(box.path(name)), { recursive: true })
  writeFileSync(box.path(name), text)
}

const run = (argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> =>
  runCli(['encrypt', '--age', recipient, ...argv], {
    cwd: box.dir,
    env: { HOME: box.path('home'), NO_COLOR: '1', ...env },
  })

describe('is refused in place', () => {
  test.each<[string, string, string, Readonly<Record<string, string>>]>([
    ['the key file', 'id.txt', identity, { SOPS_AGE_KEY_FILE: 'id.txt' }],
    ['a locked key file', 'id.age', '-----BEGIN AGE ENCRYPTED FILE-----\n', { SOPS_AGE_KEY_FILE: 'id.age' }],
    ['the usual key file', 'home/.config/sops/age/keys.txt', identity, {}],
    ['an SSH key', 'home/.ssh/id_ed25519', ssh, {}],
    ['an SSH key that is named', 'my.key', ssh, { SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'my.key' }],
    ['a copy of the variable', 'copy.yaml', `key: ${word}\n`, { SOPS_AGE_KEY: identity }],
  ])('%s', async (_, name, text, env) => {
    put(name, text)
    for (const argv of [
      ['-i', name],
      ['--output', name, name],
    ]) {
      const { code, stderr } = await run(argv, env)
      expect([code, stderr.split('\n')]).toEqual([
        1,
        [
          `error: ${name}: this is an identity that opens files here: encrypted in its place it would open nothing`,
          'hint: it stays as it is, outside of all repositories, with a copy in another place',
          `hint: a copy that others can open: sops encrypt --age THEIR_RECIPIENT ${name} > COPY`,
          '',
        ],
      ])
    }
    expect(readFileSync(box.path(name), 'utf8')).toBe(text)
  })
})

test('a copy goes elsewhere as in SOPS', async () => {
  put('id.txt', identity)
  const { code, stderr } = await run(['id.txt'], { SOPS_AGE_KEY_FILE: 'id.txt' })
  expect([code, stderr]).toEqual([0, ''])
})

test('an identity that is not at hand is encrypted, with a warning', async () => {
  put('id.txt', identity)
  const { code, stderr } = await run(['-i', 'id.txt'])
  expect([code, stderr]).toEqual([
    0,
    'warning: id.txt: the file holds an identity, and is encrypted now: what is encrypted for that identity alone opens only where a copy of it is kept\n',
  ])
})

test.each([
  'a: x\n',
  'cert: |\n  -----BEGIN PRIVATE KEY-----\n  x\n  -----END PRIVATE KEY-----\n',
  'a: AGE-SECRET-KEY\n',
])('nothing is said of %j', async (text) => {
  put('a.yaml', text)
  expect(await run(['-i', 'a.yaml'], { SOPS_AGE_KEY: identity })).toMatchObject({ code: 0, stderr: '' })
})
