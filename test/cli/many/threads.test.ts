// Work on many files that other threads share: it comes out as without them. Here they run in this process; the last tests start real ones.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Encrypter } from 'age-encryption'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FromThread } from '../../../src/cli/many/messages.ts'
import { bin, skipsExecutable } from '../../support/build.ts'
import { awsDefaults, startAws } from '../../support/emulators/aws.ts'
import { type Outcome, runProcess } from '../../support/process.ts'
import { gitEnv } from '../../support/repository.ts'
import { type ThreadsHere, threadsHere } from '../../support/threads.ts'
import {
  changedNames,
  identity,
  makeWork,
  type RunOptions,
  recipient,
  rule,
  sealed,
  secondRecipient,
  type Work,
} from './support.ts'

const plain = {
  'a.enc.yaml': 'a: 1\nb: x\n',
  'k/b.enc.yaml': '# c\na: 2\nb:\n  - x\n  - y\n',
  'k/c.enc.json': '{\n  "a": 3,\n  "b": [1, 2]\n}\n',
  'k/d.enc.ini': '[s]\na = 5\n',
  'v.enc.bin': 'any bytes',
  'z.enc.env': 'a=4\nb=x\n',
}
const names = Object.keys(plain)

let work: Work
beforeEach(async () => {
  work = await makeWork(plain)
})
afterEach(() => work.remove())

const isDone = (message: FromThread): boolean => 'writes' in message
const isBack = (message: FromThread): boolean => 'isBack' in message

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly changed: readonly string[]
  /** What each file opens to; `closed`, or the text of one that is not encrypted. */
  readonly opened: Readonly<Record<string, string>>
}

/** Runs a command on the work tree as `prepare` leaves it, and puts everything back. */
async function ran(argv: readonly string[], prepare: () => unknown, options: RunOptions): Promise<Ran> {
  await prepare()
  const before = work.contents()
  const { code, stdout, stderr } = await work.sops(argv, options)
  const after = work.contents()
  const opened: Record<string, string> = {}
  for (const name of names) {
    const ran = await work.sops(['decrypt', name])
    opened[name] = ran.code === 0 ? ran.stdout : work.read(name).includes('ENC[') ? 'closed' : work.read(name)
  }
  work.git('checkout', '-q', '.')
  work.git('clean', '-qfd')
  return { code, stdout, stderr, changed: changedNames(before, after), opened }
}

/** The same command without threads and with them; returns what the threads were told and said. */
async function both(
  argv: readonly string[],
  {
    prepare = () => {},
    options = {},
    here = threadsHere(argv),
  }: {
    readonly prepare?: () => unknown
    readonly options?: RunOptions
    readonly here?: ThreadsHere
  } = {},
): Promise<{ readonly alone: Ran; readonly traffic: ThreadsHere['traffic'] }> {
  const alone = await ran(argv, prepare, options)
  expect(await ran(argv, prepare, { ...options, threads: here.threads })).toEqual(alone)
  return { alone, traffic: here.traffic }
}

interface Verb {
  readonly argv: readonly string[]
  readonly prepare?: () => unknown
  /** Files that change; by default all. */
  readonly changes?: readonly string[]
  /** What it cannot do; by default a file that is for somebody else. */
  readonly spoiled?: string
}

const withKeys = names.filter((name) => !name.endsWith('.bin') && !name.endsWith('.ini'))
const onlyWithKeys = ['--all', '--exclude=*.bin', '--exclude=**/*.ini']
const moreRecipients = (): void => work.write({ '.sops.yaml': rule(recipient, secondRecipient) })
const inClear = async (): Promise<void> => {
  await work.prints('decrypt', '-i', '--all')
  for (const name of withKeys) work.write({ [name]: work.read(name).replace(/\d/, '7') })
}

/** A plaintext with an entry that encrypting needs for itself. */
const reserved = 'a: 1\nsops:\n  mac: x\n'

const verbs: Readonly<Record<string, Verb>> = {
  rotate: { argv: ['rotate', '-i', '--all'] },
  'rotate with another recipient': { argv: ['rotate', '-i', '--all', '--add-age', secondRecipient] },
  set: { argv: ['set', ...onlyWithKeys, '["a"]', '"new"'], changes: withKeys },
  unset: { argv: ['unset', ...onlyWithKeys, '["a"]'], changes: withKeys },
  'decrypt -i': { argv: ['decrypt', '-i', '--all'] },
  'encrypt -i over what Git has': { argv: ['encrypt', '-i', '--all'], prepare: inClear, spoiled: reserved },
  'encrypt -i --fresh': { argv: ['encrypt', '-i', '--fresh', '--all'], prepare: inClear, spoiled: reserved },
  'updatekeys -y': { argv: ['updatekeys', '-y', '--all'], prepare: moreRecipients },
  'groups add': { argv: ['groups', 'add', '-i', '--all', '--age', secondRecipient] },
}

