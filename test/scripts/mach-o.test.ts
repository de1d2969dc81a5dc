// What is left of a macOS executable without its signature.
import { expect, test } from 'vitest'
import { withoutSignature } from '../../scripts/mach-o.mjs'

const u32 = (...numbers: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * numbers.length)
  for (const [i, number] of numbers.entries()) bytes.writeUInt32LE(number, 4 * i)
  return bytes
}
const u64 = (...numbers: number[]): Buffer => u32(...numbers.flatMap((number) => [number, 0]))

/** A file of a header, two segments, what linkers left, and the signature. */
function file({ signed = true, behind = '' } = {}): Buffer {
  const segment = (name: string, offset: number, size: number): Buffer =>
    Buffer.concat([
      u32(0x19, 72),
      Buffer.from(name.padEnd(16, '\0')),
      u64(0x1000, 0x1000, offset, size),
      u32(1, 1, 0, 0),
    ])
  const commandSize = 72 + 72 + (signed ? 16 : 0)
  const content = Buffer.from('links')
  const start = 32 + commandSize + content.length
  return Buffer.concat([
    u32(0xfeedfacf, 0x1000007, 3, 2, signed ? 3 : 2, commandSize, 0x85, 0),
    segment('__TEXT', 0, 32 + commandSize),
    segment('__LINKEDIT', 32 + commandSize, content.length + (signed ? 9 : 0)),
    ...(signed ? [u32(0x1d, 16, start, 9)] : []),
    content,
    Buffer.from(signed ? 'signature' : ''),
    Buffer.from(behind),
  ])
}

test('header and last segment know nothing of it any more', () => {
  const signed = file()
  const bare = withoutSignature(signed)
  expect(bare.length).toBe(signed.length - 'signature'.length)
  expect([bare.readUInt32LE(16), bare.readUInt32LE(20)]).toEqual([2, 144])
  expect(bare.readBigUInt64LE(32 + 72 + 48)).toBe(5n)
  expect(bare.subarray(176, 192).equals(Buffer.alloc(16))).toBe(true)
  expect(bare.subarray(192).toString()).toBe('links')
  expect(signed.equals(file())).toBe(true)
})

test.each([
  ['has none', file({ signed: false }), 'no signature at the end'],
  ['goes on behind it', file({ behind: 'more' }), 'something stands behind the signature'],
  ['is of another kind', Buffer.alloc(64, 'ELF'), 'not a Mach-O file'],
])('a file that %s is refused', (_, bytes, message) => {
  expect(() => withoutSignature(bytes)).toThrow(message)
})
