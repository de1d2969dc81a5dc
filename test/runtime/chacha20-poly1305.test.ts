// Both ways to ChaCha20-Poly1305 give what RFC 8439 says, and refuse the same.
import { getCipherInfo } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chaCha20Poly1305, nodeAead, packageAead } from '../../src/runtime/chacha20-poly1305.ts'

const fromPackage = await packageAead()

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

/** RFC 8439, appendix A.5, without its associated data: the keystream is the same, the tag is not. */
const key = hex('1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0')
const nonce = hex('000000000102030405060708')
const sealedText = hex(`
  64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf
  332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c8559797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4
  b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a
  0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29
  a6ad5cb4022b02709b`)
const plainText = Buffer.from(
  'Internet-Drafts are draft documents valid for a maximum of six months and may be updated, replaced, or obsoleted by other ' +
    'documents at any time. It is inappropriate to use Internet-Drafts as reference material or to cite them other than as ' +
    '/\u201cwork in progress./\u201d',
)

const inNode = getCipherInfo('chacha20-poly1305') !== undefined
if (!inNode) process.stderr.write('ChaCha20-Poly1305 of node:crypto is not tested: this runtime has none\n')

describe.each([...(inNode ? ([['node:crypto', nodeAead]] as const) : []), ['@noble/ciphers', fromPackage] as const])(
  '%s',
  (_, aead) => {
    test('encrypts as RFC 8439, A.5', () => {
      const sealed = aead.seal(key, nonce, plainText)
      expect(sealed.subarray(0, -16).toString('hex')).toBe(sealedText.toString('hex'))
      expect(aead.open(key, nonce, sealed)).toEqual(plainText)
    })

    test('refuses every changed bit and every length', () => {
      const sealed = aead.seal(key, nonce, Buffer.from('plain'))
      for (let i = 0; i < sealed.length * 8; i++) {
        const changed = Buffer.from(sealed)
        changed[i >> 3]! ^= 1 << (i & 7)
        expect([i, aead.open(key, nonce, changed)]).toEqual([i, undefined])
      }
      for (let length = 0; length < sealed.length; length++)
        expect([length, aead.open(key, nonce, sealed.subarray(0, length))]).toEqual([length, undefined])
      expect(aead.open(key, nonce, Buffer.concat([sealed, Buffer.alloc(1)]))).toBeUndefined()
    })

    test.each([
      ['key', 31, 12],
      ['key', 33, 12],
      ['nonce', 32, 11],
    ])('throws for a %s of another length (%i, %i)', (_what, keyLength, nonceLength) => {
      const [otherKey, otherNonce] = [Buffer.alloc(keyLength), Buffer.alloc(nonceLength)]
      expect(() => aead.seal(otherKey, otherNonce, plainText)).toThrow()
      expect(() => aead.open(otherKey, otherNonce, Buffer.alloc(32))).toThrow()
    })
  },
)

test.runIf(inNode)('each gives and opens what the other does', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  fc.assert(
    fc.property(bytes(32), bytes(12), fc.uint8Array({ maxLength: 1000 }), (anyKey, anyNonce, plain) => {
      const sealed = nodeAead.seal(anyKey, anyNonce, plain)
      expect(fromPackage.seal(anyKey, anyNonce, plain)).toEqual(sealed)
      expect(fromPackage.open(anyKey, anyNonce, sealed)).toEqual(Buffer.from(plain))
      expect(nodeAead.open(anyKey, anyNonce, sealed)).toEqual(Buffer.from(plain))
    }),
  )
})

test("the runtime's own is taken where there is one", async () =>
  expect((await chaCha20Poly1305()) === nodeAead).toBe(inNode))
