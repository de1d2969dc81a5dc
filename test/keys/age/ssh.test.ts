import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bcryptPbkdf } from '../../../src/keys/age/ssh/bcrypt.ts'
import { parseSshPrivateKey } from '../../../src/keys/age/ssh/key.ts'
import { sshRecipient, unwrapWithSshKey } from '../../../src/keys/age/ssh/stanzas.ts'
import { parseAuthorizedKey, parsePublicKey } from '../../../src/keys/age/ssh/wire.ts'
import { age } from '../../../src/keys/age.ts'
import { type FakeContext, type FakeOptions, fakeContext } from '../../support/context.ts'

const has = (program: string): boolean => spawnSync(program, ['--help']).error === undefined
const keygen = has('ssh-keygen')
if (!keygen) console.warn('skipped: ssh-keygen is not installed')
const ageProgram = has('age')
if (!ageProgram) console.warn('skipped: age is not installed')

const dataKey = Buffer.alloc(32, 9)
let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'age-ssh-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

let made = 0
/** The path of a new private key. */
function newKey(...args: string[]): string {
  const path = join(dir, `key${made++}`)
  const passphrase = args.includes('-N') ? [] : ['-N', '']
  execFileSync('ssh-keygen', ['-q', '-C', 'a test', '-f', path, ...passphrase, ...args])
  return path
}
const recipientOf = (path: string): string => readFileSync(`${path}.pub`, 'utf8').trim()

const roundTrip = (path: string, options: FakeOptions = {}): Promise<unknown> =>
  roundTripIn(
    path,
    fakeContext({ ...options, home: dir, env: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: path, ...options.env } }),
  )

async function roundTripIn(path: string, ctx: FakeContext): Promise<unknown> {
  const [key] = await age.parse(recipientOf(path), ctx)
  const enc = await age.wrap(key!, dataKey, ctx)
  return age.unwrap({ ...key!, enc }, ctx)
}

