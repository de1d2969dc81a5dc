// A merge without keys: equal ciphertexts are equal values, and what one side changed can be carried over as it stands. Only a key can say
// that the whole is right: its MAC stays open.
import type { SopsError } from '../errors.ts'
import type { EncryptedFile } from '../file/index.ts'
import { type Metadata, takeMetadata, withMetadata } from '../metadata/index.ts'
import { hasSharedEntry } from '../repo/index.ts'
import { formatPath } from '../tree/path.ts'
import { sameTree } from '../tree/tree.ts'
import { withMarkers } from './markers.ts'
import { mergeMetadata, sameCoverage } from './metadata.ts'
import type { Side } from './nodes.ts'
import { passThrough, type TreePass } from './pass.ts'
import { type MadeText, placesIn } from './places.ts'
import type { Sides } from './sides.ts'
import type { ClosedMerge, Merge, MergeConflict } from './types.ts'

/** Merges ciphertexts; apart where nothing tells what is equal, since the versions do not share a data key. */
export function closedMerge(sides: Sides<EncryptedFile>, cause: SopsError, isBaseUnknown = false): Merge {
  const { base, ours, theirs } = sides
  const apart: Merge = { kind: 'apart', why: { reason: 'no key at hand opens it', cause } }
  const isShared = hasSharedEntry(ours, theirs) && (!base || hasSharedEntry(base, ours))
  if (!isShared || [base, theirs].some((side) => side && side.format.id !== ours.format.id)) return apart
  const conflicts: MergeConflict[] = []
  const metadata = mergeMetadata(
    { base: base?.metadata, ours: ours.metadata, theirs: theirs.metadata },
    ['ours', 'theirs'],
    (field, reason) => {
      conflicts.push({ keyPath: formatPath(['sops', field]), reason })
      return 'ours'
    },
  )
  if (conflicts.length > 0 || !metadata.isWhole || [ours, theirs].some(({ others }) => others.length > 0)) return apart
  const own = passOf(sides, 'ours', isBaseUnknown)
  const other = passOf(sides, 'theirs', isBaseUnknown)
  if (!own || !other) return apart
  return { ...marking(sides, metadata.metadata, own, other), cause, conflicts: own.conflicts }
}

interface ClosedPass extends TreePass {
  readonly conflicts: readonly MergeConflict[]
}

function passOf(sides: Sides<EncryptedFile>, rest: Side, isBaseUnknown: boolean): ClosedPass | undefined {
  const conflicts: MergeConflict[] = []
  const pass = passThrough(sides, {
    choose: (conflict) => {
      conflicts.push(conflict)
      return rest
    },
    before: 0,
    // A comment that is not the same may be what tells a value to be encrypted.
    commentsCount: true,
    isBaseUnknown,
  })
  return pass && { ...pass, conflicts }
}

function marking(
  { ours, theirs }: Sides<EncryptedFile>,
  metadata: Metadata,
  own: ClosedPass,
  other: ClosedPass,
): Omit<ClosedMerge, 'conflicts' | 'cause'> {
  const made = (pass: ClosedPass, { metadata: { mac, lastModified } }: EncryptedFile): MadeText => {
    const { format, parsed } = ours
    const tree = withMetadata(pass.tree, { ...metadata, mac, lastModified }, format.metadata, parsed.tree)
    const { bytes } = format.rewrite(parsed, tree, { encrypted: true })
    const read = format.parse(bytes, { encrypted: true })
    return { bytes, format, parsed: read, tree: takeMetadata(read.tree, format.metadata).tree }
  }
  const isTreeOf = (side: EncryptedFile): boolean => own.conflicts.length === 0 && sameTree(side.tree, own.tree)
  const whole = [ours, theirs].find((side) => isTreeOf(side) && sameCoverage(side.metadata, metadata))
  return {
    kind: 'closed',
    ...(whole ? { sealed: made(own, whole).bytes } : {}),
    marked: (labels) => {
      const [a, b] = [made(own, ours), made(other, theirs)]
      const [places, others] = [placesIn(a, own), placesIn(b, other)]
      const marks = own.conflicts.map((_, i) => ({ ours: places.at(i), theirs: others.at(i) }))
      return withMarkers({ ours: a.bytes, theirs: b.bytes }, marks, labels, true)
    },
  }
}
