// Failures whose cause lies in a variable: the message says what is wrong and what to do, in words, and never shows a key.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { executable, programLine } from '../support/build.ts'
import { runCli, type Sandbox } from '../support/cli.ts'
import { encryptedBox, identity, recipient, secondRecipient, start } from './exec-support.ts'

const key = /AGE-SECRET-KEY-\S+/.exec(identity)![0]
const body = key.slice(16)
const pem = `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`

let box: Sandbox
beforeAll(async () => {
  box = await encryptedBox({ 's.yaml': 'a: 1\n' })
  writeFileSync(box.path('recipients.txt'), `# team\n${recipient}\n${secondRecipient}\n`, { mode: 0o600 })
  writeFileSync(box.path('keys.txt'), identity, { mode: 0o600 })
  writeFileSync(box.path('quoted.txt'), `"${key}"\n`, { mode: 0o600 })
  writeFileSync(box.path('my editor'), '#!/bin/sh\n', { mode: 0o755 })
})
afterAll(() => box.remove())

/** stderr of one command line, on one line, without the frames of the report. */
async function said(env: Record<string, string>, ...argv: string[]): Promise<string> {
  const { code, stderr, stdout } = await runCli(argv.length > 0 ? argv : ['decrypt', 's.yaml'], {
    cwd: box.dir,
    env: { PATH: process.env['PATH'], HOME: box.path('home'), TMPDIR: box.path('tmp'), ...env },
    home: box.path('home'),
  })
  expect(code).not.toBe(0)
  expect(stderr + stdout).not.toContain(body)
  expect(stderr).not.toMatch(/\bE(NOENT|ACCES|ISDIR|NOTDIR|PERM|CONNREFUSED|LOOP|NAMETOOLONG|XEC|2BIG)\b/)
  return stderr.replace(/\n\s*(?:\| )?/g, ' ').replace(/ +/g, ' ')
}

describe('SOPS_AGE_KEY', () => {
  test.each([
    ['a path', 'keys.txt', 'it looks like a path, which belongs in SOPS_AGE_KEY_FILE'],
    ['a path in the home', '~/.config/sops/age/keys.txt', 'it looks like a path'],
    ['an absolute path', '/etc/keys', 'it looks like a path'],
    [
      'a recipient',
      recipient,
      'it is a recipient, which encrypts; the identity that decrypts begins with AGE-SECRET-KEY-1',
    ],
    ['a public SSH key', 'ssh-ed25519', 'it is a recipient'],
    ['a quoted key', `"${key}"`, 'it stands in quotes: take them away'],
    ['a key in single quotes', `'${key}'`, 'it stands in quotes'],
    ['a quote that is not closed', `'${key}`, 'it stands in quotes'],
    ['an assignment', `SOPS_AGE_KEY=${key}`, 'it is an assignment'],
    ['a key in lower case', key.toLowerCase(), 'identities are in upper case'],
    ['a key with something behind it', `${key},${key}`, 'error at line 1: invalid checksum'],
    ['a key with something before it', `key:${key}`, 'there is more than the identity in it'],
    ['an SSH key', pem, 'SSH keys have variables of their own'],
    ['something else', 'x', 'error at line 1: unknown identity type.'],
  ])('%s', async (_, value, text) => {
    expect(await said({ SOPS_AGE_KEY: value })).toContain(text)
  })
})

