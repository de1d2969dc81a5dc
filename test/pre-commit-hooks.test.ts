// .pre-commit-hooks.yaml: what the pre-commit framework takes from this repository.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { root } from './support/build.ts'

const hooks: readonly Readonly<Record<string, unknown>>[] = parse(
  readFileSync(join(root, '.pre-commit-hooks.yaml'), 'utf8'),
)

test('each hook looks at the repository by itself, once for all files', () => {
  expect(hooks.map(({ id, entry, language, stages }) => [id, entry, language, stages])).toEqual([
    ['sops-check', 'sops check --staged', 'node', ['pre-commit']],
    ['sops-check-system', 'sops check --staged', 'system', ['pre-commit']],
    ['sops-check-push', 'sops check --changed=@{push}', 'node', ['pre-push']],
  ])
  for (const { name, description, pass_filenames, always_run, require_serial } of hooks) {
    expect([pass_filenames, always_run, require_serial]).toEqual([false, true, true])
    expect([name, description]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)])
  }
})

test('a hook of language node finds the program that its entry begins with', () => {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { bin: Record<string, string> }
  for (const { entry } of hooks) expect(Object.keys(bin)).toContain(String(entry).split(' ')[0])
})
