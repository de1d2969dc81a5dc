// The filter as Git runs it.
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, rmSync, utimesSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Desk, makeFiltered, makeOffice, type Office } from './filter-support.ts'

let office: Office
beforeAll(() => {
  office = makeOffice()
})
afterAll(() => office.remove())

/** Git has to look at the content of every file. */
function touch(desk: Desk, ...names: string[]): void {
  for (const name of names) utimesSync(desk.path(name), new Date(), new Date(Date.now() - 5000 - touched++ * 1000))
}
let touched = 0

const ivs = (text: string): string[] => [...text.matchAll(/iv:([^,]+),/g)].map(([, iv]) => iv!)

test('thirty operations of Git leave a clean status each', () => {
  const one = makeFiltered(office, 'thirty')
  const { git, write } = one
  const edit = (name: string, from: string, to: string): void => write(name, one.read(name).replace(from, to))
  const commit = (message: string): string => git('commit', '-qam', message)
  const operations: readonly (readonly [string, () => unknown])[] = [
    ['touch', () => touch(one, 'a.enc.yaml')],
    ['edit, commit -a', () => [edit('a.enc.yaml', 'one', '1'), commit('1')]],
    ['edit and edit back', () => [edit('a.enc.yaml', 'two', '2'), git('status'), edit('a.enc.yaml', '2', 'two')]],
    ['a new file', () => [write('new.enc.json', '{"k": "v"}\n'), git('add', '.'), git('commit', '-qm', '2')]],
    ['commit FILE', () => [edit('new.enc.json', 'v', 'w'), git('commit', '-qm', '3', 'new.enc.json')]],
    [
      'names with blanks and quotes',
      () => [write('d/ä "b" c.enc.yaml', 'q: 1\n'), git('add', '.'), git('commit', '-qm', '4')],
    ],
    ['an empty file', () => [write('e.enc.yaml', ''), git('add', '.'), git('commit', '-qm', '5')]],
    ['filling it', () => [write('e.enc.yaml', 'e: 1\n'), commit('6')]],
    [
      'a binary file',
      () => [write('x.enc.bin', Buffer.from([0, 255, 13, 10, 26])), git('add', '.'), git('commit', '-qm', '7')],
    ],
    ['git mv', () => [git('mv', 'new.enc.json', 'd/moved.enc.json'), git('commit', '-qm', '8')]],
    ['touching what was moved', () => touch(one, 'd/moved.enc.json', 'x.enc.bin')],
    ['git rm', () => [git('rm', '-q', 'e.enc.yaml'), git('commit', '-qm', '9')]],
    ['checkout of an old commit', () => git('checkout', '-q', 'HEAD~4')],
    ['and back', () => git('checkout', '-q', 'main')],
    ['stash', () => [edit('a.enc.yaml', 'two', 'stashed'), git('stash', '-q')]],
    [
      'stash pop, commit',
      () => [git('stash', 'pop', '-q'), expect(one.read('a.enc.yaml')).toContain('stashed'), commit('10')],
    ],
    [
      'stash -u',
      () => [
        write('u.enc.yaml', 'u: 1\n'),
        git('stash', '-q', '-u'),
        expect(existsSync(one.path('u.enc.yaml'))).toBe(false),
      ],
    ],
    ['stash pop of it', () => [git('stash', 'pop', '-q'), git('add', '.'), git('commit', '-qm', '11')]],
    ['reset --hard', () => [edit('a.enc.yaml', 'stashed', 'x'), git('reset', '-q', '--hard')]],
    ['reset --soft and commit', () => [git('reset', '-q', '--soft', 'HEAD~1'), git('commit', '-qm', '12')]],
    ['reset --mixed and add', () => [git('reset', '-q', 'HEAD~1'), git('add', '.'), git('commit', '-qm', '13')]],
    ['a branch', () => [git('checkout', '-qb', 'side'), edit('u.enc.yaml', '1', 'side'), commit('14')]],
    [
      'its merge',
      () => [
        git('checkout', '-q', 'main'),
        edit('a.enc.yaml', 'stashed', 'main'),
        commit('15'),
        git('merge', '-q', '--no-edit', 'side'),
      ],
    ],
    [
      'cherry-pick',
      () => [git('checkout', '-qb', 'pick', 'HEAD~1'), git('cherry-pick', 'side'), git('checkout', '-q', 'main')],
    ],
    ['revert', () => git('revert', '--no-edit', '-m', '1', 'HEAD')],
    ['rebase', () => [git('checkout', '-q', 'side'), git('rebase', '-q', 'main~2'), git('checkout', '-q', 'main')]],
    [
      'rebase -i with edit',
      () => {
        one.env['GIT_SEQUENCE_EDITOR'] = "sed -i '1s/^pick/edit/'"
        git('checkout', '-q', 'pick')
        git('rebase', '-q', '-i', 'HEAD~2')
        edit('a.enc.yaml', 'b:', 'c: new\nb:')
        git('commit', '-qa', '--amend', '--no-edit')
        git('rebase', '--continue')
        git('checkout', '-q', 'main')
      },
    ],
    ['add -A', () => [edit('a.enc.yaml', 'b:', 'added: 1\nb:'), git('add', '-A'), git('commit', '-qm', '16')]],
    [
      'worktree',
      () => [
        git('worktree', 'add', '-q', '../thirty-tree'),
        expect(git('-C', '../thirty-tree', 'status', '--porcelain')).toBe(''),
      ],
    ],
    ['gc', () => git('gc', '-q')],
    ['checkout -- FILE', () => [rmSync(one.path('a.enc.yaml')), git('checkout', '-q', '--', 'a.enc.yaml')]],
    ['sparse checkout', () => [git('sparse-checkout', 'set', 'd'), git('sparse-checkout', 'disable')]],
    [
      'from a subfolder',
      () => [write('d/in.enc.env', 'K=v\n'), git('-C', 'd', 'add', '.'), git('-C', 'd', 'commit', '-qm', '17')],
    ],
    [
      'touching all',
      () => touch(one, 'a.enc.yaml', 'd/in.enc.env', 'd/moved.enc.json', 'd/ä "b" c.enc.yaml', 'x.enc.bin'),
    ],
  ]
  for (const [name, operation] of operations) {
    operation()
    expect([name, one.status()]).toEqual([name, ''])
    expect([name, git('stash', 'list')]).toEqual([
      name,
      name === 'stash' || name === 'stash -u' ? expect.any(String) : '',
    ])
  }
  expect(one.read('a.enc.yaml')).toMatch(/^a: /)
  // No plaintext in any object of the repository.
  const objects = git('cat-file', '--batch-all-objects', '--batch', '--buffer')
  expect(objects).not.toMatch(/stashed|^a: (one|1)$/m)
}, 600_000)

