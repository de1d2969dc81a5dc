// What all forms of a report share.
import type { CheckFinding } from '../../check/index.ts'
import { oneLine } from '../../text/quote.ts'

/** A finding, with the path as JSON and people see it: relative to the current folder. */
export interface ShownFinding extends CheckFinding {
  readonly name: string
}

/** What a form may need besides. */
interface ReportFacts {
  /** Of this program, as SARIF names it. */
  readonly version: string
  /** When the check began. */
  readonly now: Date
}

/** Findings as a text that ends with a line end, or as none at all. Findings of a file follow one another. */
export type Form = (findings: readonly ShownFinding[], facts: ReportFacts) => string

/** What is wrong, with the key path: `["a"]["b"] is not encrypted`. */
export const sentenceOf = ({ keyPath, message }: Pick<CheckFinding, 'keyPath' | 'message'>): string =>
  keyPath === undefined ? message : `${keyPath} ${message}`

/** The same with what mends it, as one line that steers nothing. */
export const adviceOf = (finding: Pick<CheckFinding, 'keyPath' | 'message' | 'fix'>): string =>
  oneLine(finding.fix === undefined ? sentenceOf(finding) : `${sentenceOf(finding)}; fix: ${finding.fix}`)

/** The texts, where those that are equal to an earlier one get their count: 2 for the second. */
export function toldApart(
  texts: readonly string[],
  withCount: (text: string, count: number) => string,
): readonly string[] {
  const counts = new Map<string, number>()
  return texts.map((text) => {
    const count = (counts.get(text) ?? 0) + 1
    counts.set(text, count)
    return count === 1 ? text : withCount(text, count)
  })
}

/** Errors, warnings and notes, as `summary` of the JSON has them. */
export function countsOf(findings: readonly CheckFinding[]): { errors: number; warnings: number; notes: number } {
  const counts = { errors: 0, warnings: 0, notes: 0 }
  for (const { level } of findings) counts[`${level}s`]++
  return counts
}

/** The findings of each file, in their order. */
export function byFile(findings: readonly ShownFinding[]): ReadonlyMap<string, readonly ShownFinding[]> {
  const files = new Map<string, ShownFinding[]>()
  for (const finding of findings) {
    const known = files.get(finding.name)
    if (known) known.push(finding)
    else files.set(finding.name, [finding])
  }
  return files
}
