// Which files a command works on, in real repositories and outside of any.
import { chmodSync, linkSync, mkdirSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Config, loadConfig, ruleSubject } from '../../src/config/index.ts'
import { findTargets, type Target, type TargetMeans, type TargetRequest, type Wanted } from '../../src/repo/index.ts'
import { type Sandbox, sandbox } from '../support/cli.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { gitEnv, makeRepository, type Repository, sealedYaml } from '../support/repository.ts'

const age = 'age: age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5'
const rules = `creation_rules:\n  - path_regex: (^|/)secrets/\n    ${age}\n`

const at = (cwd: string, env: Readonly<Record<string, string>> = {}): FakeContext =>
  fakeContext({ cwd, env: { ...gitEnv, ...env } })

/** The configuration in this folder is for every file. */
function configIn(folder: string, ctx: FakeContext): TargetMeans {
  const path = join(folder, '.sops.yaml')
  let config: Promise<Config> | undefined
  return {
    configFor: () => {
      config ??= loadConfig({ path, absolutePath: path }, ctx)
      return config
    },
  }
}
const noConfig: TargetMeans = { configFor: async () => undefined }

const find = (
  ctx: FakeContext,
  request: Partial<TargetRequest>,
  wanted: Wanted = 'encrypted',
  means: TargetMeans = noConfig,
): Promise<readonly Target[]> => findTargets(ctx, { words: [], ...request }, wanted, means)
const names = async (...of: Parameters<typeof find>): Promise<readonly string[]> =>
  (await find(...of)).map(({ name }) => name)

let repository: Repository
let ctx: FakeContext
beforeEach(() => {
  repository = makeRepository({
    '.sops.yaml': rules,
    'README.md': '# about sops: mac=\n',
    'a.enc.yaml': sealedYaml,
    'plain.yaml': 'a: 1\n',
    'k8s/b.enc.yaml': sealedYaml,
    'k8s/app/c.enc.yaml': sealedYaml,
    'k8s/app/d.enc.json': '{"a": "x", "sops": {"mac": "ENC[x]"}}',
    'k8s/plain.yaml': 'a: 1\n',
    'secrets/clear.yaml': 'a: 1\n',
    'secrets/sealed.yaml': sealedYaml,
    'secrets/broken.yaml': 'a: [\n',
    'docs/x.md': 'x\n',
  })
  repository.commit()
  ctx = at(repository.dir)
})
afterEach(() => repository.remove())

const sealed = ['a.enc.yaml', 'k8s/app/c.enc.yaml', 'k8s/app/d.enc.json', 'k8s/b.enc.yaml', 'secrets/sealed.yaml']

describe('what is wanted', () => {
  test('encrypted files', async () => expect(await names(ctx, { all: true })).toEqual(sealed))

  test.each(['encrypted', 'either'] as const)('%s: no text that only shows how such files look', async (wanted) => {
    const fenced = `# Secrets\n\n\`\`\`yaml\n${sealedYaml}\`\`\`\n`
    repository.write({
      'docs/how.md': fenced,
      README: fenced,
      'src/a_test.go': `var in = \`\n${sealedYaml}\`\n`,
      'secrets/a.go': fenced,
      'x.yaml.enc': fenced,
    })
    repository.commit()
    const found = await names(ctx, { all: true }, wanted, configIn(repository.dir, ctx))
    expect(found.filter((name) => !sealed.includes(name) && name !== 'secrets/clear.yaml')).toEqual([
      'secrets/a.go',
      'x.yaml.enc',
    ])
  })

  test('files that must be encrypted; one that nobody can read is told of', async () => {
    expect(await names(ctx, { all: true }, 'clear', configIn(repository.dir, ctx))).toEqual(['secrets/clear.yaml'])
    expect(ctx.notable.map(({ level, message }) => [level, message])).toEqual([
      [
        'warning',
        `secrets/broken.yaml is left out: creation_rules[0] of ${repository.path('.sops.yaml')} is for it, but its text is not valid yaml`,
      ],
    ])
  })

  test('both', async () => {
    const found = await names(ctx, { all: true }, 'either', configIn(repository.dir, ctx))
    expect(found).toEqual([...sealed, 'secrets/clear.yaml'].sort())
  })

  test('nothing is meant by nothing', async () => expect(await find(ctx, {})).toEqual([]))

  test('the nearest configuration counts for each file', async () => {
    repository.write({ 'sub/.sops.yaml': rules, 'sub/secrets/x.yaml': 'a: 1\n', 'sub/open/x.yaml': 'a: 1\n' })
    repository.commit()
    const [outer, inner] = [configIn(repository.dir, ctx), configIn(repository.path('sub'), ctx)]
    const isInner = (path: string): boolean => path.startsWith(repository.path('sub/'))
    const configFor = (path: string): Promise<Config | undefined> => (isInner(path) ? inner : outer).configFor(path)
    expect(await names(ctx, { all: true }, 'clear', { configFor })).toEqual([
      'secrets/clear.yaml',
      'sub/secrets/x.yaml',
    ])
  })
})

