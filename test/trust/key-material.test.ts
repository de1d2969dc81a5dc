// What comes from outside and decides who can read a secret: key files, recipients, and the answers of key services.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeBech32 } from '../../src/keys/age/bech32.ts'
import { generateIdentity, type KeyPair } from '../../src/keys/age/keygen.ts'
import { type CliResult, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { type Answer, answerOf, hostileKeyService } from '../support/key-service.ts'

const isWindows = process.platform === 'win32'
const secret = 'correct horse'
const plain = `a: ${secret}\n`

let pair: KeyPair
let box: Sandbox
const stops: (() => void)[] = []
beforeAll(async () => {
  pair = await generateIdentity()
})
beforeEach(() => {
  box = sandbox({ 'plain.yaml': plain })
})
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
  box.remove()
})

const sops = (words: readonly string[], env: Record<string, string> = {}): Promise<CliResult> =>
  runCli(words, { cwd: box.dir, home: box.dir, env: { XDG_CONFIG_HOME: box.path('config'), ...env } })

const mine = (): Record<string, string> => ({ SOPS_AGE_KEY: pair.identity })

async function sealedFile(...recipients: readonly string[]): Promise<string> {
  const { code, stdout } = await sops(['encrypt', '--age', recipients.join(','), 'plain.yaml'])
  expect(code).toBe(0)
  writeFileSync(box.path('f.yaml'), stdout)
  return stdout.toString()
}

/** Fails, shows no plaintext, and leaves the file as it was. */
async function refuses(words: readonly string[], file: string, env = mine()): Promise<CliResult> {
  const before = readFileSync(box.path(file))
  const result = await sops(words, env)
  expect(result.code).not.toBe(0)
  expect(result.stdout.toString()).toBe('')
  expect(result.stderr).not.toContain(secret)
  expect(readFileSync(box.path(file)).equals(before)).toBe(true)
  return result
}

describe.skipIf(isWindows)('key files that others can read', () => {
  const warning = 'private key file is readable by other users'

  interface Place {
    /** Writes the file and returns its path and the variables that name it. */
    place(): { readonly path: string; readonly env: Record<string, string> }
    recipient(): string
  }
  const put = (name: string, content: string | Buffer): string => {
    const path = box.path(name)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, content)
    return path
  }
  const sshRecipient = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHHtMN1ZkwSgrdaR5DwJBO0KTv6EknoufzApA1hhHDL9'
  const places: readonly (readonly [string, Place])[] = [
    [
      'the default file',
      {
        place: () => ({ path: put('config/sops/age/keys.txt', `${pair.identity}\n`), env: {} }),
        recipient: () => pair.recipient,
      },
    ],
    [
      'SOPS_AGE_KEY_FILE',
      {
        place: () => ({ path: put('k.txt', `${pair.identity}\n`), env: { SOPS_AGE_KEY_FILE: 'k.txt' } }),
        recipient: () => pair.recipient,
      },
    ],
    [
      '~/.ssh/id_ed25519',
      {
        place: () => ({ path: put('.ssh/id_ed25519', readFileSync(join(keysFolder, 'id_ed25519'))), env: {} }),
        recipient: () => sshRecipient,
      },
    ],
    [
      'SOPS_AGE_SSH_PRIVATE_KEY_FILE',
      {
        place: () => ({
          path: put('ssh-key', readFileSync(join(keysFolder, 'id_ed25519'))),
          env: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'ssh-key' },
        }),
        recipient: () => sshRecipient,
      },
    ],
  ]

  describe.each(places)('%s', (_, { place, recipient }) => {
    test.each([
      [0o600, false],
      [0o400, false],
      [0o700, false],
      [0o640, true],
      [0o604, true],
      [0o644, true],
      [0o666, true],
    ])('mode %o', async (mode, isWarned) => {
      const { path, env } = place()
      chmodSync(path, mode)
      // Two keys, so that the file is asked for twice.
      const other = await generateIdentity()
      await sealedFile(other.recipient, recipient())
      const { code, stdout, stderr } = await sops(['decrypt', 'f.yaml'], { ...env, SOPS_ADVICE: '1' })
      expect([code, stdout.toString()]).toEqual([0, plain])
      expect(stderr.split(warning).length - 1).toBe(isWarned ? 1 : 0)
      if (isWarned) {
        expect(stderr).toContain(`file=${path}`)
        expect(stderr).toContain(`mode=0${mode.toString(8)}`)
      } else expect(stderr).toBe('')
    })
  })
})

