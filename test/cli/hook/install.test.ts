// `sops git install --hook`: what it writes where, and what it leaves to somebody else.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { blockOf, type HookName } from '../../../src/cli/hook/block.ts'
import { runCli } from '../../support/cli.ts'
import { gitEnv, makeRepository, type Repository } from '../../support/repository.ts'

let one: Repository
beforeEach(() => {
  one = makeRepository()
})
afterEach(() => one.remove())

const block = blockOf('pre-commit')
const ours = `#!/bin/sh\n${block}`
const usual = '.git/hooks/pre-commit'

interface Ran {
  readonly code: number
  readonly said: readonly string[]
  readonly stderr: string
}

/** What is said of hooks: the lines below the one of the attributes. */
async function install(words: readonly string[] = ['--hook'], cwd = one.dir, env = {}): Promise<Ran> {
  const { code, stdout, stderr } = await runCli(['git', 'install', ...words], { cwd, env: { ...gitEnv, ...env } })
  const [first = '', ...said] = stdout.toString().trimEnd().split('\n')
  if (code === 0) expect(first).toMatch(/^git diff now decrypts /)
  return { code, said, stderr }
}

const read = (name: string): string => readFileSync(one.path(name), 'latin1')
const modeOf = (path: string): number => lstatSync(path).mode & 0o777

function put(name: string, text: string, mode = 0o755): void {
  one.write({ [name]: Buffer.from(text, 'latin1') })
  chmodSync(one.path(name), mode)
}

/** Every hook there is, with its text. */
const hooks = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(one.path('.git/hooks'))
      .filter((name) => !name.endsWith('.sample'))
      .map((name) => [name, read(`.git/hooks/${name}`)]),
  )

const now = (path: string): string => `sops check now runs before each commit (${path})`
const already = (path: string): string => `sops check runs before each commit already (${path})`

test('without the flag no hook is touched', async () => {
  expect(await install([])).toEqual({ code: 0, said: [], stderr: '' })
  expect(hooks()).toEqual({})
})

describe('no hook', () => {
  test.each<[string, readonly string[], readonly HookName[]]>([
    ['--hook', ['--hook'], ['pre-commit']],
    ['by its name', ['--hook=pre-commit'], ['pre-commit']],
    ['of pushes', ['--hook=pre-push'], ['pre-push']],
    ['both', ['--hook', '--hook=pre-push'], ['pre-commit', 'pre-push']],
    ['one twice', ['--hook', '--hook=pre-commit'], ['pre-commit']],
    ['a pattern besides', ['--hook', '*.secret'], ['pre-commit']],
  ])('%s: a new one', async (_, words, names) => {
    const { code, said, stderr } = await install(words)
    expect([code, stderr]).toEqual([0, ''])
    expect(hooks()).toEqual(Object.fromEntries(names.map((name) => [name, `#!/bin/sh\n${blockOf(name)}`])))
    for (const name of names) expect(modeOf(one.path(`.git/hooks/${name}`))).toBe(0o755)
    expect(said).toEqual(
      names.map((name) => `sops check now runs before each ${name.slice(4)} (${one.path(`.git/hooks/${name}`)})`),
    )
    expect(one.git('config', 'diff.sopsdiffer.textconv')).toBe('sops git textconv\n')
  })

  test('nor a folder for it', async () => {
    one.git('config', 'core.hooksPath', 'tools/git hooks')
    expect(await install()).toEqual({ code: 0, said: [now(one.path('tools/git hooks/pre-commit'))], stderr: '' })
    expect(read('tools/git hooks/pre-commit')).toBe(ours)
    expect(hooks()).toEqual({})
  })
})

