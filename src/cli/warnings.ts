// Loud words about silent dangers of encrypting (demand.md rows 10 and 11).
import type { Context } from '../context.ts'
import type { Selection } from '../core/selection.ts'

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
