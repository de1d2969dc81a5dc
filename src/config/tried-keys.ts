// The recipients of a rule one by one, so that each that is wrong is named.

import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import type { KeyType, MasterKey, ParseOptions } from '../keys/index.ts'
import { distinctKeys, keyTypesInOrder } from '../keys/index.ts'
import { completeItem, partsOf } from './keys.ts'
import type { RawKeyGroup, RawRule } from './load.ts'

interface Failure {
  /** The field below the rule: `age`, `key_groups[0].pgp`. */
  readonly field: string
  readonly line: number | undefined
  readonly error: SopsError
}

/** The recipients of one group that are right, and what is wrong with the others. */
export interface TriedGroup {
  readonly keys: readonly MasterKey[]
  readonly failures: readonly Failure[]
}

type LinesOf = (owner: object, field: string) => number | undefined

interface Trial {
  readonly type: KeyType
  readonly field: string
  readonly line: number | undefined
  readonly parse: () => Promise<readonly MasterKey[]>
}

async function tryAll(trials: readonly Trial[]): Promise<TriedGroup> {
  const keys: MasterKey[] = []
  const failures: Failure[] = []
  for (const { type, field, line, parse } of trials) {
    try {
      for (const key of await parse()) {
        type.verify?.(key)
        keys.push(key)
      }
    } catch (error) {
      if (!(error instanceof SopsError)) throw error
      failures.push({ field, line, error })
    }
  }
  return { keys: distinctKeys(keys), failures }
}

/** Commas separate keys wherever they stand (spec/config.md 3.3); an empty piece is left to the type. */
function flatTrials(rule: RawRule, ctx: Context, lineOf: LinesOf): readonly Trial[] {
  const options: ParseOptions = rule.aws_profile ? { awsProfile: rule.aws_profile } : {}
  return keyTypesInOrder('rules').flatMap((type) => {
    const { flat } = type.config
    const value = rule[flat]
    if (value === undefined) return []
    const trial = { type, field: flat, line: lineOf(rule, flat) }
    try {
      const parts = partsOf(value, type.config)
      const pieces = parts.length === 0 ? [] : parts.join(',').split(',')
      return pieces.map((piece) => ({ ...trial, parse: () => type.parse(piece, ctx, options) }))
    } catch (error) {
      return [{ ...trial, parse: () => Promise.reject(error) }]
    }
  })
}

function groupTrials(group: RawKeyGroup, at: string, ctx: Context, lineOf: LinesOf): readonly Trial[] {
  const merged = (group.merge ?? []).flatMap((inner, i) => groupTrials(inner, `${at}.merge[${i}]`, ctx, lineOf))
  const own = keyTypesInOrder('rules').flatMap((type): readonly Trial[] => {
    const { group: field } = type.config
    return (group[field] ?? []).map((item) => ({
      type,
      field: `${at}.${field}`,
      line: lineOf(group, field),
      parse: async () => type.parseGroupItem(completeItem(item, type.config), ctx),
    }))
  })
  return [...merged, ...own]
}

/** The groups of a rule, in its order; one for a rule without key_groups. Nothing is looked up if the context is `atHand`. */
export async function tryKeys(rule: RawRule, ctx: Context, lineOf: LinesOf): Promise<readonly TriedGroup[]> {
  if (rule.key_groups === undefined || rule.key_groups.length === 0)
    return [await tryAll(flatTrials(rule, ctx, lineOf))]
  const groups: TriedGroup[] = []
  for (const [i, group] of rule.key_groups.entries())
    groups.push(await tryAll(groupTrials(group, `key_groups[${i}]`, ctx, lineOf)))
  return groups
}
