// Encrypting over the version that Git has: what did not change stays as it is, and who could not have written it is not trusted.
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { changedNames, makeWork, newLines, recipient, rule, sealed, secondRecipient, type Work } from './support.ts'

const plain = {
  'a.enc.yaml': '# the first\na: 1\nb: two   # beside\nl:\n  - x\n  - z\n',
  'b.enc.json': '{\n\t"a": 2,\n\t"b": "two"\n}\n',
  'c.enc.env': 'A=3\nB=two\n',
  'd.enc.ini': '[s]\na = 4\nb = two\n',
}
const names = Object.keys(plain)
type Name = keyof typeof plain

let work: Work
beforeEach(async () => {
  work = await makeWork(plain, { 'other.enc.yaml': 'n: 1\n', 'other.yaml': 'n: 1\n' })
})
afterEach(() => work.remove())

const decryptInPlace = (...files: string[]): Promise<string> => work.prints('decrypt', '-i', ...files)
const edit = (name: Name, from: string, to: string): void => work.write({ [name]: work.read(name).replace(from, to) })

describe('over the version in Git', () => {
  test('nothing changed: the same bytes, for one file and for all', async () => {
    const before = work.contents()
    await decryptInPlace(...names)
    expect(work.read('a.enc.yaml')).toBe(plain['a.enc.yaml'])
    await work.prints('encrypt', '-i', 'a.enc.yaml')
    expect(work.read('a.enc.yaml')).toBe(before['a.enc.yaml'])
    await decryptInPlace('a.enc.yaml')
    await work.prints('encrypt', '-i', ...names)
    expect(work.contents()).toEqual(before)
    expect(work.git('status', '--porcelain')).toBe('')
  })

  test.each(names as Name[])('%s: a line that changed is one line of the diff, beside the MAC', async (name) => {
    const before = work.read(name)
    await decryptInPlace(name)
    edit(name, 'two', 'three')
    await work.prints('encrypt', '-i', '--all')
    const lines = newLines(before, work.read(name)).filter((line) => !/mac|lastmodified/.test(line))
    expect(lines).toHaveLength(1)
    expect(await work.prints('decrypt', name)).toBe(plain[name].replace('two', 'three'))
    expect(changedNames({ [name]: before }, { [name]: work.read(name) })).toEqual([name])
  })

  test('an element that is new leaves the others as they are', async () => {
    const before = work.read('a.enc.yaml')
    await decryptInPlace('a.enc.yaml')
    edit('a.enc.yaml', '  - z', '  - y\n  - z')
    await work.prints('encrypt', '-i', 'a.enc.yaml')
    expect(
      newLines(before, work.read('a.enc.yaml')).filter((line) => /ENC/.test(line) && !/mac/.test(line)),
    ).toHaveLength(1)
  })

  test('the index goes before HEAD, and HEAD where the index has the plaintext', async () => {
    await work.prints('set', 'a.enc.yaml', '["b"]', '"index"')
    const staged = work.read('a.enc.yaml')
    work.git('add', '-A')
    await decryptInPlace('a.enc.yaml')
    await work.prints('encrypt', '-i', 'a.enc.yaml')
    expect(work.read('a.enc.yaml')).toBe(staged)
    const committed = work.git('show', 'HEAD:a.enc.yaml')
    work.write({ 'a.enc.yaml': plain['a.enc.yaml'] })
    work.git('add', '-A')
    await work.prints('encrypt', '-i', 'a.enc.yaml')
    expect(work.read('a.enc.yaml')).toBe(committed)
  })

  test('--fresh encrypts every value anew', async () => {
    const before = work.read('a.enc.yaml')
    await decryptInPlace('a.enc.yaml')
    await work.prints('encrypt', '-i', '--fresh', 'a.enc.yaml')
    const kept = new Set(before.match(/ENC\[[^\]]*\]/g))
    expect(
      work
        .read('a.enc.yaml')
        .match(/ENC\[[^\]]*\]/g)!
        .filter((token) => kept.has(token)),
    ).toEqual([])
  })

  test.each([
    ['no key', { SOPS_AGE_KEY: '' }],
    ['a repository without a commit', {}],
    ['a file that Git does not know', {}],
  ])('%s: encrypted afresh, exit 0, and no question', async (what, env) => {
    const before = work.read('a.enc.yaml')
    if (what.startsWith('a repository')) {
      rmSync(work.path('.git'), { recursive: true })
      work.git('init', '-q', '-b', 'main')
    }
    if (what.startsWith('a file')) work.git('rm', '-q', '--cached', 'a.enc.yaml')
    if (what.startsWith('a file')) work.git('commit', '-q', '-m', 'gone')
    work.write({ 'a.enc.yaml': plain['a.enc.yaml'] })
    const { code, stderr } = await work.sops(['encrypt', '-i', 'a.enc.yaml'], { env })
    expect([code, stderr]).toEqual([0, ''])
    const after = work.read('a.enc.yaml')
    expect(newLines(before, after).length).toBeGreaterThan(5)
    expect(await work.prints('decrypt', 'a.enc.yaml')).toBe(plain['a.enc.yaml'])
  })

  test('an index without a commit is enough', async () => {
    const before = work.contents()
    rmSync(work.path('.git'), { recursive: true })
    work.git('init', '-q', '-b', 'main')
    work.git('add', '-A')
    await decryptInPlace(...names)
    await work.prints('encrypt', '-i', ...names)
    expect(work.contents()).toEqual(before)
  })

  test('a version that was planted, under a data key of somebody else, is not gone by', async () => {
    const planted = await sealed({ 'a.enc.yaml': 'a: planted\nb: planted\n' })
    work.write(planted)
    work.commit()
    work.write({ 'a.enc.yaml': plain['a.enc.yaml'] })
    await work.prints('encrypt', '-i', 'a.enc.yaml')
    const wrapped = (text: string): string => /-----BEGIN[^-]*-----([^-]*)/.exec(text)![1]!.replace(/\s/g, '')
    expect(wrapped(work.read('a.enc.yaml'))).not.toBe(wrapped(planted['a.enc.yaml']!.toString()))
    expect(await work.prints('decrypt', 'a.enc.yaml')).toBe(plain['a.enc.yaml'])
  })

  test('a version that was tampered with is not gone by', async () => {
    work.write({ 'a.enc.yaml': work.read('a.enc.yaml').replace(/^a: .*\n/m, '') })
    work.commit()
    work.write({ 'a.enc.yaml': plain['a.enc.yaml'] })
    expect(await work.sops(['encrypt', '-i', 'a.enc.yaml'])).toMatchObject({ code: 0 })
    expect(await work.prints('decrypt', 'a.enc.yaml')).toBe(plain['a.enc.yaml'])
  })

  test('a recipient that the rule has in addition gets the same data key; one that went, and it is a new one', async () => {
    const before = work.read('a.enc.yaml')
    await decryptInPlace('a.enc.yaml')
    work.write({ '.sops.yaml': rule(recipient, secondRecipient) })
    await work.prints('encrypt', '-i', 'a.enc.yaml')
    const added = work.read('a.enc.yaml')
    expect(newLines(before, added).filter((line) => /^[a-z].*ENC/.test(line))).toEqual([])
    expect(added).toContain(secondRecipient)
    work.commit()
    await decryptInPlace('a.enc.yaml')
    work.write({ '.sops.yaml': rule(recipient) })
    await work.prints('encrypt', '-i', 'a.enc.yaml')
    const removed = work.read('a.enc.yaml')
    expect(removed).not.toContain(secondRecipient)
    expect(newLines(added, removed).filter((line) => /^[a-z].*ENC/.test(line)).length).toBeGreaterThan(1)
    const ivs = (text: string): readonly string[] => [...text.matchAll(/^[a-z].*iv:([^,]*)/gm)].map(([, iv]) => iv!)
    expect(ivs(removed)).toEqual(ivs(added))
  })

  test.skipIf(process.platform === 'win32')('through a link it is that of the file behind it', async () => {
    const before = work.read('a.enc.yaml')
    mkdirSync(work.path('links'))
    symlinkSync('../a.enc.yaml', work.path('links/of.enc.yaml'))
    await decryptInPlace('a.enc.yaml')
    await work.prints('encrypt', '-i', 'links/of.enc.yaml')
    expect(work.read('a.enc.yaml')).toBe(before)
  })

  test('a file that moved has no earlier version', async () => {
    await decryptInPlace('a.enc.yaml')
    renameSync(work.path('a.enc.yaml'), work.path('moved.enc.yaml'))
    expect(await work.sops(['encrypt', '-i', 'moved.enc.yaml'])).toMatchObject({ code: 0 })
  })
})

