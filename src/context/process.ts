// This process as a Context, for library users who bring none. The command line makes its own (cli/main.ts).

import { homedir } from 'node:os'
import type { Context, LogLine } from './context.ts'
import { memory } from './memo.ts'

/** What this process does not have by itself. */
export interface ProcessContextOptions {
  /** Receives dangers, advice and details (docs/messages.md); without it they are dropped. */
  readonly log?: (line: LogLine) => void
}

/** Environment, working directory, home and clock of this process; no terminal, so nothing is ever asked. */
export function processContext(options: ProcessContextOptions = {}): Context {
  return {
    env: process.env,
    cwd: process.cwd(),
    home: process.env.HOME || homedir() || undefined,
    platform: process.platform,
    uid: process.getuid?.(),
    now: () => new Date(),
    log: options.log ?? (() => {}),
    prompt: async () => undefined,
    once: memory(),
  }
}

/**
 * Registers work to be done when this process exits on its own, newest first; the returned function takes one back. The process is listened
 * to while there is any. No signal is caught: whether one ends the process is the program's own affair.
 */
export function exitCleanups(): (work: () => void) => () => void {
  const works: (() => void)[] = []
  const cleanUp = (): void => {
    for (const work of works.splice(0).reverse()) work()
  }
  return (work) => {
    if (works.length === 0) process.once('exit', cleanUp)
    works.push(work)
    return () => {
      const at = works.lastIndexOf(work)
      if (at >= 0) works.splice(at, 1)
      if (works.length === 0) process.off('exit', cleanUp)
    }
  }
}