describe.skipIf(!keygen)('keys of ssh-keygen', () => {
  const kinds: readonly [string, ...string[]][] = [
    ['ed25519', '-t', 'ed25519'],
    ['rsa', '-t', 'rsa', '-b', '2048'],
    ['rsa 3072', '-t', 'rsa', '-b', '3072'],
    ['rsa as PKCS#1', '-t', 'rsa', '-b', '2048', '-m', 'PEM'],
    ['rsa as PKCS#8', '-t', 'rsa', '-b', '2048', '-m', 'PKCS8'],
  ]
  test.each(kinds)('%s', async (_, ...args) => {
    expect(await roundTrip(newKey(...args))).toEqual(dataKey)
  })

  const locked: readonly [string, ...string[]][] = [
    ['ed25519', '-t', 'ed25519'],
    ['ed25519, cbc', '-t', 'ed25519', '-Z', 'aes256-cbc'],
    ['ed25519, 3 rounds', '-t', 'ed25519', '-a', '3'],
    ['rsa', '-t', 'rsa', '-b', '2048'],
    ['rsa, legacy PEM', '-t', 'rsa', '-b', '2048', '-m', 'PEM'],
  ]
  test.each(locked)('locked: %s', async (_, ...args) => {
    const path = newKey(...args, '-N', 'pass wörd')
    chmodSync(path, 0o644)
    const ctx = fakeContext({ env: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: path }, home: dir, prompt: ['wrong', 'pass wörd'] })
    expect(await roundTripIn(path, ctx)).toEqual(dataKey)
    expect(ctx.notable).toEqual([])
  })

  test('the passphrase is asked for once a run, three times at most, and never without need', async () => {
    const path = newKey('-t', 'ed25519', '-N', 'secret')
    const ctx = fakeContext({ env: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: path }, home: dir, prompt: ['secret'] })
    const [key] = await age.parse(recipientOf(path), ctx)
    const sealed = { ...key!, enc: await age.wrap(key!, dataKey, ctx) }
    const [other] = await age.parse(recipientOf(newKey('-t', 'ed25519')), ctx)
    expect(await age.unwrap({ ...other!, enc: await age.wrap(other!, dataKey, ctx) }, ctx)).toHaveProperty(
      'unavailable',
    )
    expect(ctx.prompts).toEqual([])
    expect(await age.unwrap(sealed, ctx)).toEqual(dataKey)
    expect(await age.unwrap(sealed, ctx)).toEqual(dataKey)
    expect(ctx.prompts).toEqual([`Enter passphrase for "${path}": `])

    const guessing = fakeContext({ env: ctx.env, home: dir, prompt: ['a', 'b', 'c', 'secret'] })
    await expect(age.unwrap(sealed, guessing)).rejects.toThrow('x509: decryption password incorrect')
    expect(guessing.prompts).toHaveLength(3)

    const alone = fakeContext({ env: ctx.env, home: dir })
    await expect(age.unwrap(sealed, alone)).rejects.toThrow(
      `failed to obtain passphrase: could not read passphrase for "${path}": standard input is not a terminal`,
    )
  })

  test('legacy PEM needs its public key beside it', async () => {
    const path = newKey('-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'secret')
    const ctx = fakeContext({ env: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: path }, home: dir, prompt: ['secret'] })
    const [key] = await age.parse(recipientOf(path), ctx)
    const enc = await age.wrap(key!, dataKey, ctx)
    rmSync(`${path}.pub`)
    const result = await age.unwrap({ ...key!, enc }, ctx)
    expect(result).toHaveProperty('unavailable', expect.stringContaining(`${path}.pub: no such file or directory`))
  })

  test('keys in ~/.ssh are found', async () => {
    const home = join(dir, 'home')
    mkdirSync(join(home, '.ssh'), { recursive: true })
    for (const [type, path] of [
      ['id_ed25519', newKey('-t', 'ed25519')],
      ['id_rsa', newKey('-t', 'rsa', '-b', '2048')],
    ] as const) {
      copyFileSync(path, join(home, '.ssh', type))
      const ctx = fakeContext({ home })
      const [key] = await age.parse(recipientOf(path), ctx)
      expect(await age.unwrap({ ...key!, enc: await age.wrap(key!, dataKey, ctx) }, ctx)).toEqual(dataKey)
    }
  })

  test('a command prints the key; an encrypted one is refused', async () => {
    const path = newKey('-t', 'ed25519')
    const env = { PATH: process.env.PATH, SOPS_AGE_SSH_PRIVATE_KEY_CMD: `cat '${path}'` }
    const ctx = fakeContext({ env, home: dir, cwd: dir })
    const [key] = await age.parse(recipientOf(path), ctx)
    const enc = await age.wrap(key!, dataKey, ctx)
    expect(await age.unwrap({ ...key!, enc }, ctx)).toEqual(dataKey)
    execFileSync('ssh-keygen', ['-q', '-p', '-f', path, '-N', 'secret', '-P', ''])
    const refused = await age.unwrap({ ...key!, enc }, fakeContext({ env, home: dir, cwd: dir, prompt: ['secret'] }))
    expect(refused).toHaveProperty('unavailable', expect.stringContaining('SOPS_AGE_SSH_PRIVATE_KEY_CMD is encrypted'))
  })

  test('ecdsa keys are refused', async () => {
    const path = newKey('-t', 'ecdsa')
    await expect(age.parse(recipientOf(path), fakeContext())).rejects.toThrow('unknown recipient type')
    const ctx = fakeContext({ env: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: path }, home: dir })
    const [key] = await age.parse(recipientOf(newKey('-t', 'ed25519')), ctx)
    const result = await age.unwrap({ ...key!, enc: await age.wrap(key!, dataKey, ctx) }, ctx)
    expect(result).toHaveProperty('unavailable', expect.stringContaining('unsupported SSH identity type'))
  })

  test.skipIf(!ageProgram)('the age program reads and writes the same', async () => {
    for (const args of [
      ['-t', 'ed25519'],
      ['-t', 'rsa', '-b', '2048'],
    ]) {
      const path = newKey(...args)
      const ctx = fakeContext({ env: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: path }, home: dir })
      const [key] = await age.parse(recipientOf(path), ctx)
      const ours = await age.wrap(key!, dataKey, ctx)
      expect(execFileSync('age', ['-d', '-i', path], { input: ours })).toEqual(dataKey)
      const theirs = execFileSync('age', ['-a', '-r', recipientOf(path)], { input: dataKey, encoding: 'utf8' })
      expect(await age.unwrap({ ...key!, enc: theirs }, ctx)).toEqual(dataKey)
    }
  })
})

