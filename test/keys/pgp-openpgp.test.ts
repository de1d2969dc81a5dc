import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import * as openpgp from 'openpgp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pgp } from '../../src/keys/pgp.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { type FakeContext, type FakeOptions, fakeContext } from '../support/context.ts'
import { closeGpgHome, gpgHome, hasGpg } from '../support/gpg.ts'

const alice = '84A7186F9832D9E67FAF2010DEF64C926113B527'
const bob = 'B150E820A993550824C71EA9E771A61DC7E8EE9D'
const carol = '789092AA7D8990E4E3BB9C476822C6BFC36D94D8'
const dataKey = Buffer.from(Array.from({ length: 33 }, (_, i) => 255 - i))
const now = new Date()
const secretText = (name: string): string => readFileSync(join(keysFolder, `${name}.pgp.asc`), 'utf8')

let dir: string
let made = 0
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pgp-'))
})
afterAll(() => {
  closeGpgHome()
  rmSync(dir, { recursive: true })
})

const keyOf = (fp: string, enc = ''): MasterKey => ({ type: 'pgp', fields: { fp }, createdAt: '', enc })

/** No gpg, and a GnuPG home in which nothing is. */
const without = (env: Record<string, string> = {}, options: FakeOptions = {}): FakeContext =>
  fakeContext({
    cwd: dir,
    home: dir,
    now,
    ...options,
    env: { SOPS_GPG_EXEC: '/nonexistent/gpg', GNUPGHOME: dir, ...env },
  })

function file(content: string | Uint8Array, mode = 0o600): string {
  const path = join(dir, `file${made++}`)
  writeFileSync(path, content, { mode })
  chmodSync(path, mode)
  return path
}

/** A GnuPG home as versions before 2.1 left it. */
function oldHome(files: Record<string, Uint8Array>): string {
  const home = mkdtempSync(join(dir, 'home'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(home, name), content)
  return home
}

type KeyOptions = Partial<Parameters<typeof openpgp.generateKey>[0]>

const generate = (
  options: KeyOptions = {},
): Promise<{ privateKey: openpgp.PrivateKey; publicKey: openpgp.PublicKey }> =>
  openpgp.generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: [{ name: 'somebody' }],
    date: new Date('2024-03-01T00:00:00Z'),
    ...options,
    format: 'object',
  })

const fpOf = (key: openpgp.Key): string => key.getFingerprint().toUpperCase()

const open = async (key: MasterKey, ctx: FakeContext): Promise<Buffer> => {
  const result = await pgp.unwrap(key, ctx)
  if (result instanceof Uint8Array) return Buffer.from(result)
  throw new Error(result.unavailable)
}

const reasonOf = async (key: MasterKey, ctx: FakeContext): Promise<string> => {
  const result = await pgp.unwrap(key, ctx)
  if (result instanceof Uint8Array) throw new Error('it opened')
  return result.unavailable
}

