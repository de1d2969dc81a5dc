// Many files that are replaced together: all of them or none, beside other programs that do the same.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { type Batch, fingerprint, lockFile, makeBatch, mustBeAsRead } from '../../src/disk/index.ts'
import { lockFree } from '../../src/disk/lock.ts'
import { bufferHost, type Sandbox, sandbox } from '../support/cli.ts'

const host = bufferHost({ env: { PATH: process.env['PATH'] } })
const old = (name: string): string => `old ${name}\n`
const fresh = (name: string): string => `new ${name}\n`
const namesOf = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `f${i}`)

let box: Sandbox
let holder: ChildProcess | undefined
afterEach(() => {
  holder?.kill('SIGKILL')
  holder = undefined
  box.remove()
})

const isLinux = process.platform === 'linux'

async function batchOf(names: readonly string[]): Promise<Batch> {
  box = sandbox(Object.fromEntries(names.map((name) => [name, old(name)])))
  const batch = makeBatch(host)
  for (const name of names) {
    const path = box.path(name)
    await batch.add({
      path,
      content: Buffer.from(fresh(name)),
      check: () => mustBeAsRead(path, fingerprint(Buffer.from(old(name)))),
    })
  }
  return batch
}
const texts = (names: readonly string[]): readonly string[] => names.map((name) => readFileSync(box.path(name), 'utf8'))

test.each([1, 2, 250])('%i files', async (count) => {
  const names = namesOf(count)
  const batch = await batchOf(names)
  expect(texts(names)).toEqual(names.map(old))
  chmodSync(box.path('f0'), 0o640)
  await batch.commit()
  await batch.discard()
  expect(texts(names)).toEqual(names.map(fresh))
  expect(readdirSync(box.dir).sort()).toEqual([...names].sort())
})

test.each<readonly [string, () => void]>([
  ['was changed', () => writeFileSync(box.path('f1'), 'theirs')],
  ['is gone', () => unlinkSync(box.path('f1'))],
])('one that %s: none is written', async (_, spoil) => {
  const names = namesOf(3)
  const batch = await batchOf(names)
  spoil()
  await expect(batch.commit()).rejects.toMatchObject({ code: 'cannot-write' })
  await batch.discard()
  expect(texts(['f0', 'f2'])).toEqual(['f0', 'f2'].map(old))
  expect(readdirSync(box.dir).filter((name) => !names.includes(name))).toEqual([])
})

test.each([1, 40])(
  'a signal that comes as the last of %i files gets its new content: nothing lies about',
  async (count) => {
    const names = namesOf(count)
    box = sandbox(Object.fromEntries(names.map((name) => [name, old(name)])))
    const works = new Set<() => void>()
    const batch = makeBatch({
      ...host,
      onCleanup: (work) => {
        works.add(work)
        if (works.size === count)
          process.nextTick(() => {
            for (const cleanUp of works) cleanUp()
          })
        return () => void works.delete(work)
      },
    })
    const contents = names.map((name) => ({ path: box.path(name), content: Buffer.from(fresh(name)) }))
    await Promise.all(contents.map((one) => batch.add({ ...one, check: async () => {} })))
    await nextTurn()
    expect(readdirSync(box.dir).sort()).toEqual([...names].sort())
    expect(texts(names)).toEqual(names.map(old))
    await batch.discard()
  },
)

test('one that is not there, in words', async () => {
  const batch = await batchOf(['f0'])
  const missing = { path: box.path('none'), content: Buffer.from(''), check: async () => {} }
  await expect(batch.add(missing)).rejects.toMatchObject({
    code: 'cannot-write',
    message: expect.stringContaining('no such file or directory'),
  })
  await batch.discard()
})

