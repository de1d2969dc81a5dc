// What the earlier versions of a file say of the present one: since when each value is there, which data key is how old, and what was seen.
import type { FormatId } from '../../formats/index.ts'
import type { MasterKey } from '../../keys/index.ts'
import type { PastVersion } from '../../repo/index.ts'
import { type DataKeyTimes, makeDataKeys } from './data-keys.ts'
import { makeGroups } from './groups.ts'
import { marksIn, readSnapshot, type Snapshot } from './snapshot.ts'
import { joinStep } from './steps.ts'

/** A commit. */
export type Moment = Pick<PastVersion, 'commit' | 'date'>

/** What Git knows of the files that are checked. */
export interface Past {
  /** Newest first. */
  readonly versionsOf: (place: string) => readonly PastVersion[]
  /** By id, or by another name of Git; undefined for what is not there. */
  readonly read: (name: string) => Promise<Uint8Array | undefined>
  /** What was before some commit is not known. */
  readonly isCut: boolean
}

/** Values are meant by their marks (snapshot.ts), and are those of the present version. */
export interface Lineage extends DataKeyTimes {
  /** The first commit that has the value; undefined for one that is in none. */
  readonly firstWith: (mark: string) => Moment | undefined
  /** Only a key could tell whether the value is older than it looks. */
  readonly mayBeOlder: (mark: string) => boolean
  /** The last commit that has in clear what may be the value. */
  readonly inClear: (mark: string) => Moment | undefined
  /** Whether a version that was `open` to somebody has the value; `unknown`: only a key could tell whether it is that of such a version. */
  readonly seenBy: (who: string, mark: string) => 'exposed' | 'unknown' | undefined
}

export interface Present {
  readonly place: string
  readonly format: FormatId
  readonly snapshot: Snapshot
}

/** Of all recipients, the names of those that are of interest. */
type OpenTo = (recipients: readonly MasterKey[]) => Promise<readonly string[]>

/** One version is in memory at a time, beside those it took the place of. */
export async function lineageOf(present: Present, past: Past, openTo: OpenTo): Promise<Lineage> {
  const trail = makeTrail(present.snapshot)
  const read = recently(past.read, present.format)
  const versions = past.versionsOf(present.place)
  for (const version of versions) {
    const snapshot = version.blob === undefined ? undefined : await read(version.blob)
    if (snapshot === undefined) continue
    trail.see(snapshot, version, await openTo(snapshot.recipients))
    for (const id of version.before) trail.step(await read(id), snapshot)
  }
  trail.open(present.snapshot, await openTo(present.snapshot.recipients))
  if (versions.length > 0) trail.step(await read(`HEAD:${present.place}`), present.snapshot)
  return trail.end()
}

/** Enough for a version, those in its parents, and the next one. */
const kept = 4

function recently(read: Past['read'], format: FormatId): (name: string) => Promise<Snapshot | undefined> {
  const known = new Map<string, Promise<Snapshot | undefined>>()
  return (name) => {
    const found = known.get(name) ?? read(name).then((bytes) => bytes && readSnapshot(bytes, format))
    known.delete(name)
    known.set(name, found)
    for (const oldest of known.keys()) if (known.size > kept) known.delete(oldest)
    return found
  }
}

interface Trail {
  /** A version that a commit made. */
  see(snapshot: Snapshot, moment: Moment, openTo: readonly string[]): void
  open(snapshot: Snapshot, openTo: readonly string[]): void
  /** From a version to the one that took its place. */
  step(before: Snapshot | undefined, after: Snapshot): void
  end(): Lineage
}

function makeTrail(present: Snapshot): Trail {
  const own = new Set(marksIn(present, 'sealed'))
  const first = new Map<string, Moment>()
  const clear = new Map<string, Moment>()
  const opened = new Map<string, Set<string>>()
  /** Marks of values that may be one value. */
  const maybe = makeGroups()
  const keys = makeDataKeys(present)
  const open: Trail['open'] = (snapshot, openTo) => {
    for (const who of openTo) {
      const known = opened.get(who) ?? new Set()
      opened.set(who, known)
      for (const mark of marksIn(snapshot, 'sealed')) known.add(mark)
    }
  }
  return {
    open,
    see: (snapshot, { commit, date }, openTo) => {
      const moment = { commit, date }
      for (const mark of marksIn(snapshot, 'sealed')) if (own.has(mark)) keep(first, mark, moment, isBefore)
      for (const mark of marksIn(snapshot, 'clear')) keep(clear, mark, moment, isAfter)
      open(snapshot, openTo)
      keys.see(snapshot, date)
    },
    step: (before, after) => {
      if (before !== undefined) joinStep(before, after, maybe)
    },
    end: () => {
      const lastClear = new Map<string, Moment>()
      for (const [mark, moment] of clear) keep(lastClear, maybe.of(mark), moment, isAfter)
      const mayBeOpen = new Map([...opened].map(([who, marks]) => [who, new Set([...marks].map(maybe.of))]))
      return {
        firstWith: (mark) => first.get(mark),
        mayBeOlder: (mark) => !maybe.isAlone(mark),
        inClear: (mark) => lastClear.get(maybe.of(mark)),
        seenBy: (who, mark) => {
          if (opened.get(who)?.has(mark)) return 'exposed'
          return mayBeOpen.get(who)?.has(maybe.of(mark)) ? 'unknown' : undefined
        },
        ...keys.end(),
      }
    },
  }
}

type Order = (a: Moment, b: Moment) => boolean
const isBefore: Order = (a, b) => a.date < b.date
const isAfter: Order = (a, b) => a.date > b.date

function keep(moments: Map<string, Moment>, mark: string, moment: Moment, wins: Order): void {
  const known = moments.get(mark)
  if (known === undefined || wins(moment, known)) moments.set(mark, moment)
}