describe('words', () => {
  test('a file that is named is taken whatever it is, and keeps its spelling', async () => {
    symlinkSync('a.enc.yaml', repository.path('link.yaml'))
    repository.write({ '*.yaml': sealedYaml })
    const words = ['./plain.yaml', 'gone.yaml', '.sops.yaml', 'link.yaml', '*.yaml']
    expect(await find(ctx, { words })).toEqual(
      words.map((name) => ({ name, path: join(repository.dir, name), named: true })),
    )
  })

  test('a folder is for the files in it that are wanted', async () => {
    expect(await find(ctx, { words: ['k8s/'] })).toEqual(
      sealed.slice(1, 4).map((name) => ({ name, path: repository.path(name), named: false })),
    )
    expect(
      await names(at(repository.path('k8s/app')), { words: ['.', '../../secrets', repository.path('k8s')] }),
    ).toEqual(['c.enc.yaml', 'd.enc.json', '../../secrets/sealed.yaml', '../b.enc.yaml'])
  })

  test.each<[string, readonly string[]]>([
    ['*.yaml', ['a.enc.yaml']],
    ['**/*.yaml', ['a.enc.yaml', 'k8s/app/c.enc.yaml', 'k8s/b.enc.yaml', 'secrets/sealed.yaml']],
    ['k8s/*', ['k8s/b.enc.yaml']],
    ['k8s/**', sealed.slice(1, 4)],
    ['./k8s/**/*.json', ['k8s/app/d.enc.json']],
    ['{k8s,secrets}/*.yaml', ['k8s/b.enc.yaml', 'secrets/sealed.yaml']],
  ])('the pattern %j', async (word, wanted) => expect(await names(ctx, { words: [word] })).toEqual(wanted))

  test('a pattern may begin elsewhere', async () => {
    const below = at(repository.path('secrets'))
    expect(await names(below, { words: ['../k8s/*.yaml'] })).toEqual(['../k8s/b.enc.yaml'])
    expect(await names(below, { words: [repository.path('[a-k]*.yaml')] })).toEqual(['../a.enc.yaml'])
  })

  test.each<[TargetRequest, Wanted, string]>([
    [{ words: ['docs'] }, 'encrypted', 'docs: no encrypted file in it'],
    [{ words: ['docs/*.yaml'] }, 'encrypted', 'docs/*.yaml: no encrypted file fits it'],
    [{ words: ['nowhere/*.yaml'] }, 'encrypted', 'nowhere/*.yaml: no encrypted file fits it'],
    [{ words: ['k8s'] }, 'clear', 'k8s: no unencrypted file of a creation rule that selects files in it'],
    [
      { words: ['k8s'], exclude: ['k8s'] },
      'either',
      'k8s: no encrypted file, or unencrypted one of a creation rule that selects files in it',
    ],
  ])('%j without any is an error', async (request, wanted, message) => {
    await expect(find(ctx, request, wanted, configIn(repository.dir, ctx))).rejects.toMatchObject({
      code: 'generic',
      message,
      hints: expect.arrayContaining(['a file that is named itself is taken whatever is in it']),
    })
  })

  test('a file is there once, by the name that it had first', async () => {
    symlinkSync('a.enc.yaml', repository.path('link.yaml'))
    linkSync(repository.path('a.enc.yaml'), repository.path('hard.yaml'))
    const words = ['link.yaml', './k8s/b.enc.yaml', 'k8s', 'a.enc.yaml', 'hard.yaml', '*.yaml', 'gone', './gone']
    expect(await names(ctx, { words, all: true, listed: ['k8s/../a.enc.yaml'] })).toEqual([
      'link.yaml',
      './k8s/b.enc.yaml',
      'k8s/app/c.enc.yaml',
      'k8s/app/d.enc.json',
      'hard.yaml',
      'gone',
      'secrets/sealed.yaml',
    ])
  })
})

