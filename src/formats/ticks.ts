// How far the reading of a long text is, for somebody who waits for it.

/** Told how much of a text is read, from 0 to 1, in rising order. */
export type ReadingShare = (share: number) => void

/** Counts the steps of one stage of the reading: whoever takes one says `if (ticks && --ticks.left === 0) ticks.tell(done, total)`. */
export interface Ticks {
  /** Steps until the next word. */
  left: number
  /** `done` of `total` of the stage. */
  tell(done: number, total: number): void
}

/** Steps between two words: a few milliseconds. */
const stride = 2048

/** For the stage between two shares of the whole; undefined where nobody watches. */
export function ticker(progress: ReadingShare | undefined, from = 0, to = 1): Ticks | undefined {
  if (!progress) return undefined
  let told = from
  const ticks: Ticks = {
    left: stride,
    tell: (done, total) => {
      ticks.left = stride
      const share = from + ((to - from) * done) / total
      // Lines of one key are taken together, wherever they stand.
      if (share > told) progress(share)
      told = Math.max(told, share)
    },
  }
  return ticks
}
