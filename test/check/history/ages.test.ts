// `data-key-age` and `value-age`: by the commits that have them, and by what the file says of itself.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { secondRecipient } from '../../cli/exec-support.ts'
import { gitEnv, sealedYaml } from '../../support/repository.ts'
import { checking, configOf, forBoth, type Story, story } from './story.ts'

const made: { remove(): void }[] = []
afterEach(() => {
  for (const one of made.splice(0)) one.remove()
})

/** Encrypted and committed on the first of January, 180 days ago. */
async function begun(
  own: string,
  files: Readonly<Record<string, string>> = { 'x.yaml': 'a: one\nb: two\n' },
): Promise<Story> {
  const one = story(own, files)
  made.push(one)
  for (const name of Object.keys(files)) await one.sops('encrypt', '-i', name)
  one.commit('encrypted', '2026-01-01')
  return one
}

const policy = (fields: string, files = '["*.yaml"]'): string => `policy: [{files: ${files}, ${fields}}]`

async function anew(one: Story): Promise<void> {
  await one.sops('decrypt', '-i', 'x.yaml')
  await one.sops('encrypt', '-i', '--fresh', 'x.yaml')
}

describe('data-key-age', () => {
  test('an old key, to the day', async () => {
    const one = await begun(policy('data_key_max_age: 179d'))
    expect(await one.found()).toEqual([
      {
        path: 'x.yaml',
        rule: 'data-key-age',
        level: 'warning',
        keyPath: null,
        line: null,
        message: 'its data key is 180 days old, and its policy allows 179',
        fix: 'sops rotate -i x.yaml',
      },
    ])
    one.write({ '.sops.yaml': configOf(policy('data_key_max_age: 180d')) })
    expect(await one.listed()).toEqual([])
  })

  test.each<[string, (one: Story) => Promise<void>, boolean]>([
    ['a value that was set', (one) => one.sops('set', 'x.yaml', '["a"]', '"other"'), true],
    [
      'all values set',
      async (one) => {
        await one.sops('set', 'x.yaml', '["a"]', '"other"')
        await one.sops('set', 'x.yaml', '["b"]', '"other"')
      },
      true,
    ],
    [
      'another recipient',
      async (one) => {
        one.write({ '.sops.yaml': configOf(policy('data_key_max_age: 90d'), forBoth) })
        await one.sops('updatekeys', '-y', 'x.yaml')
      },
      true,
    ],
    ['a new data key', (one) => one.sops('rotate', '-i', 'x.yaml'), false],
    [
      'a new data key with another recipient',
      (one) => one.sops('rotate', '-i', '--add-age', secondRecipient, 'x.yaml'),
      false,
    ],
    ['encrypting anew', anew, false],
  ])('%s, committed and not yet', async (_, change, isOld) => {
    const one = await begun(policy('data_key_max_age: 90d'))
    await change(one)
    const expected = isOld ? ['warning data-key-age'] : []
    expect(await one.listed()).toEqual(expected)
    one.commit('changed', '2026-06-01')
    expect(await one.listed()).toEqual(expected)
    one.git('add', '-A')
    expect(await one.listed('--changed=HEAD~1')).toEqual(expected)
  })

  test('the age of a new key counts from its commit', async () => {
    const one = await begun(policy('data_key_max_age: 20d'))
    await one.sops('rotate', '-i', 'x.yaml')
    one.commit('rotated', '2026-06-01')
    expect((await one.found())[0]?.message).toMatch(/^its data key is 29 days old/)
  })

  test('no policy, or one for other files', async () => {
    expect(await (await begun('')).listed()).toEqual([])
    expect(await (await begun(policy('data_key_max_age: 9d', '["other/*"]'))).listed()).toEqual([])
  })
})

/** With a recipient of KMS that says when it was named. */
const dated = (created: string, data = 'AAAA'): string =>
  sealedYaml
    .replaceAll('AAAA', data)
    .replace(
      / {4}age:\n.*\n.*\n/,
      `    kms:\n        - arn: arn:aws:kms:eu-west-1:1:key/a\n          created_at: "${created}T12:00:00Z"\n          enc: ${data}\n`,
    )

describe('created_at', () => {
  const own = policy('data_key_max_age: 90d')
  const datedStory = (...versions: readonly (readonly [day: string | undefined, text: string])[]): Story => {
    const one = story(own)
    made.push(one)
    for (const [day, text] of versions) {
      one.write({ 'x.yaml': text })
      if (day !== undefined) one.commit('change', day)
    }
    return one
  }

  test.each<[string, [string | undefined, string][], number | undefined]>([
    ['counts in a file that is in no commit', [[undefined, dated('2026-01-01')]], 180],
    ['is young', [[undefined, dated('2026-06-01')]], undefined],
    ['is older than the first commit', [['2026-06-01', dated('2026-01-01')]], 180],
    [
      'is newer than the first commit, as after updatekeys of SOPS',
      [
        ['2026-01-01', dated('2026-01-01')],
        ['2026-06-01', dated('2026-06-01')],
      ],
      180,
    ],
    [
      'is older than the last commit with another key, as after rotate',
      [
        ['2026-01-01', dated('2026-01-01')],
        ['2026-06-01', dated('2026-01-01', 'BBBB')],
      ],
      undefined,
    ],
    [
      'is older than that, and the new key is in no commit',
      [
        ['2026-02-01', dated('2026-01-01')],
        [undefined, dated('2026-01-01', 'BBBB')],
      ],
      undefined,
    ],
  ])('%s', async (_, versions, age) => {
    const one = datedStory(...versions)
    one.git('add', '-A')
    const found = await one.found()
    expect(found.map(({ message }) => /\d+/.exec(message)?.[0])).toEqual(age === undefined ? [] : [`${age}`])
  })

  test('outside of Git it is all there is; without it nothing can be told', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sops-no-git-'))
    made.push({ remove: () => rmSync(dir, { recursive: true }) })
    writeFileSync(join(dir, '.sops.yaml'), configOf(own))
    writeFileSync(join(dir, 'old.yaml'), dated('2026-01-01'))
    writeFileSync(join(dir, 'unknown.yaml'), sealedYaml)
    expect((await checking(dir).found()).map(({ path, rule }) => `${path} ${rule}`)).toEqual(['old.yaml data-key-age'])
  })
})

