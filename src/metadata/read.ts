// Reads a metadata block into its record (spec/format.md 6.1, 6.5).

import {
  anySetting,
  orDefault,
  refuseLargeExpression,
  type SelectionOptions,
  selectionSettings,
} from '../cipher/index.ts'
import { SopsError } from '../errors.ts'
import type { KeyGroup, KeyTypeId, MasterKey } from '../keys/index.ts'
import { keyTypes } from '../keys/index.ts'
import { quote } from '../text/quote.ts'
import { parseRfc3339 } from '../tree/time.ts'
import type { MapNode } from '../tree/tree.ts'
import { asBool, asInt, asMaps, asStringMap, asText, fieldOf } from './coerce.ts'
import { keyLists } from './names.ts'
import type { Metadata } from './types.ts'

/** @throws SopsError `generic` at the first thing that is wrong, in the order of spec/format.md 6.5. */
export function readMetadata(block: MapNode): Metadata {
  const topGroup = readGroup(block, '')
  const otherGroups = asMaps('key_groups', fieldOf(block, 'key_groups')).map((group, at) =>
    readGroup(group, `key_groups[${at}].`),
  )
  const settings: { -readonly [K in keyof SelectionOptions]: string } = {}
  for (const { name, field, by } of selectionSettings) {
    const text = asText(field, fieldOf(block, field))
    if (text === '') continue
    if (by !== 'suffix') refuseLargeExpression(text, `the ${field} of the file`)
    settings[name] = text
  }
  const decoded = {
    shamirThreshold: asInt('shamir_threshold', fieldOf(block, 'shamir_threshold')),
    lastModified: asText('lastmodified', fieldOf(block, 'lastmodified'), { time: true }),
    mac: asText('mac', fieldOf(block, 'mac')),
    version: asText('version', fieldOf(block, 'version')),
    macOnlyEncrypted: asBool('mac_only_encrypted', fieldOf(block, 'mac_only_encrypted')),
  }
  checkTime('lastmodified', decoded.lastModified)
  const keyGroups = topGroup.keys.length > 0 ? [topGroup] : otherGroups
  if (keyGroups.length === 0) throw new SopsError('generic', 'No keys found in file: its metadata names no recipient')
  for (const [at, group] of keyGroups.entries()) checkKeys(group, keyGroups === otherGroups ? `key_groups[${at}].` : '')
  if (Object.keys(settings).length > 1) {
    throw new SopsError('generic', `Cannot use more than one of ${anySetting} in the same file`)
  }
  return { keyGroups, ...decoded, selection: orDefault(settings) }
}

function readGroup(map: MapNode, where: string): KeyGroup {
  const keys: MasterKey[] = []
  for (const type of keyLists) {
    asMaps(where + type, fieldOf(map, type)).forEach((entry, at) => {
      keys.push(readKey(type, entry, `${where}${type}[${at}].`))
    })
  }
  return { keys }
}

function readKey(type: KeyTypeId, entry: MapNode, where: string): MasterKey {
  const keyType = keyTypes[type]
  const fields: Record<string, string | Readonly<Record<string, string>>> = {}
  for (const { name, map } of keyType.fields) {
    const node = fieldOf(entry, name)
    fields[name] = map === true ? asStringMap(where + name, node) : asText(where + name, node)
  }
  const enc = asText(`${where}enc`, fieldOf(entry, 'enc'))
  const key: MasterKey = enc.trim() === '' ? { type, fields, enc, isBare: true } : { type, fields, enc }
  if (!keyType.dated) return key
  return { ...key, createdAt: asText(`${where}created_at`, fieldOf(entry, 'created_at'), { time: true }) }
}

function checkKeys({ keys }: KeyGroup, where: string): void {
  const counts = new Map<KeyTypeId, number>()
  for (const key of keys) {
    const at = counts.get(key.type) ?? 0
    counts.set(key.type, at + 1)
    if (key.createdAt !== undefined) checkTime(`${where}${key.type}[${at}].created_at`, key.createdAt)
    keyTypes[key.type]?.check?.(key)
  }
}

/** A time that is not there cannot be told from one that was lost: the MAC of the file is bound to `lastmodified`. */
function checkTime(name: string, text: string): void {
  if (parseRfc3339(text) !== undefined) return
  const bare = text
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim()
  const isClose = bare !== text && parseRfc3339(bare) !== undefined
  const problem = bare === '' ? 'is missing or empty' : `is no time in RFC 3339: ${quote(text)}`
  const restore =
    name === 'lastmodified'
      ? [
          'take it from an earlier version of the file: the MAC is bound to it',
          'where it is lost, write any time, such as 2026-01-31T12:00:00Z, and open the file with --ignore-mac',
        ]
      : ['write the time at which the key was added, or any other, such as 2026-01-31T12:00:00Z']
  const parsing = `parsing time ${quote(text)} as "2006-01-02T15:04:05Z07:00"`
  throw new SopsError('generic', `${parsing}: ${name} in the metadata ${problem}`, {
    hints: isClose ? [`take away the ${/^\s|\s$/.test(text) ? 'white space' : 'quotes'} around the time`] : restore,
  })
}
