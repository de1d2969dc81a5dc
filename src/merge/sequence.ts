// Two and three versions of a sequence: which elements stayed, and which ranges changed on which side.

/** A run of elements: the first, and the one behind the last. */
export type Range = readonly [from: number, to: number]

/** A text in lines, each with its end, as Latin-1: every byte is a character. */
export const linesOf = (bytes: Uint8Array): string[] =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('latin1')
    .match(/[^\n]*\n|[^\n]+$/g) ?? []

/** An element that both have, by its place in each; both places grow from pair to pair. */
type Match = readonly [a: number, b: number]

/** Above this many comparisons the elements between two anchors count as different. */
const mostComparisons = 4_000_000

/** Elements that both sequences have, in order: equal ends, then those that occur once in each, then the longest common rest. */
export function matches(a: readonly string[], b: readonly string[]): Match[] {
  const found: Match[] = []
  const work: (readonly [Range, Range])[] = [
    [
      [0, a.length],
      [0, b.length],
    ],
  ]
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    let [[a0, a1], [b0, b1]] = next
    for (; a0 < a1 && b0 < b1 && a[a0] === b[b0]; a0++, b0++) found.push([a0, b0])
    for (; a0 < a1 && b0 < b1 && a[a1 - 1] === b[b1 - 1]; a1--, b1--) found.push([a1 - 1, b1 - 1])
    if (a0 === a1 || b0 === b1) continue
    const anchors = anchorsIn(a, b, [a0, a1], [b0, b1])
    if (anchors.length === 0) for (const match of commonIn(a, b, [a0, a1], [b0, b1])) found.push(match)
    for (const [x, y] of anchors) {
      found.push([x, y])
      work.push([
        [a0, x],
        [b0, y],
      ])
      ;[a0, b0] = [x + 1, y + 1]
    }
    if (anchors.length > 0)
      work.push([
        [a0, a1],
        [b0, b1],
      ])
  }
  return found.sort(([x], [y]) => x - y)
}

/** The longest run of elements that occur once in each range, in the order of both. */
function anchorsIn(a: readonly string[], b: readonly string[], inA: Range, inB: Range): Match[] {
  const [placesA, placesB] = [oncePlaces(a, inA), oncePlaces(b, inB)]
  const pairs: Match[] = []
  for (const [text, x] of placesA) {
    const y = placesB.get(text)
    if (x >= 0 && y !== undefined && y >= 0) pairs.push([x, y])
  }
  return longestRising(pairs)
}

/** Where each element stands; -1 for one that is there more than once. */
function oncePlaces(all: readonly string[], [from, to]: Range): Map<string, number> {
  const places = new Map<string, number>()
  for (let i = from; i < to; i++) places.set(all[i]!, places.has(all[i]!) ? -1 : i)
  return places
}

/** Of pairs that rise in the first place, the most that rise in both. */
function longestRising(pairs: readonly Match[]): Match[] {
  const tails: number[] = []
  const before: number[] = []
  pairs.forEach(([, y], i) => {
    let [low, high] = [0, tails.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (pairs[tails[middle]!]![1] < y) low = middle + 1
      else high = middle
    }
    before[i] = low > 0 ? tails[low - 1]! : -1
    tails[low] = i
  })
  const found: Match[] = []
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at]!) found.push(pairs[at]!)
  return found.reverse()
}

/** The longest common subsequence of two ranges; none where they are too long. */
function commonIn(a: readonly string[], b: readonly string[], [a0, a1]: Range, [b0, b1]: Range): Match[] {
  const [rows, columns] = [a1 - a0, b1 - b0]
  if (rows * columns > mostComparisons) return []
  const width = columns + 1
  const lengths = new Uint32Array((rows + 1) * width)
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      lengths[i * width + j] =
        a[a0 + i] === b[b0 + j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!)
    }
  }
  const found: Match[] = []
  for (let i = 0, j = 0; i < rows && j < columns; ) {
    if (a[a0 + i] === b[b0 + j]) found.push([a0 + i++, b0 + j++])
    else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++
    else j++
  }
  return found
}

/** A range of one sequence that is another one in the other; either may be empty. */
interface Hunk {
  readonly a: Range
  readonly b: Range
}

/** What differs between two sequences, in order. */
export function hunksOf(a: readonly string[], b: readonly string[]): Hunk[] {
  const hunks: Hunk[] = []
  let [x, y] = [0, 0]
  for (const [i, j] of [...matches(a, b), [a.length, b.length] as const]) {
    if (i > x || j > y) hunks.push({ a: [x, i], b: [y, j] })
    ;[x, y] = [i + 1, j + 1]
  }
  return hunks
}

