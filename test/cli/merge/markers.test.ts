// `sops merge` where the index has no stages: after `git add`, in a commit with markers, outside of a repository.
import { afterEach, describe, expect, test } from 'vitest'
import { sandbox } from '../../support/cli.ts'
import { type Conflict, inConflict, toolEnv, type Versions, workplace } from './support.ts'

const works: { remove(): void }[] = []
const kept = <T extends { remove(): void }>(work: T): T => {
  works.push(work)
  return work
}
const conflict = async (...args: Parameters<typeof inConflict>): Promise<Conflict> => kept(await inConflict(...args))
afterEach(() => {
  for (const work of works.splice(0)) work.remove()
})

// Far apart, so that Git merges all lines but those of the metadata by itself.
const apart: Versions = {
  base: 'a: 1\nx: 0\ny: 0\nz: 0\nb: 1\nv: 0\nw: 0\nu: 0\n',
  ours: 'a: 2\nx: 0\ny: 0\nz: 0\nb: 1\nv: 0\nw: 0\nu: 0\n',
  theirs: 'a: 1\nx: 0\ny: 0\nz: 0\nb: 2\nv: 0\nw: 0\nu: 0\n',
}
const merged = 'a: 2\nx: 0\ny: 0\nz: 0\nb: 2\nv: 0\nw: 0\nu: 0\n'
const both: Versions = { base: 'a: 1\nb: 1\n', ours: 'a: 2\nb: 1\n', theirs: 'a: 3\nb: 2\n' }
const unproven = /warning: (?:\S+: )?the MAC of the sides could not be checked/

test('after git add: the commits have the sides, and their MACs count', async () => {
  const work = await conflict({ 's.yaml': apart })
  work.git('add', 's.yaml')
  expect(work.stages('s.yaml')).toEqual([])
  expect(await work.sops(['merge', 's.yaml'])).toMatchObject({ code: 0, stderr: 's.yaml: merged, and staged\n' })
  expect(await work.plain('s.yaml', ':s.yaml')).toBe(merged)
})

test.each(['rebase', 'cherry-pick'] as const)('after git add in a %s', async (how) => {
  const work = await conflict({ 's.yaml': apart }, how)
  work.git('add', 's.yaml')
  expect(await work.sops(['merge', 's.yaml'])).toMatchObject({ code: 0, stderr: 's.yaml: merged, and staged\n' })
  expect(await work.plain('s.yaml')).toBe(merged)
})

test('after git add in a revert: the commit is the base, and its parent the other side', async () => {
  const work = kept(workplace())
  await work.put('s.yaml', 'a: 1\nb: 1\n')
  work.commit('first')
  await work.put('s.yaml', 'a: 2\nb: 1\n')
  work.commit('second')
  await work.put('s.yaml', 'a: 2\nb: 3\n')
  work.commit('third')
  work.tries(['revert', '--no-edit', 'HEAD~1'])
  work.git('add', 's.yaml')
  expect(await work.sops(['merge', 's.yaml'])).toMatchObject({ code: 0, stderr: 's.yaml: merged, and staged\n' })
  expect(await work.plain('s.yaml')).toBe('a: 1\nb: 3\n')
})

test('a file that was committed with its markers, in the middle of another merge', async () => {
  const work = await conflict({ 's.yaml': apart, 't.yaml': { base: 'a: 1\n', ours: 'a: 2\n', theirs: 'a: 3\n' } })
  work.git('add', '-A')
  work.git('commit', '-q', '-m', 'with markers')
  work.git('checkout', '-q', '-b', 'next')
  await work.sops(['merge', '--ours', 't.yaml'])
  work.commit('next')
  work.git('checkout', '-q', 'main')
  await work.sops(['merge', '--theirs', 't.yaml'])
  work.commit('main')
  work.tries(['merge', 'next'])
  expect(work.stages('t.yaml')).toEqual(['1', '2', '3'])
  const { code, stderr } = await work.sops(['merge', 's.yaml'])
  expect(stderr).toMatch(unproven)
  expect(code).toBe(0)
  expect(await work.plain('s.yaml')).toBe(merged)
})

