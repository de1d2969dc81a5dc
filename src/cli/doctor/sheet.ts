// The findings of `sops doctor`: lines under headings, with what is wrong marked and counted.
import { withoutSecretsOf } from '../../system/secrets.ts'
import type { Style } from '../style.ts'
import { visible } from '../text.ts'

export interface Sheet {
  heading(text: string): void
  /** `depth` counts steps of indentation below the heading. */
  line(text: string, depth?: number): void
  good(text: string, depth?: number): void
  /** Something to be mended, with next steps. */
  problem(text: string, depth?: number, hints?: readonly string[]): void
  readonly problems: number
  text(): string
}

/** What it says is free of key material and of the values of `env` that are secrets, wherever they turn up. */
export function makeSheet(style: Style, env: Readonly<Record<string, string | undefined>>): Sheet {
  const lines: string[] = []
  let problems = 0
  const shown = (text: string): string => visible(withoutSecretsOf(text, env))
  const add = (text: string, depth: number, mark = ''): void => {
    const indent = '  '.repeat(depth)
    lines.push(`${indent}${mark}${shown(text).replaceAll('\n', `\n${indent}  `)}`)
  }
  return {
    heading: (text) => {
      if (lines.length > 0) lines.push('')
      lines.push(style.bold(shown(text)))
    },
    line: (text, depth = 1) => add(text, depth),
    good: (text, depth = 1) => add(text, depth, style.green('ok: ')),
    problem: (text, depth = 1, hints = []) => {
      problems++
      add(text, depth, style.red('problem: '))
      for (const hint of hints) add(hint, depth + 1, 'hint: ')
    },
    get problems() {
      return problems
    },
    text: () => lines.map((line) => `${line}\n`).join(''),
  }
}