describe.each(Object.entries(verbs))('%s', (_, { argv, prepare = () => {}, changes = names, spoiled }) => {
  test('all files, and threads do some', async () => {
    const { alone, traffic } = await both(argv, { prepare })
    expect([alone.code, alone.changed.filter((name) => name !== '.sops.yaml')]).toEqual([0, changes])
    expect(traffic.from.filter(isDone).length).toBeGreaterThan(0)
    expect(traffic.from.filter(isBack)).toEqual([])
    expect(traffic.to.at(-1)).toBe('end')
  })

  test.each(['--dry-run', '--check', '--json'])('%s', async (flag) => {
    const { alone } = await both([...argv, flag], { prepare })
    expect(alone.code).toBe(flag === '--check' ? 1 : 0)
  })

  test('a file that cannot be done: the same words, and nothing is written', async () => {
    const spoil = async (): Promise<void> => {
      await prepare()
      work.write(spoiled ? { 'k/b.enc.yaml': spoiled } : await sealed({ 'k/b.enc.yaml': 'a: 2\n' }, secondRecipient))
    }
    const { alone } = await both(argv, { prepare: spoil })
    expect([alone.code === 0, alone.changed, alone.stderr]).toEqual([
      false,
      [],
      expect.stringContaining('error: k/b.enc.yaml: '),
    ])
    const keptGoing = await both([...argv, '--keep-going'], { prepare: spoil })
    expect(keptGoing.alone.changed.length).toBeGreaterThan(0)
  })
})

/** What of a run threads do, where its files differ from those above. */
describe('what a thread leaves to the first one', () => {
  test('nothing when a value comes on stdin: it is read once, for all', async () => {
    const argv = ['set', ...onlyWithKeys, '--value-stdin', '["a"]']
    const { alone, traffic } = await both(argv, { options: { stdin: '"from stdin"' } })
    expect([alone.code, alone.opened['a.enc.yaml']]).toEqual([0, 'a: from stdin\nb: x\n'])
    expect(traffic.from.filter(isDone).length).toBeGreaterThan(0)
  })

  test('warnings, in the order of the files; what is said once in a run once', async () => {
    const unknown = `${rule(recipient, secondRecipient)}    not_a_field: 1\n`
    work.write({ '.sops.yaml': unknown })
    const argv = ['updatekeys', '--check', '--all']
    const { stderr } = await work.sops(argv, threadsHere(argv))
    // The file that it names is the one which came to it first.
    expect(stderr.match(/not_a_field/g)).toHaveLength(1)
    work.git('checkout', '-q', '.')
    const { alone } = await both(['decrypt', '-i', '--all'])
    expect(alone.stderr.match(/^note: (\S+): other users can read/gm)).toHaveLength(names.length)
  })

  test('what there is to say of a configuration, also where threads did all of its files', async () => {
    const prepare = (): void => work.write({ 'k/.sops.yml': rule(recipient) })
    const { alone } = await both(['decrypt', '-i', '--all'], { prepare })
    expect(alone.stderr).toMatch(/^warning: .*ignoring .*\.sops\.yml/m)
  })

  test('a file that it cannot open, with all that is to be said', async () => {
    const others = await sealed({ 'a.enc.yaml': 'a: 1\n' }, secondRecipient)
    const { alone, traffic } = await both(['decrypt', '-i', '--all', '--keep-going'], {
      prepare: () => work.write(others),
    })
    expect([alone.code, alone.changed]).toEqual([128, names.slice(1)])
    expect(traffic.from.filter(isBack)).toHaveLength(1)
  })

  test('everything, once it has given back more than it did', async () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`m/${i}.enc.yaml`, 'a: 1\n']))
    const others = await sealed(many, secondRecipient)
    const argv = ['decrypt', '-i', '--json', 'm']
    const here = threadsHere(argv)
    work.write(others)
    work.commit()
    const { code } = await work.sops(argv, { threads: here.threads })
    expect(code).toBe(128)
    expect(here.traffic.from.filter(isBack).length).toBeLessThan(30)
  })

  test.each([1, 2, 5])('all that is with it when it dies, at message %i', async (at) => {
    const argv = ['rotate', '-i', '--all']
    let messages = 0
    await both(argv, { here: threadsHere(argv, { dies: () => ++messages === at }) })
  })

  test.each([0, 1])('all that it cannot start: the system allows %i', async (allowed) => {
    const argv = ['rotate', '-i', '--all']
    const here = threadsHere(argv, { most: 3 })
    const { start } = here.threads
    const threads = {
      ...here.threads,
      start: (data: object) => {
        if (here.traffic.started === allowed) throw new Error('EAGAIN')
        return start(data)
      },
    }
    const { traffic } = await both(argv, { here: { ...here, threads } })
    expect(traffic.started).toBe(allowed)
  })

  test('several threads come to the same', async () => {
    const argv = ['rotate', '-i', '--all']
    const { traffic } = await both(argv, { here: threadsHere(argv, { most: 5 }) })
    expect(traffic.started).toBe(3)
  })
})

test.each<[string, readonly string[], RunOptions?]>([
  ['--verbose, whose lines tell of every step', ['--verbose']],
  ['one file at a time', ['--jobs', '1']],
  ['a key service elsewhere', ['--keyservice', 'tcp://127.0.0.1:1', '--enable-local-keyservice=false']],
])('no thread is started for %s', async (_, flags) => {
  const argv = ['rotate', '-i', '--all', ...flags]
  const here = threadsHere(argv)
  await work.sops(argv, { threads: here.threads })
  expect(here.traffic.started).toBe(0)
})

