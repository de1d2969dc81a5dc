// The line that says what takes long: when it is shown, what it says, and that nothing is mixed with it.
import { expect, test } from 'vitest'
import type { Host } from '../../src/cli/host.ts'
import { main } from '../../src/cli/main.ts'
import { makeProgress, type Progress, stepText } from '../../src/cli/progress.ts'
import { sayPart } from '../../src/cli/say.ts'
import { watched } from '../../src/system/starts.ts'
import { bufferHost, type CliOptions, sandbox } from '../support/cli.ts'
import { encryptedBox, environmentIn, recipient, secondRecipient } from './exec-support.ts'

const erased = '\r\x1b[K'

interface Screen {
  readonly progress: Progress
  readonly host: Host
  /** Lets so many milliseconds pass. */
  pass(milliseconds: number): void
  /** What was written since the last call. */
  seen(): string
}

function screen(options: CliOptions = {}, file?: string): Screen {
  let now = Date.parse('2026-01-02T03:04:05Z')
  const outside = bufferHost({ tty: ['stderr'], prompt: ['answer'], ...options, now: () => new Date(now) })
  const looks: (() => void)[] = []
  const progress = makeProgress(outside, { file }, (_, look) => {
    looks.push(look)
    return () => {}
  })
  return {
    progress,
    host: progress.host,
    pass: (milliseconds) => {
      now += milliseconds
      for (const look of looks) look()
    },
    seen: () => Buffer.concat(outside.written.stderr.splice(0)).toString(),
  }
}

test.each([
  [undefined, undefined, undefined, ''],
  [undefined, 'f.yaml', undefined, ''],
  ['rotating 3 of 12', 'f.yaml', undefined, 'rotating 3 of 12: f.yaml'],
  [undefined, 'f.yaml', { what: 'reading' }, 'f.yaml: reading'],
  ['rotating 3 of 12', 'f.yaml', { what: 'asking', done: 1, total: 2 }, 'rotating 3 of 12: f.yaml: asking (1 of 2)'],
  [undefined, undefined, { what: 'encrypting', done: 3, total: 300, unit: 'MiB' }, 'encrypting (3 of 300 MiB)'],
] as const)('%j, %j, %j', (whole, file, step, text) => {
  expect(stepText(whole, file, step)).toBe(text)
})

test('from the second on, until something else is written', async () => {
  const { progress, host, pass, seen } = screen({}, 'f')
  progress.watch?.({ what: 'asking' })
  pass(900)
  expect(seen()).toBe('')
  pass(100)
  expect(seen()).toBe(`${erased}f: asking`)
  pass(100)
  expect(seen()).toBe('')
  await sayPart(host.stderr, 'note: x\n'.trim())
  expect(seen()).toBe(`${erased}note: x`)
  pass(5000)
  expect(seen(), 'behind half a line').toBe('')
  await host.stderr.write(Buffer.from('\n'))
  pass(100)
  expect(seen()).toBe(`\n${erased}f: asking`)
  host.cleanup()
  expect(seen()).toBe(erased)
  pass(5000)
  expect(seen()).toBe('')
})

test('says how far it is, also where no timer runs, but not for every step', () => {
  const { progress, pass, seen } = screen()
  pass(2000)
  for (let done = 0; done <= 500; done++) progress.watch?.({ what: 'encrypting', done, total: 500 })
  expect(seen()).toBe('')
  pass(100)
  expect(seen()).toBe(`${erased}encrypting (500 of 500)`)
})

test('at once where the program will be too busy to say it later', () => {
  const { progress, seen } = screen()
  progress.watch?.({ what: 'reading' })
  expect(seen()).toBe('')
  for (const done of [0, 1, 2]) progress.watch?.({ what: 'reading', done, total: 2, long: true })
  expect(seen()).toBe(`${erased}reading (0 of 2)`)
})

test('never while a question is open, nor right behind it', async () => {
  let showing: string | undefined
  const { progress, host, pass, seen } = screen({
    prompt: () => {
      pass(5000)
      showing = seen()
      return 'answer'
    },
  })
  progress.watch?.({ what: 'asking' })
  pass(1000)
  expect(seen()).toBe(`${erased}asking`)
  expect(await host.prompt('Passphrase: ')).toBe('answer')
  expect(showing).toBe(erased)
  pass(900)
  expect(seen()).toBe('')
  pass(100)
  expect(seen()).toBe(`${erased}asking`)
})

