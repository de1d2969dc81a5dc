// A time limit for work that may have none of its own.
import { SopsError } from '../errors.ts'

/**
 * Runs `work` for at most `ms` milliseconds; its signal aborts what is still under way.
 * @throws SopsError `generic`, behind `headline`, when time runs out.
 */
export async function within<T>(ms: number, headline: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new SopsError('generic', `${headline}: no answer within ${ms / 1000}s (SOPS_KMS_TIMEOUT sets the limit)`))
      abort.abort()
    }, ms)
  })
  try {
    return await Promise.race([work(abort.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
