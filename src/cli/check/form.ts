// What all forms of a report share.
import type { Finding } from '../../check/index.ts'

/** A finding, with the path as JSON and people see it: relative to the current folder. */
export interface ShownFinding extends Finding {
  readonly name: string
}

/** What a form may need besides. */
export interface ReportFacts {
  /** Of this program, as SARIF names it. */
  readonly version: string
  /** When the check began. */
  readonly now: Date
}

/** Findings as a text that ends with a line end, or as none at all. Findings of a file follow one another. */
export type Form = (findings: readonly ShownFinding[], facts: ReportFacts) => string

/** What is wrong, with the key path: `["a"]["b"] is not encrypted`. */
export const sentenceOf = ({ keyPath, message }: Pick<Finding, 'keyPath' | 'message'>): string =>
  keyPath === undefined ? message : `${keyPath} ${message}`

/** Errors, warnings and notes, as `summary` of the JSON has them. */
export function countsOf(findings: readonly Finding[]): { errors: number; warnings: number; notes: number } {
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
