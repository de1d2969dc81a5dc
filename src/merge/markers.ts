// Conflict markers as Git writes them: put around the lines in which two texts differ, and read again.
import { hunksOf, linesOf, matches, type Range } from './sequence.ts'

/** What stands behind the markers, and how long those are. */
export interface Labels {
  readonly ours: string
  readonly base?: string
  readonly theirs: string
  readonly size?: number
}

/** The lines of a place that is a conflict, in the text of each side; absent where it has none. */
interface MarkedPlace {
  readonly ours?: Range | undefined
  readonly theirs?: Range | undefined
  readonly base?: Range | undefined
}

interface Piece {
  ours: [number, number]
  theirs: [number, number]
  readonly places: MarkedPlace[]
}

/** Texts that are marked together. */
interface MarkedTexts {
  readonly ours: Uint8Array
  readonly theirs: Uint8Array
  /** Shown between the two. */
  readonly base?: Uint8Array
}

/**
 * Ours, with markers around each place and both sides between them. Without the markers and the other side's lines it is the one text or the
 * other, but for lines that differ and belong to no place, such as the MAC: those are ours, unless `all` is to be marked.
 */
export function withMarkers(
  { ours, theirs, base }: MarkedTexts,
  places: readonly MarkedPlace[],
  labels: Labels,
  all = false,
): Uint8Array {
  const [a, b, c] = [linesOf(ours), linesOf(theirs), base && linesOf(base)]
  const eol = a[0]?.endsWith('\r\n') || b[0]?.endsWith('\r\n') ? '\r\n' : '\n'
  const mark = (character: string, label: string): string =>
    `${character.repeat(labels.size ?? 7)}${label === '' ? '' : ` ${label}`}${eol}`
  const whole = (lines: readonly string[], [from, to]: Range): string => {
    const text = lines.slice(from, to).join('')
    return text === '' || text.endsWith('\n') ? text : text + eol
  }
  const baseLines = c && baseFinder(a, c)
  const out: string[] = []
  let at = 0
  for (const piece of piecesOf(a, b, places, all)) {
    out.push(a.slice(at, piece.ours[0]).join(''), mark('<', utf8(labels.ours)), whole(a, piece.ours))
    if (c && baseLines) out.push(mark('|', utf8(labels.base ?? 'base')), whole(c, baseLines(piece)))
    out.push(mark('=', ''), whole(b, piece.theirs), mark('>', utf8(labels.theirs)))
    at = piece.ours[1]
  }
  out.push(a.slice(at).join(''))
  return Buffer.from(out.join(''), 'latin1')
}

const utf8 = (text: string): string => Buffer.from(text).toString('latin1')

/** What is put between markers, in order. */
function piecesOf(a: readonly string[], b: readonly string[], places: readonly MarkedPlace[], all: boolean): Piece[] {
  const hunks = hunksOf(a, b).map((hunk): Piece => ({ ours: [...hunk.a], theirs: [...hunk.b], places: [] }))
  const located = places.map((place) => spanOf(place, hunks, a, b))
  const isSure = located.every((span) => span !== undefined)
  const pieces = joined([...hunks, ...located.filter((span) => span !== undefined)])
  return pieces.filter((piece) => piece.places.length > 0 || all || !isSure).flatMap((piece) => cut(piece))
}

/** The lines of a place on both sides. A side that has nothing there has it where the difference is. */
function spanOf(
  place: MarkedPlace,
  hunks: readonly Piece[],
  a: readonly string[],
  b: readonly string[],
): Piece | undefined {
  const { ours, theirs } = place
  if (ours && theirs) return { ours: [...ours], theirs: [...theirs], places: [place] }
  const side = ours ? 'ours' : 'theirs'
  const range = ours ?? theirs
  const hunk = range && hunks.find((one) => one[side][0] < range[1] && range[0] < one[side][1])
  if (!range || !hunk) return undefined
  const other = ours ? hunk.theirs : hunk.ours
  // The line in front is there for both; only behind it may the place be.
  const from = Math.min(other[0], (ours ? b : a).length)
  const own: [number, number] = [Math.min(range[0], hunk[side][0]), Math.max(range[1], hunk[side][1])]
  const rest: [number, number] = [from, other[1]]
  return ours ? { ours: own, theirs: rest, places: [place] } : { ours: rest, theirs: own, places: [place] }
}

/** Pieces that share lines become one. */
function joined(pieces: readonly Piece[]): Piece[] {
  const sorted = [...pieces].sort((x, y) => x.ours[0] - y.ours[0] || x.theirs[0] - y.theirs[0] || x.ours[1] - y.ours[1])
  const found: Piece[] = []
  for (const piece of sorted) {
    const last = found.at(-1)
    if (last && (piece.ours[0] < last.ours[1] || piece.theirs[0] < last.theirs[1] || isSameStart(piece, last))) {
      last.ours = [Math.min(last.ours[0], piece.ours[0]), Math.max(last.ours[1], piece.ours[1])]
      last.theirs = [Math.min(last.theirs[0], piece.theirs[0]), Math.max(last.theirs[1], piece.theirs[1])]
      for (const place of piece.places) last.places.push(place)
    } else found.push({ ours: [...piece.ours], theirs: [...piece.theirs], places: [...piece.places] })
  }
  return found
}