describe('keys in SOPS_PGP_KEY and SOPS_PGP_KEY_FILE', () => {
  test.each([
    ['RSA', 'alice', alice],
    ['Curve25519', 'carol', carol],
  ])('%s', async (_, name, fp) => {
    const text = secretText(name)
    const keys = await openpgp.readKeys({ armoredKeys: text })
    const publicOnly = without({ SOPS_PGP_KEY: keys[0]!.toPublic().armor() })
    const enc = await pgp.wrap(keyOf(fp), dataKey, publicOnly)
    expect(enc).toMatch(/^-----BEGIN PGP MESSAGE-----\n\n[^ \r]+\n=....\n-----END PGP MESSAGE-----$/)
    expect(await open(keyOf(fp, enc), without({ SOPS_PGP_KEY: text }))).toEqual(dataKey)
    expect(await open(keyOf(fp, enc), without({ SOPS_PGP_KEY_FILE: file(text) }))).toEqual(dataKey)
    expect(await reasonOf(keyOf(fp, enc), publicOnly)).toContain('openpgp error: no secret key for ')
  })

  test('several in one text, some broken, and in binary', async () => {
    const broken = secretText('carol').replace(/\n\n[^\n]{20}/, '\n\nAAAAAAAAAAAAAAAAAAAA')
    const text = ['my keys', broken, secretText('alice'), 'and', secretText('bob'), '-----BEGIN PGP '].join('\r\n')
    const blocks = await Promise.all(
      ['alice', 'bob'].map(async (name) => (await openpgp.readKeys({ armoredKeys: secretText(name) }))[0]!.write()),
    )
    const damaged = Buffer.from((await generate()).privateKey.write())
    damaged.fill(0xff, 3, 12)
    const binary = Buffer.concat([damaged, ...blocks, Buffer.from('rest')])
    for (const path of [file(text), file(binary)]) {
      const ctx = without({ SOPS_PGP_KEY_FILE: path })
      for (const fp of [alice, bob]) {
        expect(await open(keyOf(fp, await pgp.wrap(keyOf(fp), dataKey, ctx)), ctx)).toEqual(dataKey)
      }
    }
  })

  test('every spelling of a fingerprint that gpg takes, and no other', async () => {
    const ctx = without({ SOPS_PGP_KEY: secretText('alice') })
    const [key] = await openpgp.readKeys({ armoredKeys: secretText('alice') })
    const subkey = key!.subkeys[0]!.getFingerprint()
    const good = [
      alice,
      alice.toLowerCase(),
      `0x${alice}`,
      alice.slice(-16),
      subkey,
      `${subkey.toUpperCase()}!`,
      `0X${subkey}`,
    ]
    for (const fp of good) {
      expect(await open(keyOf(fp, await pgp.wrap(keyOf(fp), dataKey, ctx)), ctx)).toEqual(dataKey)
    }
    for (const fp of [alice.slice(1), alice.slice(-8), `${alice}!!`, 'alice', '', `${alice} `, bob]) {
      await expect(pgp.wrap(keyOf(fp), dataKey, ctx)).rejects.toThrow(
        `openpgp error: key with fingerprint '${fp}' is not available in keyring; GnuPG binary error: `,
      )
    }
    // The primary key of this one cannot encrypt, and exactly it is asked for.
    await expect(pgp.wrap(keyOf(`${carol}!`), dataKey, without({ SOPS_PGP_KEY: secretText('carol') }))).rejects.toThrow(
      'Could not find valid encryption key packet',
    )
  })

  test('any bytes come back', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 64 }), async (bytes) => {
        const ctx = without({ SOPS_PGP_KEY: secretText('carol') })
        const opened = await pgp.unwrap(keyOf(carol, await pgp.wrap(keyOf(carol), bytes, ctx)), ctx)
        expect(Buffer.from(opened as Uint8Array)).toEqual(Buffer.from(bytes))
      }),
      { numRuns: 15 },
    ))

  test('what a text or file is not', async () => {
    const cases: [Record<string, string>, string][] = [
      [{ SOPS_PGP_KEY: 'hello' }, 'could not read PGP keys from SOPS_PGP_KEY: no OpenPGP key found'],
      [{ SOPS_PGP_KEY_FILE: join(dir, 'none') }, 'could not read PGP keys from SOPS_PGP_KEY_FILE ('],
      [{ SOPS_PGP_KEY_FILE: file('') }, 'no OpenPGP key found'],
    ]
    for (const [env, reason] of cases) {
      await expect(pgp.wrap(keyOf(alice), dataKey, without(env))).rejects.toThrow(reason)
    }
  })

  test('empty variables count as unset', async () => {
    const ctx = without({ SOPS_PGP_KEY: '', SOPS_PGP_KEY_FILE: '' })
    const message =
      'could not encrypt data key with PGP key: GnuPG binary error: failed to encrypt sops data key with pgp: exec: "/nonexistent/gpg": no such program\ninstall GnuPG, or give the public key in SOPS_PGP_KEY or SOPS_PGP_KEY_FILE'
    await expect(pgp.wrap(keyOf(alice), dataKey, ctx)).rejects.toThrow(message)
  })

  test.skipIf(process.platform === 'win32')('warns once of a secret key that others may read', async () => {
    const ctx = without({ SOPS_PGP_KEY_FILE: file(secretText('carol'), 0o644) })
    await pgp.wrap(keyOf(carol), dataKey, ctx)
    await pgp.wrap(keyOf(carol), dataKey, ctx)
    expect(ctx.lines.map(({ level, message }) => [level, message])).toEqual([
      ['advice', 'private key file is readable by other users'],
    ])
    const [key] = await openpgp.readKeys({ armoredKeys: secretText('carol') })
    const open = without({ SOPS_PGP_KEY_FILE: file(key!.toPublic().armor(), 0o644) })
    await pgp.wrap(keyOf(carol), dataKey, open)
    expect(open.lines).toEqual([])
    const { privateKey } = await generate({ passphrase: 'correct horse' })
    const locked = without({ SOPS_PGP_KEY_FILE: file(privateKey.armor(), 0o644) })
    await pgp.wrap(keyOf(fpOf(privateKey)), dataKey, locked)
    expect(locked.lines).toEqual([])
  })

  test.skipIf(process.platform === 'win32')('gpg is not started when they are enough', async () => {
    const log = join(dir, 'started')
    const gpg = file(`#!/bin/sh\necho started >> ${log}\nexit 1\n`, 0o700)
    const ctx = without({ SOPS_GPG_EXEC: gpg, SOPS_PGP_KEY: secretText('carol') })
    await pgp.unwrap(keyOf(carol, await pgp.wrap(keyOf(carol), dataKey, ctx)), ctx)
    expect(() => readFileSync(log)).toThrow('ENOENT')
    await expect(pgp.wrap(keyOf(alice), dataKey, ctx)).rejects.toThrow('GnuPG binary error: ')
    expect(readFileSync(log, 'utf8')).toContain('started')
  })
})

