import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { armor, Encrypter } from 'age-encryption'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { generateIdentity, identityFileText, type KeyPair } from '../../../src/keys/age/keygen.ts'
import { cacheId } from '../../../src/keys/age/sources/agent.ts'
import { age } from '../../../src/keys/age.ts'
import type { MasterKey } from '../../../src/keys/types.ts'
import { type FakeContext, type FakeOptions, fakeContext } from '../../support/context.ts'

const dataKey = Buffer.alloc(32, 4)
let dir: string
let pair: KeyPair
let other: KeyPair
let key: MasterKey
let made = 0

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'age-locked-'))
  pair = await generateIdentity()
  other = await generateIdentity()
  key = await wrapped(pair.recipient)
})
afterAll(() => rmSync(dir, { recursive: true }))

async function wrapped(recipient: string): Promise<MasterKey> {
  const [parsed] = await age.parse(recipient, fakeContext())
  return { ...parsed!, enc: await age.wrap(parsed!, dataKey, fakeContext()) }
}

async function locked(text: string, passphrase = 'correct horse', logN = 10): Promise<Uint8Array> {
  const encrypter = new Encrypter()
  encrypter.setPassphrase(passphrase)
  encrypter.setScryptWorkFactor(logN)
  return encrypter.encrypt(text)
}

function context(content: Uint8Array | string, options: FakeOptions = {}): FakeContext {
  const path = join(dir, `locked${made++}`)
  writeFileSync(path, content, { mode: 0o600 })
  const env = { SOPS_AGE_KEY_FILE: path, GPG_AGENT_INFO: '', ...options.env }
  return fakeContext({ home: dir, cwd: dir, ...options, env })
}

describe('on a terminal', () => {
  test.each(['binary', 'armored'])('%s', async (form) => {
    const file = await locked(identityFileText(pair, new Date()))
    const ctx = context(form === 'binary' ? file : armor.encode(file), { prompt: ['correct horse'] })
    expect(await age.unwrap(key, ctx)).toEqual(dataKey)
    expect(await age.unwrap(key, ctx)).toEqual(dataKey)
    expect(ctx.prompts).toEqual(["Enter passphrase for identity 'SOPS_AGE_KEY_FILE': "])
  })

  test.skipIf(process.platform === 'win32')('others may read it', async () => {
    const ctx = context(await locked(identityFileText(pair, new Date())), { prompt: ['correct horse'] })
    chmodSync(ctx.env['SOPS_AGE_KEY_FILE']!, 0o644)
    expect(await age.unwrap(key, ctx)).toEqual(dataKey)
    expect(ctx.notable).toEqual([])
  })

  test('of several identities only that of the key, where only that may be used', async () => {
    const file = await locked(`${pair.identity}\n${other.identity}\n`)
    const open = (shown: string) =>
      age.unwrap(
        { ...key, fields: { recipient: shown } },
        { ...context(file, { prompt: ['correct horse'] }), exact: true },
      )
    expect(await open(pair.recipient)).toEqual(dataKey)
    expect(await open(pair.recipient.toUpperCase())).toEqual(dataKey)
    expect(await open(other.recipient)).toHaveProperty('unavailable')
  })

  test('as text in SOPS_AGE_KEY', async () => {
    const text = armor.encode(await locked(pair.identity))
    const env = { SOPS_AGE_KEY: text, GPG_AGENT_INFO: '' }
    const ctx = fakeContext({ env, home: dir, prompt: ['correct horse'] })
    expect(await age.unwrap(key, ctx)).toEqual(dataKey)
  })

  test('post-quantum identities inside', async () => {
    const pq = await generateIdentity({ pq: true })
    const ctx = context(await locked(pq.identity), { prompt: ['correct horse'] })
    expect(await age.unwrap(await wrapped(pq.recipient), ctx)).toEqual(dataKey)
  })

  test('a typing mistake is forgiven, three are not', async () => {
    const file = await locked(pair.identity)
    expect(await age.unwrap(key, context(file, { prompt: ['no', 'correct horse'] }))).toEqual(dataKey)
    const guessing = context(file, { prompt: ['a', 'b', 'c', 'correct horse'] })
    await expect(age.unwrap(key, guessing)).rejects.toThrow(': incorrect passphrase.')
    expect(guessing.prompts).toHaveLength(3)
  })

  test('is not asked when another identity fits', async () => {
    const ctx = context(await locked(other.identity), { env: { SOPS_AGE_KEY: pair.identity }, prompt: ['x'] })
    expect(await age.unwrap(key, ctx)).toEqual(dataKey)
    expect(ctx.prompts).toEqual([])
  })

  test('without a terminal the error comes at once', async () => {
    await expect(age.unwrap(key, context(await locked(pair.identity)))).rejects.toThrow(
      'failed to decrypt identity file: could not read passphrase: standard input is not a terminal, and /dev/tty is not available',
    )
  })

  test('opened, but for somebody else: a warning, and no match', async () => {
    const ctx = context(await locked(other.identity), { prompt: ['correct horse'] })
    const result = await age.unwrap(key, ctx)
    expect(result).toHaveProperty('unavailable', expect.stringContaining('incorrect identity for recipient block'))
    expect(ctx.lines.map((line) => [line.level, line.fields])).toEqual([['warning', { identity: 'SOPS_AGE_KEY_FILE' }]])
  })
})