/**
 * A stretch of three versions. `same`: nobody changed it; `ours`, `theirs`: only that side did; `both`: both in the same way; `conflict`: both,
 * each in its own.
 */
export interface Stretch {
  readonly kind: 'same' | 'ours' | 'theirs' | 'both' | 'conflict'
  readonly base: Range
  readonly ours: Range
  readonly theirs: Range
}

/**
 * Merges three versions. Changes of different ranges of the base go together, even of neighbours; an insertion at the edge of a change of the
 * other side is a conflict, since nothing tells which comes first.
 */
export function mergeSequences(base: readonly string[], ours: readonly string[], theirs: readonly string[]): Stretch[] {
  const [own, other] = [hunksOf(base, ours), hunksOf(base, theirs)]
  const found: Stretch[] = []
  // Where the stretch to come begins in each.
  const at = { base: 0, ours: 0, theirs: 0 }
  const add = (kind: Stretch['kind'], length: { base: number; ours: number; theirs: number }): void => {
    const end = { base: at.base + length.base, ours: at.ours + length.ours, theirs: at.theirs + length.theirs }
    found.push({ kind, base: [at.base, end.base], ours: [at.ours, end.ours], theirs: [at.theirs, end.theirs] })
    Object.assign(at, end)
  }
  const passTo = (place: number): void => {
    const length = place - at.base
    if (length > 0) add('same', { base: length, ours: length, theirs: length })
  }
  for (let i = 0, j = 0; i < own.length || j < other.length; ) {
    const { mine, its, range } = nextChange(own, other, i, j)
    ;[i, j] = [i + mine.length, j + its.length]
    passTo(range[0])
    const length = range[1] - range[0]
    const grown = (hunks: readonly Hunk[]): number =>
      hunks.reduce((sum, { a, b }) => sum + (b[1] - b[0]) - (a[1] - a[0]), length)
    const lengths = { base: length, ours: grown(mine), theirs: grown(its) }
    const isBoth =
      lengths.ours === lengths.theirs &&
      ours.slice(at.ours, at.ours + lengths.ours).every((one, k) => one === theirs[at.theirs + k])
    add(mine.length === 0 ? 'theirs' : its.length === 0 ? 'ours' : isBoth ? 'both' : 'conflict', lengths)
  }
  passTo(base.length)
  return found
}

/** The next change of either side, with all of both that it cannot be told apart from. */
function nextChange(
  own: readonly Hunk[],
  other: readonly Hunk[],
  i: number,
  j: number,
): { readonly mine: readonly Hunk[]; readonly its: readonly Hunk[]; readonly range: Range } {
  const [mine, its]: [Hunk[], Hunk[]] = [[], []]
  const isFirst = other[j] === undefined || (own[i] !== undefined && own[i]!.a[0] <= other[j]!.a[0])
  let range = isFirst ? own[i]!.a : other[j]!.a
  const meets = (hunk: Hunk | undefined): hunk is Hunk =>
    hunk !== undefined &&
    (overlaps(hunk.a, range) || ((isEmpty(hunk.a) || isEmpty(range)) && hunk.a[0] <= range[1] && range[0] <= hunk.a[1]))
  for (;;) {
    const [one, two] = [own[i + mine.length], other[j + its.length]]
    const next =
      (isFirst && mine.length === 0) || meets(one)
        ? one!
        : (!isFirst && its.length === 0) || meets(two)
          ? two!
          : undefined
    if (next === undefined) return { mine, its, range }
    ;(next === one ? mine : its).push(next)
    range = [Math.min(range[0], next.a[0]), Math.max(range[1], next.a[1])]
  }
}

const isEmpty = ([from, to]: Range): boolean => from === to
const overlaps = ([a, b]: Range, [c, d]: Range): boolean => a < d && c < b

/** Two versions, of which nothing says what was there before: what differs is a conflict. */
export function differences(ours: readonly string[], theirs: readonly string[]): Stretch[] {
  const found: Stretch[] = []
  let [x, y] = [0, 0]
  for (const { a, b } of [
    ...hunksOf(ours, theirs),
    { a: [ours.length, ours.length], b: [theirs.length, theirs.length] } satisfies Hunk,
  ]) {
    if (a[0] > x) found.push({ kind: 'both', base: [0, 0], ours: [x, a[0]], theirs: [y, b[0]] })
    if (a[1] > a[0] || b[1] > b[0]) found.push({ kind: 'conflict', base: [0, 0], ours: a, theirs: b })
    ;[x, y] = [a[1], b[1]]
  }
  return found
}
