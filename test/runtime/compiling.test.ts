import { createCipheriv, createDecipheriv } from 'node:crypto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

// Stands for the runtime of the executable; where the tests run in that itself, its own object is put back.
const runtime = globalThis as { Bun?: unknown }
const own = Object.getOwnPropertyDescriptor(globalThis, 'Bun')

const stand = (Bun: unknown): void => {
  Object.defineProperty(globalThis, 'Bun', { value: Bun, configurable: true, writable: true })
}

beforeEach(() => vi.resetModules())
afterEach(() => {
  if (own) Object.defineProperty(globalThis, 'Bun', own)
  else delete runtime.Bun
})

test.skipIf(own && !own.configurable)(
  'asks for compiled code when there is much to do, however many files it comes from',
  async () => {
    const scales: number[] = []
    stand({ unsafe: { setJITPolicy: (scale: number) => scales.push(scale) } })
    const { expectWork } = await import('../../src/runtime/index.ts')
    for (let file = 0; file < 31; file++) expectWork(1024)
    expect(scales).toEqual([])
    expectWork(1024)
    expect(scales).toEqual([1])
  },
)

test.skipIf(own && !own.configurable)('leaves a runtime alone that cannot be asked', async () => {
  const { expectWork } = await import('../../src/runtime/index.ts')
  for (const Bun of [undefined, {}, { unsafe: {} }]) {
    stand(Bun)
    expect(() => expectWork(2 ** 20)).not.toThrow()
  }
})

const megabyte = 2 ** 20
const first = (): void => {}
const later = (): void => {}

/** What the last compiler was kept from, of these and of what else there is. */
async function spared(work: (compiling: typeof import('../../src/runtime/compiling.ts')) => void): Promise<unknown[]> {
  const found: unknown[] = []
  const getBuiltinModule = vi
    .spyOn(process, 'getBuiltinModule')
    .mockReturnValue({ noFTL: (one: unknown) => found.push(one) } as never)
  work(await import('../../src/runtime/compiling.ts'))
  getBuiltinModule.mockRestore()
  return found.filter((one) => one === first || one === later)
}

test.each([
  ['too little to compile anything', 1024, []],
  ['some megabytes', 2 * megabyte, [first, later]],
  ['much more', 20 * megabyte, []],
])('keeps the last compiler from the functions of leaves: %s', async (_, bytes, expected) => {
  const found = await spared(({ expectWork, mayRunPerLeaf }) => {
    mayRunPerLeaf([first])
    expectWork(bytes)
    mayRunPerLeaf([later])
  })
  expect(found).toEqual(expected)
})

test('keeps the last compiler from the ciphers that the runtime has in JavaScript', async () => {
  const found: unknown[] = []
  const { getBuiltinModule } = process
  const spy = vi
    .spyOn(process, 'getBuiltinModule')
    .mockImplementation((name: string) =>
      name === 'bun:jsc' ? { noFTL: (one: unknown) => found.push(one) } : getBuiltinModule(name),
    )
  const { expectWork } = await import('../../src/runtime/compiling.ts')
  expectWork(megabyte)
  spy.mockRestore()
  for (const start of [createCipheriv, createDecipheriv]) {
    const one = start('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(32))
    expect(found).toEqual(expect.arrayContaining([one.constructor, one.update, one.final]))
  }
})

test.each([
  ['little', [200 * 1024], 0],
  ['little of each of many files', Array(20).fill(200 * 1024), 0],
  ['a megabyte', [megabyte], 1],
  ['megabytes of several files', [megabyte, 2 * megabyte], 1],
  ['much more', [20 * megabyte], 0],
])('collects memory before the work instead of while it goes on: %s', async (_, inputs: number[], expected) => {
  let collections = 0
  const getBuiltinModule = vi
    .spyOn(process, 'getBuiltinModule')
    .mockReturnValue({ fullGC: () => collections++ } as never)
  const { expectWork } = await import('../../src/runtime/compiling.ts')
  for (const bytes of inputs) expectWork(bytes)
  getBuiltinModule.mockRestore()
  expect(collections).toBe(expected)
})

test('needs no such engine', async () => {
  const { expectWork, mayRunPerLeaf } = await import('../../src/runtime/compiling.ts')
  const getBuiltinModule = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
  mayRunPerLeaf([first])
  expect(() => expectWork(megabyte)).not.toThrow()
  getBuiltinModule.mockRestore()
})
