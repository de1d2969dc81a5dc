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