/** Another program that holds the lock of a file until its input ends. */
async function heldByAnother(name: string): Promise<void> {
  holder = spawn('flock', ['-x', box.path(name), 'sh', '-c', 'echo held; read _'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(holder.stdout!, 'data')
}

test.runIf(isLinux)('while another program holds a lock, it waits for that one', async () => {
  const names = namesOf(4)
  const batch = await batchOf(names)
  await heldByAnother('f2')
  const committed = batch.commit()
  let isDone = false
  void committed.then(() => {
    isDone = true
  })
  for (let i = 0; i < 200 && texts(['f1'])[0] === old('f1'); i++) await new Promise((next) => setTimeout(next, 10))
  expect([isDone, texts(['f2', 'f3'])]).toEqual([false, ['f2', 'f3'].map(old)])
  holder!.stdin!.end('\n')
  await committed
  await batch.discard()
  expect(texts(names)).toEqual(names.map(fresh))
})

test.runIf(isLinux)('locks of several files keep others out until they are released', async () => {
  const names = namesOf(3)
  await (await batchOf(names)).discard()
  const paths = names.map((name) => box.path(name))
  const locks = (await lockFree(host, paths))!
  expect(locks.map(({ file }) => file.ino)).toEqual(paths.map((path) => statSync(path, { bigint: true }).ino))
  await expect(lockFile(host, paths[1]!, 100)).rejects.toMatchObject({ code: 'cannot-write' })
  expect(await lockFree(host, paths)).toBeUndefined()
  for (const { release } of locks) void release()
  const one = await lockFile(host, paths[1]!, 5000)
  one.release()
})

test.runIf(isLinux)('locks that cannot be had at once are all given back', async () => {
  const names = namesOf(3)
  await (await batchOf(names)).discard()
  const paths = names.map((name) => box.path(name))
  const descriptor = openSync(paths[0]!, 'r')
  closeSync(descriptor)
  for (const targets of [[...paths, box.path('none')], [...paths, box.dir], paths.slice(0, 1)])
    expect(await lockFree(host, targets)).toBeUndefined()
  const free = openSync(paths[0]!, 'r')
  closeSync(free)
  expect(free).toBe(descriptor)
})

test.runIf(isLinux)('a program that can locks all of several files; without it each takes one', async () => {
  const names = namesOf(10)
  await (await batchOf(names)).discard()
  const paths = names.map((name) => box.path(name))
  mkdirSync(box.path('bin'))
  const put = (name: string, text: string): void => writeFileSync(box.path(`bin/${name}`), text, { mode: 0o755 })
  put('flock', `#!/bin/sh\necho >>'${box.path('log')}'\nPATH=/usr/bin:/bin exec flock "$@"\n`)
  const own = { ...host, env: { ...host.env, PATH: `${box.path('bin')}:${host.env['PATH']}` } }
  const starts = async (): Promise<number> => {
    writeFileSync(box.path('log'), '')
    const locks = (await lockFree(own, paths))!
    for (const path of [paths[0]!, paths[4]!, paths[9]!])
      await expect(lockFile(host, path, 100)).rejects.toMatchObject({ code: 'cannot-write' })
    await Promise.all(locks.map(({ release }) => release()))
    return readFileSync(box.path('log'), 'utf8').length
  }
  if (spawnSync('perl', ['-e', '1']).status === 0) expect(await starts()).toBe(2)
  put('perl', '#!/bin/sh\nexit 1\n')
  expect(await starts()).toBe(10)
})

test.skipIf(!isLinux)(
  'content that does not come onto the disk: said by flush, and the others can go on without it',
  async () => {
    const names = namesOf(3)
    const batch = await batchOf(names)
    loseDescriptor('f1')
    const lost = await batch.flush()
    expect(lost.map(({ change, error }) => [change.path, error.code])).toEqual([[box.path('f1'), 'cannot-write']])
    expect(await batch.flush()).toEqual([])
    await batch.commit()
    await batch.discard()
    expect(texts(names)).toEqual([fresh('f0'), old('f1'), fresh('f2')])
    expect(readdirSync(box.dir).sort()).toEqual([...names].sort())
  },
)

test.skipIf(!isLinux)('without a flush before it, commit puts nothing in place then', async () => {
  const names = namesOf(3)
  const batch = await batchOf(names)
  loseDescriptor('f1')
  await expect(batch.commit()).rejects.toMatchObject({ code: 'cannot-write' })
  await batch.discard()
  expect(texts(names)).toEqual(names.map(old))
  expect(readdirSync(box.dir).sort()).toEqual([...names].sort())
})

/** Takes the descriptor of a temporary file away, so that flushing it fails. */
function loseDescriptor(name: string): void {
  const own = readdirSync('/proc/self/fd').find((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(box.path(`.${name}.sops-`))
    } catch {
      return false
    }
  })
  closeSync(Number(own))
}

test.skipIf(process.platform === 'win32')('two names of one file: it is written once, as for the first', async () => {
  box = sandbox({ f0: old('f0') })
  linkSync(box.path('f0'), box.path('f1'))
  const batch = makeBatch(host)
  const check = (name: string) => () => mustBeAsRead(box.path(name), fingerprint(Buffer.from(old('f0'))))
  // At the same time, as where several files are worked on.
  const add = (name: string): Promise<void> =>
    batch.add({ path: box.path(name), content: Buffer.from(fresh(name)), check: check(name) })
  await Promise.all(['f0', 'f1'].map(add))
  await batch.commit()
  await batch.discard()
  expect(texts(['f0', 'f1'])).toEqual([fresh('f0'), fresh('f0')])
  expect(readdirSync(box.dir).sort()).toEqual(['f0', 'f1'])
})

test.skipIf(process.platform === 'win32')(
  'two names of one file: where the first cannot be prepared, the second is',
  async () => {
    box = sandbox({ f0: old('f0') })
    linkSync(box.path('f0'), box.path('f1'))
    const batch = makeBatch(host)
    const check = () => mustBeAsRead(box.path('f0'), fingerprint(Buffer.from(old('f0'))))
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('new')
      throw new Error('no more')
    }
    await expect(batch.add({ path: box.path('f0'), content: failing, check })).rejects.toThrow()
    await batch.add({ path: box.path('f1'), content: Buffer.from(fresh('f1')), check })
    await batch.commit()
    await batch.discard()
    expect(texts(['f0', 'f1'])).toEqual([fresh('f1'), fresh('f1')])
  },
)

