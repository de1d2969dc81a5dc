import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLeafCipher, decryptLeaf, encryptLeaf } from '../../src/cipher/leaf.ts'
import { isEncrypted } from '../../src/cipher/token.ts'

const vectors: LeafVector[] = JSON.parse(
  readFileSync(new URL('../../fixtures/vectors/leaf.json', import.meta.url), 'utf8'),
)
interface LeafVector {
  key_hex: string
  aad: string
  type: string
  plaintext?: string
  plaintext_base64?: string
  encrypted: string
}

const specKey = Uint8Array.from({ length: 32 }, (_, i) => i)
const hello =
  'ENC[AES256_GCM,data:D4XyQMs=,iv:ulOxsPo6/8IY/5mHCaemaTmM+KSrXoUnXkkXQ8aHycA=,tag:YDMZ+aLTA0QtLNQ3TFrnig==,type:str]'

describe('vectors of the reference', () => {
  test.each(vectors)('$type $aad', (vector) => {
    const cipher = createLeafCipher(Buffer.from(vector.key_hex, 'hex'))
    const plaintext =
      vector.plaintext === undefined ? Buffer.from(vector.plaintext_base64!, 'base64') : Buffer.from(vector.plaintext)
    const leaf = decryptLeaf(cipher, vector.encrypted, vector.aad)
    expect(leaf.type).toBe(vector.type)
    expect(Buffer.from(leaf.bytes).equals(plaintext)).toBe(true)
    expect(encryptLeaf(cipher, vector.aad, leaf.type, leaf.bytes, leaf.iv)).toBe(vector.encrypted)
  })

  test.each([
    [
      'int',
      '-7',
      ':',
      'ENC[AES256_GCM,data:QYM=,iv:E1At9Xp+U6C3tpVRwo6XnKCYQX+ncd/eclHCOnckWrU=,tag:BplpEcJ10Rx4aB4pym2q1g==,type:int]',
    ],
    [
      'float',
      '1000000000000000000000',
      'f:',
      'ENC[AES256_GCM,data:Ty0Z23M26FfXf+QgluwPwNfd7ulytQ==,iv:zPG8+APeHBP7Xcu3uYWwcnydZzs0jWqC1zyeQw+2txA=,tag:K0qjWlLYBsjl6pSwKGFXZg==,type:float]',
    ],
    [
      'time',
      '2024-01-02T03:04:05.12Z',
      't:',
      'ENC[AES256_GCM,data:6OR8FnO6NhsluQIeB3HvHMFAFgu7MN8=,iv:hjOi3Dg1Cw/q4ynHjWYAkCkbVsjFZ2+oca3mUpxfiRw=,tag:KtZ+0QuwQeEz66UVYDwqZA==,type:time]',
    ],
    [
      'comment',
      ' note',
      ':',
      'ENC[AES256_GCM,data:2lb2iU4=,iv:KvTaQwNikbuHUcl4o0ti3memT39O+DSVBYHCjLCtnxM=,tag:0XiFXd4/WgxhGSPvgiOgwg==,type:comment]',
    ],
    [
      'str',
      'é\n',
      'u:',
      'ENC[AES256_GCM,data:2zkq,iv:WCUrPZxY9zD/f0ATf8urJ23V5NeqbQojI2kJivp8Z+M=,tag:Hq/Ou6pbIpbvPIeqhQxBuA==,type:str]',
    ],
    ['str', 'hello', 'a:b:', hello],
  ])('%s %s', (type, plaintext, aad, text) => {
    const leaf = decryptLeaf(createLeafCipher(specKey), text, aad)
    expect([leaf.type, Buffer.from(leaf.bytes).toString()]).toEqual([type, plaintext])
  })
})