describe('keys', () => {
  test('a passphrase is asked for once, and by the first thread', async () => {
    const asked: string[] = []
    const prompt = (text: string): string => {
      asked.push(text)
      return 'open sesame'
    }
    const lock = new Encrypter()
    lock.setPassphrase('open sesame')
    lock.setScryptWorkFactor(10)
    work.write({ locked: Buffer.from(await lock.encrypt(`${identity}\n`)) })
    const env = { SOPS_AGE_KEY: '', SOPS_AGE_KEY_FILE: work.path('locked') }
    const argv = ['rotate', '-i', '--all']
    const here = threadsHere(argv)
    const { code } = await work.sops(argv, { threads: here.threads, prompt, env })
    expect([code, asked.length]).toEqual([0, 1])
    expect(here.traffic.from.filter(isDone).length).toBeGreaterThan(0)
  })

  test('each wrapped key is one call, whoever needs it', async () => {
    const arn = 'arn:aws:kms:eu-west-2:111122223333:key/threads'
    const aws = await startAws({ keys: { [arn]: 'enabled' } })
    try {
      const env = { ...awsDefaults, AWS_ENDPOINT_URL: aws.url, SOPS_AGE_KEY: '' }
      work.write({ 'x.yaml': 'a: 1\n', '.sops.yaml': `creation_rules:\n  - kms: ${arn}\n` })
      await work.sops(['encrypt', '-i', 'x.yaml'], { env })
      for (let i = 0; i < 30; i++) work.write({ [`copies/${i}.yaml`]: work.read('x.yaml') })
      work.commit()
      aws.requests.length = 0
      const argv = ['rotate', '-i', 'copies']
      const here = threadsHere(argv, { most: 3 })
      expect((await work.sops(argv, { env, threads: here.threads })).code).toBe(0)
      const count = (action: string): number => aws.requests.filter((request) => request.action === action).length
      expect([count('Decrypt'), count('Encrypt')]).toEqual([1, 30])
      expect(here.traffic.from.filter(isDone).length).toBeGreaterThan(0)
    } finally {
      await aws.close()
    }
  })

  test('what identities a file holds is read by the first thread alone', async () => {
    const argv = ['rotate', '-i', '--all']
    const here = threadsHere(argv)
    const env = { SOPS_AGE_KEY: '', SOPS_AGE_KEY_FILE: work.path('identity') }
    work.write({ identity: `${identity}\n` })
    expect((await work.sops(argv, { env, threads: here.threads })).code).toBe(0)
    expect(JSON.stringify(here.traffic.to)).not.toContain('AGE-SECRET-KEY-')
  })
})

describe('real threads', () => {
  const count = 120
  const many = Object.fromEntries(Array.from({ length: count }, (_, i) => [`m/${i}.enc.yaml`, `a: ${i}\nb: x\n`]))
  const preload = pathToFileURL(fileURLToPath(new URL('../../support/count-threads.mjs', import.meta.url))).href
  const has = availableParallelism() > 1
  if (!has) process.stderr.write('skipped: one processor, so no thread is started\n')
  const skipped = !has || skipsExecutable('it takes no code to load first')

  /** `limit` is an option of `ulimit`. */
  const start = (argv: readonly string[], limit = ''): Promise<Outcome> =>
    runProcess(
      'sh',
      ['-c', `${limit && `ulimit ${limit};`} exec "$@"`, 'sh', process.execPath, '--import', preload, bin, ...argv],
      {
        cwd: work.dir,
        env: {
          ...gitEnv,
          PATH: process.env['PATH'] ?? '',
          HOME: join(work.dir, '..'),
          SOPS_AGE_KEY: identity,
          SOPS_DISABLE_VERSION_CHECK: '1',
          SOPS_TEST_THREADS: `${work.dir}.threads`,
        },
      },
    )

  beforeEach(async () => {
    work.remove()
    work = await makeWork(many)
  })

  test.skipIf(skipped || process.platform !== 'linux')('are not there where address space is limited', async () => {
    const { exit, stderr } = await start(['rotate', '-i', '--all'], '-v 1500000')
    expect([exit, stderr.toString()]).toEqual([0, ''])
    expect(readFileSync(`${work.dir}.threads`, 'utf8')).toBe('0')
  })

  test.skipIf(skipped)('do a part of the files', async () => {
    const before = work.contents()
    const { exit, stderr } = await start(['set', '--all', '["b"]', '"new"'])
    expect([exit, stderr.toString()]).toEqual([0, ''])
    expect(Number(readFileSync(`${work.dir}.threads`, 'utf8'))).toBeGreaterThan(0)
    expect(changedNames(before, work.contents())).toHaveLength(count)
    for (const i of [0, count - 1]) expect(await work.prints('decrypt', `m/${i}.enc.yaml`)).toBe(`a: ${i}\nb: new\n`)
  })
})
