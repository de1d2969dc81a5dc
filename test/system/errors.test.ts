// What the system says went wrong, in words.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { access, mkdir, open, readdir, readFile, rename } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getSystemErrorMap } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { messageOf } from '../../src/errors.ts'
import { inWords, systemErrorText, systemText } from '../../src/system/errors.ts'
import { startFailure } from '../../src/system/programs.ts'
import '../../src/keys/key-types.ts'
import { holdsSecret, shownPath, withoutSecrets, withoutSecretsOf } from '../../src/system/secrets.ts'
import { start } from '../../src/system/start.ts'

const folder = mkdtempSync(join(tmpdir(), 'sops-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('none'),
    (error) => error,
  )
const failedStart = (file: string): Promise<Error> =>
  new Promise<never>((_, reject) => start(file, [], { env: { PATH: '/usr/bin:/bin' } }).on('error', reject)).catch(
    (error) => error,
  )

describe.skipIf(process.platform === 'win32')('errors of calls', () => {
  test.each<[string, () => Promise<Error>, string]>([
    ['opening', () => rejection(open('/no/such')), 'open /no/such: no such file or directory'],
    ['reading a folder', () => rejection(readFile('/')), 'read: is a directory'],
    ['renaming', () => rejection(rename('/no/a', '/no/b')), 'rename /no/a /no/b: no such file or directory'],
    ['listing', () => rejection(readdir('/dev/null')), 'scandir /dev/null: not a directory'],
    ['a long name', () => rejection(access(`/${'x'.repeat(300)}`)), `access /${'x'.repeat(300)}: file name too long`],
    ['making a folder', () => rejection(mkdir('/dev')), 'mkdir /dev: file exists'],
    ['starting', () => failedStart('/no/such'), 'fork/exec /no/such: no such file or directory'],
    ['starting a folder', () => failedStart('/tmp'), 'fork/exec /tmp: permission denied'],
    [
      'connecting',
      () => new Promise((resolve) => connect('/no/socket').on('error', resolve)),
      'connect /no/socket: no such file or directory',
    ],
  ])('%s', async (_, fail, text) => {
    const error = await fail()
    expect(messageOf(error)).toBe(text)
    // The same from the text alone, which is all that is left where another package has wrapped it.
    if (!text.startsWith('rename'))
      expect(messageOf(new Error(`it failed: ${error.message}`))).toBe(`it failed: ${text}`)
  })

  test.each([
    ['connect ECONNREFUSED 127.0.0.1:1', 'connect 127.0.0.1:1: connection refused'],
    ['getaddrinfo ENOTFOUND no.host', 'lookup no.host: no such host'],
    ['getaddrinfo EAI_AGAIN no.host', 'lookup no.host: temporary failure in name resolution'],
    ['read ECONNRESET', 'read: connection reset by peer'],
    ["EROFS: read-only file system, open '/x y'", 'open /x y: read-only file system'],
    ["EXDEV: cross-device link not permitted, rename '/a' -> '/b'", 'rename /a: invalid cross-device link'],
    [
      'request to https://x failed, reason: connect ETIMEDOUT 1.2.3.4:443',
      'request to https://x failed, reason: connect 1.2.3.4:443: connection timed out',
    ],
    ['invalid_grant: ERROR, read THIS', 'invalid_grant: ERROR, read THIS'],
    ['EUNKNOWN: what, open', 'EUNKNOWN: what, open'],
  ])('%s, as a text', (raw, text) => {
    expect(inWords(raw)).toBe(text)
  })

  test('of several addresses the first that says something is told', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED ::1:80'), {
      code: 'ECONNREFUSED',
      syscall: 'connect',
      address: '::1',
      port: 80,
    })
    expect(systemText(new AggregateError([refused]))).toBe('connect [::1]:80: connection refused')
  })

  test('every error that files, programs and sockets give has words', () => {
    const unused =
      /^(E(2BIG|AI_(?!AGAIN)|CANCELED|CHARSET|ALREADY|DESTADDRREQ|FAULT|ILSEQ|INTR|ISCONN|MLINK|MSGSIZE|NETDOWN|NETRESET|NOBUFS|NODATA|NODEV|NOLINK|NONET|NOPROTOOPT|NOTTY|OF|OVERFLOW|PROTO(?!TYPE)|PROTONOSUPPORT|RANGE|REMOTEIO|SHUTDOWN|SOCKTNOSUPPORT|SPIPE|SRCH|UNATCH|HOSTDOWN|CONNABORTED|FTYPE|PROTOTYPE|NONET)|UNKNOWN)/
    const wordless = [...getSystemErrorMap().values()]
      .map(([code]) => code)
      .filter((code) => !unused.test(code))
      .filter((code) => systemErrorText(Object.assign(new Error(), { code }), 'open', '/x').endsWith(code))
    expect(wordless).toEqual([])
  })
})