const lowOrderPoints = [
  ['0', Buffer.alloc(32)],
  ['1', Buffer.alloc(32, 0).fill(1, 0, 1)],
  ['of order 8', Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex')],
] as const

describe('malformed recipients', () => {
  const mistyped = (): string => {
    const last = pair.recipient.at(-1)!
    return pair.recipient.slice(0, -1) + (last === 'q' ? 'p' : 'q')
  }
  const bad: readonly (readonly [string, () => string])[] = [
    ['a mistyped one', mistyped],
    ['a cut one', () => pair.recipient.slice(0, -1)],
    ['one in capitals', () => pair.recipient.toUpperCase()],
    ['an identity', () => pair.identity],
    ['one of a wrong length', () => encodeBech32('age', Buffer.alloc(31))],
    ['an unknown kind', () => 'nonsense'],
    ['a broken SSH key', () => 'ssh-ed25519 AAAA'],
    ...lowOrderPoints.map(([name, point]) => [`the point ${name}`, () => encodeBech32('age', point)] as const),
  ]

  describe.each(bad)('%s', (_, recipient) => {
    test('with --age', async () => {
      const { stderr } = await refuses(['encrypt', '-i', '--age', recipient(), 'plain.yaml'], 'plain.yaml')
      expect(stderr).not.toBe('')
    })

    test('beside a good one', async () => {
      await refuses(['encrypt', '-i', '--age', `${pair.recipient},${recipient()}`, 'plain.yaml'], 'plain.yaml')
    })

    test('in a creation rule', async () => {
      writeFileSync(box.path('.sops.yaml'), `creation_rules:\n  - age: ${JSON.stringify(recipient())}\n`)
      await refuses(['encrypt', '-i', 'plain.yaml'], 'plain.yaml')
    })

    test('in a key group', async () => {
      const groups = [`age: [${JSON.stringify(pair.recipient)}]`, `age: [${JSON.stringify(recipient())}]`]
      writeFileSync(
        box.path('.sops.yaml'),
        `creation_rules:\n  - key_groups:\n${groups.map((group) => `      - ${group}\n`).join('')}`,
      )
      await refuses(['encrypt', '-i', 'plain.yaml'], 'plain.yaml')
    })

    test('with rotate --add-age', async () => {
      await sealedFile(pair.recipient)
      await refuses(['rotate', '-i', '--add-age', recipient(), 'f.yaml'], 'f.yaml')
    })

    test('with updatekeys', async () => {
      await sealedFile(pair.recipient)
      writeFileSync(box.path('.sops.yaml'), `creation_rules:\n  - age: ${JSON.stringify(recipient())}\n`)
      const before = readFileSync(box.path('f.yaml'), 'utf8')
      const { code } = await sops(['updatekeys', '--yes', 'f.yaml'], mine())
      expect(code).not.toBe(0)
      expect(readFileSync(box.path('f.yaml'), 'utf8')).toBe(before)
    })

    test('in the file itself, where another key opens it', async () => {
      const sealed = await sealedFile(pair.recipient)
      const block = /^ *- enc:[\s\S]*?recipient: .*\n/m.exec(sealed)![0]
      const broken = block.replace(/recipient: .*/, `recipient: ${JSON.stringify(recipient())}`)
      writeFileSync(box.path('f.yaml'), sealed.replace(block, broken.replace(/[A-Za-z]{8}\n/, 'AAAAAAAA\n') + block))
      const { code, stdout } = await sops(['decrypt', 'f.yaml'], mine())
      expect([code, stdout.toString()]).toEqual([0, plain])
      // A new data key cannot be wrapped for it, and must not be lost to its owner in silence.
      await refuses(['rotate', '-i', 'f.yaml'], 'f.yaml')
    })
  })
})

test.each([
  ['with --age', (identity: string) => ['--age', identity]],
  ['beside a recipient', (identity: string) => ['--age', `${pair.recipient},${identity}`]],
  ['in lower case', (identity: string) => ['--age', identity.toLowerCase()]],
])('an identity taken for a recipient is not repeated %s', async (_, words) => {
  const { stderr } = await refuses(['encrypt', '-i', ...words(pair.identity), 'plain.yaml'], 'plain.yaml')
  expect(stderr).toContain('this is an identity, which is secret')
  expect(stderr.toUpperCase()).not.toContain(pair.identity)
})

test('an identity taken for a recipient is not repeated from a creation rule', async () => {
  writeFileSync(box.path('.sops.yaml'), `creation_rules:\n  - age: ${pair.identity}\n`)
  const { stderr } = await refuses(['encrypt', '-i', 'plain.yaml'], 'plain.yaml')
  expect(stderr).toContain('this is an identity, which is secret')
  expect(stderr).not.toContain(pair.identity)
})

describe('key services with bad answers', () => {
  const serve = async (answer: Answer): Promise<string[]> => {
    const socket = box.path('k.sock')
    stops.push(await hostileKeyService(socket, answer))
    return ['--enable-local-keyservice=false', '--keyservice', `unix://${socket}`]
  }

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a short key', answerOf(Buffer.alloc(16, 1))],
    ['a long key', answerOf(Buffer.alloc(64, 1))],
    ['garbage', Buffer.from('ffffffff', 'hex')],
  ])('%s: the file stays closed', async (_, answer) => {
    await sealedFile(pair.recipient)
    const flags = await serve((_call, done) => done(null, answer))
    const { code, stderr } = await refuses(['decrypt', ...flags, 'f.yaml'], 'f.yaml')
    expect(code).toBe(128)
    expect(stderr).toContain(`${pair.recipient}: FAILED`)
  })

  test('another data key: nothing comes out, nothing is written', async () => {
    await sealedFile(pair.recipient)
    const flags = await serve((_call, done) => done(null, answerOf(Buffer.alloc(32, 1))))
    expect((await refuses(['decrypt', ...flags, 'f.yaml'], 'f.yaml')).code).toBe(25)
    await refuses(['set', ...flags, 'f.yaml', '["a"]', '"new"'], 'f.yaml')
    await refuses(['rotate', '-i', ...flags, 'f.yaml'], 'f.yaml')
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['an empty text', answerOf(Buffer.alloc(0))],
    ['control characters', answerOf(Buffer.from('\x1b[2Jx'))],
    ['bytes that are no text', answerOf(Buffer.from([0xff, 0xfe]))],
    ['garbage', Buffer.from('ffffffff', 'hex')],
  ])('%s for a wrapped key: the plain file stays', async (_, answer) => {
    const flags = await serve((_call, done) => done(null, answer))
    const { code, stderr } = await refuses(
      ['encrypt', '-i', '--age', pair.recipient, ...flags, 'plain.yaml'],
      'plain.yaml',
    )
    expect(code).toBe(1)
    expect(stderr).toContain('Could not generate data key: [')
  })

  test('a text that would be metadata stays a text', async () => {
    const enc = 'x"\n    mac: forged\n    age: []\n'
    const flags = await serve((_call, done) => done(null, answerOf(Buffer.from(enc))))
    for (const [name, content] of [
      ['p.yaml', plain],
      ['p.json', '{"a": "x"}'],
      ['p.env', 'A=x\n'],
      ['p.ini', '[s]\na = x\n'],
    ] as const) {
      writeFileSync(box.path(name), content)
      const sealed = await sops(['encrypt', '-i', '--age', pair.recipient, ...flags, name])
      expect([name, sealed.code, sealed.stderr]).toEqual([name, 0, ''])
      const { code, stderr } = await sops(['decrypt', name], mine())
      expect([name, code]).toEqual([name, 128])
      expect(stderr).toContain(`${pair.recipient}: FAILED`)
    }
  })

  test('an error that would steer the terminal is shown in full, and harmless on a terminal', async () => {
    await sealedFile(pair.recipient)
    const flags = await serve((_call, done) => done({ code: 2, details: 'a\x1b[2Jb' }))
    const { code, stderr } = await runCli(['decrypt', ...flags, 'f.yaml'], {
      cwd: box.dir,
      home: box.dir,
      env: {},
      tty: ['stderr'],
    })
    expect(code).toBe(128)
    expect(stderr).not.toContain('\x1b[2J')
  })

  test('the next service makes up for it', async () => {
    await sealedFile(pair.recipient)
    const [, ...flags] = await serve((_call, done) => done(null, answerOf(Buffer.alloc(16))))
    const { code, stdout } = await sops(['decrypt', ...flags, 'f.yaml'], mine())
    expect([code, stdout.toString()]).toEqual([0, plain])
  })
})
