// Commands that write over many files: all or none, what they say, and how they end.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bin, skipsExecutable } from '../../support/build.ts'
import { gitEnv } from '../../support/repository.ts'
import {
  changedNames,
  identity,
  makeWork,
  newLines,
  recipient,
  rule,
  sealed,
  secondRecipient,
  type Work,
} from './support.ts'

const plain = {
  'a.enc.yaml': 'a: 1\nb: x\n',
  'k/b.enc.yaml': 'a: 2\nb: x\n',
  'k/c.enc.json': '{\n  "a": 3\n}\n',
  'z.enc.env': 'a=4\n',
}
const names = Object.keys(plain)

const isWindows = process.platform === 'win32'

let work: Work
beforeEach(async () => {
  work = await makeWork(plain, { 'README.md': 'text\n' })
})
afterEach(() => work.remove())

interface Verb {
  readonly argv: (...targets: string[]) => readonly string[]
  readonly said: readonly [done: string, would: string]
}

/** Each changes every file, for `--all` and for one file alike. */
const verbs: Readonly<Record<string, Verb>> = {
  rotate: {
    argv: (...targets) => ['rotate', '-i', '--add-age', secondRecipient, ...targets],
    said: ['rotated', 'rotate'],
  },
  set: { argv: (...targets) => ['set', ...targets, '["a"]', '"new"'], said: ['set in', 'set it in'] },
  unset: { argv: (...targets) => ['unset', ...targets, '["a"]'], said: ['removed from', 'remove it from'] },
  'groups add': {
    argv: (...targets) => [
      'groups',
      'add',
      '-i',
      '--age',
      secondRecipient,
      ...targets.map((one) => (one === '--all' ? one : `--file=${one}`)),
    ],
    said: ['changed', 'change'],
  },
  'decrypt -i': { argv: (...targets) => ['decrypt', '-i', ...targets], said: ['decrypted', 'decrypt'] },
  unlock: { argv: (...targets) => ['unlock', ...targets], said: ['unlocked', 'unlock'] },
}

const summaryOf = (stdout: string): unknown => (JSON.parse(stdout) as { summary: unknown }).summary

describe.each(Object.entries(verbs))('%s', (name, { argv, said: [, would] }) => {
  test('--all changes what is encrypted and nothing else', async () => {
    const before = work.contents()
    expect(await work.sops(argv('--all'))).toMatchObject({ code: 0 })
    expect(changedNames(before, work.contents())).toEqual(names)
  })

  test('--dry-run writes nothing and tells what it would; exit 0', async () => {
    const before = work.contents()
    const { code, stdout } = await work.sops([...argv('--all'), '--dry-run'])
    expect([code, work.contents()]).toEqual([0, before])
    expect(stdout).toBe(names.map((one) => `would ${would} ${one}\n`).join(''))
  })

  test('--check is the same with exit 1', async () => {
    const before = work.contents()
    const { code, stdout } = await work.sops([...argv('--all'), '--check'])
    expect([code, work.contents()]).toEqual([1, before])
    expect(stdout).toContain(`would ${would} ${names[0]}\n`)
  })

  test.each([
    ['--json', true],
    ['--json --dry-run', false],
  ])('%s says it of each file', async (flags, isWritten) => {
    const before = work.contents()
    const { code, stdout } = await work.sops([...argv('--all'), ...flags.split(' ')])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      command: name.replace(/ -i$/, ''),
      files: names.map((path) => ({ path, status: 'changed' })),
      summary: { changed: 4, unchanged: 0, failed: 0 },
    })
    expect(changedNames(before, work.contents())).toEqual(isWritten ? names : [])
  })

  test('one that is for somebody else: nothing is written, exit of that failure', async () => {
    work.write(await sealed({ 'k/b.enc.yaml': 'a: 2\n' }, secondRecipient))
    const before = work.contents()
    const { code, stderr } = await work.sops(argv('--all'))
    expect(code).toBe(name === 'groups add' ? 1 : 128)
    expect(stderr).toMatch(/^error: k\/b\.enc\.yaml: /m)
    expect(stderr).toMatch(/ 0, unchanged 3, failed 1: nothing was written$/m)
    expect(work.contents()).toEqual(before)
    expect(work.git('status', '--porcelain', '--', 'a.enc.yaml')).toBe('')
  })

  test('--keep-going writes the others', async () => {
    work.write(await sealed({ 'k/b.enc.yaml': 'a: 2\n' }, secondRecipient))
    const before = work.contents()
    const { code, stdout } = await work.sops([...argv('--all'), '--keep-going', '--json'])
    expect(code).toBe(name === 'groups add' ? 1 : 128)
    expect(summaryOf(stdout)).toEqual({ changed: 3, unchanged: 0, failed: 1 })
    expect(changedNames(before, work.contents())).toEqual(names.filter((one) => one !== 'k/b.enc.yaml'))
  })
})

