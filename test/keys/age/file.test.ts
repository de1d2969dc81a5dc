import { armor, Decrypter, Encrypter } from 'age-encryption'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBech32, encodeBech32 } from '../../../src/keys/age/bech32.ts'
import { decodeArmor, encodeArmor } from '../../../src/keys/age/format/armor.ts'
import { checkHeader, openPayload, parseAgeFile } from '../../../src/keys/age/format/file.ts'
import { sealAgeFile } from '../../../src/keys/age/format/seal.ts'
import { generateIdentity, identityFileText } from '../../../src/keys/age/keygen.ts'
import { readIdentities } from '../../../src/keys/age/sources/identity-text.ts'
import { x25519Recipient } from '../../../src/keys/age/x25519.ts'
import { fakeContext } from '../../support/context.ts'

const ctx = fakeContext()

async function open(bytes: Uint8Array, identity: string): Promise<Uint8Array> {
  const file = parseAgeFile(bytes)
  const identities = await readIdentities(Buffer.from(identity), { location: 'test' }, ctx)
  const fileKey = await identities[0]!.unwrap(file)
  if (!fileKey) throw new Error('no match')
  checkHeader(file, fileKey)
  return openPayload(file, fileKey)
}

async function seal(plain: Uint8Array, ...recipients: string[]): Promise<Uint8Array> {
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  return encrypter.encrypt(plain)
}

describe('agreement with age-encryption', () => {
  test('opens what it seals, for any content', async () => {
    const pair = await generateIdentity()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (plain) => {
        expect(new Uint8Array(await open(await seal(plain, pair.recipient), pair.identity))).toEqual(plain)
      }),
      { numRuns: 30 },
    )
  })

  test('seals what it opens, for any content', async () => {
    const pair = await generateIdentity()
    const recipient = x25519Recipient(decodeBech32(pair.recipient).bytes)
    const decrypter = new Decrypter()
    decrypter.addIdentity(pair.identity)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (plain) => {
        expect(await decrypter.decrypt(await sealAgeFile(plain, recipient))).toEqual(plain)
      }),
      { numRuns: 30 },
    )
  })

  test.each([0, 1, 65535, 65536, 65537, 131072, 200_000])('%i bytes', async (length) => {
    const pair = await generateIdentity()
    const plain = new Uint8Array(length).fill(3)
    expect(Buffer.compare(await open(await seal(plain, pair.recipient), pair.identity), plain)).toBe(0)
    const decrypter = new Decrypter()
    decrypter.addIdentity(pair.identity)
    const ours = await sealAgeFile(plain, x25519Recipient(decodeBech32(pair.recipient).bytes))
    expect(Buffer.compare(await decrypter.decrypt(ours), plain)).toBe(0)
  })

  test('a recipient of low order is refused', async () => {
    await expect(sealAgeFile(new Uint8Array(1), x25519Recipient(new Uint8Array(32)))).rejects.toThrow('low order')
  })

  test('opens post-quantum files, and files with several recipients', async () => {
    const pq = await generateIdentity({ pq: true })
    const pair = await generateIdentity()
    const plain = Buffer.from('secret')
    for (const recipients of [[pq.recipient], [pq.recipient, pq.recipient]]) {
      expect(Buffer.from(await open(await seal(plain, ...recipients), pq.identity))).toEqual(plain)
    }
    const other = await generateIdentity()
    expect(Buffer.from(await open(await seal(plain, other.recipient, pair.recipient), pair.identity))).toEqual(plain)
    await expect(open(await seal(plain, other.recipient), pair.identity)).rejects.toThrow('no match')
    const stranger = await generateIdentity({ pq: true })
    await expect(open(await seal(plain, pq.recipient), stranger.identity)).rejects.toThrow('no match')
  })

  test('both refuse every single-bit change, and never disagree', async () => {
    const pair = await generateIdentity()
    const sealed = await seal(Buffer.alloc(32, 1), pair.recipient)
    const decrypter = new Decrypter()
    decrypter.addIdentity(pair.identity)
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.slice()
      changed[i]! ^= 1 << (i % 8)
      await expect(open(changed, pair.identity), `bit of byte ${i}`).rejects.toThrow()
      await expect(decrypter.decrypt(changed), `bit of byte ${i}`).rejects.toThrow()
    }
  })

  test('refuses every truncation and any addition', async () => {
    const pair = await generateIdentity()
    const sealed = await seal(Buffer.alloc(32, 1), pair.recipient)
    for (let i = 0; i < sealed.length; i++) {
      await expect(open(sealed.slice(0, i), pair.identity), `first ${i} bytes`).rejects.toThrow()
    }
    await expect(open(Buffer.concat([sealed, Buffer.from([0])]), pair.identity)).rejects.toThrow()
    await expect(open(Buffer.concat([sealed, Buffer.alloc(70_000)]), pair.identity)).rejects.toThrow()
  })
})

