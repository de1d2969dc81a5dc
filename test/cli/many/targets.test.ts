// What a command line means by its words and flags, where that is nearly right.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { changedNames, makeWork, recipient, sealed, secondRecipient, type Work } from './support.ts'

const plain = { 'a.enc.yaml': 'a: 1\n', 'k/b.enc.yaml': 'a: 2\n' }

let work: Work
let before: Readonly<Record<string, string>>
beforeEach(async () => {
  work = await makeWork(plain, await sealed({ 'other.enc.yaml': 'a: 3\n' }, secondRecipient))
  before = work.contents()
})
afterEach(() => work.remove())

/** What changes `file` if it is meant. */
const changing: readonly (readonly [name: string, argv: (...targets: string[]) => readonly string[]])[] = [
  ['rotate', (...targets) => ['rotate', '-i', ...targets]],
  ['decrypt', (...targets) => ['decrypt', '-i', ...targets]],
  ['set', (...targets) => ['set', ...targets, '["a"]', '7']],
  ['unset', (...targets) => ['unset', ...targets, '["a"]']],
  ['updatekeys', (...targets) => ['updatekeys', '-y', ...targets]],
  ['unlock', (...targets) => ['unlock', ...targets]],
]

test.each([
  ...changing.map(([, argv]) => argv('--changed=')),
  ['check', '--changed='],
  ['ls', '--changed='],
  ['filestatus', '--changed='],
  ['doctor', '--changed='],
  ['encrypt', '-i', '--changed='],
])('%j %s %s: an empty name of a commit is refused', async (...argv) => {
  const { code, stdout, stderr } = await work.sops(argv.flat())
  expect([code, stdout, work.contents()]).toEqual([argv[0] === 'check' ? 2 : 1, '', before])
  expect(stderr).toMatch(/^error: --changed= names no commit: leave out the = for HEAD, or name one$/m)
})

test('--changed alone is HEAD', async () => {
  work.write(await sealed({ 'k/b.enc.yaml': 'a: 4\n' }))
  expect(await work.prints('decrypt', '--changed')).toBe('a: 4\n')
})

test.each([
  [['rotate', '--dry-run', 'a.enc.yaml'], '--dry-run is for a file that is rotated in place', 'rotate -i … a.enc.yaml'],
  [['encrypt', '--check', 'p.enc.yaml'], '--check is for a file that is encrypted in place', 'encrypt -i … p.enc.yaml'],
  [
    ['groups', 'add', '--json', '--file', 'a.enc.yaml', '--age', recipient],
    '--json is for a file that is changed in place',
    'groups add -i … --file a.enc.yaml',
  ],
  [
    ['rotate', '--recipient', recipient, 'a.enc.yaml'],
    '--recipient is for a file that is rotated in place',
    `rotate -i … --recipient=${recipient} a.enc.yaml`,
  ],
  [['rotate', '--dry-run', 'a.enc.yaml', 'k'], 'several files are rotated in place', 'rotate -i … a.enc.yaml k'],
])('%j without -i', async (argv, message, hint) => {
  work.write({ 'p.enc.yaml': 'a: 1\n' })
  const { code, stderr } = await work.sops(argv)
  expect([code, stderr.replace(/^error: (?:[ap]\.enc\.yaml: )?/, '')]).toEqual([1, `${message}\nhint: sops ${hint}\n`])
})

test.each(changing)('%s: one that is named is narrowed by --recipient, as several are', async (_, argv) => {
  work.write({ '.sops.yaml': work.read('.sops.yaml').replace(recipient, `${recipient},${secondRecipient}`) })
  before = work.contents()
  const none = `error: no file has the recipient "${secondRecipient}"`
  for (const words of [['a.enc.yaml'], ['a.enc.yaml', 'k/b.enc.yaml']]) {
    if (words.length > 1 && /^(?:un)?set$/.test(argv()[0]!)) continue
    const { code, stderr } = await work.sops(argv(...words, '--recipient', secondRecipient))
    expect([code, stderr, work.contents()]).toEqual([1, expect.stringContaining(none), before])
  }
  expect(await work.sops(argv('a.enc.yaml', '--recipient', recipient))).toMatchObject({ code: 0 })
  expect(changedNames(before, work.contents())).toEqual(['a.enc.yaml'])
})

test('decrypt to stdout with --recipient prints the one file', async () => {
  expect(await work.prints('decrypt', '--recipient', recipient, 'a.enc.yaml')).toBe('a: 1\n')
  expect((await work.sops(['decrypt', '--recipient', recipient], { stdin: work.read('a.enc.yaml') })).code).not.toBe(0)
})

test.each(['rotate -i', 'decrypt', 'ls', 'check', 'filestatus'])('%s: a folder in a list', async (command) => {
  const { code, stdout, stderr } = await work.sops([...command.split(' '), '--files-from=-'], {
    stdin: 'a.enc.yaml\nk\n',
  })
  expect([code === 0, stdout, work.contents()]).toEqual([false, '', before])
  expect(stderr).toContain('error: k is a folder, and a list names files\nhint: ')
})
