import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKey, revokeKey } from 'openpgp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pgp } from '../../src/keys/pgp.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { closeGpgHome, gpgHome, hasGpg } from '../support/gpg.ts'

if (!hasGpg) process.stderr.write('tests with GnuPG are skipped: there is no program gpg\n')

const alice = '84A7186F9832D9E67FAF2010DEF64C926113B527'
const bob = 'B150E820A993550824C71EA9E771A61DC7E8EE9D'
const carol = '789092AA7D8990E4E3BB9C476822C6BFC36D94D8'
const dataKey = Buffer.from(Array.from({ length: 32 }, (_, i) => i))

const keyOf = (fp: string, enc = ''): MasterKey => ({ type: 'pgp', fields: { fp }, createdAt: '', enc })

function context(home: string, env: Record<string, string> = {}): FakeContext {
  return fakeContext({ env: { PATH: process.env.PATH, LANG: 'C', GNUPGHOME: home, ...env }, cwd: home })
}

/** Short names, because the agent's socket lies in there. */
const homes: string[] = []
function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'g'))
  homes.push(home)
  return home
}

function gpg(home: string, args: readonly string[], input: string | Uint8Array = ''): Buffer {
  const { status, stdout, stderr } = spawnSync('gpg', ['--homedir', home, '--batch', '--quiet', ...args], { input })
  if (status !== 0) throw new Error(stderr.toString())
  return stdout
}

const unavailable = async (key: MasterKey, ctx: FakeContext): Promise<string> => {
  const result = await pgp.unwrap(key, ctx)
  if (result instanceof Uint8Array) throw new Error('it opened')
  return result.unavailable
}

/** A key made in the past, in Curve25519 as GnuPG knows it; its fingerprint in upper case. */
async function makeKey(options: { readonly days?: number; readonly passphrase?: string; readonly home: string }) {
  const made = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: [{ name: 'somebody', email: 'somebody@example.test' }],
    date: new Date('2024-03-01T00:00:00Z'),
    ...(options.days === undefined ? {} : { keyExpirationTime: options.days * 86_400 }),
    ...(options.passphrase === undefined ? {} : { passphrase: options.passphrase }),
    format: 'object',
  })
  gpg(options.home, ['--import'], made.privateKey.write())
  return { ...made, fp: made.publicKey.getFingerprint().toUpperCase() }
}

afterAll(() => {
  closeGpgHome()
  for (const home of homes) {
    if (hasGpg) spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' })
    rmSync(home, { recursive: true, force: true })
  }
})

describe.skipIf(!hasGpg)('wrap and unwrap', () => {
  test.each([
    ['RSA', alice],
    ['Curve25519', carol],
    ['lower case', alice.toLowerCase()],
    ['0x in front', `0x${bob}`],
    ['16 digits', bob.slice(-16)],
  ])('%s', async (_, fp) => {
    const ctx = context(gpgHome())
    const enc = await pgp.wrap(keyOf(fp), dataKey, ctx)
    expect(enc).toMatch(/^-----BEGIN PGP MESSAGE-----\n\n[^ ]+\n=....\n-----END PGP MESSAGE-----$/)
    expect(await pgp.unwrap(keyOf(fp, enc), ctx)).toEqual(dataKey)
    expect(await pgp.unwrap(keyOf(fp, `${enc}\n`), ctx)).toEqual(dataKey)
  })

  test('a subkey, and exactly a subkey', async () => {
    const ctx = context(gpgHome())
    const listing = gpg(gpgHome(), ['--with-colons', '--list-keys', alice]).toString()
    const subkey = listing
      .split('\n')
      .filter((line) => line.startsWith('fpr:'))[1]!
      .split(':')[9]!
    for (const fp of [subkey, `${subkey}!`]) {
      expect(await pgp.unwrap(keyOf(fp, await pgp.wrap(keyOf(fp), dataKey, ctx)), ctx)).toEqual(dataKey)
    }
  })

  test('several at once in a home that was just made', async () => {
    const home = newHome()
    const keys = ['alice', 'bob', 'carol'].map((name) => join(keysFolder, `${name}.pgp.asc`))
    gpg(home, ['--import', ...keys])
    rmSync(join(home, 'trustdb.gpg'), { force: true })
    const all = [alice, bob, carol, alice, bob, carol, alice, bob, carol]
    const ctx = context(home)
    const wrapped = await Promise.all(all.map((fp, i) => pgp.wrap(keyOf(fp), Buffer.alloc(33, i), ctx)))
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
    const opened = await Promise.all(wrapped.map((enc, i) => pgp.unwrap(keyOf(all[i]!, enc), ctx)))
    expect(opened).toEqual(all.map((_, i) => Buffer.alloc(33, i)))
  })
})

