import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRegex } from '../../src/cipher/index.ts'
import { expressionOfGlob, globHint, looksLikeGlob, pathOfGlob } from '../../src/text/glob.ts'
import { seed } from '../fuzz/budget.ts'
import { sandbox } from '../support/cli.ts'

test.each<[string, string | undefined]>([
  ['*.yaml', '\\.yaml$'],
  ['**/*.yaml', '\\.yaml$'],
  ['/*.yaml', '^[^/]*\\.yaml$'],
  ['secrets/*.yaml', '^secrets/[^/]*\\.yaml$'],
  ['secrets/**/*.yaml', '^secrets/(.*/)?[^/]*\\.yaml$'],
  ['**/secrets/*.yaml', '(^|/)secrets/[^/]*\\.yaml$'],
  ['^**/secrets/*.yaml$', '(^|/)secrets/[^/]*\\.yaml$'],
  ['**/secrets/**', '(^|/)secrets/'],
  ['*/secrets/', '^[^/]*/secrets/'],
  ['./secrets/*', '^secrets/[^/]*$'],
  ['secrets/**', '^secrets/'],
  ['**', '.*'],
  ['*', '.*'],
  ['**/', '.*'],
  ['*.{yaml,json}', '\\.(yaml|json)$'],
  ['{dev,prod}.yaml', '(^|/)(dev|prod)\\.yaml$'],
  ['prod*.yaml', '(^|/)prod[^/]*\\.yaml$'],
  ['*[!a-c].yaml', '[^a-c/]\\.yaml$'],
  ['(dev|prod)/*.yaml', '^(dev|prod)/[^/]*\\.yaml$'],
  ['*\\.yaml', '\\.yaml$'],
  ['.*\\.yaml$', undefined],
  ['^secrets/[^/]*\\.yaml$', undefined],
  ['(a|b)*x', undefined],
  ['\\d*\\.yaml', undefined],
  ['a{2}*', undefined],
  ['a{2,}x{,3}y{2,3}', undefined],
  ['[*]', undefined],
  ['\\*', undefined],
])('as a glob %s is %s', (pattern, expression) => {
  expect(looksLikeGlob(pattern) ? expressionOfGlob(pattern) : undefined).toBe(expression)
})

test.each([
  ['secrets/*.yaml', 'secrets/x.yaml'],
  ['./a/?[bc][!d]*.{yaml,json}', 'a/xbxx.yaml'],
  ['(dev|prod)/*', 'dev/x'],
])('a path for %s is %s', async (pattern, path) => {
  expect(pathOfGlob(pattern)).toBe(path)
  expect((await compileRegex(expressionOfGlob(pattern)))(path)).toBe(true)
})

test('the hint shows both as they are written', () => {
  expect(globHint('path_regex', "*.y'ml")).toBe(
    "path_regex is a regular expression, not a glob: write '\\.y''ml$' for '*.y''ml'",
  )
})

describe('the expression finds what Git finds', () => {
  const pieces = ['a', 'b', '.y', '*', '?', '[ab]', '[!a]', '[b-y]', '/', '/**/', 'a+', '(b)']
  const joined = (words: readonly string[], most: number, between = ''): fc.Arbitrary<string> =>
    fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: most }).map((some) => some.join(between))
  const glob = fc
    .tuple(fc.constantFrom('', '', '', '**/', '/'), joined(pieces, 5), fc.constantFrom('', '', '', '/**'))
    .map((some) =>
      some
        .join('')
        .replace(/\/{2,}/g, '/')
        .replace(/\/$/, ''),
    )
    // Git takes other runs of stars for one, and an empty line for none.
    .filter((one) => one !== '' && !/\*{3}|[^/]\*\*|\*\*[^/]/.test(one))
  const name = joined(['a', 'b', '.y', 'a+', '(b)', 'y'], 4)
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))

  test('of any glob', async () => {
    const paths = [...new Set(fc.sample(path, { numRuns: 300, seed }))]
    const globs = [...new Set(fc.sample(glob, { numRuns: 300, seed }))]
    const box = sandbox({ '.gitattributes': globs.map((one, i) => `${one} p${i}\n`).join('') })
    try {
      const git = (words: readonly string[], input = ''): string =>
        execFileSync('git', ['-C', box.dir, ...words], { input, encoding: 'utf8', maxBuffer: 2 ** 28 })
      git(['init', '-q'])
      const found = new Set(git(['check-attr', '-z', '--stdin', '-a'], paths.join('\0')).match(/[^\0]+\0p\d+\0set\0/g))
      for (const [i, one] of globs.entries()) {
        const test = await compileRegex(expressionOfGlob(one))
        const wrong = paths.filter((path) => test(path) !== found.has(`${path}\0p${i}\0set\0`))
        expect([one, wrong]).toEqual([one, []])
      }
      expect(found.size).toBeGreaterThan(globs.length)
    } finally {
      box.remove()
    }
  })
})