describe('what is read', () => {
  const cipher = createLeafCipher(specKey)
  const read = (text: string) => Buffer.from(decryptLeaf(cipher, text, 'a:b:').bytes).toString()

  test.each([
    ['text behind the bracket', `${hello} # x`],
    ['a second line', `${hello}\nmore ]`],
    [
      'the tag split elsewhere',
      hello
        .replace('data:D4XyQMs=', 'data:D4Xy')
        .replace(
          'YDMZ+aLTA0QtLNQ3TFrnig==',
          Buffer.concat([
            Buffer.from('D4XyQMs=', 'base64').subarray(3),
            Buffer.from('YDMZ+aLTA0QtLNQ3TFrnig==', 'base64'),
          ]).toString('base64'),
        ),
    ],
    ['a carriage return', hello.replace('D4Xy', 'D4\rXy')],
    ['type bytes', hello.replace('type:str', 'type:bytes')],
  ])('%s', (_, text) => expect(read(text)).toBe('hello'))

  test.each([
    ['another key path', 'x:', hello, 'authentication'],
    ['lower case', 'a:b:', hello.replace('AES256', 'aes256'), 'data format'],
    ['space in front', 'a:b:', ` ${hello}`, 'data format'],
    ['line break inside', 'a:b:', hello.replace(',iv', '\n,iv'), 'data format'],
    ['no bracket', 'a:b:', hello.slice(0, -1), 'data format'],
    ['empty data', 'a:b:', hello.replace('D4XyQMs=', ''), 'data format'],
    ['empty type', 'a:b:', hello.replace('type:str', 'type:'), 'data format'],
    ['url alphabet', 'a:b:', hello.replace('/8IY/', '_8IY_'), 'base64-decoding iv'],
    ['no padding', 'a:b:', hello.replace('QMs=', 'QMs'), 'base64-decoding data'],
    ['blank', 'a:b:', hello.replace('D4XyQMs=', 'D4Xy QMs='), 'base64-decoding data'],
    ['other letters', 'a:b:', hello.replace('D4Xy', 'D4*y'), 'base64-decoding data'],
    ['padding inside', 'a:b:', hello.replace('D4XyQMs=', 'D4==QMs='), 'base64-decoding data'],
    ['flipped bit', 'a:b:', hello.replace('D4Xy', 'D5Xy'), 'authentication'],
    ['short tag', 'a:b:', hello.replace(/data:[^,]+/, 'data:AA==').replace(/tag:[^,]+/, 'tag:AA=='), 'authentication'],
    ['capital type', 'a:b:', hello.replace('type:str', 'type:Str'), 'Unknown datatype'],
    ['inherited name', 'a:b:', hello.replace('type:str', 'type:constructor'), 'Unknown datatype'],
    ['greedy type', 'a:b:', `${hello} ]`, 'Unknown datatype'],
  ])('%s is refused', (_, aad, text, message) => {
    expect(() => decryptLeaf(cipher, text, aad)).toThrow(message)
  })

  test('a data key of no AES length', () => {
    const short = createLeafCipher(new Uint8Array(31))
    expect(() => decryptLeaf(short, hello, 'a:b:')).toThrow('31 bytes')
    expect(() => encryptLeaf(short, 'a:', 'str', 'x')).toThrow('31 bytes')
  })
})

