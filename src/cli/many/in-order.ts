// Work on many things, some at a time, with the results in their order.

/** Calls `take` with the result for each item in order, as soon as it and all before it are there. The first failure ends it. */
export async function inOrder<T, R>(
  items: readonly T[],
  jobs: number,
  work: (item: T) => Promise<R>,
  take: (result: R, item: T) => Promise<void> | void,
): Promise<void> {
  const running = new Map<number, Promise<R>>()
  let next = 0
  const start = (): void => {
    for (; next < items.length && running.size < jobs; next++) {
      const result = work(items[next]!)
      // Whoever takes it sees the failure; until then nobody does.
      result.catch(() => {})
      running.set(next, result)
    }
  }
  for (let i = 0; i < items.length; i++) {
    start()
    const result = await running.get(i)!
    running.delete(i)
    await take(result, items[i]!)
  }
}
