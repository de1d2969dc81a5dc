// `npm run check` says how long, how wide and how deep a function may be. Tests are exempt; an exception is a `biome-ignore` with its reason.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')

/** What the linter finds in a project of these files with our settings, as `FILE: RULE`. */
function lint(files: Readonly<Record<string, string>>): string[] {
  const project = mkdtempSync(join(tmpdir(), 'sops-limits-'))
  try {
    copyFileSync(join(root, 'biome.json'), join(project, 'biome.json'))
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(project, file)), { recursive: true })
      writeFileSync(join(project, file), text)
    }
    const { stdout } = spawnSync(process.execPath, [biome, 'lint', '--reporter=json', '.'], {
      cwd: project,
      encoding: 'utf8',
    })
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { category: string; location: { path: string } }[] }
    return diagnostics.map(({ category, location }) => `${location.path}: ${category}`).sort()
  } finally {
    rmSync(project, { recursive: true })
  }
}

const long = (lines: number): string => `export function f() {\n${'  f()\n'.repeat(lines)}}\n`
const deep = (levels: number): string => `export function f(a) {\n  ${'while (a) '.repeat(levels)}f(a)\n}\n`
const wide = (count: number): string => {
  const names = Array.from({ length: count }, (_, at) => `a${at}`).join(', ')
  return `export const f = (${names}) => [${names}]\n`
}

test.each([
  ['lines', long(60), long(61), 'lint/complexity/noExcessiveLinesPerFunction', 0],
  ['parameters', wide(5), wide(6), 'lint/complexity/useMaxParams', 0],
  ['nested blocks', deep(4), deep(5), 'lint/nursery/noExcessiveNestedBlocks', 1],
])('a function has a limit of %s', (_, within, beyond, rule, line) => {
  const excepted = (text: string): string =>
    text.split('\n').toSpliced(line, 0, `// biome-ignore ${rule}: a reason`).join('\n')
  expect(
    lint({
      'src/within.ts': within,
      'src/beyond.ts': beyond,
      'src/excepted.ts': excepted(beyond),
      'src/needless.ts': excepted(within),
      'scripts/beyond.mjs': beyond,
      'bench/beyond.mjs': beyond,
      'test/beyond.test.ts': beyond,
    }),
  ).toEqual([
    `bench/beyond.mjs: ${rule}`,
    `scripts/beyond.mjs: ${rule}`,
    `src/beyond.ts: ${rule}`,
    'src/needless.ts: suppressions/unused',
  ])
})

test('check fails where the linter only warns, as of an exception that is none', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { check: string } }
  expect(scripts.check).toMatch(/&& biome check --error-on-warnings \. &&/)
})