describe('failures', () => {
  const failing: Readonly<Record<string, readonly [code: number, spoil: () => void | Promise<void>]>> = {
    'not encrypted': [1, () => work.write({ 'k/b.enc.yaml': 'a: 1\n' })],
    'not YAML': [1, () => work.write({ 'k/b.enc.yaml': 'a: [\n' })],
    'not there': [2, () => unlinkSync(work.path('k/b.enc.yaml'))],
    'changed without a key': [
      51,
      () => work.write({ 'k/b.enc.yaml': work.read('k/b.enc.yaml').replace(/^b: .*\n/m, '') }),
    ],
  }

  test.each(Object.entries(failing))('%s: as alone, and the others stay', async (_, [, spoil]) => {
    await spoil()
    const before = work.contents()
    const alone = await work.sops(verbs['rotate']!.argv('k/b.enc.yaml'))
    expect(alone.code).not.toBe(0)
    const { code, stderr } = await work.sops(verbs['rotate']!.argv(...names))
    expect(code).toBe(alone.code)
    expect(stderr.split('\n').filter((line) => line.startsWith('error: '))).toEqual(
      alone.stderr.split('\n').filter((line) => line.startsWith('error: ')),
    )
    expect(work.contents()).toEqual(before)
  })

  test('of several kinds are exit 1, of one kind its own', async () => {
    work.write(await sealed({ 'k/b.enc.yaml': 'a: 2\n', 'z.enc.env': 'a=1\n' }, secondRecipient))
    expect((await work.sops(['rotate', '-i', ...names])).code).toBe(128)
    work.write({ 'z.enc.env': 'a=1\n' })
    expect((await work.sops(['rotate', '-i', ...names])).code).toBe(1)
  })

  test('--json has each with its code, and no value', async () => {
    work.write({ 'k/b.enc.yaml': 'a: canary\n' })
    const { code, stdout, stderr } = await work.sops(['rotate', '-i', '--json', ...names])
    expect(code).not.toBe(0)
    const { files, summary } = JSON.parse(stdout) as {
      files: { path: string; status: string; error?: object }[]
      summary: unknown
    }
    expect(files.map(({ path, status }) => [path, status])).toEqual([
      ['a.enc.yaml', 'unchanged'],
      ['k/b.enc.yaml', 'failed'],
      ['k/c.enc.json', 'unchanged'],
      ['z.enc.env', 'unchanged'],
    ])
    expect(files[1]!.error).toMatchObject({
      code: 'generic',
      message: expect.stringContaining('sops metadata not found'),
    })
    expect(summary).toEqual({ changed: 0, unchanged: 3, failed: 1 })
    expect(stdout + stderr).not.toContain('canary')
  })

  test('paths in JSON are relative to the current folder', async () => {
    const { stdout } = await work.sops(['rotate', '-i', '--json', '--all'], { cwd: 'k' })
    const { files } = JSON.parse(stdout) as { files: { path: string }[] }
    expect(files.map(({ path }) => path)).toEqual(['../a.enc.yaml', '../z.enc.env', 'b.enc.yaml', 'c.enc.json'])
  })

  describe.skipIf(isWindows || skipsExecutable('it is started as another user'))('what may not be written', () => {
    /** As somebody whom modes bind, which they do not root. */
    const asUser = (argv: readonly string[]): { readonly status: number | null; readonly stderr: string } => {
      const isRoot = process.getuid?.() === 0
      if (isRoot) execFileSync('chown', ['-R', '65534:65534', join(work.dir, '..')])
      return spawnSync(process.execPath, [bin, ...argv], {
        cwd: work.dir,
        env: { ...gitEnv, HOME: work.dir, SOPS_AGE_KEY: identity, SOPS_DISABLE_VERSION_CHECK: '1' },
        encoding: 'utf8',
        ...(isRoot ? { uid: 65534, gid: 65534 } : {}),
      })
    }

    test('a file: the others stay, and with --keep-going are written', () => {
      chmodSync(work.path('k/b.enc.yaml'), 0o444)
      const before = work.contents()
      const { status, stderr } = asUser(['rotate', '-i', ...names])
      expect(stderr).toMatch(/^error: k\/b\.enc\.yaml: Could not .*permission denied$/m)
      expect(stderr).toContain('rotated 0, unchanged 3, failed 1: nothing was written')
      expect(status).toBe(3)
      expect(work.contents()).toEqual(before)
      expect(asUser(['rotate', '-i', '--keep-going', ...names]).status).toBe(3)
      expect(changedNames(before, work.contents())).toEqual(names.filter((name) => name !== 'k/b.enc.yaml'))
    })

    test('a folder: its files are overwritten, as alone', () => {
      chmodSync(work.path('k'), 0o555)
      const before = work.contents()
      expect(asUser(['rotate', '-i', ...names])).toMatchObject({ status: 0 })
      expect(changedNames(before, work.contents())).toEqual(names)
      chmodSync(work.path('k'), 0o755)
    })
  })
})

