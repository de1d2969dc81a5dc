// The metadata of three versions: settings, recipients, and the data key that they hold.
import { givenSettings, orDefault } from '../cipher/index.ts'
import type { OpenFile } from '../file/index.ts'
import { distinctKeys, identityOf, type KeyGroup, type MasterKey } from '../keys/index.ts'
import { compareVersions, type Metadata } from '../metadata/index.ts'
import type { Sides } from './sides.ts'

/** What the versions say of a file; those that are not encrypted say nothing. */
interface Said {
  readonly base?: Metadata | undefined
  readonly ours?: Metadata | undefined
  readonly theirs?: Metadata | undefined
}

/** The metadata of the result before it is sealed. */
export interface MergedMetadata {
  readonly metadata: Metadata
  /** Recipients whose entries hold the data key of the result already. */
  readonly kept: ReadonlySet<MasterKey>
  /** Recipients that one side took out. */
  readonly removed: readonly MasterKey[]
  /** Of several groups that are as a side has them: nothing is wrapped. */
  readonly isWhole: boolean
}

/** Takes a side of what both sides changed, each in its own way; `field` stands below `sops`. */
type ChooseField = (field: string, reason: string) => 'base' | 'ours' | 'theirs'

const bothChanged = 'both sides changed it'

/**
 * Merges the metadata of the versions under the data key of `holders`: of those sides entries are taken as they are, all other recipients need
 * theirs wrapped anew. What a side took out stays out.
 */
export function mergeMetadata({ base, ours, theirs }: Said, holders: Holders, choose: ChooseField): MergedMetadata {
  const only = ours ?? theirs
  if (only === undefined) throw new TypeError('no version is encrypted')
  if (!ours || !theirs) return { metadata: only, kept: new Set(keysOf(only.keyGroups)), removed: [], isWhole: true }
  const settings = mergeSettings({ base, ours, theirs }, choose)
  const { groups, ...entries } = mergeGroups({ base, ours, theirs }, holders, choose)
  const version = compareVersions(ours.version || '0', theirs.version || '0') < 0 ? theirs.version : ours.version
  const threshold = settings.shamirThreshold
  const shamirThreshold = groups.length > 1 ? Math.min(threshold, groups.length) : threshold
  return { metadata: { ...ours, ...settings, shamirThreshold, version, keyGroups: groups }, ...entries }
}

const keysOf = (groups: readonly KeyGroup[]): readonly MasterKey[] => groups.flatMap(({ keys }) => keys)

interface Both {
  readonly base: Metadata | undefined
  readonly ours: Metadata
  readonly theirs: Metadata
}

/** The side that changed something of the metadata; undefined where both did. */
function pick({ base, ours, theirs }: Both, textOf: (metadata: Metadata) => string): 'ours' | 'theirs' | undefined {
  const [o, t] = [textOf(ours), textOf(theirs)]
  const b = base && textOf(base)
  return o === t || b === t ? 'ours' : b === o ? 'theirs' : undefined
}

const selectionText = ({ selection }: Metadata): string =>
  JSON.stringify(givenSettings(orDefault(selection)).map(({ name }) => [name, orDefault(selection)[name]]))

/** The same recipients, in the same order, under the same settings. */
export const sameSettings = (one: Metadata, other: Metadata): boolean =>
  [one, other]
    .map((metadata) => {
      const { keyGroups, shamirThreshold, macOnlyEncrypted, version } = metadata
      return JSON.stringify([keyGroups.map(idsOf), shamirThreshold, macOnlyEncrypted, version, selectionText(metadata)])
    })
    .every((text, _, [first]) => text === first)

/** Whether both say alike what the MAC is over, and which values are encrypted. */
export const sameCoverage = (one: Metadata, other: Metadata): boolean =>
  (one.macOnlyEncrypted === true) === (other.macOnlyEncrypted === true) && selectionText(one) === selectionText(other)

type Settings = Pick<Metadata, 'selection' | 'macOnlyEncrypted' | 'shamirThreshold'>

function mergeSettings(all: Both, choose: ChooseField): Settings {
  const settled = (field: string, textOf: (metadata: Metadata) => string): Metadata =>
    all[pick(all, textOf) ?? choose(field, bothChanged)] ?? all.ours
  const [first] = givenSettings(orDefault(all.ours.selection))
  const { selection } = settled(first!.field, selectionText)
  const { macOnlyEncrypted } = settled('mac_only_encrypted', (metadata) => String(metadata.macOnlyEncrypted))
  const { shamirThreshold } = settled('shamir_threshold', (metadata) => String(metadata.shamirThreshold))
  return { selection, macOnlyEncrypted, shamirThreshold }
}