/** Files under the folder of the test that this process has open. */
const openHere = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(box.dir)
    } catch {
      return false
    }
  }).length

test.skipIf(!isLinux)('few files are open until they are flushed, for a process may have no more', async () => {
  const batch = await batchOf(namesOf(150))
  expect(openHere()).toBeLessThanOrEqual(10)
  await batch.discard()
})

test.skipIf(!isLinux)('few are open also where many are added at a time, and some of them cannot be', async () => {
  const names = namesOf(150)
  box = sandbox(Object.fromEntries(names.map((name) => [name, old(name)])))
  const batch = makeBatch(host)
  const add = async (name: string): Promise<number> => {
    const added = batch.add({ path: box.path(name), content: Buffer.from(fresh(name)), check: async () => {} })
    await added.catch(() => {})
    return openHere()
  }
  const open = await Promise.all([...names, ...namesOf(60).map((name) => `none-${name}`)].map(add))
  expect(Math.max(...open)).toBeLessThanOrEqual(10)
  await batch.commit()
  await batch.discard()
  expect(texts(names)).toEqual(names.map(fresh))
})

test.skipIf(!isLinux)(
  'two names of one file: where its content does not come onto the disk, both are lost',
  async () => {
    box = sandbox({ f0: old('f0') })
    linkSync(box.path('f0'), box.path('f1'))
    const batch = makeBatch(host)
    const add = (name: string): Promise<void> =>
      batch.add({ path: box.path(name), content: Buffer.from(fresh(name)), check: async () => {} })
    await add('f0')
    await add('f1')
    loseDescriptor('f0')
    expect((await batch.flush()).map(({ change }) => change.path)).toEqual([box.path('f0'), box.path('f1')])
    await add('f1')
    await batch.commit()
    await batch.discard()
    expect(texts(['f0', 'f1'])).toEqual([fresh('f1'), fresh('f1')])
  },
)
