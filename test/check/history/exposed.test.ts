// `exposed-value`: values that somebody could read who is revoked, until they are changed.
import { afterEach, describe, expect, test } from 'vitest'
import { recipient, secondRecipient } from '../../cli/exec-support.ts'
import { configOf, forBoth, type Story, story } from './story.ts'

const made: Story[] = []
afterEach(() => {
  for (const one of made.splice(0)) one.remove()
})

const named = `recipients: {ci: ${recipient}, alice: ${secondRecipient}}`
const gone = (at = '2026-06-25', more = ''): string =>
  `${named}\nrevoked: [{who: alice, at: ${at}}]${more === '' ? '' : `\n${more}`}`

/** A file that both can read, of which the one is revoked then. */
async function begun(
  own = gone(),
  files: Readonly<Record<string, string>> = { 'x.yaml': 'a: one\nb: two\n' },
): Promise<Story> {
  const one = story('', files)
  made.push(one)
  one.write({ '.sops.yaml': configOf('', forBoth) })
  for (const name of Object.keys(files)) await one.sops('encrypt', '-i', name)
  one.commit('for both', '2026-01-01')
  one.write({ '.sops.yaml': configOf(own) })
  return one
}

const removed = (one: Story): Promise<void> => one.sops('updatekeys', '-y', 'x.yaml')
const rotated = (one: Story): Promise<void> => one.sops('rotate', '-i', 'x.yaml')
const set = (one: Story, key: string): Promise<void> => one.sops('set', 'x.yaml', `["${key}"]`, '"other"')

async function anew(one: Story): Promise<void> {
  await one.sops('decrypt', '-i', 'x.yaml')
  await one.sops('encrypt', '-i', '--fresh', 'x.yaml')
}

const both = ['warning exposed-value ["a"]', 'warning exposed-value ["b"]']

test('each value, with its place and its state, until it is changed; a new data key is not enough', async () => {
  const one = await begun()
  await removed(one)
  one.commit('removed', '2026-06-25')
  expect((await one.found())[0]).toEqual({
    path: 'x.yaml',
    rule: 'exposed-value',
    level: 'warning',
    keyPath: '["a"]',
    line: 1,
    column: 1,
    message: 'could be read by alice (revoked on 2026-06-25), and has not changed since',
    state: 'exposed',
  })
  await rotated(one)
  expect(await one.listed()).toEqual(both)
  one.commit('rotated', '2026-06-26')
  expect(await one.listed()).toEqual(both)
  await set(one, 'a')
  expect(await one.listed()).toEqual(both.slice(1))
  one.commit('set', '2026-06-27')
  await set(one, 'b')
  one.git('add', '-A')
  expect(await one.listed('--staged')).toEqual([])
  one.commit('set', '2026-06-28')
  expect(await one.listed()).toEqual([])
})

test('who is still a recipient can read every value', async () => {
  const one = await begun()
  await set(one, 'a')
  one.commit('set', '2026-06-26')
  expect(await one.listed()).toEqual(both)
  expect((await one.found())[0]?.message).toBe(
    'can be read by alice (revoked on 2026-06-25): still among the recipients of the file',
  )
})

test('a file that is in no commit, and one outside of what Git has', async () => {
  const one = story(gone(), { 'x.yaml': 'a: one\n', 'y.yaml': 'a: one\n' })
  made.push(one)
  await one.sops('encrypt', '-i', '--age', forBoth, 'x.yaml')
  await one.sops('encrypt', '-i', 'y.yaml')
  one.git('add', '-A')
  expect((await one.found()).map(({ path, keyPath }) => `${path} ${keyPath}`)).toEqual(['x.yaml ["a"]'])
})

describe('how long it may take', () => {
  test.each<[string, string, string, string[]]>([
    ['on the day itself', '2026-06-30', '', ['warning', 'warning']],
    ['within a fortnight', '2026-06-16', '', ['warning', 'warning']],
    ['beyond it', '2026-06-15', '', ['error', 'error']],
    ['within a grace of its own', '2026-06-15', 'revoke_grace: 30d', ['warning', 'warning']],
    ['beyond that', '2026-06-28', 'revoke_grace: 1d', ['error', 'error']],
    ['before the day', '2026-07-01', '', []],
  ])('%s', async (_, at, more, expected) => {
    const one = await begun(gone(at, more))
    await removed(one)
    one.commit('removed', '2026-06-14')
    expect((await one.found()).map(({ level }) => level)).toEqual(expected)
  })
})

