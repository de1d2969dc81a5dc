// Work on many things, some at a time, with the results in their order.

/**
 * The result for each item in order, as soon as it and all before it are there. The first failure ends it, and so does whoever takes no more;
 * either way nothing is under way any more when it has ended. `ahead` results may wait for those before them while more is worked on.
 */
export async function* inOrder<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
  { ahead = 0 }: { readonly ahead?: number } = {},
): AsyncGenerator<R, void, void> {
  const running = new Map<number, Promise<R>>()
  let next = 0
  let busy = 0
  let isOver = false
  const start = (): void => {
    for (; !isOver && next < items.length && busy < atOnce && running.size < atOnce + ahead; next++) {
      const result = work(items[next]!)
      busy++
      const end = (): void => {
        busy--
        if (ahead > 0) start()
      }
      // Whoever takes it sees the failure; until then nobody does.
      result.then(end, end)
      running.set(next, result)
    }
  }
  try {
    for (let i = 0; i < items.length; i++) {
      start()
      const result = await running.get(i)!
      running.delete(i)
      yield result
    }
  } finally {
    isOver = true
    await Promise.allSettled(running.values())
  }
}
