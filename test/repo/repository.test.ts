// A repository from programs: what is meant, what it holds, and changes to all of it or to none.
import { chmodSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type AuditEvent,
  type DecryptedFile,
  encrypt,
  type FormatId,
  formatOfPath,
  type KeyService,
  localKeyService,
  nodeAt,
  openRepository,
  type Repository,
  type RepositoryOptions,
  SopsError,
  setAt,
  type UndecryptedFile,
} from '../../src/index.ts'
import { identity, recipient, secondRecipient } from '../cli/exec-support.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'
import { gitEnv, makeRepository, type Repository as Work } from '../support/repository.ts'

const plain: Readonly<Record<string, string>> = {
  'a.yaml': '# the first\na: 1\nb: two   # beside\n',
  'app/b.json': '{\n\t"a": 2,\n\t"b": "two"\n}\n',
  'app/c.env': 'a=3\n',
  'app/d.ini': '[s]\na = 4\n',
  'docs.yaml': 'a: 5\n---\nb: 6\n',
  'whole.bin': 'any\0bytes',
}
const sealedNames = Object.keys(plain).sort()

let work: Work
let context: FakeContext
let calls: string[]

/** The keys of this machine, counted. */
const counted = (ctx: FakeContext): KeyService => {
  const local = localKeyService(ctx)
  return {
    ...local,
    unwrap: (key, options) => {
      calls.push(key.enc)
      return local.unwrap(key, options)
    },
  }
}

const open = (options: RepositoryOptions = {}, dir = work.dir): Promise<Repository> =>
  openRepository(dir, { context, services: [counted(context)], ...options })

const seal = async (text: string, format: FormatId, to = recipient): Promise<Buffer> =>
  Buffer.from(await encrypt(text, { format, recipients: { age: to }, context }))

beforeEach(async () => {
  calls = []
  context = fakeContext({ env: { ...gitEnv, SOPS_AGE_KEY: identity } })
  work = makeRepository({ 'README.md': 'read\n', 'plain.yaml': 'a: 0\n' })
  for (const [name, text] of Object.entries(plain))
    work.write({ [name]: await seal(text, formatOfPath(name), recipient) })
  work.commit()
})
afterEach(() => work.remove())

/** What every file of the work tree holds. */
const contents = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(work.dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !join(entry.parentPath, '/').includes('/.git/'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(work.dir.length + 1), readFileSync(path, 'latin1')]),
  )

const all = async (
  repository: Repository,
  request: Parameters<Repository['decryptAll']>[0] = { all: true },
): Promise<(DecryptedFile | UndecryptedFile)[]> => {
  const files = []
  for await (const file of repository.decryptAll(request)) files.push(file)
  return files
}
const failing = async (promise: Promise<unknown>): Promise<SopsError> => {
  const error = await promise.then(
    () => undefined,
    (one: unknown) => one,
  )
  expect(error).toBeInstanceOf(SopsError)
  return error as SopsError
}

describe('openRepository', () => {
  test('takes a folder relative to that of the context', async () => {
    const { folder, targets } = await openRepository('app', { context: fakeContext({ cwd: work.dir, env: gitEnv }) })
    expect(folder).toBe(work.path('app'))
    expect((await targets({ words: ['.'] })).map(({ name }) => name)).toEqual(['b.json', 'c.env', 'd.ini'])
  })

  test.each(['README.md', 'nowhere'])('%s is no folder', async (name) => {
    expect((await failing(open({}, work.path(name)))).code).toBe('bad-input')
  })
})

describe('targets', () => {
  test.each([
    [{}, []],
    [{ all: true }, sealedNames],
    [{ all: true, types: ['yaml' as const] }, ['a.yaml', 'docs.yaml']],
    [{ words: ['app/*.{json,env}', 'plain.yaml'] }, ['app/b.json', 'app/c.env', 'plain.yaml']],
    [{ all: true, exclude: ['app', '*.bin'] }, ['a.yaml', 'docs.yaml']],
  ])('%j', async (request, names) => {
    expect((await (await open()).targets(request)).map(({ name }) => name)).toEqual(names)
  })

  test('what must be encrypted goes by the configuration that is nearest to each file, as it is at the call', async () => {
    const repository = await open()
    const clear = async (): Promise<readonly string[]> =>
      (await repository.targets({ all: true, wanted: 'clear' })).map(({ name }) => name)
    work.write({
      '.sops.yaml': `creation_rules:\n  - path_regex: ^one/\n    age: ${recipient}\n`,
      'one/x.yaml': 'a: 1\n',
      'two/x.yaml': 'a: 1\n',
      'two/.sops.yaml': `creation_rules:\n  - path_regex: \\.none$\n    age: ${recipient}\n`,
    })
    work.git('add', '-A')
    expect(await clear()).toEqual(['one/x.yaml'])
    work.write({ 'two/.sops.yaml': `creation_rules:\n  - path_regex: ^x\\.yaml$\n    age: ${recipient}\n` })
    expect(await clear()).toEqual(['one/x.yaml', 'two/x.yaml'])
  })
})

