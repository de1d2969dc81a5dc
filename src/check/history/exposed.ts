// Values that somebody could read who may not open anything any more.
import { listed } from '../../text/listed.ts'
import type { Fault } from '../finding.ts'
import type { Asked } from './asked.ts'
import type { Lineage } from './lineage.ts'
import type { Revoked } from './revoked.ts'

/** One for each value, whoever has seen it. Old commits stay readable for them: only another value helps. */
export async function exposedDrafts(asked: Asked, lineage: Lineage): Promise<readonly Fault[]> {
  const { revoked, values, snapshot } = asked
  if (revoked === undefined) return []
  const current = new Set(await revoked.among(snapshot.recipients))
  const names = [...revoked.entries.keys()]
  return values.flatMap(({ mark, keyPath, position }): Fault[] => {
    const seenBy = (state: 'exposed' | 'unknown'): string[] =>
      names.filter((who) => lineage.seenBy(who, mark) === state)
    const state = seenBy('exposed').length > 0 ? 'exposed' : 'unknown'
    const who = seenBy(state)
    if (who.length === 0) return []
    const isOverdue = who.some((name) => revoked.entries.get(name)?.isOverdue)
    return [
      {
        rule: 'exposed-value',
        // Within the grace it is as loud as the rule.
        ...(isOverdue ? { level: 'error' as const } : {}),
        state,
        keyPath,
        position: position(),
        message: messageFor(state, who, current, revoked),
      },
    ]
  })
}

function messageFor(
  state: NonNullable<Fault['state']>,
  who: readonly string[],
  current: ReadonlySet<string>,
  { entries }: Revoked,
): string {
  const shown = (names: readonly string[]): string =>
    listed(names.map((name) => `${name} (revoked on ${entries.get(name)?.at})`))
  const still = who.filter((name) => current.has(name))
  if (still.length > 0) return `can be read by ${shown(still)}: still among the recipients of the file`
  return state === 'exposed'
    ? `could be read by ${shown(who)}, and has not changed since`
    : `may be what ${shown(who)} could read: the file was encrypted anew, and only a key tells whether the value changed`
}
