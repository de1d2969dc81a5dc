// What a merge says to people: what is left to decide, and what came of recipients.
import type { Context } from '../../context/index.ts'
import type { Labels, Merge, MergeConflict } from '../../merge/index.ts'
import { counted } from '../../text/counted.ts'
import { listed } from '../../text/listed.ts'
import { fileWord } from '../../text/quote.ts'
import type { Line } from '../say.ts'

/** Conflicts that are named; further ones are counted. */
const shown = 10

type SideNames = Pick<Labels, 'ours' | 'theirs'>

const plainLabels: SideNames = { ours: 'ours', theirs: 'theirs' }

/** How the lines about conflicts end, and what they call the sides. */
interface ConflictWords {
  readonly next?: string
  readonly labels?: SideNames
}

/** The lines about what is left to decide in a file. */
export function conflictLines(
  name: string,
  conflicts: readonly MergeConflict[],
  { next = `run: sops merge ${fileWord(name)}`, labels = plainLabels }: ConflictWords = {},
): Line[] {
  const count = counted(conflicts.length, 'conflict')
  const [first] = conflicts
  if (first === undefined) return []
  if (conflicts.length === 1) return [`${name}: ${count}: ${whatOf(first, labels)}; ${next}`]
  const rest = conflicts.length - shown
  return [
    `${name}: ${count}; ${next}`,
    ...conflicts.slice(0, shown).map((conflict) => `  ${whatOf(conflict, labels)}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ]
}

/** What is the matter with a conflict: its path, and what each side did. */
export function whatOf({ keyPath, reason, base, ours, theirs }: MergeConflict, names: SideNames): string {
  if (reason !== undefined) return `${keyPath}: ${reason}`
  if (base === undefined && ours === undefined) return `${keyPath} stands on the side of ${names.theirs} alone`
  if (base === undefined && theirs === undefined) return `${keyPath} stands on the side of ${names.ours} alone`
  if (ours === undefined) return `${keyPath} was removed by ${names.ours} and changed by ${names.theirs}`
  if (theirs === undefined) return `${keyPath} was changed by ${names.ours} and removed by ${names.theirs}`
  return base === undefined ? `${keyPath} was added on both sides` : `${keyPath} changed on both sides`
}

/** What is said of versions that were not merged. */
export function apartLine(name: string | undefined, { why }: Extract<Merge, { kind: 'apart' }>): string {
  const side = why.side === 'base' ? 'their common base' : why.side
  return `${name === undefined ? '' : `${name}: `}not merged: ${side === undefined ? '' : `${side} `}${why.reason}`
}

/** Warns of recipients whom a side took out without a new data key: they may have kept the old one. */
export function warnOfUnrotated(names: readonly string[], ctx: Context): void {
  if (names.length === 0) return
  const gone = `${listed(names)} ${names.length === 1 ? 'was' : 'were'} removed`
  const message = `${gone}, but the data key was not rotated; run: sops rotate -i FILE`
  ctx.log({ level: 'warning', logger: 'CMD', message })
}

/** Nothing proves that whoever added a recipient was allowed to: people see whom the merge lets in. */
export const admittedLine = (name: string, names: readonly string[]): string =>
  `${name}: ${listed(names)} can open it from now on, as theirs has it; take out whom you do not know, and rotate`

/** Warns of sides that were put together from a text with markers. */
export function warnOfUnproven(ctx: Context): void {
  const message =
    'the MAC of the sides could not be checked, as git has mixed their lines: each encrypted value is genuine by itself, but nothing proves the clear values, and that none is missing'
  ctx.log({ level: 'warning', logger: 'CMD', message })
}