describe('decryptAll', () => {
  test('gives each file as text and as data, in order', async () => {
    const files = (await all(await open())) as DecryptedFile[]
    expect(files.map(({ name }) => name)).toEqual(sealedNames)
    expect(files.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(sealedNames.map((name) => plain[name]))
    expect(files.map(({ format }) => format)).toEqual(sealedNames.map((name) => formatOfPath(name)))
    expect(files.map(({ data }) => data)).toMatchObject([
      { a: 1, b: 'two' },
      { a: 2, b: 'two' },
      { a: '3' },
      { s: { a: '4' } },
      { a: 5 },
      { data: expect.anything() },
    ])
    expect(files.find(({ name }) => name === 'docs.yaml')!.documents).toEqual([{ a: 5 }, { b: 6 }])
  })

  test('goes on where one fails, and says why', async () => {
    work.write({ 'app/c.env': await seal('a=3\n', 'dotenv', secondRecipient) })
    const words = [...sealedNames, 'missing.yaml', 'plain.yaml', 'app']
    const files = await all(await open(), { words })
    expect(files.flatMap(({ name, error }) => (error ? [[name, error.code]] : []))).toEqual([
      ['app/c.env', 'no-data-key'],
      ['missing.yaml', 'no-file'],
      ['plain.yaml', 'generic'],
    ])
    expect(files.length).toBe(8)
  })

  test('opens a wrapped key once, and gives nothing to whoever comes when it is over', async () => {
    const copies = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`copy/${i}.yaml`, work.path('a.yaml')]))
    for (const [name, from] of Object.entries(copies)) work.write({ [name]: readFileSync(from) })
    work.git('add', '-A')
    const repository = await open()
    expect((await all(repository, { words: ['copy'] })).every(({ error }) => error === undefined)).toBe(true)
    expect(calls.length).toBe(1)
    for await (const file of repository.decryptAll({ words: ['copy'] })) if (file.name === 'copy/1.yaml') break
    expect(calls.length).toBe(2)
  })

  test('has the name of the file in lines of the log, and each opening on record', async () => {
    const events: AuditEvent[] = []
    const audited = { ...context, audit: async (event: AuditEvent) => void events.push(event) }
    await all(await open({ context: audited }), { words: ['a.yaml', 'docs.yaml'] })
    expect(events.map(({ action, file }) => [action, file])).toEqual(
      ['a.yaml', 'docs.yaml'].map((name) => ['decrypt', work.path(name)]),
    )
    const named = context.lines
      .filter(({ message }) => message === 'Decrypting tree')
      .map(({ fields }) => fields?.['file'])
    expect(named).toEqual(['a.yaml', 'docs.yaml'])
  })
})

