// Values looked up once and kept while they are valid: credentials and tokens.
import type { Context } from '../context/index.ts'

/**
 * Calls `make` when there is no value or it has expired (`until`, milliseconds since 1970); whoever asks meanwhile waits for the same call.
 * A failure is kept for five seconds, so that the keys of one file fail together.
 */
export function remember<T>(make: () => Promise<T>, until: (value: T) => number, ctx: Context): () => Promise<T> {
  let held: { readonly result: Promise<T>; until: number } | undefined
  return () => {
    const now = ctx.now().getTime()
    if (held !== undefined && now < held.until) return held.result
    const fresh = { result: make(), until: Number.POSITIVE_INFINITY }
    held = fresh
    fresh.result.then(
      (value) => {
        fresh.until = until(value)
      },
      () => {
        fresh.until = now + 5000
      },
    )
    return fresh.result
  }
}