describe('a hook that is there', () => {
  test.each<[string, string, number, string]>([
    ['of sh', '#!/bin/sh\necho \xff\n', 0o755, `#!/bin/sh\n${block}echo \xff\n`],
    ['of bash by env', '#!/usr/bin/env bash\nset -e', 0o700, `#!/usr/bin/env bash\n${block}set -e`],
    ['with carriage returns', '#!/bin/sh\r\nx\r\n', 0o775, `#!/bin/sh\r\n${block}x\r\n`],
    ['that is empty', '', 0o755, ours],
    [
      'with an old block',
      '#!/bin/sh\na\n# >>> sops check >>>\nold\n# <<< sops check <<<\nb\n',
      0o755,
      `#!/bin/sh\na\n${block}b\n`,
    ],
  ])('%s gets the block, and keeps its bytes and its mode', async (_, text, mode, after) => {
    put(usual, text, mode)
    expect(await install()).toEqual({ code: 0, said: [now(one.path(usual))], stderr: '' })
    expect(hooks()).toEqual({ 'pre-commit': after })
    expect(modeOf(one.path(usual))).toBe(mode)
    const before = lstatSync(one.path(usual), { bigint: true })
    expect(await install()).toEqual({ code: 0, said: [already(one.path(usual))], stderr: '' })
    expect(lstatSync(one.path(usual), { bigint: true })).toEqual(before)
    expect(hooks()).toEqual({ 'pre-commit': after })
  })

  test.each([
    ['of python', '#!/usr/bin/env python3\n', 'is no shell script'],
    ['that is a binary', '\x7fELF\x02\x00', 'is no shell script'],
    ['without a first line for it', 'echo x\n', 'is no shell script'],
    ['that hands itself on', '#!/bin/sh\nexec node "$0"\n', 'hands itself to another program'],
    [
      'with one mark',
      '#!/bin/sh\n# >>> sops check >>>\n',
      'has the line "# >>> sops check >>>" without "# <<< sops check <<<" below it',
    ],
  ])('%s stays as it is, and the command is printed', async (_, text, reason) => {
    put(usual, text)
    expect(await install()).toEqual({
      code: 0,
      said: [
        `for sops check before each commit, have ${one.path(usual)} run this, and fail where it fails:`,
        'sops check --staged',
      ],
      stderr: `warning: no pre-commit hook was written: ${one.path(usual)} ${reason}\n`,
    })
    expect(hooks()).toEqual({ 'pre-commit': text })
  })

  test('in another language that runs the check says so', async () => {
    put(usual, '#!/usr/bin/env python3\nrun("sops check --staged")\n')
    expect(await install()).toEqual({ code: 0, said: [already(one.path(usual))], stderr: '' })
  })

  test.skipIf(process.platform === 'win32').each([
    ['of another', '#!/bin/sh\nexit 1\n'],
    ['of ours', ours],
    ['in another language', '#!/usr/bin/python\n'],
  ])('%s that is off stays off, and that is said', async (_, text) => {
    put(usual, text, 0o644)
    expect(await install()).toEqual({
      code: 0,
      said: [],
      stderr: `warning: no pre-commit hook was written: ${one.path(usual)} is not executable, so Git does not run it: chmod +x ${one.path(usual)}, and sops git install --hook again, if it is wanted\n`,
    })
    expect(hooks()).toEqual({ 'pre-commit': text })
    expect(modeOf(one.path(usual))).toBe(0o644)
  })

  test('that is a folder stays one', async () => {
    mkdirSync(one.path(usual))
    const { code, stderr } = await install()
    expect([code, stderr]).toEqual([
      0,
      `warning: no pre-commit hook was written: ${one.path(usual)} is no regular file\n`,
    ])
  })
})

