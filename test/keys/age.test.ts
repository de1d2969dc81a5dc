import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import { generateIdentity, identityFileText, type KeyPair } from '../../src/keys/age/keygen.ts'
import { age } from '../../src/keys/age.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { type FakeContext, type FakeOptions, fakeContext } from '../support/context.ts'

const one = 'age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5'
const ed25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHHtMN1ZkwSgrdaR5DwJBO0KTv6EknoufzApA1hhHDL9'
const ageProgram = ['age', 'age-keygen'].every((program) => spawnSync(program, ['--help']).error === undefined)
if (!ageProgram) console.warn('skipped: age and age-keygen are not installed')
const dataKey = Buffer.from('0123456789abcdef0123456789abcdef')

let pair: KeyPair
let other: KeyPair
let pq: KeyPair
/** Wrapped for `pair`. */
let key: MasterKey
let dir: string
let made = 0

beforeAll(async () => {
  pair = await generateIdentity()
  other = await generateIdentity()
  pq = await generateIdentity({ pq: true })
  key = await wrapped(pair.recipient)
  dir = mkdtempSync(join(tmpdir(), 'age-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

async function wrapped(recipient: string): Promise<MasterKey> {
  const ctx = fakeContext()
  const [parsed] = await age.parse(recipient, ctx)
  return { ...parsed!, enc: await age.wrap(parsed!, dataKey, ctx) }
}

function file(text: string, mode = 0o600, name = `file${made++}`): string {
  const path = join(dir, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

/** A context whose home is empty. */
const context = (env: Record<string, string>, options: FakeOptions = {}): FakeContext =>
  fakeContext({
    home: join(dir, 'nobody'),
    cwd: dir,
    platform: 'linux',
    ...options,
    env: { PATH: process.env.PATH, ...env },
  })

describe('recipients', () => {
  const recipients = async (text: string): Promise<unknown[]> =>
    (await age.parse(text, fakeContext())).map((parsed) => parsed.fields.recipient)

  test('lists', async () => {
    expect(await recipients('')).toEqual([])
    expect(await recipients(` ${one} ,\t${pq.recipient}\n`)).toEqual([one, pq.recipient])
    expect(await recipients(`${ed25519} me@host,age1test1wfjkx6tsd9jkuaqra6j3p`)).toEqual([
      `${ed25519} me@host`,
      'age1test1wfjkx6tsd9jkuaqra6j3p',
    ])
    expect(await age.parseGroupItem(`${one}, ${one}`, fakeContext())).toHaveLength(2)
  })

  test('what is stored', async () => {
    const [parsed] = await age.parse(one, fakeContext())
    expect(parsed).toEqual({ type: 'age', fields: { recipient: one }, enc: '' })
    expect(age.label(parsed!)).toBe(one)
  })

  const bech32 = 'failed to parse input as Bech32-encoded age public key: '
  test.each([
    [`${one},`, 'failed to parse input, unknown recipient type: ""'],
    [' ', 'failed to parse input, unknown recipient type: ""'],
    [one.toUpperCase(), `failed to parse input, unknown recipient type: "${one.toUpperCase()}"`],
    ['github:user', 'failed to parse input, unknown recipient type: "github:user"'],
    ['a"b', 'failed to parse input, unknown recipient type: "a\\"b"'],
    [`${one.slice(0, -1)}q`, `${bech32}malformed recipient "${one.slice(0, -1)}q": invalid checksum`],
    ['age1', `${bech32}malformed recipient "age1": separator '1' at invalid position`],
    ['age1pq1qqqqqqqqqqqqqqqq', `${bech32}malformed recipient `],
    ['age1TEST1wfjkx6tsd9jkuaqra6j3p', 'failed to parse input as age key from age plugin: invalid recipient encoding'],
    ['age1test1wfjkx6tsd9jkuaqra6j3q', 'failed to parse input as age key from age plugin: invalid recipient encoding'],
    ['ssh-dss AAAA', 'failed to parse input as age-ssh public key: malformed SSH recipient: "ssh-dss AAAA"'],
    ['ssh-ed25519', 'failed to parse input as age-ssh public key: malformed SSH recipient'],
    [`${ed25519}A`, 'failed to parse input as age-ssh public key: malformed SSH recipient'],
    [ed25519.replace('ssh-ed25519', 'ssh-rsa'), 'failed to parse input as age-ssh public key: malformed SSH recipient'],
    [
      'ssh-ed448 AAAACXNzaC1lZDQ0OA==',
      'failed to parse input as age-ssh public key: unknown SSH recipient type: "ssh-ed448"',
    ],
  ])('refuses %j', async (text, message) => {
    await expect(age.parse(text, fakeContext())).rejects.toThrow(SopsError)
    await expect(age.parse(text, fakeContext())).rejects.toThrow(message)
  })
})

describe('wrapping', () => {
  test('one armored file, with its final newline', () => {
    expect(key.enc).toMatch(
      /^-----BEGIN AGE ENCRYPTED FILE-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END AGE ENCRYPTED FILE-----\n$/,
    )
  })
  test('never the same twice', async () => {
    expect((await wrapped(pair.recipient)).enc).not.toBe(key.enc)
  })
  test.each([1, 33, 100])('any length: %i bytes', async (length) => {
    const ctx = context({ SOPS_AGE_KEY: pair.identity })
    const bytes = Buffer.alloc(length, 5)
    expect(await age.unwrap({ ...key, enc: await age.wrap(key, bytes, ctx) }, ctx)).toEqual(bytes)
  })
})

describe.skipIf(!ageProgram)('the age program', () => {
  test('opens what is wrapped here, and the other way round', async () => {
    const path = file(identityFileText(pair, new Date()))
    expect(execFileSync('age', ['-d', '-i', path], { input: key.enc })).toEqual(dataKey)
    const enc = execFileSync('age', ['-a', '-r', pair.recipient], { input: dataKey, encoding: 'utf8' })
    expect(await age.unwrap({ ...key, enc }, context({ SOPS_AGE_KEY_FILE: path }))).toEqual(dataKey)
  })
  test('age-keygen agrees on the recipient, and its files are read', async () => {
    const ours = file(identityFileText(pair, new Date()))
    expect(execFileSync('age-keygen', ['-y', ours], { encoding: 'utf8' })).toBe(`${pair.recipient}\n`)
    const theirs = file(execFileSync('age-keygen', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
    const recipient = execFileSync('age-keygen', ['-y', theirs], { encoding: 'utf8' }).trim()
    expect(await age.unwrap(await wrapped(recipient), context({ SOPS_AGE_KEY_FILE: theirs }))).toEqual(dataKey)
  })
})

describe('where identities come from', () => {
  const opens = async (ctx: FakeContext, wanted: MasterKey = key): Promise<void> => {
    expect(await age.unwrap(wanted, ctx)).toEqual(dataKey)
  }

  test('SOPS_AGE_KEY: lines, words and comments', async () => {
    await opens(context({ SOPS_AGE_KEY: pair.identity }))
    await opens(context({ SOPS_AGE_KEY: `# one\n${other.identity}\r\n\n# two\n${pair.identity}\n` }))
    await opens(context({ SOPS_AGE_KEY: `${other.identity}  ${pair.identity}` }))
    await opens(context({ SOPS_AGE_KEY: `${pq.identity} ${other.identity}` }), await wrapped(pq.recipient))
  })

  test('SOPS_AGE_KEY_FILE, also relative', async () => {
    const path = file(`# k\n${pair.identity}\n`)
    await opens(context({ SOPS_AGE_KEY_FILE: path }))
    await opens(context({ SOPS_AGE_KEY_FILE: path.slice(dir.length + 1) }))
    await opens(context({ SOPS_AGE_KEY_FILE: file(`\ufeff# from an editor on Windows\r\n${pair.identity}\r\n`) }))
  })

  test('SOPS_AGE_KEY_CMD is told the recipient, and asked once for each', async () => {
    const log = join(dir, 'asked')
    const script = file(`echo "$SOPS_AGE_RECIPIENT $1" >> '${log}'; echo ${pair.identity}`, 0o700)
    const ctx = context({ SOPS_AGE_KEY_CMD: `sh ${script} "two words"` })
    await opens(ctx)
    await opens(ctx)
    expect(await age.unwrap(await wrapped(other.recipient), ctx)).toHaveProperty('unavailable')
    expect(readFileSync(log, 'utf8')).toBe(`${pair.recipient} two words\n${other.recipient} two words\n`)
  })

  test('the command does not run when a file has the key', async () => {
    const log = join(dir, 'ran')
    await opens(context({ SOPS_AGE_KEY: pair.identity, SOPS_AGE_KEY_CMD: `touch ${log}` }))

    expect(existsSync(log)).toBe(false)
  })

  const text = (): string => `${pair.identity}\n`
  test.each<[string, string, NodeJS.Platform, Record<string, string>]>([
    ['linux', '.config', 'linux', {}],
    ['linux, XDG', 'xdg', 'linux', { XDG_CONFIG_HOME: 'xdg' }],
    ['linux, empty XDG', '.config', 'linux', { XDG_CONFIG_HOME: '' }],
    ['macOS', 'Library/Application Support', 'darwin', {}],
    ['macOS, the other place', '.config', 'darwin', {}],
    ['macOS, XDG', 'xdg', 'darwin', { XDG_CONFIG_HOME: 'xdg' }],
    ['macOS, XDG, the other place', 'Library/Application Support', 'darwin', { XDG_CONFIG_HOME: 'xdg' }],
    ['Windows', 'roaming', 'win32', { APPDATA: 'roaming' }],
  ])('default file: %s', async (_, folder, platform, variables) => {
    const home = join(dir, `home${made++}`)
    file(text(), 0o600, join(home.slice(dir.length + 1), folder, 'sops/age/keys.txt'))
    const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value && join(home, value)]))
    await opens(context(env, { home, platform }))
  })

  test('all of them add up', async () => {
    const third = await generateIdentity()
    const env = {
      SOPS_AGE_KEY: other.identity,
      SOPS_AGE_KEY_FILE: file(text()),
      SOPS_AGE_KEY_CMD: `echo ${third.identity}`,
    }
    const ctx = context(env)
    for (const recipient of [pair.recipient, other.recipient, third.recipient]) {
      await opens(ctx, await wrapped(recipient))
    }
  })

  test('a broken source does not stop another', async () => {
    await opens(context({ SOPS_AGE_KEY_FILE: 'gone', SOPS_AGE_KEY_CMD: 'false', SOPS_AGE_KEY: pair.identity }))
  })

  test('each is read once a run', async () => {
    const path = file(text())
    const ctx = context({ SOPS_AGE_KEY_FILE: path })
    await opens(ctx)
    rmSync(path)
    await opens(ctx)
  })

  test('warns once of key files others can read', async () => {
    const path = file(text(), 0o644)
    const ctx = context({ SOPS_AGE_KEY_FILE: path })
    await opens(ctx)
    await opens(ctx)
    expect(ctx.lines).toEqual([
      {
        level: 'advice',
        logger: 'AGE',
        message: 'private key file is readable by other users',
        fields: { file: path, mode: '0644' },
      },
    ])
    const tidy = context({ SOPS_AGE_KEY_FILE: file(text(), 0o600) })
    await opens(tidy)
    expect(tidy.lines).toEqual([])
  })
})

describe('failures', () => {
  const reason = async (env: Record<string, string>, options: FakeOptions = {}, wanted = key): Promise<string> => {
    const result = await age.unwrap(wanted, context(env, options))
    if (result instanceof Uint8Array) throw new Error('opened')
    return result.unavailable
  }
  const reader = 'failed to create reader for decrypting sops data key with age: '
  let places: string[]
  beforeEach(() => {
    const home = join(dir, 'nobody')
    places = [
      'SOPS_AGE_SSH_PRIVATE_KEY_FILE',
      'SOPS_AGE_SSH_PRIVATE_KEY_CMD',
      join(home, '.ssh/id_ed25519'),
      join(home, '.ssh/id_rsa'),
      'SOPS_AGE_KEY',
      'SOPS_AGE_KEY_FILE',
      'SOPS_AGE_KEY_CMD',
      join(home, '.config/sops/age/keys.txt'),
    ].map((place) => `'${place}'`)
  })
  const listed = (all: readonly string[]): string =>
    `Did not find keys in locations ${all.slice(0, -1).join(', ')}, and ${all.at(-1)}.`

  test('no identity at all', async () => {
    expect(await reason({})).toBe(`failed to load age identities. ${listed(places)}`)
  })

  test('one that does not fit; the missing default file is not worth naming', async () => {
    const others = places.filter((place) => !/SOPS_AGE_KEY'|keys.txt/.test(place))
    expect(await reason({ SOPS_AGE_KEY: other.identity })).toBe(
      `${reader}identity did not match any of the recipients: incorrect identity for recipient block. ${listed(others)}`,
    )
  })

  test('several that do not fit', async () => {
    const text = `${other.identity} ${pq.identity}`
    expect(await reason({ SOPS_AGE_KEY: text })).toContain(`${reader}no identity matched any of the recipients. `)
  })

  test('an empty default file is named', async () => {
    const home = join(dir, 'empty')
    const path = file('# nothing\n', 0o600, 'empty/.config/sops/age/keys.txt')
    expect(await reason({ SOPS_AGE_KEY: other.identity }, { home })).toContain(`and '${path}'.`)
  })

  test.each([
    ['a word that is no identity', () => `nonsense\n${pair.identity}`, 'error at line 1: unknown identity type'],
    ['lower case', () => pair.identity.toLowerCase(), 'error at line 1: unknown identity type'],
    ['a mistyped key', () => `\n${pair.identity.slice(0, -1)}B`, 'error at line 2: invalid '],
    [
      'an ssh key',
      () => '-----BEGIN OPENSSH PRIVATE KEY-----',
      'error at line 1: unknown identity type; SSH keys have',
    ],
    ['a recipient', () => pair.recipient, 'error at line 1: unknown identity type'],
  ])('SOPS_AGE_KEY with %s spoils the source and is not shown', async (_, text, message) => {
    const shown = await reason({ SOPS_AGE_KEY: text() })
    expect(shown).toContain(
      `failed to load age identities. Errors while loading age identities: failed to parse 'SOPS_AGE_KEY' age identities: ${message}`,
    )
    expect(shown.toUpperCase()).not.toContain(pair.identity.slice(16, 40))
  })

  test('files are stricter than the variable: no blanks around', async () => {
    for (const text of [` # indented\n${pair.identity}`, `${pair.identity} `, `${pair.identity} ${pair.identity}`]) {
      expect(await reason({ SOPS_AGE_KEY_FILE: file(text) })).toContain(
        "failed to parse 'SOPS_AGE_KEY_FILE' age identities",
      )
    }
  })

  test.each([
    [{ SOPS_AGE_KEY_FILE: 'gone' }, 'failed to open SOPS_AGE_KEY_FILE file: open gone: no such file or directory'],
    [{ SOPS_AGE_KEY_FILE: '' }, 'failed to open SOPS_AGE_KEY_FILE file: '],
    [{ SOPS_AGE_KEY_FILE: '.' }, 'is a directory'],
    [{ SOPS_AGE_KEY_CMD: 'false' }, 'failed to execute command false: exit status 1'],
    [
      { SOPS_AGE_KEY_CMD: 'no-such-program x' },
      'failed to execute command no-such-program x: exec: "no-such-program": executable file not found in $PATH',
    ],
    [{ SOPS_AGE_KEY_CMD: './gone' }, 'failed to execute command ./gone: '],
    [{ SOPS_AGE_KEY_CMD: '' }, 'failed to parse command'],
    [{ SOPS_AGE_KEY_CMD: "echo 'x" }, "failed to parse command echo 'x: "],
    [{ SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'gone' }, 'failed to open file: open gone: no such file or directory'],
    [
      { XDG_CONFIG_HOME: 'relative' },
      'user config directory could not be determined: path in $XDG_CONFIG_HOME is relative',
    ],
  ])('%j', async (env, message) => {
    expect(await reason(env)).toContain(`failed to load age identities. Errors while loading age identities: `)
    expect(await reason(env)).toContain(message)
  })

  test('what is broken is an error', async () => {
    const ctx = context({ SOPS_AGE_KEY: pair.identity })
    const broken = (change: (text: string) => string): MasterKey => ({ ...key, enc: change(key.enc) })
    const header = /^failed to create reader for decrypting sops data key with age: failed to read header: /
    await expect(
      age.unwrap(
        broken(() => ''),
        ctx,
      ),
    ).rejects.toThrow(header)
    await expect(
      age.unwrap(
        broken((enc) => enc.replace('BEGIN', 'BEGUN')),
        ctx,
      ),
    ).rejects.toThrow(header)
    await expect(
      age.unwrap(
        broken((enc) => enc.replace(/\n(.)/, '\nZ')),
        ctx,
      ),
    ).rejects.toThrow(header)
    const lines = key.enc.split('\n')
    const tail = lines.length - 3
    lines[tail] = `${lines[tail]![0] === 'A' ? 'B' : 'A'}${lines[tail]!.slice(1)}`
    await expect(
      age.unwrap(
        broken(() => lines.join('\n')),
        ctx,
      ),
    ).rejects.toThrow(/^failed to copy age decrypted data into bytes.Buffer: .*tampered with$/)
  })

  test('identities and data keys are never shown', async () => {
    const shown = await reason({ SOPS_AGE_KEY: other.identity, SOPS_AGE_KEY_FILE: file(`${pq.identity}x`) })
    for (const secret of [other.identity, pq.identity]) expect(shown).not.toContain(secret.slice(20, 40))
  })
})
