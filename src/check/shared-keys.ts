// Files that hold the very same wrapped data key: one is a copy of the other, and whoever gets the key of one has that of both.
import { labelOf } from '../keys/index.ts'
import { counted } from '../text/counted.ts'
import { fileWord, quote } from '../text/quote.ts'
import type { SealedVersion } from './checked-file.ts'
import type { Fault } from './finding.ts'

/** What of a file is compared with others. */
export interface WrappedKeys {
  readonly path: string
  readonly name: string
  readonly place: string
  /** Each without white space. */
  readonly wrapped: readonly string[]
  /** Who should be able to open it, by its rule: equal texts for equal recipients; undefined without a rule. */
  readonly wanted: string | undefined
}

export async function wrappedKeysOf(
  { path, name, place, file, rule }: SealedVersion,
  groupsOf: (
    rule: NonNullable<SealedVersion['rule']>,
  ) => Promise<readonly { readonly keys: readonly Parameters<typeof labelOf>[0][] }[]>,
): Promise<WrappedKeys> {
  const keys = file.metadata.keyGroups.flatMap((group) => group.keys)
  const groups = rule && (await groupsOf(rule))
  return {
    path,
    name,
    place,
    wrapped: keys.filter(({ isBare }) => !isBare).map(({ enc }) => enc.replace(/\s+/g, '')),
    wanted: rule && JSON.stringify([rule.shamirThreshold, groups?.map((group) => group.keys.map(labelOf).sort())]),
  }
}

/** For each file that shares a key with others what there is to say of it. `others` are files that nothing is said of. */
export function checkSharedKeys(
  files: readonly WrappedKeys[],
  others: readonly WrappedKeys[],
): ReadonlyMap<string, Fault> {
  const holders = new Map<string, WrappedKeys[]>()
  for (const file of [...files, ...others])
    for (const key of new Set(file.wrapped)) {
      const known = holders.get(key)
      if (known) known.push(file)
      else holders.set(key, [file])
    }
  const drafts = new Map<string, Fault>()
  for (const file of files) {
    const sharers = new Set(file.wrapped.flatMap((key) => holders.get(key) ?? []))
    sharers.delete(file)
    const [first, ...more] = [...sharers].sort((a, b) => (a.place < b.place ? -1 : 1))
    if (first === undefined) continue
    const isOther = [first, ...more].some(
      ({ wanted }) => wanted !== undefined && file.wanted !== undefined && wanted !== file.wanted,
    )
    const rest = more.length > 0 ? ` and ${counted(more.length, 'more file')}` : ''
    drafts.set(file.path, {
      rule: 'shared-data-key',
      ...(isOther ? { level: 'error' as const } : {}),
      message: `its data key is that of ${quote(first.name)}${rest}${isOther ? ', which is for other recipients' : ''}`,
      fix: `sops rotate -i ${fileWord(file.name)}`,
    })
  }
  return drafts
}
