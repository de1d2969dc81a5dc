// Loud words about silent dangers of encrypting (demand.md rows 10 and 11).
import type { Context } from '../context.ts'
import { formatPath } from '../core/path.ts'
import type { Selection } from '../core/selection.ts'
import type { Format, Parsed } from '../formats/types.ts'
import type { SpellingLosses } from '../losses.ts'

/** People have committed plaintext because a rule selected nothing: say so. */
export function warnOfCleartext(
  sealed: { encrypted: number; leaves: number },
  selection: Selection,
  ctx: Context,
): void {
  if (sealed.encrypted > 0 || sealed.leaves === 0) return
  const reason = selection.invalid
    ? `its regular expression never matches, because it does not compile: ${selection.invalid}`
    : 'the selection of the creation rule or flags matches none of them'
  const message = `no value was encrypted, all ${sealed.leaves} are stored in clear: ${reason}`
  ctx.log({ level: 'warning', logger: 'CMD', message })
}

const shown = 3

/** Paths, the first few of them. */
const listed = (paths: readonly (readonly string[])[]): string => {
  const names = paths.slice(0, shown).map(formatPath).join(', ')
  return paths.length > shown ? `${names} and ${paths.length - shown} more` : names
}

/** What decrypting will not give back as it was written. */
export function warnOfLosses({ spellings, aliases }: SpellingLosses, ctx: Context): void {
  const warn = (message: string): void => ctx.log({ level: 'warning', logger: 'CMD', message })
  if (spellings.length > 0) {
    warn(`the spelling of ${listed(spellings)} cannot be kept: decrypting gives the same value in its usual form`)
  }
  if (aliases > 0) {
    warn(
      `${aliases} ${aliases === 1 ? 'alias was' : 'aliases were'} replaced by a copy of what it stands for, which is encrypted`,
    )
  }
}

/** How the text is read, where others read it otherwise. What held for the text that it was made from needs no word. */
export function warnOfLayout(format: Format, parsed: Parsed, ctx: Context, earlier?: Parsed): void {
  const known = earlier ? format.remarks?.(earlier) : undefined
  for (const message of format.remarks?.(parsed) ?? [])
    if (!known?.includes(message)) ctx.log({ level: 'warning', logger: 'CMD', message })
}
