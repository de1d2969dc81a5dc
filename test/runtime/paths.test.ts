import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { keepingBytes } from '../../src/runtime/paths.ts'

/** As a native function that takes UTF-8 does: a lone surrogate becomes U+FFFD. */
const native =
  (call: (...args: string[]) => string) =>
  (...args: string[]): string =>
    call(...args.map((arg) => Buffer.from(arg, 'utf8').toString('utf8')))

describe('functions of paths that lose lone surrogates keep them', () => {
  test.each([
    ['join', posix.join, ['a\udce9', '../\udcffb'], '\udcffb'],
    ['dirname', posix.dirname, ['/x\udc80/y'], '/x\udc80'],
    ['basename', posix.basename, ['/x/\udce9.yaml', '.yaml'], '\udce9'],
    ['resolve', posix.resolve, ['/a', 'b\udce9'], '/a/b\udce9'],
    ['relative', posix.relative, ['/a\udce9/b', '/a\udce9/c'], '../c'],
    ['join of text', posix.join, ['ä', 'b'], 'ä/b'],
  ] as const)('%s', (_, call, args, expected) => {
    const lossy = native(call as (...args: string[]) => string)
    expect(keepingBytes(lossy)(...args)).toBe(expected)
  })

  test('which the function alone does not', () => {
    expect(native(posix.join)('a', '\udce9')).toBe('a/\ufffd')
  })
})
