// Work that waits for its turn, so that no more of it is under way than somebody can take.

/** Runs work when its turn has come, in the order in which it was given. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>

/** Lets at most `atOnce` pieces of work be under way at a time. Work that fails gives its turn on. */
export function turns(atOnce: number): Turns {
  const waiting: (() => void)[] = []
  let free = atOnce
  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((turn) => waiting.push(turn))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
