// Values that earlier versions of a file have in clear, and that may be those of today.
import { counted } from '../../text/counted.ts'
import { listed } from '../../text/listed.ts'
import type { Fault } from '../finding.ts'
import type { Asked } from './asked.ts'
import type { Lineage, Moment } from './lineage.ts'

/** One for a file. A value that has changed since it was encrypted is none of them: its nonce tells. */
export function clearDrafts({ wantsClear, values }: Asked, lineage: Lineage): readonly Fault[] {
  if (!wantsClear) return []
  const found = values.flatMap(({ mark, keyPath }) => {
    const moment = lineage.inClear(mark)
    return moment === undefined ? [] : [{ keyPath, moment }]
  })
  const newest = found.reduce<Moment | undefined>(
    (known, { moment }) => (known === undefined || moment.date > known.date ? moment : known),
    undefined,
  )
  if (newest === undefined) return []
  const day = newest.date.toISOString().slice(0, 10)
  return [
    {
      rule: 'plaintext-history',
      message:
        `its history has ${counted(found.length, 'value')} in clear that may still be in use, last in commit ` +
        `${newest.commit.slice(0, 12)} of ${day}: ${listed(found.map(({ keyPath }) => keyPath))}`,
    },
  ]
}
