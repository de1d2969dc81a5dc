// When a request is sent again, and how much later: as the SDK's standard mode does, but never beyond the one time limit.

import { backoff } from '../net/index.ts'

/** Milliseconds before the second attempt, at least; each further one waits twice as long, up to the longest. */
const firstWait = 500
const longestWait = 20_000

interface Patience {
  readonly maxAttempts: number
  /** Milliseconds from the first attempt on after which no other one starts. */
  readonly limit: number
  /** After an answer that asks for fewer requests, every request of the client waits. */
  readonly isAdaptive: boolean
}

interface Token {
  readonly end: number
  readonly count: number
  getRetryCount(): number
  getRetryDelay(): number
}

interface Failed {
  readonly error?: unknown
  readonly errorType: 'TRANSIENT' | 'THROTTLING' | 'SERVER_ERROR' | 'CLIENT_ERROR'
  readonly retryAfterHint?: Date
}

/** What the SDK asks of one. */
export interface RetryStrategy {
  acquireInitialRetryToken(scope: string): Promise<Token>
  refreshRetryTokenForRetry(token: object, failed: Failed): Promise<Token>
  recordSuccess(token: object): void
}

const tokenOf = (count: number, wait: number, end: number): Token => ({
  end,
  count,
  getRetryCount: () => count,
  getRetryDelay: () => wait,
})

export function retryStrategy({ maxAttempts, limit, isAdaptive }: Patience): RetryStrategy {
  let calm = 0
  return {
    async acquireInitialRetryToken() {
      const now = performance.now()
      if (calm > now) await new Promise((resolve) => setTimeout(resolve, Math.min(calm - now, limit)))
      return tokenOf(0, 0, now + limit)
    },
    async refreshRetryTokenForRetry(token, { error, errorType, retryAfterHint }) {
      const { count, end } = token as Token
      const now = performance.now()
      const wait = isClockError(error) ? 0 : Math.max(backoff(count, firstWait, longestWait), untilHint(retryAfterHint))
      if (isAdaptive && errorType === 'THROTTLING') calm = Math.max(calm, now + Math.min(wait, limit))
      // Whatever is thrown here, the SDK throws what the last attempt ended with.
      if (!worthwhile(errorType) || count + 1 >= maxAttempts || now + wait >= end) throw new Error('no further attempt')
      return tokenOf(count + 1, wait, end)
    },
    recordSuccess() {},
  }
}

/** Milliseconds; without end where it is later than a date can say. */
function untilHint(hint: Date | undefined): number {
  if (hint === undefined) return 0
  const left = hint.getTime() - Date.now()
  return Number.isNaN(left) ? Number.POSITIVE_INFINITY : left
}

const worthwhile = (type: Failed['errorType']): boolean => type !== 'CLIENT_ERROR'

/** The SDK has put its clock right by the answer's. */
const isClockError = (error: unknown): boolean =>
  (error as { $metadata?: { clockSkewCorrected?: boolean } } | undefined)?.$metadata?.clockSkewCorrected === true
