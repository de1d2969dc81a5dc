// A Context for tests: plain values in, log lines and prompts kept for inspection.

import type { Context, LogLine, PromptOptions } from '../../src/context/context.ts'
import { memory } from '../../src/context/memo.ts'

export interface FakeOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly home?: string
  readonly platform?: NodeJS.Platform
  readonly uid?: number
  readonly now?: Date
  /** Answers in the order they are asked for, or a function; without it there is no terminal. */
  readonly prompt?: readonly string[] | ((text: string, options?: PromptOptions) => string | undefined)
}

export interface FakeContext extends Context {
  /** Of what was logged, all but the details that only --verbose shows. */
  readonly notable: readonly LogLine[]
  /** What was logged, oldest first. */
  readonly lines: LogLine[]
  /** Texts of the prompts, oldest first. */
  readonly prompts: string[]
}

export function fakeContext(options: FakeOptions = {}): FakeContext {
  const lines: LogLine[] = []
  const prompts: string[] = []
  const answers = typeof options.prompt === 'object' ? [...options.prompt] : []
  return {
    lines,
    get notable() {
      return lines.filter(({ level }) => level !== 'info' && level !== 'debug')
    },
    prompts,
    env: options.env ?? {},
    cwd: options.cwd ?? '/nonexistent',
    home: options.home,
    platform: options.platform ?? process.platform,
    uid: options.uid,
    now: () => options.now ?? new Date('2026-01-02T03:04:05Z'),
    log: (line) => {
      lines.push(line)
    },
    prompt: async (text, promptOptions) => {
      if (options.prompt === undefined) return undefined
      prompts.push(text)
      return typeof options.prompt === 'function' ? options.prompt(text, promptOptions) : answers.shift()
    },
    once: memory(),
  }
}