describe('narrowing', () => {
  test.each<[readonly string[], readonly string[]]>([
    [['k8s'], ['a.enc.yaml', 'secrets/sealed.yaml']],
    [['k8s/'], ['a.enc.yaml', 'secrets/sealed.yaml']],
    [['./k8s/*'], ['a.enc.yaml', 'secrets/sealed.yaml']],
    [
      ['**/app', '*.yaml'],
      ['k8s/b.enc.yaml', 'secrets/sealed.yaml'],
    ],
    [['**/*.yaml'], ['k8s/app/d.enc.json']],
    [['b.enc.yaml'], sealed],
  ])('--exclude %j', async (exclude, wanted) => expect(await names(ctx, { all: true, exclude })).toEqual(wanted))

  test('--exclude is seen from the current folder', async () => {
    const below = at(repository.path('k8s'))
    expect(await names(below, { all: true, exclude: ['app', '../secrets', repository.path('a.*')] })).toEqual([
      'b.enc.yaml',
    ])
  })

  test('--type', async () => {
    expect(await names(ctx, { all: true, types: ['json', 'ini'] })).toEqual(['k8s/app/d.enc.json'])
    expect(await names(ctx, { words: ['plain.yaml'], types: ['json'], exclude: ['*'] })).toEqual(['plain.yaml'])
  })
})