describe.skipIf(!keygen)('what was changed', () => {
  test('a changed key file gives the same key or an error, never another key', () => {
    const text = readFileSync(newKey('-t', 'ed25519'), 'latin1')
    const lines = text.split('\n')
    const bytes = Buffer.from(lines.slice(1, -2).join(''), 'base64')
    const original = parseSshPrivateKey(text)
    const header = `${lines[0]}\n`
    let refused = 0
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes)
      changed[i]! ^= 1 << (i % 8)
      try {
        const file = parseSshPrivateKey(`${header}${changed.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`)
        expect(file, `bit of byte ${i}`).toEqual(original)
      } catch (error) {
        if (!(error instanceof Error) || error.name === 'AssertionError') throw error
        refused++
      }
    }
    // Only the comment may change.
    expect(refused).toBeGreaterThanOrEqual(bytes.length - 'a test'.length)
  })

  test.each([
    ['ed25519', '-t', 'ed25519'],
    ['rsa', '-t', 'rsa', '-b', '2048'],
  ])('stanzas: %s', async (_, ...args) => {
    const path = newKey(...args)
    const file = parseSshPrivateKey(readFileSync(path, 'latin1'))
    if (file.kind !== 'open') throw new Error('locked')
    const { key } = file
    const [stanza] = await sshRecipient(parseAuthorizedKey(recipientOf(path))).wrapFileKey(Buffer.alloc(16, 1))
    const { body } = stanza!
    const [type, tag, ...rest] = stanza!.args as [string, string, ...string[]]
    expect(await unwrapWithSshKey([{ args: ['X25519', 'x'], body }, stanza!], key)).toEqual(Buffer.alloc(16, 1))
    expect(await unwrapWithSshKey([{ args: [type, 'AAAAAA', ...rest], body }], key)).toBeUndefined()
    expect(await unwrapWithSshKey([{ args: ['x', tag, ...rest], body }], key)).toBeUndefined()
    const changed = Buffer.from(body)
    changed[0]! ^= 1
    await expect(unwrapWithSshKey([{ args: stanza!.args, body: changed }], key)).rejects.toThrow(
      'failed to decrypt file key',
    )
    for (const broken of [
      [type],
      [type, tag, ...rest, 'x'],
      ...(rest.length > 0
        ? [
            [type, tag],
            [type, tag, 'AAAA'],
            [type, tag, '='],
          ]
        : []),
    ]) {
      await expect(unwrapWithSshKey([{ args: broken, body }], key), broken.join(' ')).rejects.toThrow(/invalid|illegal/)
    }
  })
})

test('no point of the curve is no key', () => {
  const wire = Buffer.concat([Buffer.from('0000000b7373682d6564323535313900000020', 'hex'), Buffer.alloc(32, 2)])
  expect(() => parsePublicKey(wire)).toThrow('invalid Ed25519 public key')
})

test('bcrypt_pbkdf agrees with the published vectors', () => {
  const derive = (passphrase: string, salt: string, rounds: number, length: number): string =>
    bcryptPbkdf(Buffer.from(passphrase), Buffer.from(salt), rounds, length).toString('hex')
  expect(derive('password', 'salt', 4, 32)).toBe('5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9')
  expect(derive('password', '\0', 4, 16)).toBe('c12b566235eee04c212598970a579a67')
  expect(derive('\0', 'salt', 4, 16)).toBe('6051be18c2f4f82cbf0efee5471b4bb9')
})

test('a broken key file is named, and its text is not shown', async () => {
  const path = join(dir, 'bad')
  writeFileSync(path, '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0IHRleHQ=\n-----END OPENSSH PRIVATE KEY-----\n')
  const ctx = fakeContext({ env: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: path }, home: dir })
  const [key] = await age.parse('age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5', ctx)
  const result = await age.unwrap({ ...key!, enc: await age.wrap(key!, dataKey, ctx) }, ctx)
  expect(result).toHaveProperty('unavailable', expect.stringContaining(`malformed SSH identity in "${path}"`))
  expect(JSON.stringify(result)).not.toMatch(/secret text|c2VjcmV0/)
})