describe('--into', () => {
  test('goes by the named version, and does not write it', async () => {
    const before = work.contents()
    work.write({ 'new.enc.yaml': plain['a.enc.yaml'].replace('two', 'three') })
    const out = await work.prints('encrypt', '--into', 'a.enc.yaml', 'new.enc.yaml')
    expect(newLines(before['a.enc.yaml']!, out).filter((line) => /^[a-z].*ENC/.test(line))).toHaveLength(1)
    expect(changedNames(before, work.contents())).toEqual(['new.enc.yaml'])
  })

  test('of another format is set aside, which is said', async () => {
    work.write({ 'new.enc.yaml': plain['a.enc.yaml'] })
    const { code, stderr } = await work.sops([
      'encrypt',
      '--into',
      'a.enc.yaml',
      '--output-type',
      'json',
      'new.enc.yaml',
    ])
    expect([code, stderr]).toEqual([
      0,
      'warning: new.enc.yaml: --into a.enc.yaml is set aside, and every value encrypted anew: yaml becomes json, and the earlier version is yaml\n',
    ])
  })

  test.each([
    [['encrypt', '--into', 'none.yaml', 'other.enc.yaml'], {}],
    [['encrypt', '--into', 'a.enc.yaml', 'other.enc.yaml'], { SOPS_AGE_KEY: '' }],
    [['encrypt', '-i', '--into', 'a.enc.yaml', 'other.enc.yaml', 'b.enc.json'], {}],
  ])('%j with %j fails', async (argv, env) => {
    const before = work.contents()
    expect((await work.sops(argv, { env })).code).not.toBe(0)
    expect(work.contents()).toEqual(before)
  })

  test.each([
    ['missing', 'none.yaml'],
    ['not encrypted', 'clear.yaml'],
    ['no YAML', 'broken.yaml'],
    ['a folder', 'folder'],
    ['of no format', 'notes.txt'],
  ])('one that is %s is named, and nobody is told to encrypt the other', async (_, old) => {
    work.write({ 'clear.yaml': 'a: 1\n', 'broken.yaml': 'a: [\n', 'notes.txt': 'text\n', 'folder/x': '' })
    work.write({ 'new.enc.yaml': plain['a.enc.yaml'] })
    const before = work.contents()
    const { code, stdout, stderr } = await work.sops(['encrypt', '-i', '--into', old, 'new.enc.yaml'])
    expect([code === 0, stdout, work.contents()]).toEqual([false, '', before])
    expect(stderr).toMatch(new RegExp(`^error: (?:new\\.enc\\.yaml: )?--into ${old}: `))
    expect(stderr).not.toMatch(/sops encrypt|did you mean|working folder/)
  })

  test('with --fresh it contradicts itself', async () => {
    const before = work.contents()
    const { code, stderr } = await work.sops(['encrypt', '--fresh', '--into', 'a.enc.yaml', 'other.enc.yaml'])
    expect([code, stderr, work.contents()]).toEqual([
      1,
      expect.stringContaining('--into goes by an earlier version, and --fresh by none: give one of them'),
      before,
    ])
  })
})

