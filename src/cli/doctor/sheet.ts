// The findings of `sops doctor`: lines under headings, with problems marked and counted.
import { withoutSecretsOf } from '../../system/index.ts'
import { type Line, withoutSecretLines } from '../say.ts'
import type { TerminalStyle } from '../style.ts'

/** A text of several lines is given as an array of them. */
type Text = string | readonly string[]

export interface Sheet {
  heading(text: string): void
  /** `depth` counts steps of indentation below the heading. */
  line(text: Text, depth?: number): void
  good(text: Text, depth?: number): void
  /** Something to fix, with next steps. */
  problem(text: Text, depth?: number, hints?: readonly string[]): void
  readonly problems: number
  lines(): readonly Line[]
}

/** Removes key material, and the values of secret variables in `env`, from everything that is added. */
export function makeSheet(style: TerminalStyle, env: Readonly<Record<string, string | undefined>>): Sheet {
  const lines: Line[] = []
  let problems = 0
  const shown = (text: string): string => withoutSecretsOf(text, env)
  const add = (text: Text, depth: number, mark: Line = ''): void => {
    const indent = '  '.repeat(depth)
    const [first = '', ...rest] = withoutSecretLines([text].flat(), env)
    lines.push([indent, mark, first])
    for (const line of rest) lines.push(`${indent}  ${line}`)
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
    lines: () => lines,
  }
}