describe('which files', () => {
  test.skipIf(process.platform !== 'linux')('a list has names as Git writes them, be they no UTF-8', async () => {
    const bytes = Buffer.from('k/\xff.enc.yaml', 'latin1')
    renameSync(work.path('a.enc.yaml'), Buffer.concat([Buffer.from(`${work.dir}/`), bytes]))
    work.write({ list: Buffer.concat([bytes, Buffer.from([0])]) })
    const { files } = JSON.parse(await work.prints('rotate', '-i', '--files-from', 'list', '-0', '--json')) as {
      files: object[]
    }
    expect(files).toEqual([{ path: 'k/\\xff.enc.yaml', status: 'changed' }])
  })

  test.skipIf(isWindows)('below a link to a folder, the configuration is that of the folder', async () => {
    mkdirSync(work.path('deep'))
    symlinkSync('../k', work.path('deep/linked'))
    work.write({ '.sops.yaml': rule(secondRecipient, recipient) })
    await work.prints('updatekeys', '-y', 'deep/linked')
    expect(work.read('k/b.enc.yaml')).toContain(secondRecipient)
  })

  test.each([
    [['rotate', '--all'], 'sops rotate -i … --all'],
    [
      ['encrypt', '--staged', '--exclude', 'a b', '--exclude=c'],
      "sops encrypt -i … --staged --exclude='a b' --exclude=c",
    ],
    [['rotate', '--changed', '--type', 'yaml'], 'sops rotate -i … --changed --type=yaml'],
    [['rotate', '--changed=main~1'], "sops rotate -i … --changed='main~1'"],
    [['rotate', '-0', '--files-from', 'list'], 'sops rotate -i … --null --files-from=list'],
    [['groups', 'add', '--all', '--age', recipient], 'sops groups add -i … --all'],
    [['groups', 'add', '--file', 'k', '--age', recipient], 'sops groups add -i … --file k'],
    [['groups', 'delete', '--file', '*.yaml', '--check', '0'], "sops groups delete -i … --file '*.yaml' 0"],
    [['rotate', 'k', 'a.enc.yaml'], 'sops rotate -i … k a.enc.yaml'],
  ])('%j: the hint to add -i says them again', async (argv, hint) => {
    const { code, stderr } = await work.sops(argv)
    expect([code, stderr]).toEqual([1, expect.stringContaining(`hint: ${hint}\n`)])
  })

  test.each([
    ['words of set with a flag are INDEX VALUE', ['set', '--all', '["a"]', '"new"'], names],
    ['a folder', ['set', 'k', '["a"]', '"new"'], ['k/b.enc.yaml', 'k/c.enc.json']],
    ['a pattern', ['set', '*.yaml', '["a"]', '"new"'], ['a.enc.yaml']],
    ['unset', ['unset', '--all', '--type', 'json', '["a"]'], ['k/c.enc.json']],
    [
      'a file of groups',
      ['groups', 'add', '-i', '--age', secondRecipient, '--file', 'k'],
      ['k/b.enc.yaml', 'k/c.enc.json'],
    ],
    ['--exclude', ['rotate', '-i', '--all', '--exclude', 'k'], ['a.enc.yaml', 'z.enc.env']],
    ['a file twice', ['rotate', '-i', 'a.enc.yaml', './a.enc.yaml'], ['a.enc.yaml']],
  ] as const)('%s', async (_, argv, changed) => {
    const before = work.contents()
    expect(await work.sops(argv)).toMatchObject({ code: 0 })
    expect(changedNames(before, work.contents())).toEqual(changed)
  })

  test.each([
    [['rotate', '--all'], 'several files are rotated in place'],
    [['groups', 'add', '--age', secondRecipient, '--all'], 'several files are changed in place'],
    [['rotate', '-i', '--all', '--staged'], '--all and --staged both say which files are meant'],
    [['rotate', '-i', '--all', 'a.enc.yaml'], '--all says which files are meant'],
    [['rotate', '-i', '*.none'], 'no encrypted file'],
    [['rotate', '-i', '--all', '--type', 'toml'], '--type "toml" is no format'],
  ])('%j is refused', async (argv, said) => {
    const before = work.contents()
    const { code, stderr } = await work.sops(argv)
    expect(code).toBe(1)
    expect(stderr).toContain(said)
    expect(work.contents()).toEqual(before)
  })

  test('--staged chooses by the index and changes the work tree only', async () => {
    await work.sops(['set', 'a.enc.yaml', '["a"]', '5'])
    work.git('add', '-A')
    const index = work.git('ls-files', '-s')
    const before = work.contents()
    expect(await work.sops(['rotate', '-i', '--staged'])).toMatchObject({ code: 0 })
    expect(changedNames(before, work.contents())).toEqual(['a.enc.yaml'])
    expect(work.git('ls-files', '-s')).toBe(index)
  })
})

