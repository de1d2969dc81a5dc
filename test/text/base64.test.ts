import { expect, test } from 'vitest'
import { encodeBase64, writeBase64 } from '../../src/text/base64.ts'

const allBytes = Uint8Array.from({ length: 256 }, (_, i) => 255 - i)

test.each([0, 1, 2, 3, 4, 5, 16, 32, 255, 256])(
  'writes %i bytes as they are encoded, and nothing around them',
  (length) => {
    const bytes = allBytes.subarray(0, length)
    const target = Buffer.alloc(400, '.')
    const end = writeBase64(bytes, target, 7)
    expect(target.toString('latin1', 7, end)).toBe(encodeBase64(bytes))
    expect(target.toString('latin1', 0, 7) + target.toString('latin1', end)).toMatch(/^\.*$/)
  },
)