describe('what a message is made of', () => {
  test('one session key, integrity protection of version 1, nothing compressed, no name and no date', async () => {
    // This key says that it takes newer packets too.
    const { privateKey } = await generate({ config: { aeadProtect: true } })
    const ctx = without({ SOPS_PGP_KEY: privateKey.armor() })
    const enc = await pgp.wrap(keyOf(fpOf(privateKey)), dataKey, ctx)
    const read = () => openpgp.readMessage({ armoredMessage: enc })
    const packets = [...(await read()).packets] as unknown as { constructor: { tag: number }; version: number }[]
    expect(packets.map((packet) => [packet.constructor.tag, packet.version])).toEqual([
      [1, 3],
      [18, 1],
    ])
    const inner = await (await read()).decrypt([privateKey])
    const tags = [...inner.packets].map((packet) => (packet.constructor as unknown as { tag: number }).tag)
    expect(tags).toEqual([11])
    const literal = inner.packets[0] as unknown as { date: Date; getFilename(): string; format: number }
    expect([literal.date.getTime(), literal.getFilename(), String.fromCharCode(literal.format)]).toEqual([0, '', 'b'])
  })

  test('without integrity protection it is refused', async () => {
    const { privateKey } = await generate()
    const enc = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: dataKey }),
      encryptionKeys: privateKey.toPublic(),
    })
    // The packet of old, which only encrypts: tag 9 around the ciphertext alone.
    const message = await openpgp.readMessage({ armoredMessage: enc as string })
    const old = new openpgp.SymmetricallyEncryptedDataPacket()
    ;(old as unknown as { packets: unknown }).packets = (await openpgp.createMessage({ binary: dataKey })).packets
    const { data, algorithm } = (await openpgp.decryptSessionKeys({ message, decryptionKeys: privateKey }))[0]!
    await (old as unknown as { encrypt(a: number, k: Uint8Array, c: object): Promise<void> }).encrypt(
      openpgp.enums.symmetric[algorithm as 'aes256'],
      data,
      openpgp.config,
    )
    const session = (await openpgp.readMessage({ armoredMessage: enc as string })).packets[0]!
    const list = new openpgp.PacketList()
    list.push(session, old)
    const text = new openpgp.Message(list as never).armor()
    const reason = await reasonOf(keyOf('x', text), without({ SOPS_PGP_KEY: privateKey.armor() }))
    expect(reason).toContain('Message is not authenticated')
  })

  test('one that grows without end is refused', async () => {
    const { privateKey } = await generate({ config: { preferredCompressionAlgorithm: openpgp.enums.compression.zlib } })
    const enc = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: new Uint8Array(8 * 1024 * 1024) }),
      encryptionKeys: privateKey.toPublic(),
      config: { preferredCompressionAlgorithm: openpgp.enums.compression.zlib },
    })
    expect((enc as string).length).toBeLessThan(100_000)
    const reason = await reasonOf(keyOf('x', enc as string), without({ SOPS_PGP_KEY: privateKey.armor() }))
    expect(reason).toContain('openpgp error: ')
    expect(reason).toMatch(/maximum|limit/i)
  })

  test('in the OCB packet of GnuPG 2.3 and later', async () => {
    // gpg 2.2.40 opens this one too, and shows it as AES256.OCB.
    const enc = `-----BEGIN PGP MESSAGE-----

wV4D6gj0eJ7ECU4SAQdAcZ6jc9KvfwJXw57nd+JlZOzwIGFJuIeEnhL6Rwwu
o04w0q9jcykth0QfGE12JITjGW1EzwolQ2h8f1whQiSzQlKenpAQyW9oDrnO
99Jl8bbk1EABCQIQII/SFn/dSn37ObnETOBw7dLF0OxXXmh21oZqtadkI20p
RK5EtZisqftbmeb5SsUOHO65Bq8BrCpa2qN+
-----END PGP MESSAGE-----`
    expect(await open(keyOf(carol, enc), without({ SOPS_PGP_KEY: secretText('carol') }))).toEqual(Buffer.from('hello'))
  })

  test('to hidden recipients', async () => {
    const enc = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: dataKey }),
      encryptionKeys: (await openpgp.readKey({ armoredKey: secretText('carol') })).toPublic(),
      wildcard: true,
    })
    const ctx = without({ SOPS_PGP_KEY: `${secretText('alice')}\n${secretText('carol')}` })
    expect(await open(keyOf(carol, enc as string), ctx)).toEqual(dataKey)
  })

  test.each(['', 'x', '-----BEGIN PGP MESSAGE-----', '-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----'])(
    '%j is none',
    async (enc) => {
      const reason = await reasonOf(keyOf(carol, enc), without({ SOPS_PGP_KEY: secretText('carol') }))
      expect(reason).toContain('openpgp error: ')
    },
  )

  test('changed ones never open', async () => {
    const ctx = without({ SOPS_PGP_KEY: secretText('carol') })
    const enc = await pgp.wrap(keyOf(carol), dataKey, ctx)
    const { data } = await openpgp.unarmor(enc)
    const bytes = Buffer.from(data as Uint8Array)
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Buffer.from(bytes)
        changed[at]! ^= flip
        const text = openpgp.armor(openpgp.enums.armor.message, Uint8Array.from(changed))
        const result = await pgp.unwrap(keyOf(carol, text), ctx)
        // A changed key id or header may still lead to the same message.
        if (result instanceof Uint8Array) expect(Buffer.from(result)).toEqual(dataKey)
      }),
      { numRuns: 60 },
    )
  })
})

