// Key groups of a creation rule, from its flat fields or its key_groups (spec/config.md 3.3, 3.4).
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { distinctKeys } from '../keys/identity.ts'
import { keyTypes } from '../keys/index.ts'
import type { KeyGroup, KeyTypeId, MasterKey, ParseOptions, StringMap } from '../keys/types.ts'
import type { Flexible, RawKey, RawKeyGroup, RawRule } from './load.ts'

type FlatField = 'age' | 'pgp' | 'kms' | 'gcp_kms' | 'hckms' | 'azure_keyvault' | 'hc_vault_transit_uri'
type GroupField = Exclude<keyof RawKeyGroup, 'merge'>

interface KeyField {
  readonly type: KeyTypeId
  readonly flat: FlatField
  readonly group: GroupField
  /** The outer name in messages about the flat field. */
  readonly title: string
}

/** The seven key types in the order of keys within a group, with the names of their fields. */
export const keyFields: readonly KeyField[] = [
  { type: 'age', flat: 'age', group: 'age', title: 'age' },
  { type: 'pgp', flat: 'pgp', group: 'pgp', title: 'pgp' },
  { type: 'kms', flat: 'kms', group: 'kms', title: 'kms' },
  { type: 'gcp_kms', flat: 'gcp_kms', group: 'gcp_kms', title: 'gcpkms' },
  { type: 'hckms', flat: 'hckms', group: 'hckms', title: 'hckms' },
  { type: 'azure_kv', flat: 'azure_keyvault', group: 'azure_keyvault', title: 'azure_keyvault' },
  { type: 'hc_vault', flat: 'hc_vault_transit_uri', group: 'hc_vault', title: 'vault' },
]

/** The parts of a flexible key field. */
function partsOf(value: Flexible, { flat, title }: KeyField): readonly string[] {
  const refuse = (expected: string, got: Flexible): never => {
    const reason = `expected ${expected}, got ${got.type}`
    throw new SopsError('generic', `invalid ${title} key configuration: invalid ${flat} key configuration: ${reason}`)
  }
  if (value.type === '[]interface {}') {
    return value.items.map((item) => (item.type === 'string' ? item.text : refuse('string in list', item)))
  }
  if (value.type !== 'string') return refuse('string, []string, or nil', value)
  return value.text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

async function flatGroup(rule: RawRule, ctx: Context, kmsContext: StringMap | undefined): Promise<KeyGroup> {
  const keys: MasterKey[] = []
  for (const field of keyFields) {
    const value = rule[field.flat]
    if (value === undefined) continue
    const parts = 'type' in value ? partsOf(value, field) : value
    const text = parts.join(',')
    if (text === '') continue
    const options: ParseOptions =
      field.type === 'kms'
        ? {
            ...(kmsContext ? { context: kmsContext } : {}),
            ...(rule.aws_profile ? { awsProfile: rule.aws_profile } : {}),
          }
        : {}
    keys.push(...(await keyTypes[field.type].parse(text, ctx, options)))
  }
  return { keys: distinctKeys(keys) }
}

/** The names a key written as a mapping may carry; those left out are empty. */
const itemFields: Readonly<Partial<Record<GroupField, readonly string[]>>> = {
  kms: ['arn', 'role', 'aws_profile'],
  gcp_kms: ['resource_id'],
  hckms: ['key_id'],
  azure_keyvault: ['vaultUrl', 'key', 'version'],
}

function completeItem(item: RawKey, field: GroupField): Record<string, string | StringMap> {
  const complete: Record<string, string | StringMap> = {}
  for (const name of itemFields[field] ?? []) complete[name] = ''
  for (const [name, value] of Object.entries(item)) {
    if (typeof value === 'string') {
      complete[name] = value
      continue
    }
    const context: Record<string, string> = {}
    for (const [key, text] of Object.entries(value)) {
      if (text === null)
        throw new SopsError('generic', `error loading config: encryption context "${key}" has no value`)
      context[key] = text
    }
    complete[name] = context
  }
  return complete
}

async function groupKeys(group: RawKeyGroup, ctx: Context): Promise<readonly MasterKey[]> {
  const keys: MasterKey[] = []
  for (const merged of group.merge ?? []) keys.push(...(await groupKeys(merged, ctx)))
  for (const field of keyFields) {
    for (const item of group[field.group] ?? []) {
      const complete = typeof item === 'string' ? item : completeItem(item, field.group)
      keys.push(...(await keyTypes[field.type].parseGroupItem(complete, ctx)))
    }
  }
  return distinctKeys(keys)
}

/**
 * The key groups of a rule, in its order; a rule without any key has one empty group. `kmsContext` goes to flat AWS KMS keys.
 * @throws SopsError `generic` for a key that does not parse.
 */
export async function keyGroupsOf(rule: RawRule, ctx: Context, kmsContext?: StringMap): Promise<KeyGroup[]> {
  if (rule.key_groups === undefined || rule.key_groups.length === 0) return [await flatGroup(rule, ctx, kmsContext)]
  const groups: KeyGroup[] = []
  for (const group of rule.key_groups) groups.push({ keys: await groupKeys(group, ctx) })
  return groups
}
