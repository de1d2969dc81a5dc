// How much a run tries: a little in `npm test`, much in `npm run fuzz` (scripts/fuzz.mjs), always with a seed that is printed and can be given.
import type fc from 'fast-check'

const number = (name: string): number | undefined => {
  const text = process.env[name]
  return text === undefined || text === '' ? undefined : Number(text)
}

/** Inputs per property of a long run; undefined in `npm test`. */
const longRuns = number('SOPS_FUZZ_RUNS')

/** A fixed seed in `npm test`, so that a red test is the fault of the change at hand; `FUZZ_SEED` gives another one. */
export const seed: number = number('FUZZ_SEED') ?? 20_260_102

export const isLong: boolean = longRuns !== undefined

/** Parameters of a property that tries `short` inputs in `npm test`. Every message of fast-check names seed and path. */
export const runs = (short: number): fc.Parameters<unknown> => ({
  seed,
  numRuns: longRuns ?? short,
  // What takes longer than this hangs; a shrunk example of it would take as long again.
  endOnFailure: false,
})

/** Milliseconds for a test of a long run. */
export const timeout: number = isLong ? 24 * 3600 * 1000 : 300_000

/** Small, fast and repeatable random numbers for mutations (mulberry32): integers below `limit`. */
export function numbersFrom(start: number): (limit: number) => number {
  let state = start >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}
