// Work on many things, some at a time, with the results in their order.

/**
 * The result for each item in order, as soon as it and all before it are there. The first failure ends it, and so does whoever takes no more;
 * either way nothing is under way any more when it has ended.
 */
export async function* inOrder<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, void> {
  const running = new Map<number, Promise<R>>()
  let next = 0
  const start = (): void => {
    for (; next < items.length && running.size < atOnce; next++) {
      const result = work(items[next]!)
      // Whoever takes it sees the failure; until then nobody does.
      result.catch(() => {})
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
    await Promise.allSettled(running.values())
  }
}