describe('keys that cannot be used', () => {
  test('expired; what it wrapped earlier still opens', async () => {
    const { privateKey } = await generate({ keyExpirationTime: 90 * 86_400 })
    const env = { SOPS_PGP_KEY: privateKey.armor() }
    const key = keyOf(fpOf(privateKey))
    const enc = await pgp.wrap(key, dataKey, without(env, { now: new Date('2024-04-01T00:00:00Z') }))
    expect(await open({ ...key, enc }, without(env))).toEqual(dataKey)
    await expect(pgp.wrap(key, dataKey, without(env))).rejects.toThrow('Primary key is expired')
  })

  test('revoked: nobody else is asked; what it wrapped earlier still opens', async () => {
    const { privateKey, publicKey } = await generate()
    const key = keyOf(fpOf(privateKey))
    const enc = await pgp.wrap(key, dataKey, without({ SOPS_PGP_KEY: publicKey.armor() }))
    const revoked = await openpgp.revokeKey({ key: privateKey, format: 'object' })
    expect(await open({ ...key, enc }, without({ SOPS_PGP_KEY: revoked.privateKey!.armor() }))).toEqual(dataKey)
    // One copy knows of the revocation, the other does not.
    const env = { SOPS_PGP_KEY: publicKey.armor(), SOPS_PGP_KEY_FILE: file(revoked.publicKey.armor()) }
    const failed = pgp.wrap(key, dataKey, without(env))
    await expect(failed).rejects.toThrow('Primary key is revoked')
    await expect(failed).rejects.not.toThrow('GnuPG')
  })

  test('too weak to wrap, but what it wrapped opens', async () => {
    const config = { minRSABits: 1024 }
    const { privateKey, publicKey } = await generate({ type: 'rsa', rsaBits: 1024, config })
    const ctx = without({ SOPS_PGP_KEY: privateKey.armor() })
    await expect(pgp.wrap(keyOf(fpOf(publicKey)), dataKey, ctx)).rejects.toThrow('too weak')
    const message = await openpgp.createMessage({ binary: dataKey })
    const enc = await openpgp.encrypt({ message, encryptionKeys: publicKey, config })
    expect(await open(keyOf('x', enc as string), ctx)).toEqual(dataKey)
  })
})