describe('--all', () => {
  test('is the whole work tree, wherever in it the current folder is', async () => {
    expect(await find(at(repository.path('k8s/app')), { all: true })).toEqual(
      [
        ['../../a.enc.yaml', 'a.enc.yaml'],
        ['../../secrets/sealed.yaml', 'secrets/sealed.yaml'],
        ['../b.enc.yaml', 'k8s/b.enc.yaml'],
        ['c.enc.yaml', 'k8s/app/c.enc.yaml'],
        ['d.enc.json', 'k8s/app/d.enc.json'],
      ].map(([name, path]) => ({ name, path: repository.path(path!), named: false })),
    )
  })

  test('paths go the way that the user came, so that rules fit them', async () => {
    const link = join(repository.dir, '../link')
    symlinkSync(repository.dir, link)
    for (const cwd of [link, join(link, 'k8s/app')]) {
      const found = await find(at(cwd), { all: true })
      expect(found.map(({ path }) => path).sort()).toEqual(sealed.map((name) => join(link, name)))
      const file = { path: join(link, '.sops.yaml'), absolutePath: join(link, '.sops.yaml') }
      expect(ruleSubject(file, found[0]!.path, at(cwd))).toBe('a.enc.yaml')
    }
    const into = join(repository.dir, '../into')
    symlinkSync(repository.path('k8s/app'), into)
    expect((await find(at(into), { all: true })).map(({ path }) => path)).toEqual([
      repository.path('a.enc.yaml'),
      repository.path('secrets/sealed.yaml'),
      repository.path('k8s/b.enc.yaml'),
      join(into, 'c.enc.yaml'),
      join(into, 'd.enc.json'),
    ])
  })

  test('goes past links, what is not in the work tree, what is gone and what is too large', async () => {
    repository.write({
      'large.yaml': `${sealedYaml}# ${'x'.repeat(5 * 2 ** 20)}\n`,
      'moved/x.yaml': sealedYaml,
      'skipped.yaml': sealedYaml,
    })
    symlinkSync('a.enc.yaml', repository.path('link.yaml'))
    symlinkSync('k8s', repository.path('linked'))
    repository.commit()
    repository.git('update-index', '--skip-worktree', 'skipped.yaml')
    const elsewhere = join(repository.dir, '../elsewhere')
    mkdirSync(elsewhere)
    repository.write({ '../elsewhere/x.yaml': sealedYaml })
    unlinkSync(repository.path('moved/x.yaml'))
    rmdirSync(repository.path('moved'))
    symlinkSync(elsewhere, repository.path('moved'))
    unlinkSync(repository.path('a.enc.yaml'))
    expect(await names(ctx, { all: true })).toEqual(sealed.slice(1))
    expect(await names(ctx, { words: ['linked', 'large.yaml'] })).toEqual([
      'linked/app/c.enc.yaml',
      'linked/app/d.enc.json',
      'linked/b.enc.yaml',
      'large.yaml',
    ])
  })

  test('files that are not tracked count on demand, ignored ones never', async () => {
    repository.write({ 'new.yaml': sealedYaml, 'n/new.yaml': sealedYaml, 'x.tmp': sealedYaml, '.gitignore': '*.tmp\n' })
    expect(await names(ctx, { all: true })).toEqual(sealed)
    expect(await names(ctx, { all: true, untracked: true })).toEqual([...sealed, 'n/new.yaml', 'new.yaml'].sort())
    await expect(find(ctx, { words: ['n'] })).rejects.toMatchObject({
      hints: expect.arrayContaining(['in a Git repository, files that are not tracked count with --untracked']),
    })
    expect(await names(ctx, { words: ['n'], untracked: true })).toEqual(['n/new.yaml'])
  })

  test('a submodule is left alone, unless the current folder is in it', async () => {
    const inner = makeRepository({ 'x.yaml': sealedYaml })
    try {
      inner.commit()
      repository.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.dir, 'module')
      expect(await names(ctx, { all: true })).toEqual(sealed)
      expect(await names(ctx, { words: ['module'] })).toEqual(['module/x.yaml'])
      expect(await names(at(repository.path('module')), { all: true })).toEqual(['x.yaml'])
      const hooked = at(repository.dir, { GIT_DIR: '.git', GIT_INDEX_FILE: '.git/index' })
      expect(await names(hooked, { words: ['module', 'k8s'], all: true })).toEqual([
        'module/x.yaml',
        ...sealed.slice(1, 4),
        'a.enc.yaml',
        'secrets/sealed.yaml',
      ])
    } finally {
      inner.remove()
    }
  })

  test('in a large tree Git finds the same files, whatever attributes and settings say', async () => {
    const odd = ['a b', 'a\nb', 'a"b', 'é', '-x', ':x'].map((name) => `odd/${name}.yaml`)
    repository.write({
      ...Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`many/${i}.yaml`, `a: ${i}\n`])),
      ...Object.fromEntries(odd.map((name) => [name, sealedYaml])),
      '.gitattributes': '*.enc.yaml -diff\n*.json binary\n',
    })
    for (const [name, value] of [
      ['color.ui', 'always'],
      ['grep.patternType', 'perl'],
      ['grep.column', 'true'],
      ['core.quotePath', 'true'],
    ])
      repository.git('config', name!, value!)
    repository.commit()
    repository.write({ '.gitignore': 'forced.yaml\nleft.yaml\n', 'forced.yaml': sealedYaml, 'left.yaml': sealedYaml })
    repository.git('add', '-f', 'forced.yaml')
    repository.git('update-index', '--assume-unchanged', 'many/1.yaml')
    repository.write({ 'many/new.yaml': sealedYaml, 'many/1.yaml': sealedYaml, 'many/2.yaml': sealedYaml })
    const wanted = [...sealed, ...odd, 'forced.yaml', 'many/1.yaml', 'many/2.yaml'].sort()
    expect(await names(ctx, { all: true })).toEqual(wanted)
    expect(await names(ctx, { all: true, untracked: true })).toEqual([...wanted, 'many/new.yaml'].sort())
    const either = await names(ctx, { all: true }, 'either', configIn(repository.dir, ctx))
    expect(either).toEqual([...wanted, 'secrets/clear.yaml'].sort())
  })

  test('case twins are two files', async () => {
    repository.write({ 'twin.yaml': sealedYaml, 'TWIN.yaml': sealedYaml })
    repository.commit()
    expect(await names(ctx, { words: ['*.yaml'] })).toEqual(['TWIN.yaml', 'a.enc.yaml', 'twin.yaml'])
  })
})

describe('--staged', () => {
  test('chooses by the index, not by the work tree', async () => {
    repository.write({
      'new.yaml': sealedYaml,
      'secrets/new.yaml': 'a: 1\n',
      'k8s/plain.yaml': sealedYaml,
      'secrets/sealed.yaml': 'a: 1\n',
    })
    symlinkSync('a.enc.yaml', repository.path('secrets/link'))
    repository.git('add', '-A')
    repository.write({
      'new.yaml': 'a: 1\n',
      'secrets/new.yaml': sealedYaml,
      'a.enc.yaml': `${sealedYaml}# not staged\n`,
    })
    unlinkSync(repository.path('secrets/sealed.yaml'))
    expect(await names(ctx, { staged: true })).toEqual(['k8s/plain.yaml', 'new.yaml'])
    const means = configIn(repository.dir, ctx)
    expect(await names(ctx, { staged: true }, 'clear', means)).toEqual(['secrets/new.yaml', 'secrets/sealed.yaml'])
    const below = at(repository.path('secrets'))
    expect(await names(below, { staged: true, exclude: ['sealed.yaml'] }, 'clear', means)).toEqual(['new.yaml'])
  })

  test('before the first commit that is all of the index', async () => {
    const fresh = makeRepository({ 'a.yaml': sealedYaml, 'b.yaml': 'a: 1\n', 'c.yaml': sealedYaml })
    try {
      fresh.git('add', 'a.yaml', 'b.yaml')
      for (const request of [{ staged: true }, { changed: '' }, { all: true }])
        expect(await names(at(fresh.dir), request)).toEqual(['a.yaml'])
    } finally {
      fresh.remove()
    }
  })
})