test('never while a program has the terminal', async () => {
  const { progress, pass, seen } = screen()
  progress.watch?.({ what: 'asking' })
  const ends: (() => void)[] = []
  const child = {
    once(_: string, end: () => void) {
      ends.push(end)
      return child
    },
  }
  watched(() => child as never)
  pass(5000)
  expect(seen()).toBe('')
  for (const end of ends) end()
  pass(1000)
  expect(seen()).toBe(`${erased}asking`)
})

test.each([
  ['a pipe', { tty: [] }],
  ['SOPS_ADVICE=0', { env: { SOPS_ADVICE: '0' } }],
  ['a terminal that cannot erase', { env: { TERM: 'dumb' } }],
] as const)('nothing is watched: %s', (_, options) => {
  const { progress, pass, seen } = screen(options)
  expect(progress.watch).toBeUndefined()
  pass(5000)
  expect(seen()).toBe('')
})

test('fits into the terminal and cannot steer it', () => {
  const { progress, pass, seen } = screen()
  progress.watch?.({ what: `a\x1b[2J${'x'.repeat(200)}` })
  pass(1000)
  const [, text = ''] = seen().split(erased)
  expect(text).toMatch(/^a\\x1b\[2Jx+…$/)
  expect(text).toHaveLength(79)
  progress.watch?.({ what: '漢'.repeat(100) })
  pass(100)
  expect(seen()).toBe(`${erased}${'漢'.repeat(39)}…`)
})

test.each([
  [20, 18],
  [0, 78],
])('%i columns', (columns, length) => {
  const { progress, pass, seen } = screen({ columns })
  progress.watch?.({ what: 'x'.repeat(200) })
  pass(1000)
  expect(seen()).toBe(`${erased}${'x'.repeat(length)}…`)
})

test('stdout at a terminal takes the line away, stdout in a file does not', async () => {
  for (const [tty, expected] of [
    [['stderr', 'stdout'], erased],
    [['stderr'], ''],
  ] as const) {
    const { progress, host, pass, seen } = screen({ tty })
    progress.watch?.({ what: 'asking' })
    pass(1000)
    seen()
    await host.stdout.write(Buffer.from('value\n'))
    expect(seen()).toBe(expected)
  }
})

/** What a run shows on stderr if each look at the clock finds a second gone. */
async function slowRun(argv: readonly string[], options: CliOptions): Promise<string> {
  let seconds = 0
  const host = bufferHost({ tty: ['stderr'], now: () => new Date(1_700_000_000_000 + 1000 * seconds++), ...options })
  await main(argv, host)
  return Buffer.concat(host.written.stderr).toString()
}

test('a run shows its steps and leaves none of them', async () => {
  const box = sandbox({ 'f.yaml': 'a: one\nb: two\n' })
  const options = { cwd: box.dir, env: environmentIn(box) }
  const encrypted = await slowRun(['encrypt', '-i', '--age', recipient, 'f.yaml'], options)
  for (const step of ['f.yaml: reading', 'f.yaml: encrypting (0 of 2 values)', 'f.yaml: checking what was encrypted'])
    expect(encrypted).toContain(`${erased}${step}`)
  expect(encrypted).toContain(`waiting for age key with recipient ${recipient} (0 of 1 recipients)`.slice(0, 60))
  expect(encrypted).toMatch(/\r\x1b\[Kencrypted f\.yaml: 2 values for 1 recipient\n$/)
  const decrypted = await slowRun(['decrypt', 'f.yaml'], options)
  expect(decrypted).toContain(`${erased}f.yaml: decrypting (0 of 2 values)`)
  box.remove()
})

test('nothing comes behind what was done, however long the end takes', async () => {
  const box = await encryptedBox({ 'f.yaml': 'a: 1\n' })
  let seconds = 0
  const now = (): Date => new Date(1_700_000_000_000 + 1000 * seconds++)
  const outside = bufferHost({ tty: ['stderr'], now, cwd: box.dir, env: environmentIn(box) })
  const { write } = outside.stderr
  // Several looks at the line.
  const slowly = async (data: Uint8Array): Promise<void> => {
    await write(data)
    if (Buffer.from(data).includes('decrypted f.yaml')) await new Promise((resolve) => setTimeout(resolve, 400))
  }
  await main(['decrypt', '-i', 'f.yaml'], { ...outside, stderr: { ...outside.stderr, write: slowly } })
  expect(Buffer.concat(outside.written.stderr).toString()).toMatch(/\r\x1b\[Kdecrypted f\.yaml: 1 value\n(?!\r)/)
  box.remove()
})

test('several files count', async () => {
  const box = await encryptedBox({ 'f.yaml': 'a: 1\n', 'g.yaml': 'a: 1\n' })
  const seen = await slowRun(['rotate', '-i', '--jobs', '1', 'f.yaml', 'g.yaml'], {
    cwd: box.dir,
    env: environmentIn(box),
  })
  expect(seen).toContain('rotating 1 of 2: f.yaml: reading')
  expect(seen).toContain('rotating 2 of 2: g.yaml: reading')
  expect(seen).toMatch(/\r\x1b\[Krotated 2, unchanged 0\n$/)
  box.remove()
})

test('large files count their bytes', async () => {
  const box = sandbox({ 'f.bin': Buffer.alloc(5 * 2 ** 20, 'x') })
  const options = { cwd: box.dir, env: environmentIn(box), largeFrom: 2 ** 20 }
  const encrypted = await slowRun(['encrypt', '-i', '--age', recipient, 'f.bin'], options)
  expect(encrypted).toContain(`${erased}f.bin: encrypting (3 of 5 MiB)`)
  const decrypted = await slowRun(['decrypt', '-i', 'f.bin'], options)
  expect(decrypted).toContain(`${erased}f.bin: checking (3 of 5 MiB)`)
  expect(decrypted).toContain(`${erased}f.bin: decrypting (3 of 5 MiB)`)
  expect(decrypted).toMatch(/\r\x1b\[Kdecrypted f\.bin: the whole file\n$/)
  box.remove()
})

/** Lines of one format whose text takes long to read. */
const longLines: Readonly<Record<string, (text: (line: (i: number) => string) => string) => string>> = {
  'f.yaml': (text) => text((i) => `key${i}_unencrypted: ${'x'.repeat(100)}\n`),
  'f.json': (text) => `{${text((i) => `"key${i}_unencrypted": "${'x'.repeat(100)}",\n`)} "z": 1}\n`,
  'f.env': (text) => text((i) => `key${i}_unencrypted=${'x'.repeat(100)}\n`),
  'f.ini': (text) => text((i) => `key${i}_unencrypted = ${'x'.repeat(100)}\n`),
}

test.each(Object.entries(longLines))('a long %s says how far it is read', async (name, make) => {
  const box = sandbox({ [name]: make((line) => Array.from({ length: 22_000 }, (_, i) => line(i)).join('')) })
  const options = { cwd: box.dir, env: environmentIn(box) }
  const encrypted = await slowRun(['encrypt', '-i', '--age', recipient, name], options)
  const read = (seen: string, what: string): number[] =>
    [...seen.matchAll(new RegExp(`: ${what} \\((\\d) of 3 MiB\\)`, 'g'))].map(([, done]) => Number(done))
  for (const counts of [
    read(encrypted, 'reading'),
    read(encrypted, 'checking what was encrypted'),
    read(await slowRun(['decrypt', name], options), 'reading'),
  ])
    expect([...new Set(counts)]).toEqual([0, 1, 2])
  box.remove()
})

test('doctor says which key it tries, and which file it is at', async () => {
  const box = sandbox({ 'f.yaml': 'a: one\n' })
  const options = { cwd: box.dir, env: environmentIn(box) }
  await main(['encrypt', '-i', '--age', `${recipient},${secondRecipient}`, 'f.yaml'], bufferHost(options))
  const seen = await slowRun(['doctor', 'f.yaml'], { ...options, columns: 300 })
  expect(seen).toContain(`${erased}looking for the keys of this machine`)
  for (const [i, key] of [recipient, secondRecipient].entries())
    expect(seen).toContain(`examining f.yaml: waiting for age key with recipient ${key} (${i + 1} of 2 keys)`)
  expect(seen).toContain('examining f.yaml: decrypting (0 of 1 values)')
  const both = await slowRun(['doctor', 'f.yaml', 'g.yaml'], { ...options, columns: 300 })
  expect(both).toContain('examining 2 of 2: g.yaml: reading')
  expect(both.endsWith(erased)).toBe(true)
  box.remove()
})

test('doctor in a pipe shows none of it', async () => {
  const box = await encryptedBox({ 'f.yaml': 'a: 1\n' })
  expect(await slowRun(['doctor', 'f.yaml'], { cwd: box.dir, env: environmentIn(box), tty: [] })).toBe('')
  box.remove()
})