describe('the folder of hooks', () => {
  test.each<[string, () => string]>([
    ['relative', () => '.githooks'],
    ['absolute', () => one.path('.githooks')],
    ['with blanks and quotes', () => `.a "b' c`],
    ['with a line end', () => 'a\nb'],
  ])('%s is where it is written, from a folder below too', async (_, folder) => {
    one.git('config', 'core.hooksPath', folder())
    mkdirSync(one.path('sub'))
    expect(await install(['--hook'], one.path('sub'))).toMatchObject({ code: 0, stderr: '' })
    const path = one.path(`${folder().replace(`${one.dir}/`, '')}/pre-commit`)
    expect(readFileSync(path, 'utf8')).toBe(ours)
    expect(hooks()).toEqual({})
  })

  test.each<[string, (outside: string) => string]>([
    ['absolute', (outside) => outside],
    ['relative', () => '../shared'],
  ])('%s outside of the repository is left alone', async (_, told) => {
    const outside = join(dirname(one.dir), 'shared')
    one.git('config', 'core.hooksPath', told(outside))
    const path = join(outside, 'pre-commit')
    const stderr = `warning: no pre-commit hook was written: ${outside} is outside of this repository, and may have the hooks of others\n`
    expect(await install()).toEqual({
      code: 0,
      said: [`for sops check before each commit, make ${path}, executable:`, ...ours.trimEnd().split('\n')],
      stderr,
    })
    expect(existsSync(outside)).toBe(false)
    one.write({ '../shared/pre-commit': '#!/bin/sh\nx\n' })
    expect(await install()).toEqual({
      code: 0,
      said: [`for sops check before each commit, add to ${path}:`, ...block.trimEnd().split('\n')],
      stderr,
    })
    expect(readFileSync(path, 'utf8')).toBe('#!/bin/sh\nx\n')
    one.write({ '../shared/pre-commit': ours })
    expect(await install()).toEqual({ code: 0, said: [already(path)], stderr: '' })
  })

  test('of no hooks at all is left alone', async () => {
    one.git('config', 'core.hooksPath', '/dev/null')
    const { code, stderr } = await install()
    expect([code, stderr]).toEqual([0, expect.stringContaining('/dev/null is outside of this repository')])
  })
})

describe.skipIf(process.platform === 'win32')('a symbolic link', () => {
  test.each<[string, () => void, RegExp]>([
    [
      'as the hook, to a file outside',
      () => {
        one.write({ '../precious': '#!/bin/sh\n' })
        symlinkSync('../../../precious', one.path(usual))
      },
      /pre-commit is a symbolic link: nothing is written through it\n/,
    ],
    [
      'as the hook, to a file of the repository',
      () => {
        put('precious', '#!/bin/sh\n')
        symlinkSync('../../precious', one.path(usual))
      },
      /pre-commit is a symbolic link: /,
    ],
    [
      'as the hook, to no file',
      () => symlinkSync('../../precious', one.path(usual)),
      /pre-commit is a symbolic link: /,
    ],
    [
      'as the folder, to one outside',
      () => {
        one.write({ '../precious/x': '' })
        one.git('config', 'core.hooksPath', '.githooks')
        symlinkSync('../precious', one.path('.githooks'))
      },
      /\.githooks is outside of this repository/,
    ],
    [
      'on the way to the folder',
      () => {
        one.write({ 'precious/hooks/x': '' })
        one.git('config', 'core.hooksPath', 'tools/hooks')
        symlinkSync('precious', one.path('tools'))
      },
      /a symbolic link leads to \S+tools\/hooks: nothing is written through it\n/,
    ],
  ])('%s is refused', async (_, prepare, reason) => {
    prepare()
    const state = (): unknown[] =>
      ['precious', '../precious']
        .map(one.path)
        .map(
          (path) =>
            existsSync(path) &&
            (lstatSync(path).isFile() ? readFileSync(path, 'utf8') : readdirSync(path, { recursive: true })),
        )
    const before = state()
    const { code, said, stderr } = await install()
    expect(code).toBe(0)
    expect(stderr).toMatch(reason)
    expect(said.slice(-1)).toEqual(['# <<< sops check <<<'])
    expect(state()).toEqual(before)
  })

  test('above the repository is none of its own', async () => {
    symlinkSync(dirname(one.dir), `${dirname(one.dir)}-link`)
    try {
      one.git('config', 'core.hooksPath', join(`${dirname(one.dir)}-link`, 'repository/.githooks'))
      expect(await install()).toMatchObject({ code: 0, stderr: '' })
      expect(read('.githooks/pre-commit')).toBe(ours)
    } finally {
      rmSync(`${dirname(one.dir)}-link`)
    }
  })
})