interface MergedGroups {
  readonly groups: readonly KeyGroup[]
  readonly kept: ReadonlySet<MasterKey>
  readonly removed: readonly MasterKey[]
  readonly isWhole: boolean
}

const idsOf = ({ keys }: KeyGroup): readonly string[] => distinctKeys(keys).map(identityOf)
const setText = (groups: readonly KeyGroup[]): string => JSON.stringify(groups.map((group) => [...idsOf(group)].sort()))

type Holders = readonly ('ours' | 'theirs')[]

const groupsText = ({ keyGroups }: Metadata): string => setText(keyGroups)

const newOnBoth = 'the file is new on both sides, for different recipients: to join them would let somebody in'
const nobodyLeft = 'each side took out whom the other left, and nobody remains'

function mergeGroups(all: Both, holders: Holders, choose: ChooseField): MergedGroups {
  const [b, o, t] = [all.base?.keyGroups, all.ours.keyGroups, all.theirs.keyGroups]
  const of = (side: 'base' | 'ours' | 'theirs'): readonly KeyGroup[] => all[side]?.keyGroups ?? o
  const wanted = (): readonly KeyGroup[] => {
    if (b === undefined) return setText(o) === setText(t) ? o : of(choose('recipients', newOnBoth))
    if (o.length !== t.length || b.length !== o.length)
      return of(pick(all, groupsText) ?? choose('key_groups', bothChanged))
    const joined = o.map((group, i) => mergeGroup(b[i]!, group, t[i]!))
    return joined.some(({ keys }) => keys.length === 0) ? of(choose('recipients', nobodyLeft)) : joined
  }
  const groups = wanted()
  const stays = new Set(keysOf(groups).map(identityOf))
  const removed = distinctKeys(keysOf([...(b ?? []), ...o, ...t])).filter((key) => !stays.has(identityOf(key)))
  return { ...entriesFor(groups, { ours: o, theirs: t }, holders), removed }
}

/** Ours and what theirs added, without what either took out. */
function mergeGroup(base: KeyGroup, ours: KeyGroup, theirs: KeyGroup): KeyGroup {
  const [b, o, t] = [base, ours, theirs].map((group) => new Set(idsOf(group)))
  const own = ours.keys.filter((key) => t!.has(identityOf(key)) || !b!.has(identityOf(key)))
  const added = theirs.keys.filter((key) => !o!.has(identityOf(key)) && !b!.has(identityOf(key)))
  return { keys: [...own, ...added] }
}

/** The wanted recipients with the entries that hold the data key. Shares of several groups belong together: they come from one side, or are new. */
function entriesFor(
  wanted: readonly KeyGroup[],
  sides: Readonly<Record<'ours' | 'theirs', readonly KeyGroup[]>>,
  holders: Holders,
): Omit<MergedGroups, 'removed'> {
  const whole = holders.find((side) => setText(sides[side]) === setText(wanted))
  if (wanted.length > 1) {
    const groups = whole ? sides[whole] : wanted
    return { groups, kept: new Set(whole ? keysOf(groups) : []), isWhole: whole !== undefined }
  }
  const known = new Map<string, MasterKey>()
  for (const side of holders) {
    for (const key of keysOf(sides[side])) {
      const before = known.get(identityOf(key))
      if (before === undefined || (before.isBare && !key.isBare)) known.set(identityOf(key), key)
    }
  }
  const keys = wanted[0]!.keys.map((key) => known.get(identityOf(key)) ?? { ...key, enc: '' })
  const kept = new Set(keys.filter((key) => known.has(identityOf(key))))
  return { groups: [{ keys }], kept, isWhole: kept.size === keys.length }
}

/** The data key of the result: that of the side that rotated it, if only theirs did; else that of ours, if that is encrypted. */
export function holdersOf({ base, ours, theirs }: Sides<{ readonly file?: OpenFile }>): Holders {
  const isSame = (a: OpenFile | undefined, b: OpenFile | undefined): boolean =>
    a !== undefined && b !== undefined && Buffer.compare(a.dataKey, b.dataKey) === 0
  const [b, o, t] = [base?.file, ours.file, theirs.file]
  if (isSame(o, t)) return ['ours', 'theirs']
  if (o === undefined) return ['theirs']
  return t !== undefined && isSame(b, o) ? ['theirs'] : ['ours']
}