describe('a change', () => {
  test('of one value changes that value, its data key stays, and no two plaintexts share an IV', () => {
    const one = makeFiltered(office, 'change')
    const before = one.blob('a.enc.yaml')
    one.write('a.enc.yaml', 'a: one\nb: three\n')
    one.git('add', 'a.enc.yaml')
    const after = one.blob('a.enc.yaml')
    expect(after).toContain(/^a: .*$/m.exec(before)![0])
    expect(/^ {8}enc: [\s\S]*?-----END/m.exec(after)?.[0]).toBe(/^ {8}enc: [\s\S]*?-----END/m.exec(before)?.[0])
    const two = office.desk('change-2')
    two.git('clone', '-q', one.dir, '.')
    two.sops('git', 'install', '--filter')
    rmSync(two.path('a.enc.yaml'))
    two.git('checkout', '--', 'a.enc.yaml')
    expect(two.read('a.enc.yaml')).toBe('a: one\nb: two\n')
    two.write('a.enc.yaml', 'a: one\nb: three\n')
    two.git('add', 'a.enc.yaml')
    const fresh = (text: string): string[] => ivs(text).filter((iv) => !ivs(before).includes(iv))
    expect(fresh(after)).toHaveLength(2)
    expect(fresh(two.blob('a.enc.yaml')).filter((iv) => ivs(after).includes(iv))).toEqual([])
  })

  test('shows its plaintext in git diff, and ciphertext in git show :FILE', () => {
    const one = makeFiltered(office, 'diff')
    one.write('a.enc.yaml', 'a: one\nb: three\n')
    expect(one.git('diff')).toContain('-b: two\n+b: three\n')
    one.git('add', '-u')
    expect(one.git('diff', '--cached')).toContain('-b: two\n+b: three\n')
    expect(one.git('show', ':a.enc.yaml')).not.toContain('three')
  })
})

