// How the recipients of a file differ from those of its creation rule.

import type { KeyGroup, MasterKey } from '../keys/index.ts'
import { labelOf } from '../keys/index.ts'

/** How the recipients of one group change, by their labels. */
export interface GroupChange {
  readonly kept: readonly string[]
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** How the recipients of a file change. Thresholds are numbers of groups. */
export interface KeyChanges {
  /** By position; a group that only one side has is added or removed as a whole. */
  readonly groups: readonly GroupChange[]
  readonly oldThreshold: number
  readonly newThreshold: number
}

const labelsOf = (group: KeyGroup | undefined): string[] => (group?.keys ?? []).map(labelOf)

/** Keys of the group that have a wrapped data key; the others are wrapped for like new ones. */
const wrappedIn = (group: KeyGroup | undefined): readonly MasterKey[] =>
  (group?.keys ?? []).filter((key) => key.isBare !== true)

/** The file's own threshold, for `groups` groups. A single group may leave 1 behind, which says nothing about several (0 = all of them). */
export const ownThreshold = (threshold: number, groups: number): number =>
  threshold === 1 && groups > 1 ? 0 : threshold

/**
 * Compares group by group, by identity. The threshold is the requested one (0 = the file's own), at most the number of groups
 * (spec/cli.md 13.7; the reference knows only the file's).
 */
export function keyChanges(
  old: readonly KeyGroup[],
  oldThreshold: number,
  wanted: readonly KeyGroup[],
  wantedThreshold = 0,
): KeyChanges {
  const groups = Array.from({ length: Math.max(old.length, wanted.length) }, (_, i) => {
    const [before, after] = [labelsOf(old[i]), labelsOf(wanted[i])]
    const [had, has] = [new Set(wrappedIn(old[i]).map(labelOf)), new Set(after)]
    return {
      kept: after.filter((label) => had.has(label)),
      added: after.filter((label) => !had.has(label)),
      removed: before.filter((label) => !has.has(label)),
    }
  })
  const threshold = wantedThreshold || ownThreshold(oldThreshold, wanted.length)
  return { groups, oldThreshold, newThreshold: Math.min(threshold, wanted.length) }
}

/** Whether anything changes. */
export const isChange = ({ groups, oldThreshold, newThreshold }: KeyChanges): boolean =>
  oldThreshold !== newThreshold || groups.some((group) => group.added.length > 0 || group.removed.length > 0)

const distinctLabels = (group: KeyGroup): readonly string[] => [...new Set(labelsOf(group))]

/** Whether the groups have the same recipients in another order. */
export const isReordered = (old: readonly KeyGroup[], wanted: readonly KeyGroup[]): boolean =>
  JSON.stringify(old.map(distinctLabels)) !== JSON.stringify(wanted.map(distinctLabels))

/**
 * The wanted groups, with the wrapped data key of every recipient that already has one. Only a single group wraps the data key itself;
 * several groups get new shares, so none of theirs can be kept.
 */
export function keepWrapped(old: readonly KeyGroup[], wanted: readonly KeyGroup[]): readonly KeyGroup[] {
  const [before, after] = [old[0], wanted[0]]
  if (old.length !== 1 || wanted.length !== 1 || !before || !after) return wanted
  const known = new Map<string, MasterKey>(wrappedIn(before).map((key) => [`${key.type} ${labelOf(key)}`, key]))
  return [{ keys: after.keys.map((key) => known.get(`${key.type} ${labelOf(key)}`) ?? key) }]
}
