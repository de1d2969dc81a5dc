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
