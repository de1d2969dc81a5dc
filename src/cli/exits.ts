// Clean-ups before the process ends, and handlers of signals.

import type { Host, SignalHandler } from './host.ts'

/** Clean-ups and signal handlers, newest first. */
export interface Exits {
  readonly onCleanup: Host['onCleanup']
  readonly cleanup: () => void
  readonly onSignal: (handler: SignalHandler) => () => void
  /** Hands a signal to the newest handler; without one the clean-ups run and the signal ends the process. */
  readonly deliver: SignalHandler
}

/** `raise` ends the process by the signal. */
export function makeExits(raise: (signal: NodeJS.Signals) => void): Exits {
  const works: (() => void)[] = []
  const handlers: SignalHandler[] = []
  const register = <T>(list: T[], item: T): (() => void) => {
    list.push(item)
    return () => {
      const at = list.lastIndexOf(item)
      if (at >= 0) list.splice(at, 1)
    }
  }
  const cleanup = (): void => {
    for (let work = works.pop(); work; work = works.pop()) {
      try {
        work()
      } catch {
        // The other clean-ups matter more than reporting this failure.
      }
    }
  }
  return {
    onCleanup: (work) => register(works, work),
    cleanup,
    onSignal: (handler) => register(handlers, handler),
    deliver: (signal) => {
      const handler = handlers.at(-1)
      if (handler) return handler(signal)
      cleanup()
      raise(signal)
    },
  }
}