describe('locked keys', () => {
  let locked: openpgp.PrivateKey
  let key: MasterKey
  let env: Record<string, string>
  let question: string

  beforeAll(async () => {
    const { privateKey, publicKey } = await generate({ passphrase: 'correct horse' })
    locked = privateKey
    env = { SOPS_PGP_KEY: locked.armor() }
    key = keyOf(
      fpOf(locked),
      await pgp.wrap(keyOf(fpOf(locked)), dataKey, without({ SOPS_PGP_KEY: publicKey.armor() })),
    )
    question = `Enter passphrase for PGP key ${fpOf(locked)}: `
  })

  test('the user is asked once', async () => {
    const ctx = without(env, { prompt: ['correct horse'] })
    const opened = await Promise.all([open(key, ctx), open(key, ctx)])
    expect(opened).toEqual([dataKey, dataKey])
    expect(await open(key, ctx)).toEqual(dataKey)
    expect(ctx.prompts).toEqual([question])
  })

  test('a typing mistake is forgiven, three are not', async () => {
    const two = without(env, { prompt: ['', 'wrong', 'correct horse'] })
    expect(await open(key, two)).toEqual(dataKey)
    expect(two.prompts).toEqual([question, ...Array(2).fill(`Incorrect passphrase. ${question}`)])
    const three = without(env, { prompt: ['a', 'b', 'c', 'correct horse'] })
    expect(await reasonOf(key, three)).toContain(`incorrect passphrase for the secret key ${fpOf(locked)}`)
    expect(three.prompts).toHaveLength(3)
  })

  test('without a terminal the key is named', async () => {
    expect(await reasonOf(key, without(env))).toContain(
      `openpgp error: the secret key ${fpOf(locked)} is locked, and there is no terminal to ask for its passphrase`,
    )
  })

  test('is not asked for when another key opens the message', async () => {
    const message = await openpgp.createMessage({ binary: dataKey })
    const carolsKey = await openpgp.readPrivateKey({ armoredKey: secretText('carol') })
    const enc = await openpgp.encrypt({ message, encryptionKeys: [locked.toPublic(), carolsKey.toPublic()] })
    const ctx = without({ SOPS_PGP_KEY: `${locked.armor()}\n${secretText('carol')}` }, { prompt: [] })
    expect(await open(keyOf('x', enc as string), ctx)).toEqual(dataKey)
    expect(ctx.prompts).toEqual([])
  })
})

