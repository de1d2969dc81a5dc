// Decrypting several files: joined, into a folder, as JSON; a part of them never passes for the whole.
import { mkdirSync, statSync, symlinkSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeRepository } from '../../support/repository.ts'
import { changedNames, makeWork, recipient, sealed, secondRecipient, type Work } from './support.ts'

const plain = {
  'a.enc.yaml': 'a: 1\n',
  'k/b.sops.yaml': '# second\nb: 2\n',
  'k/c.enc.json': '{\n  "c": 3\n}\n',
  'd.enc.env': 'D=4\n',
  'docs.enc.yaml': 'e: 5\n---\nf: 6\n',
  'w.bin': 'any\0bytes',
} as const
const names = Object.keys(plain).sort()

let work: Work
beforeEach(async () => {
  work = await makeWork(plain, { 'README.md': 'text\n', '.gitignore': '/plain/\n' })
})
afterEach(() => work.remove())

const lock = async (name: string): Promise<void> => work.write(await sealed({ [name]: 'x: canary\n' }, secondRecipient))

describe('to stdout', () => {
  test.each([
    ['two', ['a.enc.yaml', 'k/b.sops.yaml'], 'a: 1\n---\n# second\nb: 2\n'],
    ['with several documents', ['docs.enc.yaml', 'a.enc.yaml'], 'e: 5\n---\nf: 6\n---\na: 1\n'],
    ['the order is that of the words', ['k/b.sops.yaml', 'a.enc.yaml'], '# second\nb: 2\n---\na: 1\n'],
    ['a folder of one', ['k', '--type', 'yaml'], '# second\nb: 2\n'],
    ['a pattern', ['*.yaml'], 'a: 1\n---\ne: 5\n---\nf: 6\n'],
    ['one of another format', ['k', '--type', 'json'], plain['k/c.enc.json']],
    ['others made YAML', ['a.enc.yaml', 'd.enc.env', '--output-type', 'yaml'], 'a: 1\n---\nD: "4"\n'],
  ])('%s: %j', async (_, argv, printed) => {
    expect(await work.prints('decrypt', ...argv)).toBe(printed)
  })

  test('the form with flags only takes its one file as ever', async () => {
    expect((await work.sops(['-d', 'a.enc.yaml', 'k/b.sops.yaml'])).stdout).toBe('a: 1\n')
  })

  test.each([
    [['a.enc.yaml', 'd.enc.env'], 'only YAML files can be printed one behind the other, and d.enc.env is none'],
    [['--strip', 'a.enc.yaml', 'k/b.sops.yaml'], '--strip is for --output-dir'],
    [['--extract', '["a"]', 'a.enc.yaml', 'k/b.sops.yaml'], '--extract is for one file'],
    [['README.md', 'a.enc.yaml'], 'README.md'],
  ])('%j is refused, and nothing printed', async (argv, said) => {
    const { code, stdout, stderr } = await work.sops(['decrypt', ...argv])
    expect([code === 0, stdout]).toEqual([false, ''])
    expect(stderr).toContain(said)
  })

  test('nothing is printed when one fails, with its exit status; --keep-going prints the others', async () => {
    await lock('k/b.sops.yaml')
    const { code, stdout, stderr } = await work.sops(['decrypt', 'a.enc.yaml', 'k/b.sops.yaml'])
    expect([code, stdout]).toEqual([128, ''])
    expect(stderr).toContain('failed 1 of 2: nothing was printed')
    expect(await work.sops(['decrypt', '--keep-going', 'a.enc.yaml', 'k/b.sops.yaml'])).toMatchObject({
      code: 128,
      stdout: 'a: 1\n',
    })
  })
})

describe('--json', () => {
  test('has the values of each', async () => {
    const found = JSON.parse(await work.prints('decrypt', '--json', '--all')) as object
    expect(found).toEqual({
      version: 1,
      command: 'decrypt',
      files: [
        { path: 'a.enc.yaml', data: { a: 1 } },
        { path: 'd.enc.env', data: { D: '4' } },
        { path: 'docs.enc.yaml', documents: [{ e: 5 }, { f: 6 }] },
        { path: 'k/b.sops.yaml', data: { b: 2 } },
        { path: 'k/c.enc.json', data: { c: 3 } },
        { path: 'w.bin', text: 'any\0bytes' },
      ],
      summary: { decrypted: 6, failed: 0 },
    })
  })

  test('bytes that are no text are in Base64', async () => {
    work.write({ 'v.enc.bin': Buffer.from([0xff, 0, 1]) })
    await work.prints('encrypt', '-i', 'v.enc.bin')
    const { files } = JSON.parse(await work.prints('decrypt', '--json', 'v.enc.bin')) as { files: object[] }
    expect(files).toEqual([{ path: 'v.enc.bin', base64: '/wAB' }])
  })

  test('of one file too, and failures among it', async () => {
    await lock('a.enc.yaml')
    const { code, stdout } = await work.sops(['decrypt', '--json', 'a.enc.yaml'])
    expect(code).toBe(128)
    expect(JSON.parse(stdout)).toMatchObject({
      files: [{ path: 'a.enc.yaml', error: { code: 'no-data-key' } }],
      summary: { decrypted: 0, failed: 1 },
    })
  })
})

