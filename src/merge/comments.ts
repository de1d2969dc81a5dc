// Comments of one place in three versions. They are no values: nothing of them is ever a conflict, unless they say what is encrypted.
import type { Comment } from '../tree/tree.ts'
import { foreignComments } from './foreign.ts'

const textsOf = (comments: readonly Comment[]): readonly string[] => comments.map(({ text }) => text)

/** Whether they say the same. */
export const sameComments = (one: readonly Comment[], other: readonly Comment[]): boolean =>
  one.length === other.length && one.every(({ text }, i) => text === other[i]!.text)

/** Ours, theirs, or ours and then what is new in theirs; what stays in its place keeps it. */
export function mergeComments(
  base: readonly Comment[],
  ours: readonly Comment[],
  theirs: readonly Comment[],
): readonly Comment[] {
  if (sameComments(ours, theirs) || sameComments(base, theirs)) return ours
  if (sameComments(base, ours)) return inPlaces(ours, theirs)
  const known = new Set([...textsOf(base), ...textsOf(ours)])
  return [...ours, ...foreignComments(theirs.filter(({ text }) => !known.has(text)))]
}

/** Theirs in the places of ours, as far as those go. */
function inPlaces(ours: readonly Comment[], theirs: readonly Comment[]): Comment[] {
  const isAligned = ours.length === theirs.length && ours.every(({ inline }, i) => inline === theirs[i]!.inline)
  const left = [...ours]
  return foreignComments(theirs).map((comment, i) => {
    const at = left.findIndex(({ text, inline }) => text === comment.text && inline === comment.inline)
    const own = isAligned ? ours[i] : at < 0 ? undefined : left.splice(0, at + 1)[at]
    return own?.origin ? { ...comment, origin: own.origin } : comment
  })
}
