// Three versions of a file become one, value by value: what each side changed is kept, nothing is read that its key or its MAC does not prove,
// and what both sides changed waits for a decision.
import { compileSelection } from '../cipher/index.ts'
import { SopsError } from '../errors.ts'
import { sniffFormat } from '../formats/index.ts'
import { distinctKeys, identityOf, labelOf } from '../keys/index.ts'
import type { Metadata } from '../metadata/index.ts'
import { formatPath } from '../tree/path.ts'
import { closedMerge } from './closed.ts'
import { mergeBinary } from './lines.ts'
import { type Labels, withMarkers } from './markers.ts'
import { holdersOf, type MergedMetadata, mergeMetadata } from './metadata.ts'
import type { Side } from './nodes.ts'
import { passThrough, type TreePass } from './pass.ts'
import { placesIn } from './places.ts'
import { sealerOf } from './seal.ts'
import { type MergeVersions, openSides, type ReadSide, type Sides } from './sides.ts'
import type { Choose, Merge, MergeConflict, MergeOptions, OpenMerge } from './types.ts'

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** The result that the bytes alone give: only one side changed the file, or both in the same way. */
function settledBytes({ base, ours, theirs }: MergeVersions): Uint8Array | undefined {
  if (isSame(ours, theirs) || (base && isSame(base, theirs))) return ours
  return base && isSame(base, ours) ? theirs : undefined
}

/** Opens three versions for the duration of `use`, then wipes their data keys. */
export async function withMerge<T>(
  versions: MergeVersions,
  options: MergeOptions,
  use: (merge: Merge) => Promise<T>,
): Promise<T> {
  const bytes = options.isRebuilt ? undefined : settledBytes(versions)
  if (bytes) return use({ kind: 'settled', bytes })
  const { base, ours, theirs } = versions
  const all = [base ?? new Uint8Array(), ours, theirs]
  if (all.every((one) => sniffFormat(one) === undefined)) return use({ kind: 'plain' })
  const opened = await openSides(versions, options.format, options.open)
  if (opened.kind === 'apart') return use(opened)
  if (opened.kind === 'closed') return use(closedMerge(opened.sides, opened.cause, options.isBaseUnknown))
  try {
    return await use(await openMerge(versions, opened.sides, options))
  } finally {
    opened.close()
  }
}

/** Both sides, with all lines in which they differ between markers. */
export const markedApart = ({ ours, theirs }: MergeVersions, labels: Labels): Uint8Array =>
  withMarkers({ ours, theirs }, [], labels, true)

/** One way through the merge. */
interface Pass extends TreePass {
  readonly metadata: MergedMetadata
}