describe('what is refused', () => {
  test.each<[string, string, string, RegExp]>([
    ['a merge conflict', 'c.enc.yaml', '<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> x\n', /begins a merge conflict/],
    ['a file without a rule', 'c.sops.yaml', 'a: 1\n', /no matching creation rules/],
    ['a text that no parser takes', 'c.enc.yaml', 'a: [\n', /Error unmarshalling file/],
  ])('%s: git add fails', (_, name, text, why) => {
    const one = makeFiltered(office, `refused-${name}-${text.length}`)
    one.write(name, text)
    const { code, stderr } = one.tryGit('add', name)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(why)
    expect(stderr).toContain(`clean filter 'sops' failed`)
  })

  test('a plaintext over a version that no key opens, unless the configuration has it encrypted anew', () => {
    const one = makeFiltered(office, 'keyless')
    rmSync(`${one.home}/.config/sops/age/keys.txt`)
    one.write('a.enc.yaml', 'a: one\nb: three\n')
    const { code, stderr } = one.tryGit('add', 'a.enc.yaml')
    expect(code).not.toBe(0)
    expect(stderr).toMatch(
      /^error: a\.enc\.yaml: the version that git has of it cannot be opened: Failed to get the data key/,
    )
    expect(stderr).toContain('x-sops-ts.filter.without_key: fresh')
    appendFileSync(one.path('.sops.yaml'), 'x-sops-ts:\n  filter:\n    without_key: fresh\n')
    one.git('add', 'a.enc.yaml')
    expect(one.blob('a.enc.yaml')).toMatch(/^a: ENC\[/)
  })

  test('plaintext whose attribute was removed is found by sops check', () => {
    const one = makeFiltered(office, 'unguarded')
    expect(one.sops('check', '--staged').code).toBe(0)
    rmSync(one.path('.gitattributes'))
    one.write('b.enc.yaml', 'password: canary\n')
    one.git('add', '-A')
    expect(one.blob('b.enc.yaml')).toContain('canary')
    const { code, stdout } = one.sops('check', '--staged')
    expect([code, stdout]).toEqual([1, expect.stringContaining('plaintext-file')])
  })
})

describe('without a key', () => {
  test('everything passes through, and status is clean', () => {
    const one = makeFiltered(office, 'origin')
    one.write('b.enc.yaml', 'b: 1\n')
    one.git('add', '.')
    one.git('commit', '-qm', 'second')
    const two = office.desk('stranger', 'nobody')
    two.git('clone', '-q', '-n', one.dir, '.')
    two.sops('git', 'install', '--filter')
    const { code, stderr } = two.tryGit('reset', '--hard', '-q')
    expect([code, stderr.match(/^warning: /gm)]).toEqual([0, ['warning: ']])
    expect(two.read('a.enc.yaml')).toBe(one.blob('a.enc.yaml'))
    expect(two.read('b.enc.yaml')).toBe(one.blob('b.enc.yaml'))
    touch(two, 'a.enc.yaml', 'b.enc.yaml')
    expect(two.status()).toBe('')
    two.git('add', '--renormalize', '.')
    expect(two.status()).toBe('')
  })
})

test('a MAC that does not match: ciphertext, and a warning', () => {
  const one = makeFiltered(office, 'mac')
  const tampered = one.blob('a.enc.yaml').replace('sops:', 'c_unencrypted: evil\nsops:')
  one.git('config', 'core.safecrlf', 'false')
  one.write('t.enc.yaml', tampered)
  one.git('add', 't.enc.yaml')
  expect(one.blob('t.enc.yaml')).toBe(tampered)
  rmSync(one.path('t.enc.yaml'))
  const { stderr } = one.tryGit('checkout', '--', 't.enc.yaml')
  expect(stderr).toMatch(/^warning: t\.enc\.yaml stays encrypted: MAC mismatch/)
  expect(one.read('t.enc.yaml')).toBe(tampered)
  expect(one.status()).toBe('A  t.enc.yaml\n')
})

test('git archive has plaintext, as the work tree has', () => {
  const one = makeFiltered(office, 'archive')
  expect(one.git('archive', 'HEAD')).toContain('a: one\nb: two\n')
})

test('line ends of Windows in the work tree leave a clean status', () => {
  const one = makeFiltered(office, 'crlf')
  one.git('config', 'core.autocrlf', 'true')
  rmSync(one.path('a.enc.yaml'))
  one.git('checkout', '--', 'a.enc.yaml')
  touch(one, 'a.enc.yaml')
  expect(one.status()).toBe('')
  one.write('a.enc.yaml', 'a: one\r\nb: three\r\n')
  one.git('commit', '-qam', 'x')
  touch(one, 'a.enc.yaml')
  expect(one.status()).toBe('')
})

test('a partial clone checks out and stays clean', () => {
  const one = makeFiltered(office, 'partial-origin')
  one.git('config', 'uploadpack.allowFilter', 'true')
  const two = office.desk('partial')
  two.git('clone', '-q', '-n', '--filter=blob:none', `file://${one.dir}`, '.')
  two.sops('git', 'install', '--filter')
  two.git('reset', '-q', '--hard')
  expect(two.read('a.enc.yaml')).toBe('a: one\nb: two\n')
  touch(two, 'a.enc.yaml')
  expect(two.status()).toBe('')
})

test('git add -p takes hunks of the ciphertext: all of them are the whole change', () => {
  const one = makeFiltered(office, 'patch')
  one.write('a.enc.yaml', 'a: one\nb: three\n')
  spawnSync('git', ['add', '-p'], { cwd: one.dir, env: one.env, input: 'a\n' })
  expect(one.status()).toBe('M  a.enc.yaml\n')
  one.git('commit', '-qm', 'x')
  rmSync(one.path('a.enc.yaml'))
  one.git('checkout', '--', 'a.enc.yaml')
  expect(one.read('a.enc.yaml')).toBe('a: one\nb: three\n')
})

test('without the long-running process the two commands do the same', () => {
  const one = makeFiltered(office, 'single')
  one.git('config', '--unset', 'filter.sops.process')
  rmSync(one.path('a.enc.yaml'))
  one.git('checkout', '--', 'a.enc.yaml')
  expect(one.read('a.enc.yaml')).toBe('a: one\nb: two\n')
  touch(one, 'a.enc.yaml')
  expect(one.status()).toBe('')
  one.write('a.enc.yaml', 'a: one\nb: three\n')
  one.git('commit', '-qam', 'x')
  touch(one, 'a.enc.yaml')
  expect(one.status()).toBe('')
})
