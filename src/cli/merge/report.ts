// What a merge says to people: what is left to decide, and what came of recipients.
import type { Merge, MergeConflict } from '../../merge/index.ts'
import { listed } from '../../text/listed.ts'
import { shellWord } from '../../text/quote.ts'
import type { Line } from '../say.ts'

/** Conflicts that are named; further ones are counted. */
const shown = 10

/** The lines about what is left to decide in a file. */
export function conflictLines(name: string, conflicts: readonly MergeConflict[]): Line[] {
  const count = conflicts.length === 1 ? '1 conflict' : `${conflicts.length} conflicts`
  const [first] = conflicts
  if (first === undefined) return []
  const next = `run: sops merge ${shellWord(name)}`
  if (conflicts.length === 1) return [`${name}: ${count}: ${whatOf(first)}; ${next}`]
  const rest = conflicts.length - shown
  return [
    `${name}: ${count}; ${next}`,
    ...conflicts.slice(0, shown).map((conflict) => `  ${whatOf(conflict)}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ]
}

function whatOf({ keyPath, reason, base, ours, theirs }: MergeConflict): string {
  if (reason !== undefined) return `${keyPath}: ${reason}`
  if (ours === undefined) return `${keyPath} was removed by ours and changed by theirs`
  if (theirs === undefined) return `${keyPath} was changed by ours and removed by theirs`
  return base === undefined ? `${keyPath} was added on both sides` : `${keyPath} changed on both sides`
}

/** What is said of versions that were not merged. */
export function apartLine(name: string, { why }: Extract<Merge, { kind: 'apart' }>): string {
  const side = why.side === 'base' ? 'their common base' : why.side
  return `${name}: not merged: ${side === undefined ? '' : `${side} `}${why.reason}`
}

/** The warning for whom a side took out without a new data key. */
export const unrotatedWarning = (names: readonly string[]): string =>
  `${listed(names)} ${names.length === 1 ? 'was' : 'were'} removed, but the data key was not rotated; run: sops rotate -i FILE`

/** Nothing proves that whoever added a recipient was allowed to: people see whom the merge lets in. */
export const admittedLine = (name: string, names: readonly string[]): string =>
  `${name}: the data key was wrapped for ${listed(names)}, as one side has it`