describe('value-age', () => {
  test('values that are old, with their places; those that were set since are not', async () => {
    const one = await begun(policy('value_max_age: 90d'))
    await one.sops('set', 'x.yaml', '["a"]', '"other"')
    one.commit('set', '2026-06-01')
    expect(await one.found()).toEqual([
      {
        path: 'x.yaml',
        rule: 'value-age',
        level: 'warning',
        keyPath: '["b"]',
        line: 2,
        column: 1,
        message: 'is 180 days old, and its policy allows 90',
      },
    ])
  })

  test('a value that is not committed yet is new', async () => {
    const one = await begun(policy('value_max_age: 1d'))
    await one.sops('set', 'x.yaml', '["a"]', '"other"')
    expect(await one.listed()).toEqual(['warning value-age ["b"]'])
  })

  test.each<[string, string, string[]]>([
    ['a key path', `keys: ['["a"]']`, ['["a"]']],
    ['a pattern', 'keys: [pass*]', ['["c"]["password"]']],
    ['nothing', 'min_recipients: 1', ['["a"]', '["c"]["password"]']],
  ])('narrowed by %s', async (_, keys, expected) => {
    const one = await begun(policy(`value_max_age: 90d, ${keys}`), { 'x.yaml': 'a: one\nc: {password: two}\n' })
    expect((await one.found()).map(({ keyPath }) => keyPath)).toEqual(expected)
  })

  test('a new data key does not make values younger', async () => {
    const one = await begun(policy('value_max_age: 90d'))
    await one.sops('rotate', '-i', 'x.yaml')
    one.commit('rotated', '2026-06-01')
    expect(await one.listed()).toEqual(['warning value-age ["a"]', 'warning value-age ["b"]'])
  })

  test('encrypting anew hides what was before: the age counts from there, and says so', async () => {
    const one = await begun(policy('value_max_age: 20d'))
    await anew(one)
    one.commit('anew', '2026-06-01')
    expect((await one.found()).map(({ message }) => message)).toEqual(
      Array(2).fill('is at least 29 days old, and its policy allows 20'),
    )
    one.write({ '.sops.yaml': configOf(policy('value_max_age: 29d')) })
    expect(await one.listed()).toEqual([])
  })

  test('an element of a list keeps its age where it moves', async () => {
    const one = await begun(policy('value_max_age: 90d'), { 'x.yaml': 'a: [one, two, three]\n' })
    await one.sops('unset', 'x.yaml', '["a"][0]')
    await one.sops('set', 'x.yaml', '["a"][2]', '"four"')
    one.commit('moved', '2026-06-01')
    expect((await one.found()).map(({ keyPath }) => keyPath)).toEqual(['["a"][0]', '["a"][1]'])
  })

  test('a value that was put back is as old as it was', async () => {
    const one = await begun(policy('value_max_age: 90d'))
    await one.sops('set', 'x.yaml', '["a"]', '"other"')
    one.commit('set', '2026-05-01')
    one.git('checkout', '-q', 'HEAD~1', '--', 'x.yaml')
    one.commit('back', '2026-06-01')
    expect((await one.found()).map(({ keyPath }) => keyPath)).toEqual(['["a"]', '["b"]'])
  })

  test('a shallow clone: ages count from where it begins, and a warning says so', async () => {
    const one = await begun(policy('value_max_age: 20d'))
    one.write({ other: '' })
    one.commit('other', '2026-06-01')
    one.write({ other: '1' })
    one.commit('other', '2026-06-02')
    const clone = `${one.dir} clone`
    execFileSync('git', ['clone', '-q', '--depth', '1', `file://${one.dir}`, clone], { env: gitEnv })
    const here = checking(clone)
    expect((await here.found()).map(({ message }) => message)).toEqual(
      Array(2).fill('is at least 28 days old, and its policy allows 20'),
    )
    expect(here.said()).toBe(
      'warning: the history of this clone is cut: ages count from there, and what was before is not looked at (git fetch --unshallow)\n',
    )
  })

  test('before the first commit nothing has an age', async () => {
    const one = story(policy('value_max_age: 1d, data_key_max_age: 1d'), { 'x.yaml': 'a: one\n' })
    made.push(one)
    await one.sops('encrypt', '-i', 'x.yaml')
    one.git('add', '-A')
    expect(await one.listed()).toEqual([])
    expect(await one.listed('--staged')).toEqual([])
  })
})
