// How requests to clouds are repeated: one rule for all of them.

/** Which answers are worth another attempt, and how many milliseconds later. */
export interface RetryRule {
  /** Attempts after the first. */
  readonly retries: number
  readonly isBusy: (status: number) => boolean
  readonly wait: (attempt: number) => number
}

/** Milliseconds before the second attempt; each wait is twice the one before. */
export const firstWait = 200

/** Attempts after the first: together they wait for three seconds and up to half as much more, as far as the time-out of the call allows. */
export const retries = 4

/**
 * Milliseconds before the attempt after number `attempt`, counted from 0: at least `first` doubled that often, so that what is away for a moment
 * is always waited for, and by chance up to half as much more, which spreads those who were refused together; never more than `longest`.
 */
export const backoff = (attempt: number, first: number, longest: number = Number.POSITIVE_INFINITY): number =>
  Math.min(first * 2 ** attempt, longest / 1.5) * (1 + Math.random() / 2)

/** Throttling (429) counts as busy; a service that has no such call (501) does not. */
export const cloudRetry: RetryRule = {
  retries,
  isBusy: (status) => status === 408 || status === 429 || (status >= 500 && status !== 501),
  wait: (attempt) => backoff(attempt, firstWait),
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The result of `work`, repeated by the same rule while it fails with what passes; the last error counts. */
export async function repeatedly<T>(work: () => Promise<T>, isPassing: (error: unknown) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= retries || !isPassing(error)) throw error
    }
    await sleep(cloudRetry.wait(attempt))
  }
}
