// Once before all tests, and again before those that a change of a file runs anew: the program is built if its sources are newer.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { seed } from '../fuzz/budget.ts'
import { root } from './build.ts'

const sources = ['src', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json']
const product = join(root, 'dist/cli/meta.json')

const filesOf = (path: string): string[] =>
  statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesOf(join(path, name))) : [path]

function isFresh(): boolean {
  if (!existsSync(product)) return false
  const newest = Math.max(...sources.flatMap((name) => filesOf(join(root, name))).map((path) => statSync(path).mtimeMs))
  return statSync(product).mtimeMs >= newest
}

function build(): void {
  if (!isFresh()) execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' })
}

export function setup(project: TestProject): void {
  build()
  project.onTestsRerun(build)
  process.stdout.write(`seed of generated inputs: ${seed} (another one: FUZZ_SEED=N)\n`)
}