describe('what is refused', () => {
  const failure = async (content: Uint8Array | string, passphrase = 'correct horse'): Promise<string> => {
    const error = await age.unwrap(key, context(content, { prompt: [passphrase] })).catch((thrown) => thrown)
    return error instanceof Error ? error.message : JSON.stringify(error)
  }
  test.each([
    [
      'plugins inside',
      async () => locked('AGE-PLUGIN-TEST-1D9JX2MN5D968JAGUYQJ'),
      'error at line 1: unknown identity type',
    ],
    ['nothing inside', async () => locked('# empty\n'), 'failed to decrypt identity file: no identities found'],
    [
      'a work factor beyond 22',
      async () => {
        const text = Buffer.from(await locked(pair.identity)).toString('latin1')
        return Buffer.from(text.replace(/(-> scrypt \S+) 10\n/, '$1 23\n'), 'latin1')
      },
      'scrypt work factor too large: 23',
    ],
    [
      'a work factor with a leading zero',
      async () => {
        const text = Buffer.from(await locked(pair.identity)).toString('latin1')
        return Buffer.from(text.replace(/(-> scrypt \S+) 10\n/, '$1 010\n'), 'latin1')
      },
      'invalid scrypt recipient block',
    ],
    [
      'a changed header',
      async () => {
        const text = Buffer.from(await locked(pair.identity)).toString('latin1')
        return Buffer.from(text.replace('\n-> scrypt', '\n-> grease AAAA\n\n-> scrypt'), 'latin1')
      },
      'not with a passphrase',
    ],
    [
      'another kind of age file',
      async () => {
        const encrypter = new Encrypter()
        encrypter.addRecipient(other.recipient)
        return encrypter.encrypt(pair.identity)
      },
      'failed to decrypt identity file: identity file is encrypted with age but not with a passphrase',
    ],
    [
      'broken armor',
      async () => armor.encode(await locked(pair.identity)).replace('-END', '-DNE'),
      'invalid closing line',
    ],
    [
      'a changed payload',
      async () => {
        const bytes = Buffer.from(await locked(pair.identity))
        bytes[bytes.length - 1]! ^= 1
        return bytes
      },
      'failed to decrypt and authenticate payload chunk',
    ],
  ])('%s', async (_, content, message) => {
    expect(await failure(await content())).toContain(message)
  })
  test('an empty passphrase', async () => {
    expect(await failure(await locked(pair.identity), '')).toContain(
      "failed to decrypt identity file: passphrase can't be empty",
    )
  })
})

