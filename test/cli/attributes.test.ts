// Patterns of .gitattributes: git itself says which files they mean.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patternIn, patternsOf, patternText, refusePattern } from '../../src/cli/attributes.ts'
import { type Sandbox, sandbox } from '../support/cli.ts'

let box: Sandbox
beforeAll(() => {
  box = sandbox()
  execFileSync('git', ['init', '-q'], { cwd: box.dir })
})
afterAll(() => box.remove())

/** Which of the paths git takes for those of the patterns. */
function matched(patterns: readonly string[], paths: readonly string[]): string[] {
  const lines = patterns.map((pattern) => `${patternText(pattern)} diff=x\n`)
  writeFileSync(box.path('.gitattributes'), Buffer.from(lines.join(''), 'latin1'))
  const input = paths.map((path) => `${path}\0`).join('')
  const said = execFileSync('git', ['check-attr', '--stdin', '-z', 'diff'], { cwd: box.dir, input }).toString()
  const words = said.split('\0')
  return paths.filter((_, i) => words[3 * i + 2] === 'x')
}

const folders = ['', 'secrets/', 'xsecrets/', 'a/secrets/', 'secrets/b/', 'secrets/b/c/', 'a/', 'prod/secrets/']
const names = ['x.enc.yaml', '.enc.yaml', 'enc.yaml', 'x.yaml', '.yaml', 'x.yml', 'secrets', 'secrets.yaml', 'a.env']
const odd = ['dev.json', 'prod.json', 'a+b.yaml', '[x].yaml', 'xyaml', 'x.yaml.bak', 'a b.yaml', 'ä.yaml', '.env']
const paths = folders.flatMap((folder) => [...names, ...odd].map((name) => folder + name))

describe('expressions', () => {
  test.each<[string, readonly string[]]>([
    ['\\.enc\\.yaml$', ['*.enc.yaml']],
    ['\\.ya?ml$', ['*.yml', '*.yaml']],
    ['\\.(yaml|json)$', ['*.yaml', '*.json']],
    ['^secrets/.*\\.yaml$', ['secrets/**/*.yaml']],
    ['^secrets/[^/]*\\.yaml$', ['secrets/*.yaml']],
    ['^secrets/[^/]+\\.yaml$', ['secrets/?*.yaml']],
    ['^secrets/', ['secrets/**/*']],
    ['secrets/.*', ['**/*secrets/**/*']],
    ['(^|/)secrets\\.yaml$', ['/secrets.yaml', '**/*/secrets.yaml']],
    ['^(dev|prod)\\.json$', ['/dev.json', '/prod.json']],
    ['.*\\.env$', ['*.env']],
    ['^.*\\.env$', ['*.env']],
    ['.+\\.env$', ['/?*.env', '*/**/*.env']],
    ['secrets', ['*secrets*', '**/*secrets*/**/*']],
    ['^a.*\\.yaml$', ['/a*.yaml', 'a*/**/*.yaml']],
    ['^a|b$', ['/a*', 'a*/**/*', '*b']],
    ['^\\[x\\]\\.yaml$', ['/\\[x\\].yaml']],
    ['a\\+b\\.yaml$', ['*a+b.yaml']],
    ['^[a-z]\\.yaml$', ['/[a-z].yaml']],
    ['a b', ['*a b*', '**/*a b*/**/*']],
    ['^secrets/.*/x', ['secrets/**/*/x*', 'secrets/**/*/x*/**/*']],
  ])('%s', (expression, patterns) => {
    expect(patternsOf(expression)).toEqual(patterns)
    expect(matched(patterns, paths)).toEqual(paths.filter((path) => new RegExp(expression).test(path)))
  })

  test.each([
    '',
    '.*',
    '^',
    '.yaml$',
    '\\d+\\.yaml$',
    '(?i)\\.yaml$',
    '[^a]x$',
    '^[^/]\\.yaml$',
    '^[^/]+[^/]+\\.yaml$',
    'x{2}',
    'x+$',
    'a$b',
    '(x',
    '*.yaml',
    '\\w',
    '(a|b|c)(a|b|c)(a|b|c)(a|b|c)',
    '.*|x',
  ])('%j has none', (expression) => {
    expect(patternsOf(expression)).toBeUndefined()
  })
})

test.each([
  ['', '*.enc.yaml', '*.enc.yaml'],
  ['a/', '*.enc.yaml', 'a/**/*.enc.yaml'],
  ['a/', '/x.yaml', 'a/x.yaml'],
  ['a/', 'secrets/**/*', 'a/secrets/**/*'],
  ['a[1]/', '**/*x/y', 'a\\[1\\]/**/*x/y'],
])('in folder %j, %s is %s', (folder, pattern, whole) => {
  expect(patternIn(folder, pattern)).toBe(whole)
})

test.each(['a b.yaml', 'tab\there', '#x.yaml', '"q".yaml', 'ä b.yaml', '"', 'x\ny'])('git reads %j back', (name) => {
  expect(matched([name], [name, 'other'])).toEqual([name])
})

test.each(['', ' ', '!x', '[attr]x'])('%j is refused', (pattern) => {
  expect(() => refusePattern(pattern)).toThrow('the pattern')
})