describe('SOPS_AGE_KEY_FILE', () => {
  test.each([
    ['a file of recipients', 'recipients.txt', 'it is a recipient, which encrypts'],
    ['a file with a quoted key', 'quoted.txt', 'it stands in quotes'],
    [
      'a path that no shell has expanded',
      '~/keys.txt',
      'open ~/keys.txt: no such file or directory, since ~ is only replaced by a shell, outside quotes: write $HOME',
    ],
    ['a quoted path', '"keys.txt"', 'since it stands in quotes'],
    ['a variable that no shell has replaced', '$HOME/keys.txt', 'since the variable in it was not replaced'],
    [
      'the identity',
      key,
      'open (a secret, not shown): no such file or directory, since it holds a key and no path: identities belong in SOPS_AGE_KEY',
    ],
    ['the content of the file', identity, 'since it holds a key and no path'],
    ['a recipient', recipient, 'since it holds a recipient and no path'],
    ['a folder', '.', 'is a directory'],
    ['below a file', 'keys.txt/x', 'not a directory'],
    ['a name that is too long', 'x'.repeat(300), 'file name too long'],
  ])('%s', async (_, value, text) => {
    expect(await said({ SOPS_AGE_KEY_FILE: value })).toContain(text)
  })

  test('an SSH key where the path of one belongs', async () => {
    expect(await said({ SOPS_AGE_SSH_PRIVATE_KEY_FILE: pem })).toContain('since it holds a key and no path')
    expect(await said({ SOPS_AGE_SSH_PRIVATE_KEY_FILE: '~/id' })).toContain('since ~ is only replaced by a shell')
  })
})

describe.each(['SOPS_AGE_KEY_CMD', 'SOPS_AGE_SSH_PRIVATE_KEY_CMD'])('%s', (name) => {
  const script = (text: string): string => {
    const path = join(box.dir, 'cmd')
    writeFileSync(path, `#!/bin/sh\n${text}\n`)
    chmodSync(path, 0o755)
    return './cmd'
  }
  test.each([
    ['says why', 'echo "[ERROR] not signed in" >&2; exit 3', 'exit status 3: [ERROR] not signed in'],
    [
      'says it in lines, with control characters',
      'printf "one\\n\\033[31mtwo\\n" >&2; exit 1',
      'exit status 1: one | ?[31mtwo',
    ],
    ['says a lot', 'yes xyz | tr -d "\\n" | head -c 100000 >&2; exit 1', 'xyzx…'],
    ['is ended by a signal', 'echo bye >&2; kill -9 $$', 'signal: SIGKILL: bye'],
    [
      'quotes the key',
      `echo "cannot use ${key}" >&2; exit 1`,
      'exit status 1 (what it says holds key material and is not shown)',
    ],
    ['leaves something running', 'sleep 20 >/dev/null & echo late >&2; exit 4', 'exit status 4: late'],
    ['says nothing', 'exit 5', 'exit status 5'],
  ])('a command that %s', async (_, text, message) => {
    expect(await said({ [name]: script(text) })).toContain(message)
  })

  test.each([
    ['holds the key', `false ${key}`, 'failed to execute command false (a secret, not shown): exit status 1'],
    ['is a path that leads nowhere', '/x', 'fork/exec /x: no such file or directory'],
    ['is a folder', '/tmp', 'fork/exec /tmp: permission denied (it is a folder, not a program)'],
    ['is below a file', '/dev/null/x', 'fork/exec /dev/null/x: not a directory'],
    ['is no program', './keys.txt', 'permission denied (it is not executable: chmod +x)'],
  ])('one that %s', async (_, command, message) => {
    expect(await said({ [name]: command })).toContain(message)
  })
})

test.skipIf(process.platform === 'win32')('a working folder that was deleted', async () => {
  const script = `mkdir gone; cd gone; rmdir ../gone; ${programLine} decrypt s.yaml`
  const { code, stderr } = await start(box, ['-c', script], { program: '/bin/sh' }).ended
  // The runtime of the executable looks there before the program runs.
  if (executable) return expect([code, stderr]).toEqual([1, expect.stringContaining('working directory was deleted')])
  expect([code, stderr]).toEqual([
    1,
    'error: getwd: no such file or directory\nhint: the working folder was deleted or cannot be reached: change to another one\n',
  ])
})

