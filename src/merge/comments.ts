// Comments of one place in three versions. They are no values: nothing of them is ever a conflict, unless they say what is encrypted.
import type { Comment, Item, Origin } from '../tree/tree.ts'
import { foreignComments } from './foreign.ts'

const textsOf = (comments: readonly Comment[]): readonly string[] => comments.map(({ text }) => text)

/** Whether they say the same. */
export const sameComments = (one: readonly Comment[], other: readonly Comment[]): boolean =>
  one.length === other.length && one.every(({ text }, i) => text === other[i]!.text)

/** Ours, theirs, or ours and then what is new in theirs, as lines of one comment if `isOne`; what stays in its place keeps it. */
export function mergeComments(
  base: readonly Comment[],
  ours: readonly Comment[],
  theirs: readonly Comment[],
  isOne: boolean,
): readonly Comment[] {
  if (sameComments(ours, theirs) || sameComments(base, theirs)) return ours
  if (sameComments(base, ours)) return inPlaces(ours, theirs)
  const known = new Set([...textsOf(base), ...textsOf(ours)])
  const added = foreignComments(theirs.filter(({ text }) => !known.has(text)))
  const [own] = ours
  if (!isOne || !own || added.length === 0) return [...ours, ...added]
  return [{ ...own, text: [own.text, ...added.map(({ text }) => `; ${text}`)].join('\n') }, ...ours.slice(1)]
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

/**
 * The items with each comment of another version in the place where ours has the same one, if that would go otherwise: what stands above the
 * first entry is the head of the file, whichever entry that is.
 */
export function inOldPlaces(items: readonly Item[], ours: readonly Item[]): readonly Item[] {
  const placed = new Set(items.flatMap(({ origin }) => (origin ? [origin] : [])))
  const places = new Map<Origin | undefined, number>(ours.map(({ origin }, i) => [origin, i]))
  const gone = new Map<string, number>()
  for (const [i, item] of ours.entries()) {
    const isGone = item.kind === 'comment' && !item.inline && item.origin && !placed.has(item.origin)
    if (isGone && !gone.has(item.text)) gone.set(item.text, i)
  }
  if (gone.size === 0) return items
  const nextPlaces: number[] = []
  for (let i = items.length - 1, next = ours.length; i >= 0; i--) {
    nextPlaces[i] = next
    next = (items[i]!.origin && places.get(items[i]!.origin)) ?? next
  }
  let last = -1
  return items.map((item, i) => {
    if (item.origin) last = places.get(item.origin) ?? last
    if (item.kind !== 'comment' || item.inline || item.origin) return item
    const at = gone.get(item.text)
    const origin = at === undefined || at <= last || at >= nextPlaces[i]! ? undefined : ours[at]!.origin
    if (at === undefined || origin === undefined) return item
    last = at
    gone.delete(item.text)
    return { ...item, origin }
  })
}