describe.skipIf(!hasGpg)('keys that cannot be used', () => {
  const wrapping = (fp: string, home: string) => pgp.wrap(keyOf(fp), dataKey, context(home))
  const start =
    'could not encrypt data key with PGP key: GnuPG binary error: failed to encrypt sops data key with pgp: gpg: '

  test('unknown', async () => {
    const fp = 'ABCD222233334444555566667777888899990000'
    await expect(wrapping(fp, gpgHome())).rejects.toThrow(start)
    await expect(wrapping(fp, gpgHome())).rejects.toThrow(`gpg has no public key for ${fp}: import it first`)
  })

  test.each(['alice@example.test', '6113B527', 'alice test'])('%s is no fingerprint', async (fp) => {
    await expect(wrapping(fp, gpgHome())).rejects.toThrow(start)
  })

  test('an address: the fingerprint of its key, or where to find one', async () => {
    const named = 'a PGP key is named by its fingerprint: '
    await expect(wrapping('alice@example.test', gpgHome())).rejects.toThrow(named + alice)
    await expect(wrapping('nobody@example.test', gpgHome())).rejects.toThrow(`${named}gpg --list-keys shows those`)
  })

  test('expired; what it wrapped earlier still opens', async () => {
    const home = newHome()
    const { fp } = await makeKey({ days: 90, home })
    await expect(wrapping(fp, home)).rejects.toThrow(`the key ${fp} expired on 2024-05-30: import a renewed copy of it`)
    const enc = gpg(
      home,
      ['-a', '-e', '-r', fp, '--trust-model', 'always', '--faked-system-time', '20240401T000000'],
      dataKey,
    )
    expect(await pgp.unwrap(keyOf(fp, enc.toString()), context(home))).toEqual(dataKey)
  })

  test('revoked, also when an old ring does not know of it', async () => {
    const home = newHome()
    const { fp, privateKey, publicKey } = await makeKey({ home })
    writeFileSync(join(home, 'pubring.gpg'), publicKey.write())
    const enc = await wrapping(fp, home)
    const { publicKey: revoked } = await revokeKey({ key: privateKey, format: 'object' })
    gpg(home, ['--import'], revoked.write())
    await expect(wrapping(fp, home)).rejects.toThrow(`the key ${fp} is revoked: use another one`)
    expect(await pgp.unwrap(keyOf(fp, enc), context(home))).toEqual(dataKey)
  })

  test('a key that only signs', async () => {
    const home = newHome()
    const made = await generateKey({
      type: 'ecc',
      curve: 'ed25519Legacy',
      userIDs: [{ name: 'x' }],
      subkeys: [],
      format: 'object',
    })
    gpg(home, ['--import'], made.publicKey.write())
    const fp = made.publicKey.getFingerprint().toUpperCase()
    await expect(wrapping(fp, home)).rejects.toThrow(`the key ${fp} cannot be used: it has no subkey that can encrypt`)
  })
})