describe('changeAll', () => {
  const index = ['a']

  test('replaces texts, and only what changed in them', async () => {
    const before = contents()
    const repository = await open()
    const { files, written } = await repository.changeAll({ words: ['a.yaml', 'app', 'docs.yaml'] }, ({ bytes }) =>
      Buffer.from(bytes).toString().replace('two', 'three'),
    )
    expect(written).toBe(true)
    expect(files.map(({ name, status }) => [name, status])).toEqual([
      ['a.yaml', 'changed'],
      ['app/b.json', 'changed'],
      ['app/c.env', 'unchanged'],
      ['app/d.ini', 'unchanged'],
      ['docs.yaml', 'unchanged'],
    ])
    const after = contents()
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual(['a.yaml', 'app/b.json'])
    const lines = new Set(before['a.yaml']!.split('\n'))
    expect(after['a.yaml']!.split('\n').filter((line) => !lines.has(line))).toEqual([
      expect.stringMatching(/^b: ENC/),
      expect.stringMatching(/^ +mac: ENC/),
    ])
    const [a, b] = (await all(repository)) as DecryptedFile[]
    expect(Buffer.from(a!.bytes).toString()).toBe(plain['a.yaml']!.replace('two', 'three'))
    expect(b!.data).toEqual({ a: 2, b: 'three' })
  })

  test('takes edits of the documents', async () => {
    const repository = await open()
    const { files } = await repository.changeAll({ words: ['a.yaml', 'docs.yaml', 'app/b.json'] }, ({ documents }) => ({
      documents: documents.map((document, i) =>
        i === 0 ? setAt(document, index, { kind: 'leaf', value: 'new' }) : document,
      ),
    }))
    expect(files.map(({ status }) => status)).toEqual(['changed', 'changed', 'changed'])
    const opened = (await all(repository, { words: ['a.yaml', 'docs.yaml', 'app/b.json'] })) as DecryptedFile[]
    expect(opened.map(({ documents }) => documents)).toEqual([
      [{ a: 'new', b: 'two' }],
      [{ a: 'new' }, { b: 6 }],
      [{ a: 'new', b: 'two' }],
    ])
    expect(Buffer.from(opened[0]!.bytes).toString()).toBe('# the first\na: new\nb: two   # beside\n')
  })

  test.each([
    ['nothing', () => undefined],
    ['the same text', ({ bytes }: { bytes: Uint8Array }) => bytes],
    ['the same documents', ({ documents }: { documents: DecryptedFile['documents'] }) => ({ documents }) as never],
  ] as const)('%s writes nothing', async (_, change) => {
    const before = contents()
    const { files } = await (await open()).changeAll({ all: true }, change as never)
    expect(files.every(({ status }) => status === 'unchanged')).toBe(true)
    expect(contents()).toEqual(before)
  })

  test('without a value in the program: the names of keys are enough', async () => {
    const { files } = await (await open()).changeAll({ words: ['a.yaml', 'docs.yaml'] }, ({ documents }) =>
      nodeAt(documents[0]!, index).kind === 'leaf' ? undefined : 'a: gone\n',
    )
    expect(files.length).toBe(2)
  })

  const append = ({ bytes, format }: { bytes: Uint8Array; format: FormatId }): string =>
    `${Buffer.from(bytes)}${format === 'yaml' ? 'c: 7\n' : '\n'}`

  describe('when a file fails, all stay as they were', () => {
    test.each<readonly [string, string, () => void | Promise<void>]>([
      ['not encrypted', 'generic', () => work.write({ 'docs.yaml': 'a: 1\n' })],
      ['not there', 'no-file', () => unlinkSync(work.path('docs.yaml'))],
      [
        'for somebody else',
        'no-data-key',
        async () => work.write({ 'docs.yaml': await seal('a: 1\n', 'yaml', secondRecipient) }),
      ],
      [
        'tampered with',
        'mac-mismatch',
        () => work.write({ 'docs.yaml': readFileSync(work.path('docs.yaml'), 'utf8').replace(/^a: .*\n/, '') }),
      ],
    ])('%s: %s', async (_, code, spoil) => {
      await spoil()
      const before = contents()
      const request = { words: ['a.yaml', 'docs.yaml', 'app/b.json'] }
      const repository = await open()
      const error = await failing(repository.changeAll(request, append))
      expect(error.code).toBe(code)
      expect(error.message).toMatch(/^docs\.yaml: .*nothing was written to any of 3 files/s)
      expect((error.cause as AggregateError).errors.length).toBe(1)
      expect(contents()).toEqual(before)
      const { files, written } = await repository.changeAll(request, append, { keepGoing: true })
      expect([written, files.map(({ status }) => status)]).toEqual([true, ['changed', 'failed', 'changed']])
      const after = contents()
      expect(Object.keys(after)).toEqual(Object.keys(before))
      expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual(['a.yaml', 'app/b.json'])
    })

    test('failures of several kinds are generic, and the cause has all', async () => {
      work.write({ 'docs.yaml': 'a: 1\n' })
      const error = await failing((await open()).changeAll({ words: ['a.yaml', 'docs.yaml', 'missing.yaml'] }, append))
      expect(error.code).toBe('generic')
      expect(error.message).toContain('and 1 more failure')
      expect((error.cause as AggregateError).errors.map(({ code }) => code)).toEqual(['generic', 'no-file'])
    })

    test('a new text that cannot be encrypted', async () => {
      const before = contents()
      const changeTo = (text: string) => async () =>
        (await failing((await open()).changeAll({ words: ['a.yaml', 'docs.yaml'] }, () => text))).code
      expect(await changeTo('a: [\n')()).toBe('bad-input')
      expect(await changeTo('sops: {}\n')()).toBe('already-encrypted')
      expect(await changeTo('a: \ud800\n')()).toBe('bad-input')
      expect(contents()).toEqual(before)
    })

    test('one that another program changes in the meantime', async () => {
      const before = contents()
      let count = 0
      const error = await failing(
        (await open({ jobs: 1 })).changeAll({ words: ['a.yaml', 'docs.yaml'] }, (file) => {
          if (++count === 2) writeFileSync(work.path('a.yaml'), 'a: theirs\n')
          return append(file)
        }),
      )
      expect(error.code).toBe('cannot-write')
      expect(contents()).toEqual({ ...before, 'a.yaml': 'a: theirs\n' })
    })

    test.runIf(process.platform !== 'win32' && process.getuid?.() !== 0)('one that may not be written', async () => {
      const before = contents()
      chmodSync(work.path('docs.yaml'), 0o400)
      expect((await failing((await open()).changeAll({ words: ['a.yaml', 'docs.yaml'] }, append))).code).toBe(
        'cannot-write',
      )
      expect(contents()).toEqual(before)
    })

    test.each<readonly [returned: unknown, what: string]>([
      [{ data: { a: 1 } }, 'an object with data'],
      [{ bytes: Buffer.from('a: 1\n') }, 'an object with bytes'],
      [{}, 'an empty object'],
      [{ documents: {} }, 'documents that are no array of maps'],
      [{ documents: [{ a: 1 }] }, 'documents that are no array of maps'],
      [{ documents: [null] }, 'documents that are no array of maps'],
      [[], 'an array'],
      [null, 'null'],
      [7, 'a number'],
      [true, 'a boolean'],
      [() => 'a: 1\n', 'a function'],
    ])('the program returns %j', async (returned, what) => {
      const before = contents()
      const error = await failing((await open()).changeAll({ words: ['a.yaml', 'app/c.env'] }, () => returned as never))
      expect(error.message).toContain(
        `a.yaml: what it becomes must be bytes, a text, { documents: [maps] } or undefined, and the function returned ${what}`,
      )
      expect(contents()).toEqual(before)
    })

    test.each([{}, { keepGoing: true }])('what the program throws comes out as it is: %j', async (how) => {
      const before = contents()
      const mine = new TypeError('mine')
      let count = 0
      const change = (file: Parameters<typeof append>[0]): string => {
        if (++count === 2) throw mine
        return append(file)
      }
      await expect((await open()).changeAll({ words: ['a.yaml', 'docs.yaml'] }, change, how)).rejects.toBe(mine)
      expect(contents()).toEqual(before)
    })
  })

  test('a dry run tells what would change', async () => {
    const before = contents()
    const request = { words: ['a.yaml', 'plain.yaml', 'docs.yaml'] }
    const { files, written } = await (await open()).changeAll(request, append, { dryRun: true })
    expect([written, files.map(({ status }) => status)]).toEqual([false, ['changed', 'failed', 'changed']])
    expect(contents()).toEqual(before)
  })

  test('settings of a file do not lay open what was encrypted', async () => {
    const text = readFileSync(work.path('a.yaml'), 'utf8')
    expect(text).toContain('unencrypted_suffix: _unencrypted')
    work.write({ 'a.yaml': text.replace('unencrypted_suffix: _unencrypted', 'unencrypted_comment_regex: ^[^E]') })
    const repository = await open()
    const change = (): string => '# the first\na: 2\nb: two   # beside\n'
    expect((await failing(repository.changeAll({ words: ['a.yaml'] }, change))).code).toBe('cleartext')
    const { written } = await repository.changeAll({ words: ['a.yaml'] }, change, { allowCleartext: true })
    expect(written).toBe(true)
  })

  test('keeps the mode of a file, and leaves nothing for the clean-up', async () => {
    chmodSync(work.path('a.yaml'), 0o640)
    let [registered, taken] = [0, 0]
    const onCleanup = () => {
      registered++
      return () => {
        taken++
      }
    }
    await (await open({ onCleanup })).changeAll({ words: ['a.yaml', 'docs.yaml'] }, append)
    expect([registered, taken]).toEqual([2, 2])
    expect(contents()).not.toHaveProperty(['.a.yaml'])
  })

  test('listens to the process only while something lies ready', async () => {
    const listeners = (): number => process.listenerCount('exit')
    const before = listeners()
    let during = 0
    await (await open({ jobs: 1 })).changeAll({ words: ['a.yaml', 'docs.yaml'] }, (file) => {
      during = listeners()
      return append(file)
    })
    expect([during, listeners()]).toEqual([before + 1, before])
  })
})
