// Things made once per run: their keys, and the memory behind `Context.once`.
import type { Context, MemoKey } from './context.ts'

/** A unique key: two calls never give the same one, even for the same name, which is for people only. */
export const memoKey = <T>(name: string): MemoKey<T> => ({ name })

/** A key for `onceEach`. */
export const memoKeys = <T>(name: string): MemoKey<Map<string, T>> => memoKey(name)

/** `ctx.once`, with one result per `part`. */
export function onceEach<T>(ctx: Context, key: MemoKey<Map<string, T>>, part: string, make: () => NoInfer<T>): T {
  const made = ctx.once(key, () => new Map())
  if (!made.has(part)) made.set(part, make())
  return made.get(part) as T
}

/** A `Context.once` that has made nothing yet. */
export function memory(): Context['once'] {
  const made = new Map<MemoKey<never>, unknown>()
  return <T>(key: MemoKey<T>, make: () => T): T => {
    const place = key as unknown as MemoKey<never>
    if (!made.has(place)) made.set(place, make())
    return made.get(place) as T
  }
}