const isSameStart = (one: Piece, other: Piece): boolean =>
  one.ours[0] === other.ours[0] && one.theirs[0] === other.theirs[0]

/** Neighbouring places apart: each begins where it begins on either side. */
function cut(piece: Piece): Piece[] {
  const places = inOrder(piece.places)
  if (places.length < 2) return [piece]
  const [own, other] = [startsOf(places, 'ours', piece.ours[1]), startsOf(places, 'theirs', piece.theirs[1])]
  const starts = places.map((_, i) => ({ ours: own[i]!, theirs: other[i]! }))
  const found: Piece[] = []
  let [a, b] = [piece.ours[0], piece.theirs[0]]
  starts.slice(1).forEach((start, i) => {
    const isRising = start.ours >= a && start.theirs >= b && (start.ours > a || start.theirs > b)
    if (!isRising) return
    found.push({ ours: [a, start.ours], theirs: [b, start.theirs], places: [places[i]!] })
    ;[a, b] = [start.ours, start.theirs]
  })
  return [...found, { ours: [a, piece.ours[1]], theirs: [b, piece.theirs[1]], places: [places.at(-1)!] }]
}

/** Where each place begins on a side: for one that has nothing there, where the next one does. */
function startsOf(places: readonly MarkedPlace[], side: 'ours' | 'theirs', end: number): number[] {
  const starts: number[] = []
  for (let i = places.length - 1, next = end; i >= 0; i--) {
    next = places[i]![side]?.[0] ?? next
    starts[i] = next
  }
  return starts
}

/** By either side, whichever both have. */
function inOrder(places: readonly MarkedPlace[]): MarkedPlace[] {
  const sorted = places.filter(({ ours }) => ours).sort((x, y) => x.ours![0] - y.ours![0])
  const added = places.filter(({ ours }) => !ours).sort((x, y) => (x.theirs?.[0] ?? 0) - (y.theirs?.[0] ?? 0))
  for (const place of added) {
    const at = sorted.findIndex(({ theirs }) => theirs !== undefined && theirs[0] > (place.theirs?.[0] ?? 0))
    if (at < 0) sorted.push(place)
    else sorted.splice(at, 0, place)
  }
  return sorted
}

/** The lines of the base that stand where a piece does: those between what both have around it. */
function baseFinder(a: readonly string[], c: readonly string[]): (piece: Piece) => Range {
  const pairs = matches(a, c)
  return ({ ours, places }) => {
    const own = places.flatMap(({ base }) => (base ? [base] : []))
    if (own.length > 0) return own.reduce(([from, to], [start, end]) => [Math.min(from, start), Math.max(to, end)])
    if (places.length > 0) return [0, 0]
    const before = pairs.findLast(([x]) => x < ours[0])
    const after = pairs.find(([x]) => x >= ours[1])
    return [before ? before[1] + 1 : 0, after ? after[1] : c.length]
  }
}

/** What a text with markers says on each side. */
export interface UnmarkedTexts {
  readonly ours: Uint8Array
  readonly theirs: Uint8Array
  /** Where every conflict shows what was there before. */
  readonly base?: Uint8Array
  readonly count: number
  /** Those of the first conflict. */
  readonly labels: Labels
}

const marker = /^([<|=>])\1{6,}(?=[ \r\n]|$)/

/** The sides of a text with markers; undefined where it has none, or they do not belong together. */
export function readMarkers(bytes: Uint8Array): UnmarkedTexts | undefined {
  const lines = linesOf(bytes)
  const size = lines.map((line) => marker.exec(line)).find((found) => found?.[1] === '<')?.[0].length
  const texts = { ours: [] as string[], base: [] as string[], theirs: [] as string[] }
  let [state, count, bases]: ['all' | 'ours' | 'base' | 'theirs', number, number] = ['all', 0, 0]
  for (const line of lines) {
    const [run, character] = marker.exec(line) ?? []
    const sign = run?.length === size ? character : undefined
    if (sign === '<' && state === 'all') [state, count] = ['ours', count + 1]
    else if (sign === '|' && state === 'ours') [state, bases] = ['base', bases + 1]
    else if (sign === '=' && (state === 'ours' || state === 'base')) state = 'theirs'
    else if (sign === '>' && state === 'theirs') state = 'all'
    else if (sign === '<' || (sign === '>' && state !== 'all')) return undefined
    else if (state !== 'all') texts[state].push(line)
    else for (const side of Object.values(texts)) side.push(line)
  }
  if (state !== 'all' || count === 0) return undefined
  const bytesOf = (some: readonly string[]): Uint8Array => Buffer.from(some.join(''), 'latin1')
  const label = (character: string): string => {
    const line = lines.find((one) => marker.exec(one)?.[0] === character.repeat(size!)) ?? ''
    return Buffer.from(line.slice(size).trim(), 'latin1').toString()
  }
  return {
    ours: bytesOf(texts.ours),
    theirs: bytesOf(texts.theirs),
    ...(bases === count ? { base: bytesOf(texts.base) } : {}),
    count,
    labels: { ours: label('<'), theirs: label('>'), size: size! },
  }
}