describe('from the markers alone', () => {
  const outside = async (versions: Versions, name = 's.yaml', style = 'merge') => {
    const work = await conflict({ [name]: versions }, 'nothing')
    work.tries(['-c', `merge.conflictStyle=${style}`, 'merge', 'topic'])
    const text = work.read(name)
    expect(text).toMatch(/^<{7} /m)
    const box = kept(sandbox({ [name]: text }))
    return {
      work,
      text,
      box,
      merge: (...flags: string[]) => work.sops(['merge', ...flags, name], { cwd: box.dir }),
      read: () => work.sops(['decrypt', box.path(name)]),
    }
  }

  test('mac and lastmodified in conflict, the everyday case', async () => {
    const { merge, read } = await outside(apart)
    const { code, stderr } = await merge()
    expect(stderr).toMatch(unproven)
    expect(stderr).toMatch(/s\.yaml: merged\n$/)
    expect(code).toBe(0)
    const { stdout } = await read()
    expect(stdout).toBe(merged)
  })

  test.each(['merge', 'diff3', 'zdiff3'])('values in conflict, with the style %s', async (style) => {
    const { merge, read } = await outside(both, 's.yaml', style)
    // Without a base nothing says that b was changed by theirs alone, where Git has put it between markers.
    const { code } = await merge('--theirs')
    expect(code).toBe(0)
    expect((await read()).stdout).toBe('a: 3\nb: 2\n')
  })

  test('what one side alone has is a conflict, as nothing says whether it was added or removed', async () => {
    const { merge, read } = await outside({ base: 'a: 1\nb: 1\n', ours: 'a: 1\n', theirs: 'a: 1\nb: 2\n' })
    const { code, stderr } = await merge()
    expect(code).toBe(1)
    expect(stderr).toContain('["b"] stands on the side of theirs alone')
    expect((await merge('--take', '["b"]=base')).stderr).toContain('what there was before is not known')
    expect((await merge('--ours')).code).toBe(0)
    expect((await read()).stdout).toBe('a: 1\n')
  })

  test('lists: what both have stays', async () => {
    const { merge, read } = await outside({
      base: 'l:\n    - 1\n    - 2\n    - 3\n',
      ours: 'l:\n    - 1\n    - 3\n',
      theirs: 'l:\n    - 1\n    - 2\n    - 4\n',
    })
    expect((await merge()).code).toBe(1)
    expect((await merge('--theirs')).code).toBe(0)
    expect((await read()).stdout).toBe('l:\n    - 1\n    - 2\n    - 4\n')
  })

  test('a MAC that matches is no reason for a warning', async () => {
    // One side is as it was sealed; all lines of the other are in the conflict.
    const { work, merge } = await outside(both)
    const [mine, yours] = ['main', 'topic'].map((branch) => work.git('show', `${branch}:s.yaml`))
    const box = kept(sandbox({ 's.yaml': `<<<<<<< HEAD\n${mine}=======\n${yours}>>>>>>> topic\n` }))
    const { code, stderr } = await work.sops(['merge', '--ours', 's.yaml'], { cwd: box.dir })
    expect(stderr).toBe('s.yaml: merged, with 2 conflicts decided\n')
    expect(code).toBe(0)
    expect((await work.sops(['decrypt', box.path('s.yaml')])).stdout).toBe('a: 2\nb: 1\n')
    expect((await merge('--ours')).code).toBe(0)
  })

  const names = ['a', ...'ghijk', 'b', ...'lmnop']
  const valued = (a: number, b: number): readonly (readonly [string, number])[] =>
    names.map((name) => [name, name === 'a' ? a : name === 'b' ? b : 0])
  const lines = (a: number, b: number, between: string, end = '\n'): string =>
    valued(a, b)
      .map(([name, value]) => `${name}${between}${value}${end}`)
      .join('')
  test.each([
    ['s.json', (a: number, b: number) => JSON.stringify(Object.fromEntries(valued(a, b)), undefined, 2)],
    ['s.env', (a: number, b: number) => lines(a, b, '=')],
    ['s.ini', (a: number, b: number) => `[s]\n${lines(a, b, '=')}`],
    ['s.yaml', (a: number, b: number) => lines(a, b, ': ', '\r\n')],
  ])('%s', async (name, text) => {
    const { merge, read } = await outside({ base: text(1, 1), ours: text(2, 1), theirs: text(1, 3) }, name)
    const { code, stderr } = await merge()
    expect([code, stderr.match(unproven) !== null]).toEqual([0, true])
    expect((await read()).stdout.replace(/\s/g, '')).toBe(text(2, 3).replace(/\s/g, ''))
  })

  test('no key: the file stays', async () => {
    const { work, box, text } = await outside(apart)
    const { code, stderr } = await work.sops(['merge', 's.yaml'], { cwd: box.dir, env: { SOPS_AGE_KEY: '' } })
    expect(stderr).toContain('no key at hand opens it')
    expect(code).toBe(1)
    const { readFileSync } = await import('node:fs')
    expect(readFileSync(box.path('s.yaml'), 'utf8')).toBe(text)
  })

  test('a value that was exchanged does not open, whatever the markers say', async () => {
    const { work, text } = await outside(apart)
    const tokens = [...text.matchAll(/ENC\[AES256_GCM,[^\]]*\]/g)].map(([token]) => token)
    const box = kept(sandbox({ 's.yaml': text.replace(tokens[0]!, tokens[1]!) }))
    const { code, stderr } = await work.sops(['merge', 's.yaml'], { cwd: box.dir })
    expect(stderr).toContain('error: s.yaml: not merged: ')
    expect(code).toBe(1)
  })

  test('markers that do not belong together', async () => {
    const { work, text } = await outside(apart)
    const box = kept(sandbox({ 's.yaml': text.replace(/^={7}\n/gm, '') }))
    const { code, stderr } = await work.sops(['merge', 's.yaml'], { cwd: box.dir })
    expect([code, stderr.split('\n')[0]]).toEqual([1, 'error: s.yaml: its conflict markers do not belong together'])
  })

  test('a text that is not encrypted', async () => {
    const box = kept(sandbox({ 's.txt': 'a\n<<<<<<< x\n1\n=======\n2\n>>>>>>> y\n' }))
    const { code, stderr } = await workplace().sops(['merge', 's.txt'], {
      cwd: box.dir,
      env: toolEnv as Record<string, string>,
    })
    expect(stderr).toContain('it is encrypted on neither side')
    expect(code).toBe(1)
  })
})