describe.skipIf(!hasGpg)('messages that do not open', () => {
  const start =
    'could not decrypt data key with PGP key: GnuPG binary error: failed to decrypt sops data key with pgp: gpg: '

  test('no secret key', async () => {
    const enc = await pgp.wrap(keyOf(alice), dataKey, context(gpgHome()))
    const reason = await unavailable(keyOf(alice, enc), context(newHome()))
    expect(reason).toContain(start)
    expect(reason).toContain('8BCC71BE2E57159F')
    expect(reason).toContain('\nimport the secret key, or ask somebody')
  })

  test.each(['', 'x', '-----BEGIN PGP MESSAGE-----\n\n-----END PGP MESSAGE-----'])('%j', async (enc) => {
    expect(await unavailable(keyOf(alice, enc), context(gpgHome()))).toContain(start)
  })

  test('changed ones', async () => {
    const ctx = context(gpgHome())
    const enc = gpg(gpgHome(), ['-e', '-r', carol, '--trust-model', 'always'], dataKey)
    for (const at of [20, 60, enc.length - 30, enc.length - 1]) {
      const changed = Buffer.from(enc)
      changed[at]! ^= 1
      const text = gpg(gpgHome(), ['--enarmor'], changed).toString().replaceAll('ARMORED FILE', 'MESSAGE')
      expect(await unavailable(keyOf(carol, text), ctx)).toContain(start)
    }
  })
})

describe.skipIf(!hasGpg)('locked keys', () => {
  let home: string
  let key: MasterKey
  let asked: string

  /** A pinentry that answers in this way, and keeps a record of what it was asked. */
  function answer(...lines: readonly string[]): void {
    const pinentry = join(home, 'pinentry')
    const answers = lines.map((line, i) => `[ $n = ${i + 1} ] && echo '${line}'\n`).join('')
    writeFileSync(
      pinentry,
      `#!/bin/sh\necho 'OK hello'\nn=0\nwhile read -r word rest; do\necho "$word $rest" >> ${asked}\ncase $word in\nGETPIN) n=$(grep -c GETPIN ${asked})\n${answers}echo OK;;\nBYE) echo OK; exit;;\n*) echo OK;;\nesac\ndone\n`,
    )
    chmodSync(pinentry, 0o755)
    rmSync(asked, { force: true })
    writeFileSync(join(home, 'gpg-agent.conf'), `pinentry-program ${pinentry}\ns2k-count 65536\n`)
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
  }

  const questions = (): number =>
    existsSync(asked)
      ? readFileSync(asked, 'utf8')
          .split('\n')
          .filter((line) => line.startsWith('GETPIN')).length
      : 0

  beforeAll(async () => {
    home = newHome()
    asked = join(home, 'asked')
    const { fp } = await makeKey({ passphrase: 'correct horse', home })
    key = keyOf(fp, await pgp.wrap(keyOf(fp), dataKey, context(home)))
  })

  test('the agent asks once and remembers', async () => {
    answer('D correct horse')
    expect(await pgp.unwrap(key, context(home))).toEqual(dataKey)
    expect(await pgp.unwrap(key, context(home))).toEqual(dataKey)
    expect(questions()).toBe(1)
    const unattended = { ...context(home), unattended: true }
    expect(await pgp.unwrap(key, unattended)).toEqual(dataKey)
    expect(questions()).toBe(1)
  })

  test('it asks three times', async () => {
    answer('D wrong', 'D wrong', 'D correct horse')
    expect(await pgp.unwrap(key, context(home))).toEqual(dataKey)
    answer('D wrong', 'D wrong', 'D wrong', 'D correct horse')
    expect(await unavailable(key, context(home))).toContain('failed to decrypt sops data key with pgp: gpg: ')
    expect(questions()).toBe(3)
  })

  test('a user who cancels is not told to import a key', async () => {
    answer('ERR 83886179 Operation cancelled <Pinentry>')
    const reason = await unavailable(key, context(home))
    expect(reason).toContain('public key decryption failed')
    expect(reason).not.toContain('import')
  })

  test('the terminal is named to the pinentry by GPG_TTY', async () => {
    answer('D correct horse')
    expect(await pgp.unwrap(key, context(home, { GPG_TTY: '/dev/pts/987' }))).toEqual(dataKey)
    expect(readFileSync(asked, 'utf8')).toContain('ttyname=/dev/pts/987')
  })

  test('nobody is asked where nobody is there', async () => {
    answer('D correct horse')
    expect(await unavailable(key, { ...context(home), unattended: true })).toContain('public key decryption failed')
    expect(questions()).toBe(0)
  })
})
