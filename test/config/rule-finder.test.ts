// The creation rules for many files of one configuration.
import { expect, test } from 'vitest'
import { ruleFinder } from '../../src/config/index.ts'
import { configOf } from './support.ts'

test('finds the first rule that matches, and none for a file that has none', async () => {
  const { config, ctx } = await configOf(
    'creation_rules:\n  - path_regex: ^a/\n    encrypted_regex: x\n  - path_regex: \\.yaml$\n',
  )
  const find = ruleFinder(config, ctx)
  const found = await Promise.all(['a/b.yaml', 'b.yaml', 'a/c', 'c'].map((name) => find(name)))
  expect(found.map((rule) => rule?.pathRegex)).toEqual(['^a/', '\\.yaml$', '^a/', undefined])
  expect(found[0]?.selection).toEqual({ encryptedRegex: 'x' })
})

test('an expression that does not compile is refused where it is reached, each time', async () => {
  const { config, ctx } = await configOf('creation_rules:\n  - path_regex: ^a/\n  - path_regex: (\n')
  const find = ruleFinder(config, ctx)
  expect((await find('a/b'))?.pathRegex).toBe('^a/')
  for (const name of ['b', 'c']) await expect(find(name)).rejects.toThrow('can not compile regexp')
})