describe('another program that has the hooks', () => {
  const commands = { commands: { 'sops-check': { run: 'sops check --staged' } } }
  const local = {
    repo: 'local',
    hooks: [
      {
        id: 'sops-check-system',
        name: 'check that secrets are encrypted',
        entry: 'sops check --staged',
        language: 'system',
        pass_filenames: false,
        always_run: true,
        require_serial: true,
        stages: ['pre-commit'],
      },
    ],
  }

  test.each<[string, string, string, Readonly<Record<string, string>>, (lines: readonly string[]) => void]>([
    [
      'husky by its folder',
      'husky',
      '.husky/pre-commit',
      { '.husky/commit-msg': 'x\n' },
      (lines) => expect(lines).toEqual(['sops check --staged']),
    ],
    [
      'husky by the folder of hooks, in a package of several',
      'husky',
      'web/.husky/pre-commit',
      { 'web/.husky/_/h': '', '.git/config': '[core]\nbare = false\nhooksPath = web/.husky/_\n' },
      (lines) => expect(lines).toEqual(['sops check --staged']),
    ],
    [
      'husky of before',
      'husky',
      '.husky/pre-commit',
      { '.husky/pre-commit': '#!/bin/sh\n. _/husky.sh\n', '.git/config': '[core]\nbare = false\nhooksPath = .husky\n' },
      (lines) => expect(lines).toEqual(['sops check --staged']),
    ],
    ...['lefthook.yml', 'lefthook.yaml', '.lefthook.yml', '.config/lefthook.yaml'].map(
      (file): [string, string, string, Record<string, string>, (lines: readonly string[]) => void] => [
        file,
        'lefthook',
        file,
        { [file]: 'pre-commit: {}\n' },
        (lines) => expect(parse(lines.join('\n'))).toEqual({ 'pre-commit': commands }),
      ],
    ),
    [
      'lefthook.json',
      'lefthook',
      'lefthook.json',
      { 'lefthook.json': '{}' },
      (lines) => expect(JSON.parse(lines.join('\n'))).toEqual({ 'pre-commit': commands }),
    ],
    [
      'lefthook.toml',
      'lefthook',
      'lefthook.toml',
      { 'lefthook.toml': '' },
      (lines) => expect(lines).toEqual(['[pre-commit.commands.sops-check]', 'run = "sops check --staged"']),
    ],
    [
      'lefthook by its hook alone',
      'lefthook',
      'lefthook.yml',
      { [usual]: '#!/bin/sh\ncall_lefthook run "pre-commit" "$@"\n' },
      (lines) => expect(parse(lines.join('\n'))).toEqual({ 'pre-commit': commands }),
    ],
    [
      'pre-commit',
      'pre-commit',
      '.pre-commit-config.yaml',
      { '.pre-commit-config.yaml': 'repos: []\n' },
      (lines) => expect(parse(['repos:', ...lines].join('\n'))).toEqual({ repos: [local] }),
    ],
    [
      'pre-commit by its hook alone',
      'pre-commit',
      '.pre-commit-config.yaml',
      { [usual]: '#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n' },
      (lines) => expect(parse(lines.join('\n'))).toEqual([local]),
    ],
  ])('%s is left alone, and what to add is printed', async (_, name, file, files, check) => {
    one.write(files)
    const { code, said, stderr } = await install()
    expect([code, stderr]).toEqual([
      0,
      `warning: no pre-commit hook was written: ${name} has the hooks of this repository\n`,
    ])
    const [first, ...lines] = said
    expect(first).toBe(`for sops check before each commit, add to ${file}:`)
    check(lines)
    for (const [path, text] of Object.entries(files)) if (path !== '.git/config') expect(read(path)).toBe(text)
    expect(hooks()).toEqual(files[usual] === undefined ? {} : { 'pre-commit': files[usual] })
    if (usual in files) return
    // Once the lines stand there, nobody is told again.
    one.write({ [file]: `${lines.join('\n')}\n` })
    expect(await install()).toEqual({ code: 0, said: [already(file)], stderr: '' })
    expect((await install(['--hook=pre-push'])).stderr).toContain('no pre-push hook was written')
  })

  test.each([
    ['husky', { '.husky/x': '' }, /^sops check <\/dev\/null$/],
    ['lefthook', { 'lefthook.yml': '' }, /^pre-push:\n {2}commands:\n {4}sops-check-push:\n {6}run: sops check$/],
    [
      'pre-commit',
      { '.pre-commit-config.yaml': '' },
      /id: sops-check-push\n[\s\S]*entry: sops check\n[\s\S]*stages: \[pre-push\]$/,
    ],
  ])('%s gets other lines for pushes', async (_, files, pattern) => {
    one.write(files)
    const { said } = await install(['--hook=pre-push'])
    expect(said[0]).toMatch(/^for sops check before each push, add to /)
    expect(said.slice(1).join('\n')).toMatch(pattern)
    const [, file = ''] = / add to (.*):$/.exec(said[0]!)!
    one.write({ [file]: `${said.slice(1).join('\n')}\n` })
    expect((await install(['--hook=pre-push'])).said).toEqual([`sops check runs before each push already (${file})`])
    expect((await install()).stderr).toContain('no pre-commit hook was written')
  })
})

