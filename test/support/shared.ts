// For the test files that share a process: what the next file would see is refused, or found when the file ends.
import { afterAll, expect, vi } from 'vitest'

const refuse = (name: string) => () => {
  throw new Error(`vi.${name} is seen by the next file: name this one in vitest.config.ts, to be run apart`)
}
Object.assign(vi, Object.fromEntries(['mock', 'doMock', 'stubEnv', 'stubGlobal'].map((name) => [name, refuse(name)])))

const state = (): Record<string, unknown> => ({
  ...process.env,
  'the working folder': process.cwd(),
  'the umask': process.umask(),
})
const before = state()
afterAll(() => {
  const after = state()
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const changed = names.filter((name) => before[name] !== after[name])
  expect(changed, 'what the next file would see').toEqual([])
})