describe('--staged', () => {
  const warning = (...added: string[]): string =>
    `warning: the index still has in clear what is encrypted in the work tree, and so would the next commit: git add ${added.join(' ')}\n`

  beforeEach(() => {
    work.write({ 'x.enc.yaml': 'v: 1\n', 'y y.enc.json': '{"v": 2}\n' })
    work.git('rm', '-q', '--cached', 'other.enc.yaml')
    work.git('add', 'x.enc.yaml', 'y y.enc.json')
  })

  test('the index keeps the plaintext until the files are added, and every run says so', async () => {
    const first = await work.sops(['encrypt', '-i', '--staged'])
    expect([first.code, first.stderr]).toEqual([0, warning('x.enc.yaml', "'y y.enc.json'")])
    const before = work.contents()
    const second = await work.sops(['encrypt', '-i', '--staged', '--json'])
    expect([second.code, second.stderr]).toEqual([0, warning('x.enc.yaml', "'y y.enc.json'")])
    expect(JSON.parse(second.stdout)).toMatchObject({ summary: { changed: 0, unchanged: 2, failed: 0 } })
    expect(work.contents()).toEqual(before)
    work.git('add', 'x.enc.yaml', 'y y.enc.json')
    expect(await work.sops(['encrypt', '-i', '--staged'])).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('--check is no success while the index has plaintext', async () => {
    expect(await work.sops(['encrypt', '-i', '--staged', '--check'])).toMatchObject({ code: 1, stderr: '' })
    await work.prints('encrypt', '-i', '--staged')
    expect(await work.sops(['encrypt', '-i', '--staged', '--check'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: warning('x.enc.yaml', "'y y.enc.json'"),
    })
    expect(await work.sops(['encrypt', '-i', '--staged', '--dry-run'])).toMatchObject({ code: 0, stdout: '' })
  })

  test('a plaintext with an entry of the name of metadata fails as ever, and then nothing is written or to be added', async () => {
    work.write({ 'x.enc.yaml': 'v: 1\nsops: mine\n' })
    const before = work.contents()
    const { code, stderr } = await work.sops(['encrypt', '-i', '--staged'])
    expect([code, stderr.includes('git add')]).toEqual([203, false])
    expect(work.contents()).toEqual(before)
    const going = await work.sops(['encrypt', '-i', '--staged', '--keep-going'])
    expect([going.code, going.stderr]).toEqual([203, expect.stringContaining(warning("'y y.enc.json'"))])
  })
})

describe('staged in clear, and then encrypted in the work tree', () => {
  beforeEach(() => {
    work.write({ 'x.enc.yaml': 'v: 1\n', 'y y.enc.json': '{"v": 2}\n' })
    work.git('add', 'x.enc.yaml', 'y y.enc.json')
  })
  const one = 'warning: x.enc.yaml is staged in clear; run: git add x.enc.yaml\n'
  const both = "warning: x.enc.yaml, 'y y.enc.json' are staged in clear; run: git add x.enc.yaml 'y y.enc.json'\n"

  test.each([
    ['a file', ['-i', 'x.enc.yaml'], one],
    ['the form with flags only', ['-e', '-i', 'x.enc.yaml'], one],
    ['anew', ['-i', '--fresh', 'x.enc.yaml'], one],
    ['with a report', ['-i', '--json', 'x.enc.yaml'], one],
    ['several', ['-i', 'x.enc.yaml', 'y y.enc.json'], both],
    ['all, of which others are not staged', ['-i', '--all'], both],
    ['nothing is written', ['-i', '--all', '--dry-run'], ''],
    ['the work tree keeps it', ['--output', 'out.enc.yaml', 'x.enc.yaml'], ''],
    ['as it was committed', ['-i', 'other.enc.yaml'], ''],
  ])('%s: %j', async (_, argv, said) => {
    const command = argv[0] === '-e' ? [] : ['encrypt']
    const ran = await work.sops([...command, ...argv], { env: { SOPS_ADVICE: '0' } })
    expect(ran).toMatchObject({ code: 0, stderr: said })
  })

  test('many are not all named', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `n${String(i).padStart(2, '0')}.enc.yaml`)
    work.write(Object.fromEntries(names.map((name) => [name, 'v: 1\n'])))
    work.git('add', ...names)
    const { stderr } = await work.sops(['encrypt', '-i', ...names], { env: { SOPS_ADVICE: '0' } })
    const shown = `${names.slice(0, 3).join(', ')} and 9 more are staged in clear; run: git add ${names.slice(0, 10).join(' ')} …`
    expect(stderr).toBe(`warning: ${shown}\n`)
  })

  test('the file of a link, from a folder below', async () => {
    mkdirSync(work.path('k'))
    symlinkSync('../x.enc.yaml', work.path('k/link.enc.yaml'))
    work.git('add', 'k/link.enc.yaml')
    const { code, stderr } = await work.sops(['encrypt', '-i', 'link.enc.yaml'], { cwd: 'k' })
    expect([code, stderr]).toEqual([0, 'warning: ../x.enc.yaml is staged in clear; run: git add ../x.enc.yaml\n'])
  })

  test('outside of a work tree nobody asks Git', async () => {
    work.write({ '../none/.sops.yaml': rule(recipient), '../none/x.enc.yaml': 'v: 1\n' })
    const { code, stderr } = await work.sops(['encrypt', '-i', 'x.enc.yaml'], { cwd: '../none', env: { PATH: '' } })
    expect([code, stderr]).toEqual([0, ''])
  })
})

describe('several files', () => {
  test('words that the reference ignores are files, in place only', async () => {
    work.write({ 'x.enc.yaml': 'n: 1\n', 'y.enc.yaml': 'n: 2\n' })
    const { code, stderr } = await work.sops(['encrypt', 'x.enc.yaml', 'y.enc.yaml'])
    expect(code).toBe(1)
    expect(stderr).toContain('several files are encrypted in place')
    await work.prints('encrypt', '-i', 'x.enc.yaml', 'y.enc.yaml')
    expect(await work.prints('decrypt', 'y.enc.yaml')).toBe('n: 2\n')
  })

  test('the form with flags only takes its one file as ever', async () => {
    work.write({ 'x.enc.yaml': 'n: 1\n' })
    const before = work.contents()
    await work.sops(['-e', '-i', 'x.enc.yaml', 'other.yaml'])
    expect(changedNames(before, work.contents())).not.toContain('other.yaml')
  })

  test('--all finds what must be encrypted and is not; what is encrypted stays', async () => {
    work.write({ 'x.enc.yaml': 'n: 1\n', 'k/y.enc.json': '{"n": 2}\n' })
    work.git('add', '-A')
    const before = work.contents()
    await work.prints('encrypt', '-i', '--all')
    expect(changedNames(before, work.contents())).toEqual(['k/y.enc.json', 'other.enc.yaml', 'x.enc.yaml'])
  })

  test.each([[[]], [['--check']], [['--dry-run']], [['--json']]])(
    'nothing to encrypt is no failure: %j',
    async (how) => {
      await work.prints('encrypt', '-i', '--all')
      work.commit()
      for (const which of ['--all', '--staged', '--changed', '--files-from=/dev/null']) {
        const { code, stdout, stderr } = await work.sops(['encrypt', '-i', which, ...how])
        expect([code, stderr]).toEqual([0, ''])
        if (how[0] !== '--json') expect(stdout).toBe('')
        else expect(JSON.parse(stdout)).toMatchObject({ files: [], summary: { changed: 0, unchanged: 0, failed: 0 } })
      }
    },
  )

  test('flags that say which files need --in-place like words', async () => {
    const { code, stderr } = await work.sops(['encrypt', '--all'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('several files are encrypted in place')])
    expect(await work.sops(['encrypt', '-i', '--check'])).toMatchObject({ code: 100 })
  })

  test('one that is encrypted already, or cannot be parsed: all stay as they were', async () => {
    for (const bad of ['b.enc.json', 'bad.enc.yaml']) {
      work.write({ 'x.enc.yaml': 'n: 1\n', 'bad.enc.yaml': 'n: [\n' })
      const before = work.contents()
      expect((await work.sops(['encrypt', '-i', 'x.enc.yaml', bad])).code).toBe(bad === 'b.enc.json' ? 203 : 2)
      expect(work.contents()).toEqual(before)
    }
  })

  test('--check and --dry-run call nobody and write nothing', async () => {
    work.write({ 'x.enc.yaml': 'n: 1\n' })
    const before = work.contents()
    expect((await work.sops(['encrypt', '-i', '--check', 'x.enc.yaml'])).code).toBe(1)
    expect((await work.sops(['encrypt', '-i', '--dry-run', 'x.enc.yaml'])).stdout).toBe('would encrypt x.enc.yaml\n')
    expect(work.contents()).toEqual(before)
  })
})