describe.skipIf(process.platform === 'win32')('programs that cannot be started', () => {
  const script = (name: string, text: string, mode: number): string => {
    writeFileSync(join(folder, name), text, { mode })
    return join(folder, name)
  }
  test.each<[string, () => string, RegExp]>([
    ['none in PATH', () => 'no-such-program', /^exec: "no-such-program": executable file not found in \$PATH$/],
    ['none at the path', () => '/no/such', /^fork\/exec \/no\/such: no such file or directory$/],
    ['a folder', () => '/tmp', /^fork\/exec \/tmp: permission denied \(it is a folder, not a program\)$/],
    ['a file', () => script('plain', '#!/bin/sh\n', 0o644), /: permission denied \(it is not executable: chmod \+x\)$/],
    [
      'a script without its shell',
      () => script('lost', '#!/no/shell\n', 0o755),
      /: no such file or directory \(the interpreter that its first line names is missing\)$/,
    ],
    ['below a file', () => '/dev/null/x', /^fork\/exec \/dev\/null\/x: not a directory$/],
  ])('%s', async (_, file, text) => {
    const path = file()
    expect(startFailure(path, await failedStart(path), folder)).toMatch(text)
  })
})

describe('secrets', () => {
  const identity = /AGE-SECRET-KEY-\S+/.exec(
    readFileSync(new URL('../../fixtures/conformance/keys/one.age', import.meta.url), 'utf8'),
  )![0]
  const pem = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----'

  test.each([
    identity,
    identity.toLowerCase(),
    pem,
    pem.slice(0, 50),
    'AGE-PLUGIN-YUBIKEY-1Q2W3E',
    '{"type": "service_account", "private_key": "hidden"}',
    'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln',
    'hvs.CAESIJ0123456789abcdefghij',
    's.0123456789abcdefABCDEF01',
  ])('%s is told from other text and not shown', (secret) => {
    expect(holdsSecret(secret)).toBe(true)
    expect(withoutSecrets(`before ${secret} after`)).not.toContain(secret.slice(15, 40))
    expect(shownPath(secret)).toBe('(a secret, not shown)')
    const error = Object.assign(new Error(`ENOENT: no such file or directory, open '/${secret}'`), {
      code: 'ENOENT',
      syscall: 'open',
      path: `/${secret}`,
    })
    expect(messageOf(error)).toBe('open (a secret, not shown): no such file or directory')
  })

  test.each([
    '/home/u/.config/sops/age/keys.txt',
    'age1y9ff66k7cr0',
    's.yaml',
    'AGE-KEY',
    'secrets/b.long-name-of-a-file.yaml',
  ])('%s is shown', (text) => {
    expect(withoutSecrets(text)).toBe(text)
    expect(shownPath(text)).toBe(text)
  })

  test('values of variables that are secrets are not shown, short words and paths are', () => {
    const env = {
      VAULT_TOKEN: 'correct horse battery',
      AWS_SESSION_TOKEN: 'open',
      GOOGLE_CREDENTIALS: '/etc/google.json',
    }
    expect(withoutSecretsOf('open /etc/google.json: correct horse battery', env)).toBe(
      'open /etc/google.json: (a secret, not shown)',
    )
  })
})
