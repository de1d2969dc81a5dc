// The findings of `sops doctor`, in two forms: lines under headings for people, with a verdict in front, and data for programs.
import { withoutSecretsOf } from '../../system/index.ts'
import { counted } from '../../text/counted.ts'
import { type Line, withoutSecretLines } from '../say.ts'
import type { TerminalStyle } from '../style.ts'
import type { Diagnosis, Facts, ReportedFinding } from './diagnosis.ts'

/** A text of several lines is given as an array of them. */
type Text = string | readonly string[]

interface Remedy {
  /** Steps of indentation below the heading; 1 if left out. */
  readonly depth?: number
  /** Next steps. */
  readonly hints?: readonly string[]
  /** The line of the file that the heading names. */
  readonly line?: number | undefined
}

export interface Sheet {
  /** `about` is the file that the findings below it are about. */
  heading(text: string, about?: string): void
  /** `depth` counts steps of indentation below the heading. */
  line(text: Text, depth?: number): void
  good(text: Text, depth?: number): void
  /** Something to fix. */
  problem(text: Text, remedy?: Remedy): void
  /** Something that may be meant so. */
  remark(text: Text, remedy?: Remedy): void
  readonly facts: Facts
  /** The verdict is the first line. */
  lines(): readonly Line[]
  diagnosis(): Diagnosis
}

/** Removes key material, and the values of secret variables in `env`, from everything that is added. */
export function makeSheet(style: TerminalStyle, env: Readonly<Record<string, string | undefined>>): Sheet {
  const lines: Line[] = []
  const findings: ReportedFinding[] = []
  const facts: Facts = { config: null, rules: [], identities: [], credentials: [], files: [] }
  let subject: string | undefined
  const shown = (text: string): string => withoutSecretsOf(text, env)
  const add = (text: Text, depth: number, mark: Line = ''): void => {
    const indent = '  '.repeat(depth)
    const [first = '', ...rest] = withoutSecretLines([text].flat(), env)
    lines.push([indent, mark, first])
    for (const line of rest) lines.push(`${indent}  ${line}`)
  }
  const find = (
    kind: ReportedFinding['kind'],
    mark: Line,
    text: Text,
    { depth = 1, hints: all = [], line }: Remedy = {},
  ): void => {
    // Whoever reads this has run it.
    const hints = all.filter((hint) => !hint.startsWith('sops doctor'))
    const [first = '', ...rest] = [text].flat()
    findings.push({ kind, file: subject ?? null, line: line ?? null, text: [first, ...rest].join('\n'), hints })
    add([line === undefined ? first : `line ${line}: ${first}`, ...rest], depth, mark)
    for (const hint of hints) add(hint, depth + 1, 'hint: ')
  }
  const count = (wanted: ReportedFinding['kind']): number => findings.filter(({ kind }) => kind === wanted).length
  return {
    heading: (text, about) => {
      subject = about
      lines.push('', style.bold(shown(text)))
    },
    line: (text, depth = 1) => add(text, depth),
    good: (text, depth = 1) => add(text, depth, style.green('ok: ')),
    problem: (text, remedy) => find('problem', style.red('problem: '), text, remedy),
    remark: (text, remedy) => find('remark', style.yellow('remark: '), text, remedy),
    facts,
    lines: () => [
      verdictLine(count('problem'), count('remark'), style),
      ...summary(facts).map((line) => withoutSecretLines([line], env)),
      ...lines,
    ],
    diagnosis: () => {
      const problems = count('problem')
      const whole = { ok: problems === 0, problems, remarks: count('remark'), findings, ...facts }
      return withTexts(whole, shown) as Diagnosis
    },
  }
}

function verdictLine(problems: number, remarks: number, style: TerminalStyle): Line {
  const also = remarks === 0 ? '' : `, ${counted(remarks, 'remark')}`
  return [problems === 0 ? style.green('ok') : style.red(counted(problems, 'problem')), also]
}

/** How many of several files can be opened, and which cannot. */
function summary({ files }: Facts): readonly string[] {
  if (files.length < 2) return []
  const closed = files.filter(({ opens }) => !opens)
  const open = `${files.length - closed.length} of ${files.length} files can be opened here`
  if (closed.length === 0) return [open]
  return [`${open}; these cannot:`, ...closed.map(({ file, reason }) => `  ${file}: ${reason ?? ''}`)]
}

/** The same data with every text of it changed. */
function withTexts(data: unknown, change: (text: string) => string): unknown {
  if (typeof data === 'string') return change(data)
  if (Array.isArray(data)) return data.map((one) => withTexts(one, change))
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(Object.entries(data).map(([name, one]) => [name, withTexts(one, change)]))
}
