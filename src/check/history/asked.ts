// What the history of a file is asked for: nothing, where no flag, no policy and nobody's leaving asks.
import type { Position } from '../../errors.ts'
import { formatPath } from '../../tree/path.ts'
import { positionOfLeaf, type SealedVersion } from '../checked-file.ts'
import { keysFitting } from '../fitting.ts'
import type { FilePolicy } from '../policy.ts'
import type { Present } from './lineage.ts'
import type { Revoked } from './revoked.ts'
import { sealedMark, snapshotOf } from './snapshot.ts'

/** An encrypted value of a file. */
interface PresentValue {
  readonly mark: string
  readonly keyPath: string
  readonly position: () => Position | undefined
}

/** A file, and what is asked. Ages are days. */
export interface Asked extends Present {
  readonly path: string
  readonly name: string
  readonly values: readonly PresentValue[]
  readonly wantsClear: boolean
  readonly dataKeyMaxAge: number | undefined
  readonly valueMaxAge: number | undefined
  /** Which values may not be older. */
  readonly hasAge: (keyPath: string) => boolean
  readonly revoked: Revoked | undefined
}

/** What is known of the configuration that is for a file. */
export interface HistoryFacts {
  readonly policyOf: (path: string) => FilePolicy
  readonly revoked: Revoked | undefined
}

/** Undefined where nothing is asked. */
export function askedOf(version: SealedVersion, facts: HistoryFacts, wantsClear: boolean): Asked | undefined {
  const { policyOf, revoked } = facts
  const { path, name, place, file, leaves } = version
  const { data_key_max_age: dataKeyMaxAge, value_max_age: valueMaxAge, keys } = policyOf(path)
  const wantsValues = valueMaxAge !== undefined || revoked !== undefined
  if (!wantsClear && dataKeyMaxAge === undefined && !wantsValues) return undefined
  return {
    path,
    name,
    place,
    format: file.format.id,
    snapshot: snapshotOf(file, leaves),
    values: leaves
      .filter(({ token }) => token)
      .map((leaf) => ({
        mark: sealedMark(leaf),
        keyPath: formatPath(leaf.path),
        // What has no place in a finding need not keep the text in memory.
        position: wantsValues ? () => positionOfLeaf(version, leaf) : () => undefined,
      })),
    wantsClear,
    dataKeyMaxAge,
    valueMaxAge,
    hasAge: keys === undefined ? () => true : keysFitting(keys),
    revoked,
  }
}