describe('EDITOR', () => {
  test.each([
    ['/x', 'Could not run editor: fork/exec /x: no such file or directory hint: set EDITOR to the command'],
    ['/tmp', 'fork/exec /tmp: permission denied (it is a folder, not a program)'],
    ['/dev/null/x', 'fork/exec /dev/null/x: not a directory'],
    ['no-such-program', 'exec: "no-such-program": executable file not found in $PATH hint: set EDITOR'],
  ])('%s', async (editor, text) => {
    expect(await said({ SOPS_AGE_KEY: key, EDITOR: editor }, 'edit', 's.yaml')).toContain(text)
  })

  test('a path with blanks', async () => {
    const path = box.path('my editor')
    const text = await said({ SOPS_AGE_KEY: key, EDITOR: `${path} -w` }, 'edit', 's.yaml')
    expect(text).toContain(`hint: ${path} has blanks: put it in quotes of its own, as in EDITOR='"${path}"'`)
  })
})

test.each([
  ['/x', 'exec: "/x": no such program'],
  ['/tmp', 'exec: "/tmp": it is a folder, not a program'],
  ['./keys.txt', 'exec: "./keys.txt": it is not executable: chmod +x'],
])('SOPS_GPG_EXEC=%s', async (program, text) => {
  expect(await said({ SOPS_GPG_EXEC: program }, 'encrypt', '--pgp', 'A'.repeat(40), 'recipients.txt')).toContain(text)
})

test.each([
  ['unix:///no/socket', 'connection error: connect /no/socket: no such file or directory'],
  ['tcp://127.0.0.1:1', 'connection error: connect 127.0.0.1:1: connection refused'],
])('a key service at %s', async (uri, text) => {
  const argv = ['decrypt', '--enable-local-keyservice=false', '--keyservice', uri, 's.yaml']
  expect(await said({}, ...argv)).toContain(text)
})

test.each([
  ['SOPS_PGP_KEY_FILE', { SOPS_PGP_KEY_FILE: pem }, ['encrypt', '--pgp', 'A'.repeat(40), 'recipients.txt']],
  ['SOPS_CONFIG', { SOPS_CONFIG: key }, ['encrypt', 'recipients.txt']],
  [
    'GOOGLE_APPLICATION_CREDENTIALS',
    { GOOGLE_APPLICATION_CREDENTIALS: `{"private_key": "${body}"}` },
    ['encrypt', '--gcp-kms', 'projects/p/locations/l/keyRings/r/cryptoKeys/k', 'recipients.txt'],
  ],
  [
    'GOOGLE_CREDENTIALS',
    { GOOGLE_CREDENTIALS: `{"private_key": "${body}"` },
    ['encrypt', '--gcp-kms', 'projects/p/locations/l/keyRings/r/cryptoKeys/k', 'recipients.txt'],
  ],
  [
    'VAULT_CACERT',
    { VAULT_CACERT: pem, VAULT_TOKEN: body, VAULT_ADDR: 'https://127.0.0.1:1' },
    ['encrypt', '--hc-vault-transit', 'https://127.0.0.1:1/v1/transit/keys/k', 'recipients.txt'],
  ],
  [
    'AZURE_FEDERATED_TOKEN_FILE',
    {
      AZURE_FEDERATED_TOKEN_FILE: `eyJ${body}.${body}.x`,
      AZURE_CLIENT_ID: 'a',
      AZURE_TENANT_ID: 'b',
      SOPS_AZURE_KEYVAULT_ORIGINS: 'https://127.0.0.1:1',
      SOPS_AZURE_KEYVAULT_TIMEOUT: '1s',
    },
    ['encrypt', '--azure-kv', 'https://127.0.0.1:1/keys/k/1', 'recipients.txt'],
  ],
  [
    'AWS_SHARED_CREDENTIALS_FILE',
    { AWS_SHARED_CREDENTIALS_FILE: `aws_secret_access_key=${body}\n`, AWS_CA_BUNDLE: pem },
    ['encrypt', '--kms', 'arn:aws:kms:us-east-1:111122223333:key/x', 'recipients.txt'],
  ],
  ['a flag', {}, ['decrypt', pem]],
  ['the path of the output', { SOPS_AGE_KEY: key }, ['decrypt', '--output', `/no/${pem}`, 's.yaml']],
])('%s that is given a key shows nothing of it', async (_, env, argv) => {
  expect(readFileSync(box.path('keys.txt'), 'utf8')).toContain(body)
  await said(env as Record<string, string>, ...argv)
})
