// Key groups of a creation rule, from its flat fields or its key_groups (spec/config.md 3.3, 3.4).

import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import type { KeyConfig, KeyGroup, MasterKey, ParseOptions, StringMap } from '../keys/index.ts'
import { distinctKeys, keyTypesInOrder } from '../keys/index.ts'
import { listKind, textKind } from '../tree/kinds.ts'
import type { Flexible, RawKey, RawKeyGroup, RawRule } from './load.ts'

/** A key of a field; its failure names the field. */
async function inField<T>(field: string, key: Promise<T>): Promise<T> {
  try {
    return await key
  } catch (error) {
    if (!(error instanceof SopsError) || error.message.includes(field)) throw error
    throw new SopsError(error.code, `${error.message}, in ${field}`, { hints: error.hints, cause: error })
  }
}

/** The parts of a flexible key field. */
export function partsOf(value: Flexible | readonly string[], { flat, title = flat }: KeyConfig): readonly string[] {
  if (!('type' in value)) return value
  const refuse = (wanted: string, got: Flexible): never => {
    const reason = `${wanted} is wanted, not ${got.type}`
    throw new SopsError('generic', `invalid ${title} key configuration: invalid ${flat} key configuration: ${reason}`)
  }
  if (value.type === listKind) {
    return value.items.map((item) => (item.type === textKind ? item.text : refuse('a text for each element', item)))
  }
  if (value.type !== textKind) return refuse('a text or a list of texts', value)
  return value.text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

async function flatGroup(rule: RawRule, ctx: Context, kmsContext: StringMap | undefined): Promise<KeyGroup> {
  const options: ParseOptions = {
    ...(kmsContext ? { context: kmsContext } : {}),
    ...(rule.aws_profile ? { awsProfile: rule.aws_profile } : {}),
  }
  const keys: (readonly MasterKey[])[] = []
  for (const type of keyTypesInOrder('rules')) {
    const value = rule[type.config.flat]
    if (value === undefined) continue
    const text = partsOf(value, type.config).join(',')
    if (text !== '') keys.push(await inField(type.config.flat, type.parse(text, ctx, options)))
  }
  return { keys: distinctKeys(keys.flat()) }
}

/** The texts that the mapping leaves out are empty. */
export function completeItem(item: string | RawKey, config: KeyConfig): string | Record<string, string | StringMap> {
  if (typeof item === 'string') return item
  const complete: Record<string, string | StringMap> = {}
  for (const name of config.item?.fields ?? []) complete[name] = ''
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
  const keys: (readonly MasterKey[])[] = []
  for (const merged of group.merge ?? []) keys.push(await groupKeys(merged, ctx))
  for (const { config, parseGroupItem } of keyTypesInOrder('rules')) {
    for (const item of group[config.group] ?? []) {
      keys.push(await inField(config.group, parseGroupItem(completeItem(item, config), ctx)))
    }
  }
  return distinctKeys(keys.flat())
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
