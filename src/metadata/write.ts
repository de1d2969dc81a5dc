// Prints a record as a metadata block, every mapping in byte order of its keys (spec/format.md 6.1, 6.2).
import { givenSettings } from '../cipher/index.ts'
import type { KeyGroup, MasterKey } from '../keys/index.ts'
import { keyTypes } from '../keys/index.ts'
import type { Entry, ListNode, MapNode, Node, Value } from '../tree/tree.ts'
import { keyLists } from './names.ts'
import type { Metadata } from './types.ts'

const leaf = (value: Value): Node => ({ kind: 'leaf', value })

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Left out: fields that are undefined. */
function mapOf(fields: Readonly<Record<string, Node | undefined>>): MapNode {
  const items: Entry[] = []
  for (const key of Object.keys(fields).sort(byBytes)) {
    const value = fields[key]
    if (value !== undefined) items.push({ kind: 'entry', key, value })
  }
  return { kind: 'map', items }
}

/** Where the `enc` of a bare key is missing, or empty, it is not put there. */
function keyNode(key: MasterKey): MapNode {
  const fields: Record<string, Node | undefined> = { enc: key.isBare && key.enc === '' ? undefined : leaf(key.enc) }
  if (key.createdAt !== undefined) fields.created_at = leaf(key.createdAt)
  for (const { name, omitEmpty, map } of keyTypes[key.type]?.fields ?? []) {
    const value = key.fields[name] ?? (map === true ? {} : '')
    const isEmpty = typeof value === 'string' ? value === '' : Object.keys(value).length === 0
    if (isEmpty && omitEmpty === true) continue
    fields[name] =
      typeof value === 'string'
        ? leaf(value)
        : mapOf(Object.fromEntries(Object.entries(value).map(([k, v]) => [k, leaf(v)])))
  }
  return mapOf(fields)
}

/** A group mapping has some lists even when they are empty. */
function groupFields(group: KeyGroup, isNested: boolean): Record<string, Node | undefined> {
  const fields: Record<string, Node | undefined> = {}
  for (const type of keyLists) {
    const items = group.keys.filter((key) => key.type === type).map(keyNode)
    const list: ListNode = { kind: 'list', items }
    if (items.length > 0 || (isNested && keyTypes[type].keepsEmptyList)) fields[type] = list
  }
  return fields
}

/** The block as a nested map, without origins. */
export function blockOf(metadata: Metadata): MapNode {
  const { keyGroups, selection } = metadata
  const [only] = keyGroups
  const keys: Record<string, Node | undefined> =
    keyGroups.length === 1 && only !== undefined
      ? groupFields(only, false)
      : { key_groups: { kind: 'list', items: keyGroups.map((group) => mapOf(groupFields(group, true))) } }
  const settings = givenSettings(selection).map(({ name, field }) => [field, leaf(selection[name]!)] as const)
  return mapOf({
    ...keys,
    ...Object.fromEntries(settings),
    lastmodified: leaf(metadata.lastModified),
    mac: leaf(metadata.mac),
    mac_only_encrypted: metadata.macOnlyEncrypted ? leaf(true) : undefined,
    shamir_threshold: metadata.shamirThreshold === 0 ? undefined : leaf(BigInt(metadata.shamirThreshold)),
    version: leaf(metadata.version),
  })
}
