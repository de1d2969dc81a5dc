// Where the ciphertext of unlocked files is kept: what a crash, a full disk or a damaged file leaves of it.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { keepLocked, listLocked, readLocked, removeLocked } from '../../src/repo/locked.ts'
import { textOf } from '../../src/system/bytes.ts'
import { bufferHost, memoryFolder, type Sandbox, sandbox } from '../support/cli.ts'
import { type Fault, plan, plant } from '../trust/faults.ts'

vi.mock('node:fs/promises', async (original) => {
  const { faulty } = await import('../trust/faults.ts')
  return faulty(await original())
})
vi.mock('node:fs', async (original) => {
  const { faultySync } = await import('../trust/faults.ts')
  return faultySync(await original())
})

const host = bufferHost({})

let box: Sandbox
let folder: string
beforeEach(() => {
  box = sandbox({}, memoryFolder)
  folder = box.path('sops-ts/locked')
  plant(-1, 'EIO')
})
afterEach(() => {
  plant(-1, 'EIO')
  box.remove()
})

const file = { path: 'prod/a.enc.yaml', format: 'yaml' } as const
const ciphertext = Buffer.from('a: ENC[…]\n\nsops: {}\n')
const paths = async (): Promise<string[]> => (await listLocked(folder)).files.map(({ path }) => path)

test('what is kept comes back to the byte, and is there until it is removed', async () => {
  expect(await listLocked(folder)).toEqual({ files: [], damaged: [] })
  expect(await readLocked(folder, file.path)).toBeUndefined()
  await keepLocked(host, folder, file, ciphertext)
  const kept = await readLocked(folder, file.path)
  expect(kept).toMatchObject({ ...file, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
  expect(Buffer.compare(kept!.ciphertext, ciphertext)).toBe(0)
  const { ciphertext: _, ...listed } = kept!
  expect(await listLocked(folder)).toEqual({ files: [listed], damaged: [] })
  await removeLocked(folder, file.path)
  await removeLocked(folder, file.path)
  expect(await listLocked(folder)).toEqual({ files: [], damaged: [] })
})

test.each([
  ['bytes that are no text', Buffer.from([0, 255, 10, 10, 13])],
  ['nothing', Buffer.alloc(0)],
])('%s', async (_, content) => {
  await keepLocked(host, folder, { path: 'a', format: 'binary' }, content)
  expect(Buffer.compare((await readLocked(folder, 'a'))!.ciphertext, content)).toBe(0)
})

test.each(['a\nb', '"quoted"', 'ä/ö', `${'x'.repeat(250)}/${'y'.repeat(250)}`, textOf(Buffer.from([0x61, 0xe9]))])(
  'a path of any name: %j',
  async (path) => {
    await keepLocked(host, folder, { path, format: 'yaml' }, ciphertext)
    expect(await paths()).toEqual([path])
    expect(await readLocked(folder, path)).toMatchObject({ path })
  },
)

test('paths are listed in their order', async () => {
  for (const path of ['c', 'a', 'b']) await keepLocked(host, folder, { path, format: 'yaml' }, ciphertext)
  expect(await paths()).toEqual(['a', 'b', 'c'])
})

test.skipIf(process.platform === 'win32')('nobody else can read it', async () => {
  await keepLocked(host, folder, file, ciphertext)
  const modes = [folder, box.path('sops-ts'), ...readdirSync(folder).map((name) => join(folder, name))]
  expect(modes.map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700, 0o600])
})

test('the same ciphertext may come again, another one is refused and replaces nothing', async () => {
  await keepLocked(host, folder, file, ciphertext)
  await keepLocked(host, folder, file, ciphertext)
  await expect(keepLocked(host, folder, file, Buffer.from('other'))).rejects.toMatchObject({ code: 'generic' })
  expect(Buffer.compare((await readLocked(folder, file.path))!.ciphertext, ciphertext)).toBe(0)
})

describe('a damaged file', () => {
  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['cut off', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['empty', () => Buffer.alloc(0)],
    ['one byte changed', (bytes) => Buffer.from(bytes.toString('latin1').replace('ENC[', 'ENC('), 'latin1')],
    ['no record', () => Buffer.from('text\nmore')],
    [
      'the record of another path',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('prod/a', 'prod/b'), 'latin1'),
    ],
    [
      'of a later version',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('"version":1', '"version":2'), 'latin1'),
    ],
  ])('%s: it is told, and the others are there', async (_, damage) => {
    await keepLocked(host, folder, file, ciphertext)
    const [place] = readdirSync(folder).map((name) => join(folder, name))
    await keepLocked(host, folder, { path: 'b', format: 'json' }, ciphertext)
    writeFileSync(place!, damage(readFileSync(place!)))
    await expect(readLocked(folder, file.path)).rejects.toThrow('damaged')
    await expect(keepLocked(host, folder, file, ciphertext)).rejects.toThrow('damaged')
    expect(await listLocked(folder)).toMatchObject({ files: [{ path: 'b' }], damaged: [place] })
  })
})

describe.each<Fault>(['EIO', 'ENOSPC', 'EACCES', 'EROFS', 'kill'])('%s', (fault) => {
  const tried = async (at: number, work: () => Promise<void>): Promise<boolean> => {
    plant(at, fault)
    const isDone = await work().then(
      () => true,
      () => false,
    )
    plant(-1, 'EIO')
    return isDone
  }
  const isThere = async (): Promise<boolean> => {
    const kept = await readLocked(folder, file.path)
    if (kept) expect(Buffer.compare(kept.ciphertext, ciphertext)).toBe(0)
    return kept !== undefined
  }

  test('at every write of keeping: the whole of it is there or nothing, and it can be kept again', async () => {
    await keepLocked(host, folder, { path: 'other', format: 'yaml' }, ciphertext)
    await keepLocked(host, folder, file, ciphertext)
    await removeLocked(folder, file.path)
    plant(-1, 'EIO')
    await keepLocked(host, folder, file, ciphertext)
    const { writes } = plan
    expect(writes).toBeGreaterThan(2)
    for (let at = 0; at < writes; at++) {
      await removeLocked(folder, file.path)
      const isDone = await tried(at, () => keepLocked(host, folder, file, ciphertext))
      if (isDone) expect(await isThere()).toBe(true)
      await isThere()
      expect((await listLocked(folder)).damaged).toEqual([])
      await keepLocked(host, folder, file, ciphertext)
      expect(await isThere()).toBe(true)
      expect(await paths()).toEqual(['other', file.path])
    }
  })

  test('at every write of removing: the whole of it is there or nothing', async () => {
    await keepLocked(host, folder, file, ciphertext)
    const isDone = await tried(0, () => removeLocked(folder, file.path))
    expect(await isThere()).toBe(!isDone)
    await removeLocked(folder, file.path)
    expect(await isThere()).toBe(false)
  })
})

test('what is being written is removed however the program ends', async () => {
  const onCleanup = vi.fn(() => () => {})
  await keepLocked({ ...host, onCleanup }, folder, file, ciphertext)
  expect(onCleanup).toHaveBeenCalledOnce()
})