describe('updatekeys', () => {
  beforeEach(() => work.write({ '.sops.yaml': rule(recipient, secondRecipient) }))

  test('asks once for the lot, and says before what it is about', async () => {
    const { code, stdout } = await work.sops(['updatekeys', '--all'], { stdin: 'y\n' })
    expect(code).toBe(0)
    expect(stdout.match(/\(y\/n\)/g)).toHaveLength(1)
    expect(stdout).toMatch(/Change the recipients of 4 files\? \(y\/n\):/)
    for (const name of names) {
      expect(stdout).toContain(`recipients of ${name}`)
      expect(work.read(name)).toContain(secondRecipient)
    }
  })

  test('a no leaves all as they were; exit 0', async () => {
    const before = work.contents()
    expect(await work.sops(['updatekeys', '--all'], { stdin: 'n\n' })).toMatchObject({ code: 0 })
    expect(work.contents()).toEqual(before)
  })

  test('--check is exit 1 until they are right, and then writes nothing', async () => {
    expect((await work.sops(['updatekeys', '--check', '--all'])).code).toBe(1)
    expect((await work.sops(['updatekeys', '-y', '--all'])).code).toBe(0)
    const before = work.contents()
    expect((await work.sops(['updatekeys', '--check', '--all'])).code).toBe(0)
    const { code, stdout } = await work.sops(['updatekeys', '-y', '--json', '--all'])
    expect(code).toBe(0)
    expect(summaryOf(stdout)).toEqual({ changed: 0, unchanged: 4, failed: 0 })
    expect(work.contents()).toEqual(before)
  })

  test('where stdin has no answer, the flag that gives one is named', async () => {
    const before = work.contents()
    const { code, stderr } = await work.sops(['updatekeys', '--all'], { stdin: '' })
    expect([code, stderr]).toEqual([1, 'error: EOF\nhint: --yes answers it\n'])
    expect(work.contents()).toEqual(before)
  })

  test('--json does not ask', async () => {
    const { code, stderr } = await work.sops(['updatekeys', '--json', '--all'])
    expect(code).toBe(1)
    expect(stderr).toContain('--json leaves no room for a question')
  })

  test('the order of recipients counts, and moves nothing else', async () => {
    await work.sops(['updatekeys', '-y', '--all'])
    work.write({ '.sops.yaml': rule(secondRecipient, recipient) })
    const before = work.contents()
    expect((await work.sops(['updatekeys', '--check', '--all'])).code).toBe(1)
    expect((await work.sops(['updatekeys', '-y', '--all'])).code).toBe(0)
    expect(changedNames(before, work.contents())).toEqual(names)
    const after = work.read('a.enc.yaml')
    expect(newLines(before['a.enc.yaml']!, after)).toEqual([])
    expect(after.indexOf(secondRecipient)).toBeLessThan(after.indexOf(recipient))
    expect((await work.sops(['updatekeys', '--check', '--all'])).code).toBe(0)
  })

  test('so does shamir_threshold', async () => {
    const groups = (threshold: number): string =>
      `creation_rules:\n  - shamir_threshold: ${threshold}\n    key_groups:\n${[recipient, secondRecipient, recipient]
        .map((one) => `      - age: [${one}]\n`)
        .join('')}`
    work.write({ '.sops.yaml': groups(2) })
    expect((await work.sops(['updatekeys', '-y', '--all'])).code).toBe(0)
    work.write({ '.sops.yaml': groups(3) })
    expect((await work.sops(['updatekeys', '--check', '--all'])).code).toBe(1)
    expect(await work.sops(['updatekeys', '-y', '--all'])).toMatchObject({ code: 0 })
    expect((await work.sops(['updatekeys', '--check', '--all'])).code).toBe(0)
    expect(work.read('a.enc.yaml')).toMatch(/^ +shamir_threshold: 3$/m)
  })

  test('a configuration in a folder is for the files below it', async () => {
    work.write({ '.sops.yaml': rule(recipient), 'k/.sops.yaml': rule(recipient, secondRecipient) })
    const before = work.contents()
    expect((await work.sops(['updatekeys', '-y', '--all'])).code).toBe(0)
    expect(changedNames(before, work.contents())).toEqual(['k/b.enc.yaml', 'k/c.enc.json'])
  })

  test('one that fails leaves all as they were, without a question', async () => {
    work.write(await sealed({ 'k/b.enc.yaml': 'a: 2\n' }, secondRecipient))
    const before = work.contents()
    const { code, stderr } = await work.sops(['updatekeys', '-y', '--all'])
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/nothing was written$/m)
    expect(work.contents()).toEqual(before)
  })
})