describe('header', () => {
  const good = async (): Promise<string> => {
    const pair = await generateIdentity()
    return Buffer.from(await seal(Buffer.alloc(3), pair.recipient)).toString('latin1')
  }
  const changes: readonly [string, (text: string) => string][] = [
    ['another version', (text) => text.replace('/v1', '/v2')],
    ['CRLF', (text) => text.replace('\n', '\r\n')],
    ['two blanks', (text) => text.replace('-> X25519 ', '-> X25519  ')],
    ['no arguments', (text) => text.replace(/-> X25519 .*\n/, '->\n')],
    ['trailing blank', (text) => text.replace(/(-> X25519 .*)\n/, '$1 \n')],
    ['padding in the body', (text) => text.replace(/\n--- /, '=\n--- ')],
    ['no MAC', (text) => text.replace(/\n--- .*\n/, '\n---\n')],
    ['short MAC', (text) => text.replace(/\n--- .*\n/, '\n--- AAAA\n')],
    ['something behind the MAC', (text) => text.replace(/(\n--- .*)\n/, '$1 x\n')],
  ]
  test.each(changes)('refuses %s', async (_, change) => {
    const text = await good()
    const changed = change(text)
    expect(changed).not.toBe(text)
    expect(() => parseAgeFile(Buffer.from(changed, 'latin1'))).toThrow()
    expect(() => parseAgeFile(Buffer.from(text, 'latin1'))).not.toThrow()
  })

  test('refuses unused bits in base64', async () => {
    const pair = await generateIdentity()
    const text = Buffer.from(await seal(Buffer.alloc(3), pair.recipient)).toString('latin1')
    const changed = text.replace(/(-> X25519 \S*)(\S)\n/, (_, start, last) => {
      const next = String.fromCharCode(last.charCodeAt(0) + 1)
      return `${start}${next}\n`
    })
    await expect(open(Buffer.from(changed, 'latin1'), pair.identity)).rejects.toThrow('illegal base64')
  })
})

describe('armor', () => {
  test('reads and writes what age-encryption writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        const text = armor.encode(bytes)
        expect(encodeArmor(Buffer.from(bytes))).toBe(text)
        for (const variant of [text, text.trimEnd(), text.replaceAll('\n', '\r\n'), `\n \t${text}\n\n`]) {
          expect(new Uint8Array(decodeArmor(variant))).toEqual(bytes)
        }
      }),
    )
  })
  const text = armor.encode(new Uint8Array(100).fill(5))
  const changes: readonly [string, (text: string) => string][] = [
    ['text before', (text) => `x\n${text}`],
    ['text behind', (text) => `${text}x`],
    ['a second file behind', (text) => text + text],
    ['no end', (text) => text.replace('-----END AGE ENCRYPTED FILE-----', '')],
    ['an empty line', (text) => text.replace('\n', '\n\n')],
    ['a blank at a line end', (text) => text.replace('\n', ' \n')],
    ['missing padding', (text) => text.replace('=', '')],
    ['a short line in the middle', (text) => text.replace(/\n(.{30})/, '\n$1\n')],
    ['a long line', (text) => text.replace(/\n(.{64})\n/, '\n$1')],
    ['another alphabet', (text) => text.replace('BQUF', 'BQ-F')],
    ['too many blanks before', (text) => ' '.repeat(1025) + text],
    ['too many blanks behind', (text) => text + ' '.repeat(1025)],
    ['nothing', () => ''],
    ['blanks only', () => '  \n'],
  ]
  test.each(changes)('refuses %s', (_, change) => {
    expect(change(text)).not.toBe(text)
    expect(() => decodeArmor(change(text))).toThrow()
  })
})

describe('bech32', () => {
  test('decodes what it encodes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1300 }), fc.stringMatching(/^[a-z0-9+.-]{1,20}$/), (bytes, hrp) => {
        const text = encodeBech32(hrp, bytes)
        expect(decodeBech32(text)).toEqual({ hrp, bytes })
        expect(decodeBech32(text.toUpperCase())).toEqual({ hrp: hrp.toUpperCase(), bytes })
      }),
    )
  })
  test('notices any changed character', () => {
    const text = encodeBech32('age', new Uint8Array(32).fill(77))
    for (let i = 4; i < text.length; i++) {
      const changed = text.slice(0, i) + (text[i] === 'q' ? 'p' : 'q') + text.slice(i + 1)
      expect(() => decodeBech32(changed), `character ${i}`).toThrow('invalid checksum')
    }
  })
  test.each(['', '1', 'age', 'age1', '1qqqqqqq', 'Age1qqqqqqqq', 'age1b', 'age1qqqqqbqq', 'ägé1qqqqqqqq'])(
    'refuses %j',
    (text) => {
      expect(() => decodeBech32(text)).toThrow()
    },
  )
})

describe('new identities', () => {
  test.each([false, true])('pq: %s', async (pq) => {
    const pair = await generateIdentity({ pq })
    const text = identityFileText(pair, new Date('2026-01-02T03:04:05.678Z'))
    expect(text).toBe(`# created: 2026-01-02T03:04:05Z\n# public key: ${pair.recipient}\n${pair.identity}\n`)
    const plain = Buffer.from('x')
    expect(Buffer.from(await open(await seal(plain, pair.recipient), text))).toEqual(plain)
    expect((await generateIdentity({ pq })).identity).not.toBe(pair.identity)
  })
})