describe('a repository of another kind', () => {
  test('a worktree has the hooks of its repository', async () => {
    one.git('commit', '-q', '--allow-empty', '-m', 'x')
    one.git('worktree', 'add', '-q', '../tree')
    expect(await install(['--hook'], one.path('../tree'))).toMatchObject({ code: 0, stderr: '' })
    expect(hooks()).toEqual({ 'pre-commit': ours })
  })

  test('a worktree has its own, where the folder is relative', async () => {
    one.git('commit', '-q', '--allow-empty', '-m', 'x')
    one.git('config', 'core.hooksPath', '.githooks')
    one.git('worktree', 'add', '-q', '../tree')
    expect(await install(['--hook'], one.path('../tree'))).toMatchObject({ code: 0, stderr: '' })
    expect(read('../tree/.githooks/pre-commit')).toBe(ours)
    expect(existsSync(one.path('.githooks'))).toBe(false)
  })

  test('a submodule has its own', async () => {
    const inner = makeRepository({ x: '1' })
    inner.commit()
    one.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.dir, 'sub')
    expect(await install(['--hook'], one.path('sub'))).toMatchObject({ code: 0, stderr: '' })
    expect(read('.git/modules/sub/hooks/pre-commit')).toBe(ours)
    expect(hooks()).toEqual({})
    inner.remove()
  })

  test('GIT_DIR and GIT_WORK_TREE are followed, relative ones too', async () => {
    mkdirSync(one.path('../elsewhere'))
    const env = { GIT_DIR: '../repository/.git', GIT_WORK_TREE: '../repository' }
    expect(await install(['--hook'], one.path('../elsewhere'), env)).toMatchObject({ code: 0, stderr: '' })
    expect(hooks()).toEqual({ 'pre-commit': ours })
  })

  test('a path with blanks, quotes and line ends', async () => {
    const odd = one.path(`../a "b' $x\n `)
    one.git('init', '-q', odd)
    const { code, said, stderr } = await install(['--hook'], odd)
    expect([code, stderr]).toEqual([0, ''])
    expect(said).toEqual([expect.stringContaining(`/a "b' $x\\n /.git/hooks/pre-commit)`)])
    expect(readFileSync(join(odd, usual), 'utf8')).toBe(ours)
    expect(readFileSync(join(odd, '.gitattributes'), 'utf8')).toContain('diff=sopsdiffer')
  })

  test('a bare one has nobody who commits', async () => {
    one.git('init', '-q', '--bare', '../bare')
    const before = readdirSync(one.path('../bare/hooks'))
    expect(await install(['--hook'], one.path('../bare'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('must be run in a work tree'),
    })
    expect(readdirSync(one.path('../bare/hooks'))).toEqual(before)
  })

  test('none at all', async () => {
    expect(await install(['--hook'], realpathSync(dirname(one.dir)))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not a git repository'),
    })
  })
})

test.each<[string, readonly string[], string]>([
  ['another hook', ['--hook=commit-msg'], 'error: --hook="commit-msg": it is pre-commit or pre-push\n'],
  ...(['pre-commit', 'pre-push'] as const).map((name): [string, readonly string[], string] => [
    `${name} as a word of its own`,
    ['--hook', name],
    `error: ${name} is no pattern here\nhint: the name of a hook stands behind an equals sign: sops git install --hook=${name}\n`,
  ]),
  [
    'all repositories',
    ['--hook', '--global'],
    'error: --hook is for one repository: hooks for all would take the place of those that each has\nhint: run sops git install --hook in each repository\n',
  ],
])('%s: an error, and nothing is written', async (_, words, stderr) => {
  expect(await install(words)).toMatchObject({ code: 1, stderr })
  expect(hooks()).toEqual({})
  expect(existsSync(one.path('.gitattributes'))).toBe(false)
})