describe('old rings', () => {
  test('without gpg', async () => {
    const { privateKey, publicKey } = await generate()
    const home = oldHome({ 'pubring.gpg': publicKey.write(), 'secring.gpg': privateKey.write() })
    const ctx = without({ GNUPGHOME: home })
    const key = keyOf(fpOf(publicKey))
    const enc = await pgp.wrap(key, dataKey, ctx)
    expect(await open({ ...key, enc }, ctx)).toEqual(dataKey)
    const alone = without({ GNUPGHOME: oldHome({ 'pubring.gpg': privateKey.write() }) })
    expect(await open({ ...key, enc }, alone)).toEqual(dataKey)
    await expect(pgp.wrap(keyOf(alice), dataKey, ctx)).rejects.toThrow(
      `openpgp error: key with fingerprint '${alice}' is not available in keyring; GnuPG binary error: `,
    )
  })

  test.skipIf(process.platform === 'win32')('after gpg failed, but its users are not asked a second time', async () => {
    const failing = file('#!/bin/sh\nexit 2\n', 0o700)
    const plain = await generate()
    const locked = await generate({ passphrase: 'correct horse' })
    const home = oldHome({
      'pubring.gpg': Buffer.concat([plain.publicKey.write(), locked.publicKey.write()]),
      'secring.gpg': Buffer.concat([plain.privateKey.write(), locked.privateKey.write()]),
    })
    const ctx = without({ GNUPGHOME: home, SOPS_GPG_EXEC: failing }, { prompt: ['correct horse'] })
    for (const { publicKey } of [plain, locked]) {
      const enc = await pgp.wrap(keyOf(fpOf(publicKey)), dataKey, ctx)
      const key = keyOf(fpOf(publicKey), enc)
      if (publicKey === plain.publicKey) expect(await open(key, ctx)).toEqual(dataKey)
      else expect(await reasonOf(key, ctx)).toMatch(/the secret key for .* is locked; GnuPG binary error/)
    }
    expect(ctx.prompts).toEqual([])
  })
})

describe.skipIf(!hasGpg)('with GnuPG on the other side', () => {
  const gpgContext = () => fakeContext({ env: { PATH: process.env.PATH, GNUPGHOME: gpgHome() }, cwd: dir })
  const people = [
    ['alice', alice],
    ['bob', bob],
    ['carol', carol],
  ] as const

  test.each(people)('gpg opens what is wrapped for %s without it, and the other way round', async (name, fp) => {
    const ctx = without({ SOPS_PGP_KEY: secretText(name) })
    const ours = await pgp.wrap(keyOf(fp), dataKey, ctx)
    expect(await open(keyOf(fp, ours), gpgContext())).toEqual(dataKey)
    const theirs = await pgp.wrap(keyOf(fp), dataKey, gpgContext())
    expect(await open(keyOf(fp, theirs), ctx)).toEqual(dataKey)
  })

  const run = (...args: string[]) =>
    spawnSync('gpg', ['--homedir', gpgHome(), '--batch', '--trust-model', 'always', ...args], { input: dataKey })

  test.each([
    ['compressed', ['-z', '9', '--compress-algo', 'bzip2']],
    ['with another cipher', ['--cipher-algo', 'AES192']],
    ['signed', ['-s', '-u', bob]],
    ['to several', ['-r', alice, '-r', bob]],
    ['hidden', ['-R', bob, '--throw-keyids']],
  ])('gpg messages %s', async (_, args) => {
    const { stdout } = run('-a', '-e', '-r', carol, ...args)
    const ctx = without({ SOPS_PGP_KEY: secretText('carol') })
    expect(await open(keyOf(carol, stdout.toString()), ctx)).toEqual(dataKey)
  })

  test('rings that gpg wrote', async () => {
    const pub = run('--export', alice, carol).stdout
    const sec = run('--export-secret-keys', alice, carol).stdout
    const ctx = without({ GNUPGHOME: oldHome({ 'pubring.gpg': pub, 'secring.gpg': sec }) })
    for (const fp of [alice, carol]) {
      expect(await open(keyOf(fp, await pgp.wrap(keyOf(fp), dataKey, ctx)), ctx)).toEqual(dataKey)
    }
  })

  test('packets show no version that older ones cannot read', async () => {
    const enc = await pgp.wrap(keyOf(carol), dataKey, without({ SOPS_PGP_KEY: secretText('carol') }))
    const { stdout } = spawnSync('gpg', ['--homedir', gpgHome(), '--list-packets'], { input: enc })
    const listing = stdout.toString()
    expect(listing).toContain(':pubkey enc packet: version 3, algo 18')
    expect(listing).toMatch(/:encrypted data packet:\n.*\n\s+mdc_method: 2/)
    expect(listing).toMatch(/:literal data packet:\n\s+mode b \(62\), created 0, name="",\n\s+raw data: 33 bytes/)
    expect(listing).not.toContain('compressed')
  })
})
