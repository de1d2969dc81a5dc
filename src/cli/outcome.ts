// What was done, in words for the quiet line at a terminal (`Io.done`).
import type { OpenFile, SealOutput } from '../file/index.ts'
import type { Metadata } from '../metadata/index.ts'
import { counted } from '../text/counted.ts'

/** What a run without a file works on. */
export const nameOf = ([name]: readonly string[]): string => name ?? 'stdin'

/** `2 recipients`, `5 recipients in 3 groups, 2 of which open it`. */
export function recipientsText({
  keyGroups,
  shamirThreshold,
}: Pick<Metadata, 'keyGroups' | 'shamirThreshold'>): string {
  const recipients = counted(keyGroups.flatMap(({ keys }) => keys).length, 'recipient')
  if (keyGroups.length < 2) return recipients
  const needed = shamirThreshold || keyGroups.length
  return `${recipients} in ${keyGroups.length} groups, ${needed === keyGroups.length ? 'all' : needed} of which open it`
}

/** `4 values for 2 recipients`, `4 of 6 values …` where some are in clear; undefined for a binary file. */
export function sealedText(
  sealed: Pick<SealOutput, 'encrypted' | 'leaves'> | undefined,
  metadata: Parameters<typeof recipientsText>[0],
): string {
  if (!sealed) return `the whole file for ${recipientsText(metadata)}`
  const { encrypted, leaves } = sealed
  const values = counted(leaves, 'value')
  return `${encrypted === leaves ? values : `${encrypted} of ${values}`} for ${recipientsText(metadata)}`
}

/** The values that were encrypted, as `4 values`. */
export const openedText = ({ stash, format }: Pick<OpenFile, 'stash' | 'format'>): string =>
  format.id === 'binary'
    ? 'the whole file'
    : counted(stash.leaves.filter(({ type }) => type !== 'comment').length, 'value')