describe('laws', () => {
  test('what is encrypted decrypts, with that key and data only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.string(), (plaintext, aad) => {
        const key = randomBytes(32)
        const text = encryptLeaf(createLeafCipher(key), aad, 'str', plaintext)
        expect(isEncrypted(text)).toBe(true)
        expect(decryptLeaf(createLeafCipher(key), text, aad).bytes).toEqual(Buffer.from(plaintext))
        expect(() => decryptLeaf(createLeafCipher(key), text, `${aad}:`)).toThrow()
        expect(() => decryptLeaf(createLeafCipher(randomBytes(32)), text, aad)).toThrow()
      }),
    )
  })

  test('isEncrypted is the pattern', () => {
    const pattern = /^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]/
    const piece = fc.constantFrom('ENC[AES256_GCM,data:', ',iv:', ',tag:', ',type:', ']', 'x', '\n', 'AA==')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = pieces.join('')
        expect(isEncrypted(text)).toBe(
          /^ENC\[AES256_GCM,data:([^\n]+),iv:([^\n]+),tag:([^\n]+),type:([^\n]+)\]/.test(text),
        )
        expect(isEncrypted(`ENC[AES256_GCM,data:${text}`)).toBe(pattern.test(`ENC[AES256_GCM,data:${text}`))
      }),
      { numRuns: 2000 },
    )
  })

  test('whole files go through in pieces', () => {
    const cipher = createLeafCipher(specKey)
    const size = 3 * 1024 * 1024
    for (const length of [size, size + 1, 2 * size, 2 * size + 5]) {
      const plaintext = Buffer.alloc(length, 'sops')
      const text = encryptLeaf(cipher, 'data:', 'str', plaintext)
      const iv = Buffer.from(/,iv:([^,]+)/.exec(text)![1]!, 'base64')
      const whole = createCipheriv('aes-256-gcm', specKey, iv).setAAD(Buffer.from('data:'))
      const data = Buffer.concat([whole.update(plaintext), whole.final()]).toString('base64')
      const expected = `ENC[AES256_GCM,data:${data},iv:${iv.toString('base64')},tag:${whole.getAuthTag().toString('base64')},type:str]`
      expect(text === expected).toBe(true)
      expect(Buffer.compare(decryptLeaf(cipher, text, 'data:').bytes, plaintext)).toBe(0)
      const at = text.indexOf(',iv:') - 6
      const other = text[at] === 'A' ? 'B' : 'A'
      const broken = (c: string, place: number) => () =>
        decryptLeaf(cipher, text.slice(0, place) + c + text.slice(place + 1), 'data:')
      expect(broken(other, at)).toThrow('authentication')
      expect(broken('*', 100)).toThrow('base64-decoding data')
      expect(broken('=', 20 + size - 1)).toThrow('base64-decoding data')
    }
    const text = 'é'.repeat(size)
    expect(
      Buffer.from(decryptLeaf(cipher, encryptLeaf(cipher, 'a:', 'str', text), 'a:').bytes).toString() === text,
    ).toBe(true)
  })

  test.each(['str', 'int', 'float', 'bool', 'time', 'comment'] as const)(
    'tokens of type %s, where short ones become long ones',
    (type) => {
      const cipher = createLeafCipher(specKey)
      const sizes = [1, 2, 3, 4, 64, 2014, 2015, 2016, 2017, 2018, 4096].map((size) => [size, 32] as const)
      for (const [size, ivSize] of [...sizes, [5, 12], [5, 128]] as const) {
        const [plaintext, iv] = [randomBytes(size), randomBytes(ivSize)]
        const whole = createCipheriv('aes-256-gcm', specKey, iv, { authTagLength: 16 }).setAAD(Buffer.from('a:'))
        const data = Buffer.concat([whole.update(plaintext), whole.final()]).toString('base64')
        const tag = whole.getAuthTag().toString('base64')
        expect(encryptLeaf(cipher, 'a:', type, plaintext, iv)).toBe(
          `ENC[AES256_GCM,data:${data},iv:${iv.toString('base64')},tag:${tag},type:${type}]`,
        )
      }
    },
  )

  test('the empty plaintext stays empty and nonces differ', () => {
    const cipher = createLeafCipher(specKey)
    expect(encryptLeaf(cipher, 'a:', 'str', '')).toBe('')
    const ivs = Array.from({ length: 2000 }, () => /iv:([^,]+)/.exec(encryptLeaf(cipher, 'a:', 'str', 'x'))![1])
    expect(new Set(ivs).size).toBe(2000)
  })
})

test.each([
  ['short after long', ['a'.repeat(1300), 'b:']],
  ['longer than the memory for it', ['c'.repeat(5000), 'd:']],
  ['of three bytes a character', ['\u20ac'.repeat(1365), '\u20ac'.repeat(1366)]],
  ['bytes that are no UTF-8', ['\udcff:', 'e:']],
])('additional data %s', (_, aads) => {
  const cipher = createLeafCipher(specKey)
  for (const aad of aads) {
    const text = encryptLeaf(cipher, aad, 'str', 'value')
    const [, data = '', iv = '', tag = ''] = /data:(.*),iv:(.*),tag:(.*),type/.exec(text) ?? []
    const gcm = createDecipheriv('aes-256-gcm', specKey, Buffer.from(iv, 'base64'))
    gcm.setAAD(aad === '\udcff:' ? Buffer.from([0xff, 0x3a]) : Buffer.from(aad))
    gcm.setAuthTag(Buffer.from(tag, 'base64'))
    expect(gcm.update(data, 'base64', 'utf8') + gcm.final('utf8')).toBe('value')
    expect(Buffer.from(decryptLeaf(cipher, text, aad).bytes).toString()).toBe('value')
  }
})
