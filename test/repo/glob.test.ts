// Patterns over paths: a table of what they mean, and a slow matcher that says the same.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileGlob, isGlob } from '../../src/repo/index.ts'

describe('compileGlob', () => {
  test.each<[pattern: string, fits: readonly string[], not: readonly string[]]>([
    ['a.yaml', ['a.yaml'], ['b/a.yaml', 'xa.yaml', 'a.yaml.bak', 'A.yaml', 'aXyaml']],
    ['*.yaml', ['a.yaml', '.yaml', 'a b.yaml', 'é.yaml', 'a\nb.yaml'], ['k/a.yaml', 'a.yml']],
    ['k8s/*', ['k8s/a', 'k8s/.env'], ['k8s/a/b', 'k8s']],
    ['**', ['a', 'a/b', '.a/.b'], []],
    ['**/*.yaml', ['a.yaml', 'k/a.yaml', 'k/l/a.yaml'], ['a.yml']],
    ['k/**', ['k/a', 'k/a/b'], ['k', 'kk/a']],
    ['k/**/a', ['k/a', 'k/b/a', 'k/b/c/a'], ['ka', 'k/xa']],
    ['**/k/a', ['k/a', 'b/k/a'], ['xk/a']],
    ['a**b', ['ab', 'a/x/b', 'axb'], ['a/bc']],
    ['**.yaml', ['a.yaml', 'k/a.yaml'], []],
    ['?.yaml', ['a.yaml', '💩.yaml', '\udce9.yaml'], ['.yaml', 'ab.yaml', '/.yaml']],
    ['[a-c].yaml', ['a.yaml', 'c.yaml'], ['d.yaml', '-.yaml']],
    ['[!a-c]', ['d', '-'], ['a', '/', '']],
    ['[^a]', ['b'], ['a']],
    ['[]a]', [']', 'a'], ['b']],
    ['[\\]a-]', [']', 'a', '-'], ['\\', 'b']],
    ['[z-a]', [], ['z', 'a', 'm']],
    ['[a', ['[a'], ['a']],
    ['a[b/c]', ['a[b/c]'], ['ab', 'a/']],
    ['{a,b}.yaml', ['a.yaml', 'b.yaml'], ['c.yaml', '{a,b}.yaml']],
    ['{a,b/{c,*.d}}', ['a', 'b/c', 'b/x.d'], ['b/a', 'c']],
    ['a{,.enc}.yaml', ['a.yaml', 'a.enc.yaml'], []],
    ['{k,l}/**', ['k/a/b', 'l/a'], ['m/a']],
    ['{a}', ['{a}'], ['a']],
    ['{a,b', ['{a,b'], ['a']],
    ['a,b', ['a,b'], []],
    ['\\*.y', ['*.y'], ['a.y', '\\a.y']],
    ['\\{a,b\\}', ['{a,b}'], ['a']],
    ['a\\', ['a\\'], ['a']],
    ['!a', ['!a'], ['b']],
    ['(a|b)+.$', ['(a|b)+.$'], ['a']],
    ['', [''], ['a']],
  ])('%j', (pattern, fits, not) => {
    const test = compileGlob(pattern)
    expect(fits.filter((path) => !test(path))).toEqual([])
    expect(not.filter(test)).toEqual([])
  })

  /** All that braces stand for, one choice at a time. */
  function expanded(pattern: string): string[] {
    const found = /^([^{]*)\{([^{}]*)\}([\s\S]*)$/.exec(pattern)
    if (!found) return [pattern]
    const [, before = '', choices = '', after = ''] = found
    return choices.split(',').flatMap((one) => expanded(before + one + after))
  }

  /** By trying everything; without braces and escapes. */
  function slow(pattern: string, path: string, atStart: boolean): boolean {
    if (pattern === '') return path === ''
    const rest = (length: number): string => pattern.slice(length)
    const [first = ''] = path
    const next = (length: number): boolean => slow(rest(length), path.slice(1), first === '/')
    if (pattern.startsWith('**/')) {
      const across = [...path].some((c, at) => c === '/' && slow(rest(3), path.slice(at + 1), true))
      return across || (atStart && slow(rest(3), path, true))
    }
    if (pattern.startsWith('**'))
      return slow(rest(2), path, atStart) || (path !== '' && slow(pattern, path.slice(1), first === '/'))
    if (pattern.startsWith('*'))
      return slow(rest(1), path, atStart) || (path !== '' && first !== '/' && slow(pattern, path.slice(1), false))
    if (path === '') return false
    const set = /^\[(!?)([^\]]+)\]/.exec(pattern)
    if (set) return first !== '/' && set[2]!.includes(first) === (set[1] === '') && next(set[0].length)
    return (pattern[0] === '?' ? first !== '/' : pattern[0] === first) && next(1)
  }

  const simple = fc.constantFrom('a', 'b', '/', '*', '?', '[a]', '[!a]', '[ab]')
  // Stars that meet only where braces end are a matter of taste.
  const choice = fc
    .array(fc.array(fc.constantFrom('a', 'b', '/', '?'), { maxLength: 3 }), { minLength: 2, maxLength: 3 })
    .map((of) => `{${of.map((one) => one.join('')).join(',')}}`)
  const stars = fc.constantFrom('**/', '/**/', '**a', '**')
  const patterns = fc
    .array(fc.oneof({ weight: 5, arbitrary: simple }, choice, stars), { maxLength: 8 })
    .map((parts) => parts.join(''))
    .filter((pattern) => !/\*[{]|\*{3}/.test(pattern))
  const paths = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 8 }).map((parts) => parts.join(''))

  test('says what a slow matcher says', () => {
    fc.assert(
      fc.property(patterns, paths, (pattern, path) => {
        const wanted = expanded(pattern).some((one) => slow(one, path, true))
        expect(compileGlob(pattern)(path), `${pattern} over ${path}`).toBe(wanted)
      }),
      { numRuns: 5000 },
    )
  })

  test('takes no pattern that is out of all proportion, and is done with all others', () => {
    expect(() => compileGlob('a'.repeat(4097))).toThrow('a pattern has 4097 characters, and at most 4096 are taken')
    expect(compileGlob(`${'*a'.repeat(200)}b`)('a'.repeat(400))).toBe(false)
    expect(compileGlob(`${'**/'.repeat(100)}b`)('a/'.repeat(200))).toBe(false)
    expect(compileGlob('{a,b}'.repeat(400))('ab'.repeat(200))).toBe(true)
    expect(compileGlob(`${'{a,'.repeat(1000)}${'}'.repeat(1000)}`)('a')).toBe(true)
  })
})

test.each<[string, boolean]>([
  ['a.yaml', false],
  ['*.yaml', true],
  ['a?', true],
  ['k/[a-c]', true],
  ['{a,b}', true],
  ['{a}', false],
  ['[a', false],
  ['\\*', false],
  ['\\**', true],
  ['!a', false],
  ['', false],
])('%j is a pattern: %j', (word, wanted) => expect(isGlob(word)).toBe(wanted))
