// How old data keys and values are, against what their policy allows.
import { counted } from '../../text/counted.ts'
import { fileWord } from '../../text/quote.ts'
import type { Fault } from '../finding.ts'
import type { Asked } from './asked.ts'
import type { Lineage } from './lineage.ts'

const dayLength = 24 * 60 * 60 * 1000

/** In whole days. */
const ageOf = (date: Date, now: Date): number => Math.floor((now.getTime() - date.getTime()) / dayLength)

export function dataKeyDrafts(asked: Asked, lineage: Lineage | undefined, now: Date): readonly Fault[] {
  const { dataKeyMaxAge: most, name } = asked
  const since = most === undefined ? undefined : dataKeySince(asked, lineage)
  if (most === undefined || since === undefined || ageOf(since, now) <= most) return []
  return [
    {
      rule: 'data-key-age',
      message: `its data key is ${counted(ageOf(since, now), 'day')} old, and its policy allows ${most}`,
      fix: `sops rotate -i ${fileWord(name)}`,
    },
  ]
}

/**
 * `created_at` says when a recipient was named. Rotating keeps it, and `updatekeys` makes it new although the data key stays, so the history
 * overrules it both ways: by a commit that has the data key already, and by one that still has another.
 */
function dataKeySince({ snapshot }: Asked, lineage: Lineage | undefined): Date | undefined {
  const { dataKeySince: since, otherDataKey: other } = lineage ?? {}
  const created = snapshot.recipients
    .map(({ createdAt = '' }) => Date.parse(createdAt))
    .reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  if (!Number.isFinite(created) || (other !== undefined && created <= other.getTime())) return since
  return since !== undefined && since.getTime() < created ? since : new Date(created)
}

/** Of a value that may be older than its nonce, the age is the least that it can have. */
export function valueDrafts(asked: Asked, lineage: Lineage, now: Date, isCut: boolean): readonly Fault[] {
  const { valueMaxAge: most, values, hasAge } = asked
  if (most === undefined) return []
  return values.flatMap(({ mark, keyPath, position }): Fault[] => {
    const first = lineage.firstWith(mark)
    const age = first === undefined || !hasAge(keyPath) ? 0 : ageOf(first.date, now)
    if (age <= most) return []
    const least = isCut || lineage.mayBeOlder(mark) ? 'at least ' : ''
    return [
      {
        rule: 'value-age',
        keyPath,
        position: position(),
        message: `is ${least}${counted(age, 'day')} old, and its policy allows ${most}`,
      },
    ]
  })
}