async function openMerge(versions: MergeVersions, sides: Sides<ReadSide>, options: MergeOptions) {
  const conflicts: MergeConflict[] = []
  const note = (conflict: MergeConflict): Side => {
    conflicts.push(conflict)
    return 'ours'
  }
  const passes = await passMaker(sides, options.isBaseUnknown)
  const first = passes(note)
  if (first === undefined) {
    const reason = 'documents came or went on both sides, and nothing tells which is which'
    return { kind: 'apart', why: { reason } } as const
  }
  const { services } = options.open
  const sealer = sealerOf(versions, sides, { services, now: options.now, isRebuilt: options.isRebuilt === true })
  const chosen = (choose: Choose | undefined, rest: Side): Pass =>
    conflicts.length === 0 || (choose === undefined && rest === 'ours')
      ? first
      : passes((conflict) => choose?.(conflict) ?? rest)!
  const left = (choose?: Choose): readonly number[] =>
    conflicts.flatMap((conflict, i) => (choose?.(conflict) === undefined ? [i] : []))
  return {
    kind: 'open',
    conflicts,
    unrotated: unrotatedIn(sides, first.metadata),
    admitted: admittedBy(sides.ours.file?.metadata, first.metadata),
    seal: async (choose) => {
      refuseLeft(left(choose).map((i) => conflicts[i]!.keyPath))
      return sealer.seal(chosen(choose, 'ours'))
    },
    marked: async (labels, choose) => {
      const open = left(choose)
      if (open.some((i) => conflicts[i]!.path === undefined)) return markedApart(versions, labels)
      const [own, other] = [chosen(choose, 'ours'), chosen(choose, 'theirs')]
      const texts = await sealer.sealBoth(own, other)
      const places = await Promise.all([placesIn(texts.ours, own), placesIn(texts.theirs, other)])
      const marks = open.map((i) => ({ ours: places[0].at(i), theirs: places[1].at(i) }))
      return withMarkers({ ours: texts.ours.bytes, theirs: texts.theirs.bytes }, marks, labels)
    },
    draft: async (labels, choose) => {
      const open = left(choose)
      const sidesOf = ['ours', 'theirs', 'base'] as const
      const all = sidesOf.map((rest) => chosen(choose, rest))
      const texts = all.map((pass) => sealer.plain(pass))
      const [a, b, c] = await Promise.all(texts.map((text, i) => placesIn(text, all[i]!)))
      const marks = open.map((i) => ({ ours: a!.at(i), theirs: b!.at(i), base: c!.at(i) }))
      const [ours, theirs, base] = texts.map(({ bytes }) => bytes)
      return withMarkers({ ours: ours!, theirs: theirs!, base: base! }, marks, labels)
    },
    sealDraft: async (text, choose) => sealer.sealDraft(text, chosen(choose, 'ours')),
  } satisfies OpenMerge
}

function refuseLeft(keyPaths: readonly string[]): void {
  if (keyPaths.length === 0) return
  const rest = keyPaths.length === 1 ? 'is' : 'are'
  throw new SopsError('generic', `${keyPaths.join(', ')} ${rest} changed on both sides`)
}

/** Makes the merged tree and metadata, however often, with other choices each time; undefined where documents cannot be paired. */
async function passMaker(
  sides: Sides<ReadSide>,
  isBaseUnknown = false,
): Promise<(choose: (conflict: MergeConflict) => Side) => Pass | undefined> {
  const { base, ours, theirs } = sides
  const said = { base: base?.file?.metadata, ours: ours.file?.metadata, theirs: theirs.file?.metadata }
  const holders = holdersOf(sides)
  const selections = await Promise.all(
    Object.values(said).flatMap((one) => (one ? [compileSelection(one.selection)] : [])),
  )
  const commentsCount = selections.some(({ commentRules }) => commentRules.length > 0)
  const plain = (side: ReadSide) => ({ ...side, tree: side.plain })
  const trees = { ours: plain(ours), theirs: plain(theirs), ...(base && { base: plain(base) }) }
  return (choose) => {
    let before = 0
    const metadata = mergeMetadata(said, holders, (field, reason) => {
      before++
      return choose({ keyPath: formatPath(['sops', field]), reason })
    })
    const pass = passThrough(trees, {
      choose,
      before,
      commentsCount,
      isBaseUnknown,
      ...(ours.format.id === 'binary' ? { mergeLeaf: mergeBinary } : {}),
    })
    return pass && { ...pass, metadata }
  }
}

function unrotatedIn({ base, ours, theirs }: Sides<ReadSide>, { removed }: MergedMetadata): readonly string[] {
  const [before, ...after] = [base, ours, theirs].map((side) => side?.file?.dataKey)
  const isRotated = before === undefined || after.some((key) => key !== undefined && !isSame(key, before))
  return isRotated ? [] : removed.map(labelOf)
}

/** Nothing authenticates the list of recipients: whoever can write to a branch can add to it. */
function admittedBy(ours: Metadata | undefined, { metadata }: MergedMetadata): readonly string[] {
  if (ours === undefined) return []
  const own = new Set(ours.keyGroups.flatMap(({ keys }) => keys.map(identityOf)))
  const all = distinctKeys(metadata.keyGroups.flatMap(({ keys }) => keys))
  return all.filter((key) => !own.has(identityOf(key))).map(labelOf)
}
