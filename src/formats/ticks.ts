// How far the reading of a long text is, for somebody who waits for it.

/** Told how much of a text is read, from 0 to 1, in rising order. */
export type ReadingShare = (share: number) => void

/** Called for each step: `done` of `total` of one stage of the reading. */
export type Tick = (done: number, total: number) => void

/** Steps between two words: a few milliseconds. */
const stride = 2048

/** For the stage between two shares of the whole; undefined where nobody watches. */
export function ticker(progress: ReadingShare | undefined, from = 0, to = 1): Tick | undefined {
  if (!progress) return undefined
  let steps = 0
  let told = from
  return (done, total) => {
    if (++steps % stride !== 0) return
    const share = from + ((to - from) * done) / total
    // Lines of one key are taken together, wherever they stand.
    if (share > told) progress(share)
    told = Math.max(told, share)
  }
}
