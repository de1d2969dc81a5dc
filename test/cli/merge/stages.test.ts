// `sops merge` on what Git has left in the index: what is merged by itself, what is decided by flags, and what stays.
import { writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { type Conflict, inConflict, type Versions, workplace } from './support.ts'

const works: Conflict[] = []
const conflict = async (...args: Parameters<typeof inConflict>): Promise<Conflict> => {
  const work = await inConflict(...args)
  works.push(work)
  return work
}
afterEach(() => {
  for (const work of works.splice(0)) work.remove()
})

const apart: Versions = { base: 'a: 1\nb: 2\nc: 3\n', ours: 'a: 10\nb: 2\nc: 3\n', theirs: 'a: 1\nb: 2\nc: 30\n' }
const both: Versions = {
  base: 'a: old\nb: one\nc: 1\n',
  ours: 'a: mine\nb: two\nc: 1\n',
  theirs: 'a: yours\nb: three\nc: 2\n',
}

describe('what goes together by itself', () => {
  const formats: readonly (readonly [string, Versions, string])[] = [
    ['s.yaml', apart, 'a: 10\nb: 2\nc: 30\n'],
    [
      's.yaml',
      {
        base: apart.base!.replaceAll('\n', '\r\n'),
        ours: apart.ours!.replaceAll('\n', '\r\n'),
        theirs: apart.theirs!.replaceAll('\n', '\r\n'),
      },
      'a: 10\r\nb: 2\r\nc: 30\r\n',
    ],
    ['s.json', { base: '{"a": 1, "b": 2}', ours: '{"a": 3, "b": 2}', theirs: '{"a": 1, "b": 4}' }, '{"a": 3, "b": 4}'],
    ['s.env', { base: 'A=1\nB=2\n', ours: 'A=3\nB=2\n', theirs: 'A=1\nB=4\n' }, 'A=3\nB=4\n'],
    ['s.ini', { base: '[x]\na=1\nb=2\n', ours: '[x]\na=3\nb=2\n', theirs: '[x]\na=1\nb=4\n' }, '[x]\na=3\nb=4\n'],
    ['s.txt', { base: '1\n2\n3\n', ours: '10\n2\n3\n', theirs: '1\n2\n30\n' }, '10\n2\n30\n'],
  ]
  test.each(formats)('%s', async (name, versions, wanted) => {
    const work = await conflict({ [name]: versions })
    expect(work.stages(name)).toEqual(['1', '2', '3'])
    const { code, stderr } = await work.sops(['merge', name])
    expect(stderr).toBe(`${name}: merged, and staged\n`)
    expect(code).toBe(0)
    expect(work.stages(name)).toEqual([])
    const plain = await work.plain(name)
    if (name.endsWith('.json')) expect(JSON.parse(plain)).toEqual(JSON.parse(wanted))
    else expect(plain).toBe(wanted)
    expect(await work.plain(name, `:${name}`)).toBe(plain)
    work.git('commit', '-q', '--no-edit')
  })

  test('--no-add leaves the stages', async () => {
    const work = await conflict({ 's.yaml': apart })
    expect(await work.sops(['merge', '--no-add', 's.yaml'])).toMatchObject({ code: 0, stderr: 's.yaml: merged\n' })
    expect(work.stages('s.yaml')).toEqual(['1', '2', '3'])
    expect(await work.plain('s.yaml')).toBe('a: 10\nb: 2\nc: 30\n')
    // What is merged already is not merged again.
    const again = await work.sops(['merge', 's.yaml'])
    expect(again.code).toBe(1)
    expect(again.stderr).toContain('somebody has decided it')
    expect(again.stderr).toContain('git add s.yaml')
  })

  test('added on both sides, with what both have alike', async () => {
    const work = await conflict({ 's.yaml': { ours: 'a: 1\nb: 2\n', theirs: 'a: 1\nc: 3\n' } })
    expect(work.stages('s.yaml')).toEqual(['2', '3'])
    expect((await work.sops(['merge', 's.yaml'])).code).toBe(0)
    expect(await work.plain('s.yaml')).toBe('a: 1\nc: 3\nb: 2\n')
  })

  test('a name with blanks and signs of patterns, from another folder, and a file that is gone from the work tree', async () => {
    const name = 'a [b] *.yaml'
    const work = await conflict({ [name]: apart, 's.yaml': apart })
    work.write({ 'deep/x': '' })
    const { code } = await work.sops(['merge', `../${name}`], { cwd: work.path('deep') })
    expect(code).toBe(0)
    expect(work.stages(name)).toEqual([])
    expect(work.stages('s.yaml')).toEqual(['1', '2', '3'])
    const { rmSync } = await import('node:fs')
    rmSync(work.path('s.yaml'))
    expect((await work.sops(['merge', 's.yaml'])).code).toBe(0)
    expect(await work.plain('s.yaml')).toBe('a: 10\nb: 2\nc: 30\n')
  })
})

describe('what is decided by flags', () => {
  test.each([
    [['--ours'], 'a: mine\nb: two\nc: 2\n'],
    [['--theirs'], 'a: yours\nb: three\nc: 2\n'],
    [['--ours', '--take', '["a"]=theirs'], 'a: yours\nb: two\nc: 2\n'],
    [['--take', '["a"]=base', '--take=["b"]=theirs'], 'a: old\nb: three\nc: 2\n'],
  ])('%j', async (flags, wanted) => {
    const work = await conflict({ 's.yaml': both })
    const { code, stderr } = await work.sops(['merge', ...flags, 's.yaml'])
    expect(stderr).toBe('s.yaml: merged, with 2 conflicts decided, and staged\n')
    expect(code).toBe(0)
    expect(await work.plain('s.yaml')).toBe(wanted)
  })

  test('a path takes all below it', async () => {
    const at = (x: string): string => `db:\n    user: ${x}\n    password: ${x}\nz: 1\n`
    const work = await conflict({ 's.yaml': { base: at('a'), ours: at('b'), theirs: at('c') } })
    expect(
      (await work.sops(['merge', '--take', '["db"]=theirs', '--take', '["db"]["user"]=base', 's.yaml'])).code,
    ).toBe(0)
    expect(await work.plain('s.yaml')).toBe('db:\n    user: a\n    password: c\nz: 1\n')
  })

  test.each([
    [['--ours', '--theirs'], 'decide the same conflicts', 'hint: for some of them'],
    [['--take', 'x'], 'names no side', `--take '["path"]=theirs'`],
    [['--take', '["a"]=their'], '"their" is no side', 'did you mean theirs?'],
    [['--take', '["a"]=x'], '"x" is no side', 'the sides are ours, theirs, base'],
    [['--take', 'a=ours'], "component a doesn't end with ]", 'a path is written as'],
    [['--take', '["aa"]=ours'], 'nothing is in conflict at ["aa"]', 'in conflict: ["a"], ["b"]'],
    [['--take', '["a"]["x"]=ours'], 'nothing is in conflict at ["a"]["x"]', 'did you mean ["a"]?'],
    [['--take', '["c"]=ours'], 'nothing is in conflict at ["c"]', '["a"], ["b"]'],
  ])('%j is refused', async (flags, problem, hint) => {
    const work = await conflict({ 's.yaml': both })
    const before = work.read('s.yaml')
    const { code, stderr } = await work.sops(['merge', ...flags, 's.yaml'])
    expect(stderr).toContain(problem)
    expect(stderr).toContain(hint)
    expect(code).toBe(1)
    expect(work.read('s.yaml')).toBe(before)
  })

  test('without a decision, a terminal and an editor nothing changes', async () => {
    const work = await conflict({ 's.yaml': both })
    const before = work.read('s.yaml')
    for (const flags of [[], ['--take', '["b"]=ours']]) {
      const { code, stderr } = await work.sops(['merge', ...flags, 's.yaml'])
      expect(code).toBe(1)
      expect(stderr).toMatch(/--ours, --theirs or --take '\["a"\]=theirs', at a terminal, or with EDITOR set/)
      expect(stderr).toContain('["a"] changed on both sides')
      expect(work.read('s.yaml')).toBe(before)
      expect(work.stages('s.yaml')).toEqual(['1', '2', '3'])
    }
  })

  test('files that are no text are taken as a whole', async () => {
    const work = await conflict({ 's.bin': { base: 'x', ours: 'y\u0000', theirs: 'z' } })
    expect((await work.sops(['merge', '--theirs', 's.bin'])).code).toBe(0)
    expect(await work.plain('s.bin')).toBe('z')
  })
})

describe('several files', () => {
  test('each by itself, and 1 where one is left', async () => {
    const work = await conflict({ 'a.yaml': apart, 'b.yaml': both, 'c.yaml': apart })
    const { code, stderr } = await work.sops(['merge', 'a.yaml', 'b.yaml', 'nowhere.yaml', 'c.yaml'])
    expect(code).toBe(1)
    expect(stderr).toContain('a.yaml: merged, and staged\n')
    expect(stderr).toContain('b.yaml: 2 conflicts; ')
    expect(stderr).toContain('error: nowhere.yaml')
    expect(stderr).toContain('c.yaml: merged, and staged\n')
    expect(work.git('diff', '--name-only', '--diff-filter=U').trim()).toBe('b.yaml')
  })

  test('--take is for one file', async () => {
    const { code, stderr } = await workplace().sops(['merge', '--take', '["a"]=ours', 'a.yaml', 'b.yaml'])
    expect([code, stderr.split('\n')[0]]).toEqual([1, 'error: --take is about the conflicts of one file'])
  })
})

describe('what is not merged', () => {
  test.each(['merge', 'decrypt'])('nothing is in conflict: %s', async (what) => {
    const work = await conflict({ 's.yaml': apart }, 'nothing')
    const before = work.read('s.yaml')
    if (what === 'merge') {
      const { code, stderr } = await work.sops(['merge', 's.yaml'])
      expect([code, stderr]).toEqual([0, 's.yaml: nothing to merge: it is in no conflict\n'])
    }
    expect(work.read('s.yaml')).toBe(before)
  })

  test.each(['ours', 'theirs'] as const)('a bad MAC of %s, unless it is to be ignored', async (side) => {
    const work = await conflict(
      {
        's.yaml': {
          base: 'a: 1\nx_unencrypted: 1\n',
          ours: 'a: 2\nx_unencrypted: 1\n',
          theirs: 'a: 1\nb: 1\nx_unencrypted: 1\n',
        },
      },
      'nothing',
    )
    work.git('checkout', '-q', side === 'ours' ? 'main' : 'topic')
    writeFileSync(work.path('s.yaml'), work.read('s.yaml').replace('x_unencrypted: 1', 'x_unencrypted: 7'))
    work.commit('tampered')
    work.git('checkout', '-q', 'main')
    work.tries(['merge', 'topic'])
    const before = work.read('s.yaml')
    const { code, stderr } = await work.sops(['merge', '--ours', 's.yaml'])
    expect(stderr).toContain(`error: s.yaml: not merged: ${side} has a MAC that does not match`)
    expect(stderr).toContain('sops merge --ignore-mac s.yaml')
    expect(stderr).toContain('git checkout --ours s.yaml')
    expect(code).toBe(1)
    expect(work.read('s.yaml')).toBe(before)
    expect((await work.sops(['merge', '--ignore-mac', 's.yaml'])).code).toBe(0)
    expect(await work.plain('s.yaml')).toBe('a: 2\nb: 1\nx_unencrypted: 7\n')
  })

  test('no key', async () => {
    const work = await conflict({ 's.yaml': both })
    const before = work.read('s.yaml')
    const { code, stderr } = await work.sops(['merge', '--ours', 's.yaml'], { env: { SOPS_AGE_KEY: '' } })
    expect(stderr).toContain('error: s.yaml: no key at hand opens it')
    expect(stderr).toContain('sops doctor')
    expect(code).toBe(1)
    expect(work.read('s.yaml')).toBe(before)
  })

  test.each([
    ['theirs deleted it and ours changed it', { base: 'a: 1\n', ours: 'a: 2\n' }],
    ['ours deleted it and theirs changed it', { base: 'a: 1\n', theirs: 'a: 2\n' }],
  ])('%s', async (words, versions) => {
    const work = await conflict({ 's.yaml': versions })
    const { code, stderr } = await work.sops(['merge', '--ours', 's.yaml'])
    expect(stderr).toContain(words)
    expect(stderr).toContain('git rm s.yaml')
    expect(code).toBe(1)
  })

  test('renamed on both sides: how the sides are merged', async () => {
    const work = await conflict({ 's.yaml': apart }, 'nothing')
    work.git('mv', 's.yaml', 'mine.yaml')
    work.commit('mine')
    work.git('checkout', '-q', 'topic')
    work.git('mv', 's.yaml', 'yours.yaml')
    work.commit('yours')
    work.git('checkout', '-q', 'main')
    work.tries(['merge', 'topic'])
    const { code, stderr } = await work.sops(['merge', 'mine.yaml'])
    expect(code).toBe(1)
    expect(stderr).toContain('both sides renamed it: theirs has it as yours.yaml')
    expect(stderr).toContain(
      '--base <(git show :1:s.yaml) --local <(git show :2:mine.yaml) --remote <(git show :3:yours.yaml) --output mine.yaml',
    )
  })

  test('a file that is encrypted on neither side', async () => {
    const work = workplace()
    works.push(work)
    work.write({ 'p.yaml': 'a: 1\nb: 2\n' })
    work.commit()
    work.git('checkout', '-q', '-b', 'topic')
    work.write({ 'p.yaml': 'a: 1\nb: 3\n' })
    work.commit()
    work.git('checkout', '-q', 'main')
    work.write({ 'p.yaml': 'a: 1\nb: 4\n' })
    work.commit()
    work.tries(['merge', 'topic'])
    const before = work.read('p.yaml')
    const { code, stderr } = await work.sops(['merge', 'p.yaml'])
    expect(stderr).toContain('it is encrypted on neither side')
    expect(code).toBe(1)
    expect(work.read('p.yaml')).toBe(before)
  })
})

test.each([
  ['rebase', 'main', /your commit [0-9a-f]{7} \(theirs\)/],
  ['cherry-pick', 'ours (main)', /theirs \([0-9a-f]{7} \(theirs\)\)/],
  ['merge', 'ours (main)', /theirs \(topic\)/],
] as const)('the sides of a %s have the names that people know', async (how, ours, theirs) => {
  const work = await conflict({ 's.yaml': both }, how)
  const script = work.editor(`fs.writeFileSync(process.env.SEEN, text); return text`)
  const seen = `${work.dir}/../seen`
  const { code } = await work.sops(['merge', 's.yaml'], { env: { EDITOR: script, SEEN: seen } })
  expect(code).toBe(1)
  const { readFileSync } = await import('node:fs')
  const text = readFileSync(seen, 'utf8')
  expect(text).toContain(`<<<<<<< ${ours}\n`)
  expect(text).toMatch(theirs)
})

test('what is opened and what is sealed is on record', async () => {
  const work = await conflict({ 's.yaml': apart })
  const { code, stderr } = await work.sops(['merge', 's.yaml'], { auditConfig: work.path('audit.yaml') })
  expect([code, stderr]).toEqual([0, 's.yaml: merged, and staged\n'])
  works.push(await inConflict({ 's.yaml': apart }))
  const other = works.at(-1)!
  other.write({
    'audit.yaml': 'backends: {postgres: [{connection_string: "host=/nowhere user=x dbname=x sslmode=disable"}]}\n',
  })
  const before = other.read('s.yaml')
  const refused = await other.sops(['merge', 's.yaml'], { auditConfig: other.path('audit.yaml') })
  expect(refused.code).not.toBe(0)
  expect(other.read('s.yaml')).toBe(before)
})

test('no word: a file is wanted', async () => {
  const { code, stderr } = await workplace().sops(['merge'])
  expect([code, stderr.split('\n')[0]]).toEqual([100, 'error: no file specified'])
})