describe('who', () => {
  test.each<[string, string]>([
    ['by name', gone()],
    ['by recipient', `revoked: [{who: ${secondRecipient}, at: 2026-06-25}]`],
    ['by recipient, which has a name', `${named}\nrevoked: [{who: ${secondRecipient}, at: 2026-06-25}]`],
  ])('%s', async (_, own) => {
    const one = await begun(own)
    await removed(one)
    expect(await one.listed()).toEqual(both)
  })

  test('somebody who never was a recipient has seen nothing', async () => {
    const one = story(gone(), { 'x.yaml': 'a: one\n' })
    made.push(one)
    await one.sops('encrypt', '-i', 'x.yaml')
    one.commit('encrypted', '2026-01-01')
    expect(await one.listed()).toEqual([])
  })

  test('two people make one finding of a value', async () => {
    const one = await begun(`${named}\nrevoked: [{who: alice, at: 2026-06-25}, {who: ci, at: 2026-06-26}]`)
    await removed(one)
    expect((await one.found()).map(({ message }) => message)).toEqual(
      Array(2).fill('can be read by ci (revoked on 2026-06-26): still among the recipients of the file'),
    )
  })

  test('a name that nobody has is a mistake of the configuration', async () => {
    const one = await begun('revoked: [{who: bob, at: 2026-06-25}]')
    await expect(one.found()).rejects.toThrow('"bob" is nobody that x-sops-ts.recipients names')
  })
})

describe('encrypted anew', () => {
  test('nobody can tell, until the values are changed', async () => {
    const one = await begun()
    await anew(one)
    one.commit('anew', '2026-06-25')
    expect((await one.found()).map(({ state, level, message }) => [state, level, message])).toEqual(
      Array(2).fill([
        'unknown',
        'warning',
        'may be what alice (revoked on 2026-06-25) could read: the file was encrypted anew, and only a key tells whether the value changed',
      ]),
    )
    await anew(one)
    expect((await one.found()).map(({ state }) => state)).toEqual(['unknown', 'unknown'])
    one.commit('and again', '2026-06-26')
    await set(one, 'a')
    expect((await one.found()).map(({ state, keyPath }) => [state, keyPath])).toEqual([['unknown', '["b"]']])
    await set(one, 'b')
    one.commit('set', '2026-06-27')
    expect(await one.listed()).toEqual([])
  })

  test('through a commit that has it in clear', async () => {
    const one = await begun()
    await one.sops('decrypt', '-i', 'x.yaml')
    one.commit('clear', '2026-06-25')
    await one.sops('encrypt', '-i', 'x.yaml')
    one.commit('encrypted', '2026-06-26')
    expect((await one.found()).map(({ state }) => state)).toEqual(['unknown', 'unknown'])
  })

  test('values that were new then are not meant', async () => {
    const one = await begun()
    await one.sops('decrypt', '-i', 'x.yaml')
    one.write({ 'x.yaml': 'b: two\nc: three\n' })
    await one.sops('encrypt', '-i', '--fresh', 'x.yaml')
    one.commit('anew', '2026-06-25')
    expect((await one.found()).map(({ state, keyPath }) => [state, keyPath])).toEqual([['unknown', '["b"]']])
  })
})

test('a branch on which somebody could read the values is part of the history', async () => {
  const one = story(gone(), { 'x.yaml': 'a: one\nb: two\n' })
  made.push(one)
  await one.sops('encrypt', '-i', 'x.yaml')
  one.commit('encrypted', '2026-01-01')
  one.git('checkout', '-q', '-b', 'side')
  await one.sops('rotate', '-i', '--add-age', secondRecipient, 'x.yaml')
  one.commit('for both', '2026-01-02')
  one.git('checkout', '-q', 'main')
  expect(await one.listed()).toEqual([])
  one.git('merge', '-q', '--no-edit', '-s', 'ours', 'side')
  expect(await one.listed()).toEqual(both)
})

test.each([
  ['x.json', '{"a": ["one", "two"]}', ['["a"][0]', '["a"][1]']],
  ['x.env', 'A=one\n', ['["A"]']],
  ['x.ini', '[s]\na = one\n', ['["s"]["a"]']],
  ['x.bin', 'one', ['["data"]']],
])('%s', async (name, text, expected) => {
  const one = await begun(gone(), { [name]: text })
  await one.sops('updatekeys', '-y', name)
  one.commit('removed', '2026-06-25')
  expect((await one.found()).map(({ keyPath }) => keyPath)).toEqual(expected)
})

test('as loud as the rule is said to be', async () => {
  const late = await begun(gone('2026-01-02'))
  expect(await late.listed('--rule', 'exposed-value=off')).toEqual([])
  expect((await late.found('--rule', 'exposed-value=warn')).map(({ level }) => level)).toEqual(['warning', 'warning'])
  const early = await begun()
  expect((await early.found('--rule', 'exposed-value=error')).map(({ level }) => level)).toEqual(['error', 'error'])
})

test('no value, in no form of the report', async () => {
  const one = await begun(gone(), { 'x.yaml': 'a: canary-one\n' })
  const { stdout, stderr } = await one.run('check', '--history')
  expect(stdout).toMatch(/^x\.yaml:1:1 warning exposed-value \["a"\] can be read by alice /m)
  expect(stdout + stderr).not.toContain('canary')
})