describe('--output-dir', () => {
  test('mirrors the paths, for the owner alone', async () => {
    const before = work.contents()
    await work.prints('decrypt', '--all', '--output-dir', 'plain')
    const after = work.contents()
    expect(changedNames(before, after)).toEqual(names.map((name) => `plain/${name}`))
    for (const name of names) {
      expect(after[`plain/${name}`]).toBe(plain[name as keyof typeof plain])
      expect(statSync(work.path(`plain/${name}`)).mode & 0o777).toBe(0o600)
    }
    expect(statSync(work.path('plain/k')).mode & 0o777).toBe(0o700)
    await work.prints('decrypt', '--all', '--output-dir', 'plain')
    expect(work.contents()).toEqual(after)
  })

  test('--strip takes .enc and .sops away', async () => {
    const before = work.contents()
    await work.prints('decrypt', '--all', '--strip', '--output-dir', 'plain')
    expect(changedNames(before, work.contents())).toEqual(
      ['a.yaml', 'd.env', 'docs.yaml', 'k/b.yaml', 'k/c.json', 'w.bin'].map((name) => `plain/${name}`),
    )
  })

  test('a link that stands there is replaced, not followed', async () => {
    work.write({ 'plain/x': '' })
    symlinkSync(work.path('README.md'), work.path('plain/a.enc.yaml'))
    await work.prints('decrypt', 'a.enc.yaml', '--output-dir', 'plain')
    expect(work.read('README.md')).toBe('text\n')
    expect(work.read('plain/a.enc.yaml')).toBe('a: 1\n')
  })

  test.each([
    ['a folder with tracked files', ['--all', '--output-dir', 'k'], {}, 'k has files that Git tracks'],
    ['the whole tree', ['--all', '--output-dir', '.'], {}, 'has files that Git tracks'],
    [
      'two of one name',
      ['--all', '--strip', '--output-dir', 'plain'],
      { 'a.sops.yaml': 'x: 1\n' },
      'would be the same file',
    ],
    ['a file elsewhere', ['../a.enc.yaml', '--output-dir', 'out'], {}, 'is outside of the current folder'],
  ])('%s is refused', async (_, argv, more, said) => {
    work.write(await sealed(more))
    work.git('add', '-A')
    const before = work.contents()
    const cwd = argv[0]!.startsWith('..') ? 'k' : ''
    const { code, stderr } = await work.sops(['decrypt', ...argv], { cwd })
    expect(code).toBe(1)
    expect(stderr).toContain(said)
    expect(work.contents()).toEqual(before)
  })

  test.each([
    ['a link to a folder with tracked files', 'out', '.', {}, 'out has files that Git tracks'],
    ['a link in the folder', 'out/k', '../k', {}, 'is a link'],
    ['a link in the folder to nowhere', 'out/k', '../nowhere', {}, 'is a link'],
    ['an encrypted file there', 'out/link', '.', { 'out/k/b.sops.yaml': 'x: 1\n' }, 'is encrypted'],
  ])('%s is refused before anything is written', async (_, link, to, more, said) => {
    work.write({ '.gitignore': '/plain/\n/out/\n', ...(await sealed(more)) })
    mkdirSync(dirname(work.path(link)), { recursive: true })
    symlinkSync(to, work.path(link))
    const before = work.contents()
    const { code, stderr } = await work.sops(['decrypt', '--all', '--output-dir', 'out'])
    expect([code, stderr]).toEqual([1, expect.stringContaining(said)])
    expect(work.contents()).toEqual(before)
  })

  test('what another repository tracks is refused, be it only below the folder', async () => {
    const other = makeRepository({ 'k/b.sops.yaml': 'tracked: 1\n' })
    other.commit()
    try {
      for (const folder of [other.dir, other.path('k'), dirname(other.dir)]) {
        const isAbove = folder === dirname(other.dir)
        if (isAbove) work.write(await sealed({ [`${basename(other.dir)}/k/b.sops.yaml`]: 'a: 1\n' }))
        const argv = isAbove ? [`${basename(other.dir)}/k/b.sops.yaml`] : ['--all']
        const ran = await work.sops(['decrypt', ...argv, '--output-dir', folder])
        expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('Git tracks')])
        expect(other.git('status', '--short').trim()).toBe('')
      }
    } finally {
      other.remove()
    }
  })

  test('a link to an untracked folder is where it leads', async () => {
    mkdirSync(work.path('plain'))
    symlinkSync('plain', work.path('out'))
    await work.prints('decrypt', 'a.enc.yaml', '--output-dir', 'out')
    expect(work.read('plain/a.enc.yaml')).toBe('a: 1\n')
  })

  test('one that fails: the others are written, and the exit status tells', async () => {
    await lock('k/b.sops.yaml')
    const { code, stderr } = await work.sops(['decrypt', '--all', '--output-dir', 'plain'])
    expect(code).toBe(128)
    expect(stderr).toContain('decrypted 5, failed 1')
    const json = await work.sops(['decrypt', '--all', '--output-dir', 'plain', '--json'])
    expect([json.code, JSON.parse(json.stdout)]).toMatchObject([
      128,
      {
        files: names.map((path) =>
          path === 'k/b.sops.yaml'
            ? { path, status: 'failed', error: { code: 'no-data-key' } }
            : { path, status: 'changed' },
        ),
        summary: { changed: 5, unchanged: 0, failed: 1 },
      },
    ])
    expect(work.exists('plain/k/b.sops.yaml')).toBe(false)
    expect(work.read('plain/a.enc.yaml')).toBe('a: 1\n')
  })
})

