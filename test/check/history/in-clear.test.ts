// `plaintext-history`: values that earlier versions of a file have in clear, for as long as they may still be in use.
import { readFileSync, rmSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { type Story, story } from './story.ts'

const made: Story[] = []
afterEach(() => {
  for (const one of made.splice(0)) one.remove()
})

function storyOf(files: Readonly<Record<string, string>>): Story {
  const one = story('', files)
  made.push(one)
  return one
}

const plain = 'a: canary-one\nb: canary-two\nc: canary-three\nd: canary-four\n'

async function onceInClear(name = 'x.yaml', text = plain): Promise<{ one: Story; commit: string }> {
  const one = storyOf({ [name]: text })
  const commit = one.commit('clear', '2026-01-10')
  await one.sops('encrypt', '-i', name)
  one.commit('encrypted', '2026-01-11')
  return { one, commit }
}

test('a file that was committed in clear: one finding, with the commit and the first keys, and no value', async () => {
  const { one, commit } = await onceInClear()
  const found = await one.found('--history')
  expect(found).toEqual([
    {
      path: 'x.yaml',
      rule: 'plaintext-history',
      level: 'warning',
      keyPath: null,
      line: null,
      message: `its history has 4 values in clear that may still be in use, last in commit ${commit.slice(0, 12)} of 2026-01-10: ["a"], ["b"], ["c"] and 1 more`,
    },
  ])
  expect(JSON.stringify(found)).not.toContain('canary')
})

test('only with --history', async () => {
  const { one } = await onceInClear()
  expect(await one.listed()).toEqual([])
})

test('a file that was encrypted from the first commit on', async () => {
  const one = storyOf({ 'x.yaml': plain })
  await one.sops('encrypt', '-i', 'x.yaml')
  one.commit('encrypted', '2026-01-10')
  await one.sops('set', 'x.yaml', '["a"]', '"other"')
  one.commit('set', '2026-01-11')
  expect(await one.listed('--history')).toEqual([])
})

test.each([
  ['x.json', '{"a": "one", "b": {"c": [1, true]}}'],
  ['x.env', 'A=one\nB=two\n'],
  ['x.ini', '[s]\na = one\n'],
  ['x.bin', 'one'],
  ['with "quote" and\nline end.yaml', 'a: one\n'],
])('%s', async (name, text) => {
  const { one } = await onceInClear(name, text)
  expect(await one.listed('--history')).toEqual(['warning plaintext-history'])
})

test('values that changed since are no longer in use: what is left is said', async () => {
  const { one } = await onceInClear()
  await one.sops('set', 'x.yaml', '["a"]', '"other"')
  await one.sops('set', 'x.yaml', '["d"]', '"other"')
  one.commit('set', '2026-01-12')
  expect((await one.found('--history'))[0]?.message).toMatch(/^its history has 2 values .*: \["b"\], \["c"\]$/)
  await one.sops('set', 'x.yaml', '["b"]', '"other"')
  await one.sops('set', 'x.yaml', '["c"]', '"other"')
  expect(await one.listed('--history')).toEqual([])
})

test('a new data key changes nothing, and neither does encrypting anew', async () => {
  const { one } = await onceInClear()
  await one.sops('rotate', '-i', 'x.yaml')
  one.commit('rotated', '2026-01-12')
  await one.sops('decrypt', '-i', 'x.yaml')
  await one.sops('encrypt', '-i', '--fresh', 'x.yaml')
  one.commit('anew', '2026-01-13')
  expect((await one.found('--history'))[0]?.message).toMatch(/^its history has 4 values /)
})

test('the last of several commits is named', async () => {
  const { one } = await onceInClear()
  await one.sops('decrypt', '-i', 'x.yaml')
  const commit = one.commit('clear again', '2026-01-20')
  await one.sops('encrypt', '-i', 'x.yaml')
  one.commit('encrypted', '2026-01-21')
  expect((await one.found('--history'))[0]?.message).toContain(`${commit.slice(0, 12)} of 2026-01-20`)
})

test('keys that the present file does not encrypt, empty values, and another text do not count', async () => {
  const one = storyOf({ 'x.yaml': 'gone: one\na_unencrypted: two\nempty: ""\nnone: null\n' })
  one.commit('clear', '2026-01-10')
  one.write({ 'x.yaml': 'a_unencrypted: two\nempty: now\nnone: now\nnew: three\n' })
  await one.sops('encrypt', '-i', 'x.yaml')
  one.commit('encrypted', '2026-01-11')
  expect(await one.listed('--history')).toEqual([])
})

test('a version that is no valid text of its format is passed over', async () => {
  const one = storyOf({ 'x.json': '{"a": ' })
  one.commit('broken', '2026-01-10')
  one.write({ 'x.json': '{"a": "x"}' })
  await one.sops('encrypt', '-i', 'x.json')
  one.commit('encrypted', '2026-01-11')
  expect(await one.listed('--history')).toEqual([])
})

test('one value that stood in clear in an encrypted file', async () => {
  const one = storyOf({ 'x.yaml': 'a_unencrypted: canary\nb: two\n' })
  await one.sops('encrypt', '-i', 'x.yaml')
  one.commit('encrypted', '2026-01-10')
  one.write({ 'x.yaml': 'a_unencrypted: canary\nb: two\n' })
  await one.sops('encrypt', '-i', '--unencrypted-suffix', '_none', 'x.yaml')
  one.commit('all of it', '2026-01-11')
  expect((await one.found('--history'))[0]?.message).toMatch(
    /^its history has 1 value in clear .*: \["a_unencrypted"\]$/,
  )
})

test('a value that was put into an encrypted file by hand, and encrypted later', async () => {
  const one = storyOf({ 'x.yaml': plain })
  await one.sops('encrypt', '-i', 'x.yaml')
  one.commit('encrypted', '2026-01-10')
  const before = readFileSync(one.path('x.yaml'), 'utf8')
  await one.sops('set', 'x.yaml', '["b"]', '"other"')
  const after = readFileSync(one.path('x.yaml'), 'utf8')
  one.write({ 'x.yaml': before.replace(/^b: .*$/m, 'b: canary') })
  one.commit('by hand', '2026-01-11')
  one.write({ 'x.yaml': after })
  one.commit('encrypted', '2026-01-12')
  expect((await one.found('--history'))[0]?.message).toMatch(/^its history has 1 value in clear .*: \["b"\]$/)
})

test('a file that was away between, and a branch of which nothing was taken', async () => {
  const one = storyOf({ 'x.yaml': plain, 'y.yaml': plain, other: '' })
  await one.sops('encrypt', '-i', 'y.yaml')
  one.commit('one in clear', '2026-01-10')
  rmSync(one.path('x.yaml'))
  one.commit('away', '2026-01-11')
  one.write({ 'x.yaml': plain })
  await one.sops('encrypt', '-i', 'x.yaml')
  one.commit('encrypted', '2026-01-12')
  one.git('checkout', '-q', '-b', 'side')
  await one.sops('decrypt', '-i', 'y.yaml')
  one.commit('the other in clear', '2026-01-13')
  one.git('checkout', '-q', 'main')
  one.git('merge', '-q', '--no-edit', '-s', 'ours', 'side')
  expect((await one.found('--history')).map(({ path }) => path)).toEqual(['x.yaml', 'y.yaml'])
})

test('what is staged is the present version with --staged', async () => {
  const one = storyOf({ 'x.yaml': plain })
  one.commit('clear', '2026-01-10')
  await one.sops('encrypt', '-i', 'x.yaml')
  one.git('add', '-A')
  expect(await one.listed('--history', '--staged')).toEqual(['warning plaintext-history'])
})