test('--changed', async () => {
  repository.git('checkout', '-q', '-b', 'side')
  repository.write({ 'k8s/b.enc.yaml': `${sealedYaml}# committed\n` })
  repository.commit()
  repository.write({ 'a.enc.yaml': `${sealedYaml}# changed\n`, 'plain.yaml': 'a: 2\n', 'new.yaml': sealedYaml })
  expect(await names(ctx, { changed: '' })).toEqual(['a.enc.yaml'])
  expect(await names(at(repository.path('k8s')), { changed: 'main' })).toEqual(['../a.enc.yaml', 'b.enc.yaml'])
  await expect(find(ctx, { changed: 'nowhere' })).rejects.toThrow('"nowhere" is no commit of this repository')
})

test('a list is narrowed like the rest; a name that is not there is handed on, a folder refused', async () => {
  symlinkSync('a.enc.yaml', repository.path('link.yaml'))
  const listed = ['k8s/b.enc.yaml', 'plain.yaml', 'a.enc.yaml', 'link.yaml', '', 'gone.yaml', './a.enc.yaml']
  expect(await find(ctx, { listed, exclude: ['docs'] })).toEqual([
    { name: 'gone.yaml', path: repository.path('gone.yaml'), named: true },
    { name: 'a.enc.yaml', path: repository.path('a.enc.yaml'), named: false },
    { name: 'k8s/b.enc.yaml', path: repository.path('k8s/b.enc.yaml'), named: false },
  ])
  await expect(find(ctx, { listed: ['a.enc.yaml', 'k8s'] })).rejects.toMatchObject({
    message: 'k8s is a folder, and a list names files',
    hints: ['a folder is a word by itself: sops COMMAND k8s takes the files in it'],
  })
})

describe('outside of Git', () => {
  let folder: Sandbox
  let outside: FakeContext
  beforeEach(() => {
    folder = sandbox({
      'a.yaml': sealedYaml,
      'plain.yaml': 'a: 1\n',
      'k/b.yaml': sealedYaml,
      'node_modules/x.yaml': sealedYaml,
      'k/.git/x.yaml': sealedYaml,
    })
    symlinkSync('k', folder.path('linked'))
    symlinkSync('a.yaml', folder.path('link.yaml'))
    outside = at(folder.dir)
  })
  afterEach(() => folder.remove())

  test('folders are walked, without those of programs and links', async () => {
    expect(await names(outside, { all: true })).toEqual(['a.yaml', 'k/b.yaml'])
    expect(await names(outside, { words: ['linked', '*.yaml'] })).toEqual(['linked/b.yaml', 'a.yaml'])
    expect(await names(at(folder.path('k')), { all: true })).toEqual(['b.yaml'])
    expect(await names(at(folder.dir, { PATH: '/nonexistent' }), { all: true })).toEqual(['a.yaml', 'k/b.yaml'])
  })

  test.each([{ staged: true }, { changed: '' }])('%j needs a repository', async (request) => {
    await expect(find(outside, request)).rejects.toMatchObject({
      code: 'generic',
      message: expect.stringMatching(/^--(staged|changed): not inside a Git repository$/),
    })
  })

  test('what cannot be read is left to the command, which says so', async () => {
    chmodSync(folder.path('plain.yaml'), 0)
    // Root reads everything.
    const unread = process.getuid?.() === 0 ? [] : ['plain.yaml']
    expect(await names(outside, { all: true })).toEqual(['a.yaml', 'k/b.yaml', ...unread])
  })

  test('folders of a repository elsewhere are those of that one', async () => {
    repository.write({ 'k8s/new.yaml': sealedYaml })
    const word = repository.path('k8s')
    const found = await find(outside, { words: [word] })
    expect(found.map(({ path }) => path)).toEqual(sealed.slice(1, 4).map(repository.path))
    expect(found.map(({ name }) => resolve(folder.dir, name))).toEqual(found.map(({ path }) => path))
  })
})