describe('--dry-run and --check write no plaintext', () => {
  const text = 'would decrypt a.enc.yaml\n'
  const all = names.map((name) => `would decrypt ${name}\n`).join('')
  const json = (...paths: readonly string[]): string =>
    `${JSON.stringify({
      version: 1,
      command: 'decrypt',
      files: paths.map((path) => ({ path, status: 'changed' })),
      summary: { changed: paths.length, unchanged: 0, failed: 0 },
    })}\n`

  test.each([
    ['in place', ['-i', 'a.enc.yaml'], text],
    ['in place, as JSON', ['-i', '--json', 'a.enc.yaml'], json('a.enc.yaml')],
    ['to a file', ['a.enc.yaml', '--output', 'out.yaml'], text],
    ['several to a file', ['a.enc.yaml', 'k/b.sops.yaml', '--output', 'out'], `${text}would decrypt k/b.sops.yaml\n`],
    ['into a folder', ['--all', '--output-dir', 'plain'], all],
    ['into a folder, as JSON', ['--all', '--output-dir', 'plain', '--json'], json(...names)],
  ])('%s', async (_, argv, printed) => {
    const before = work.contents()
    expect(await work.sops(['decrypt', ...argv, '--dry-run'])).toMatchObject({ code: 0, stdout: printed })
    expect(await work.sops(['decrypt', ...argv, '--check'])).toMatchObject({ code: 1, stdout: printed })
    expect(work.contents()).toEqual(before)
  })

  test.each([
    ['a folder with tracked files', ['--all', '--output-dir', 'k'], 'k has files that Git tracks'],
    ['formats that cannot be joined', ['a.enc.yaml', 'd.enc.env', '--output', 'out'], 'd.enc.env is none'],
  ])('%s is refused as ever', async (_, argv, said) => {
    const { code, stderr } = await work.sops(['decrypt', ...argv, '--dry-run'])
    expect([code, stderr]).toEqual([1, expect.stringContaining(said)])
  })

  test('what goes to stdout is written nowhere', async () => {
    expect(await work.prints('decrypt', 'a.enc.yaml', '--dry-run')).toBe('a: 1\n')
    expect(await work.prints('decrypt', 'a.enc.yaml', 'k/b.sops.yaml', '--check')).toBe('a: 1\n---\n# second\nb: 2\n')
  })
})

test.each([
  ['--output-dir', ['-i', 'a.enc.yaml', '--output-dir', 'plain'], '--in-place and --output-dir'],
  ['--strip', ['-i', 'a.enc.yaml', '--strip'], '--strip is for --output-dir'],
  ['--strip alone', ['a.enc.yaml', '--strip'], '--strip is for --output-dir'],
  ['--output', ['a.enc.yaml', '--output', 'out', '--output-dir', 'plain'], '--output and --output-dir'],
  ['--output and --json', ['a.enc.yaml', '--output', 'out', '--json'], '--json is for stdout'],
])('two places for the plaintext are refused, and nothing is written: %s', async (_, argv, said) => {
  const before = work.contents()
  const { code, stdout, stderr } = await work.sops(['decrypt', ...argv])
  expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(said)])
  expect(work.contents()).toEqual(before)
})

test.each([
  [['-i'], ''],
  [[], ''],
  [['--output-dir', 'plain'], ''],
  [['--output-dir', 'plain', '--json'], '"changed":0'],
  [['--json'], '"decrypted":0'],
  [['-i', '--json'], '"unchanged":0'],
])('nothing to decrypt is no failure: %j', async (how, said) => {
  work.git('rm', '-q', ...names)
  const { code, stdout, stderr } = await work.sops(['decrypt', '--all', ...how])
  expect([code, stdout, stderr]).toEqual([0, said === '' ? '' : expect.stringContaining(said), ''])
})

test('files for several people open for each of them', async () => {
  work.write(await sealed({ 'two.enc.yaml': 'a: 1\n' }, `${recipient},${secondRecipient}`))
  expect(await work.prints('decrypt', 'two.enc.yaml', 'a.enc.yaml')).toBe('a: 1\n---\na: 1\n')
})