describe('gpg-agent', () => {
  let server: Server | undefined
  afterEach(() => server?.close())

  /** An agent that gives this answer to GET_PASSPHRASE; what it is told is kept in `heard`. */
  async function agent(answer: string, heard: string[]): Promise<string> {
    const path = join(dir, `agent${made++}`)
    server = createServer((socket) => {
      socket.on('error', () => {})
      socket.write('OK ready\n')
      let pending = ''
      socket.on('data', (chunk) => {
        pending += chunk
        for (let at = pending.indexOf('\n'); at >= 0; at = pending.indexOf('\n')) {
          const line = pending.slice(0, at)
          pending = pending.slice(at + 1)
          heard.push(line)
          socket.write(line.startsWith('GET_PASSPHRASE') ? `${answer}\n` : 'OK\n')
        }
      })
    })
    await new Promise<void>((resolve) => server!.listen(path, resolve))
    return `${path}:0:1`
  }
  const hex = (text: string): string => Buffer.from(text).toString('hex')
  /** What was said, without the lines about the terminal. */
  const said = (heard: readonly string[]): string[] => heard.filter((line) => !line.startsWith('OPTION ttyname'))

  test('gives the passphrase', async () => {
    const file = await locked(pair.identity, 'pass wörd')
    const heard: string[] = []
    const info = await agent(`OK ${hex('pass wörd')}`, heard)
    const ctx = context(file, { env: { GPG_AGENT_INFO: info, TERM: 'xterm', DISPLAY: ':1' } })
    expect(await age.unwrap(key, ctx)).toEqual(dataKey)
    expect(said(heard)).toEqual([
      'OPTION display=:1',
      'OPTION ttytype=xterm',
      `GET_PASSPHRASE ${cacheId(file)} X Passphrase Enter+passphrase+for+identity+%27SOPS_AGE_KEY_FILE%27%3A`,
    ])
  })

  test('asks nobody where nobody is there', async () => {
    const heard: string[] = []
    const info = await agent('ERR 67108922 No data <GPG Agent>', heard)
    const ctx = { ...context(await locked(pair.identity), { env: { GPG_AGENT_INFO: info } }), unattended: true }
    await expect(age.unwrap(key, ctx)).rejects.toThrow('gpg-agent has no passphrase')
    expect(heard.at(-1)).toMatch(/^GET_PASSPHRASE --no-ask /)
  })

  test('forgets a wrong passphrase', async () => {
    const file = await locked(pair.identity)
    const heard: string[] = []
    const ctx = context(file, {
      env: { GPG_AGENT_INFO: await agent(`OK ${hex('wrong')}`, heard) },
      prompt: ['correct horse'],
    })
    await expect(age.unwrap(key, ctx)).rejects.toThrow(': incorrect passphrase.')
    expect(heard.at(-1)).toBe(`CLEAR_PASSPHRASE ${cacheId(file)}`)
    expect(ctx.prompts).toEqual([])
  })

  test.each([
    ['an empty passphrase', 'OK ', "failed to decrypt identity file: passphrase can't be empty"],
    ['cancelled', 'ERR 83886179 Operation cancelled <Pinentry>', 'gpg-agent passphrase request errored: '],
    ['not there', 'ERR 67108922 No data <GPG Agent>', 'gpg-agent passphrase request errored: '],
    ['another error', 'ERR 1 x', 'gpg-agent passphrase request errored: gpg-agent answered "ERR 1 x"'],
    ['no hex', 'OK xyz', 'gpg-agent passphrase request errored: gpg-agent sent no passphrase'],
  ])('%s', async (_, answer, message) => {
    const info = await agent(answer, [])
    await expect(
      age.unwrap(key, context(await locked(pair.identity), { env: { GPG_AGENT_INFO: info } })),
    ).rejects.toThrow(message)
  })

  test('nobody at the socket: the terminal is asked', async () => {
    const env = { GPG_AGENT_INFO: `${join(dir, 'nobody')}:0:1` }
    expect(await age.unwrap(key, context(await locked(pair.identity), { env, prompt: ['correct horse'] }))).toEqual(
      dataKey,
    )
  })

  test('the cache id is base32 of the hashed content', () => {
    expect(cacheId(new Uint8Array(0))).toBe('SopsAge4OYMIQUY7QOBJGX36TEJS35ZEQT24QPEMSNZGTFE')
  })
})
