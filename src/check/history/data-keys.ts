// Which versions of a file have the data key of the present one.
import { makeGroups } from './groups.ts'
import type { Snapshot } from './snapshot.ts'

export interface DataKeyTimes {
  /** The first commit that has the present data key. */
  readonly dataKeySince: Date | undefined
  /** The last commit before that with another data key. */
  readonly otherDataKey: Date | undefined
}

interface DataKeys {
  see(snapshot: Snapshot, date: Date): void
  end(): DataKeyTimes
}

/** A version has one data key: whatever tells it in one of them tells it in all. */
export function makeDataKeys(present: Snapshot): DataKeys {
  const same = makeGroups()
  const seen: { readonly mark: string; readonly date: Date }[] = []
  same.join(present.marks)
  return {
    see: ({ marks }, date) => {
      const [mark] = marks
      if (mark === undefined) return
      same.join(marks)
      seen.push({ mark, date })
    },
    end: () => {
      const own = same.of(present.marks[0] ?? '')
      const times = (isOwn: boolean): number[] =>
        seen.filter(({ mark }) => (same.of(mark) === own) === isOwn).map(({ date }) => date.getTime())
      const since = times(true).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
      const other = times(false)
        .filter((time) => time <= since)
        .reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
      return { dataKeySince: dateOf(since), otherDataKey: dateOf(other) }
    },
  }
}

const dateOf = (time: number): Date | undefined => (Number.isFinite(time) ? new Date(time) : undefined)
