// What the metadata of a file says of its recipients against what its creation rule says: nobody authenticates the first (SECURITY.md).
import { type Config, type CreationRule, matchCreationRule } from '../config/index.ts'
import type { Context } from '../context.ts'
import type { KeyGroup } from '../keys/types.ts'
import { distinctKeys, identityOf, namesOf } from '../recipients.ts'

/** The creation rule of a file for a command that can do without one: undefined where none fits, or where it cannot be read. */
export async function ruleFor(
  config: Config | undefined,
  path: string,
  ctx: Context,
): Promise<CreationRule | undefined> {
  if (!config?.creationRules) return undefined
  return matchCreationRule(config, path, { ...ctx, log: () => {} }).catch(() => undefined)
}

/** A threshold that is lower than the rule's, or that no rule states and that is not the strictest. */
export function warnOfThreshold(
  groups: readonly KeyGroup[],
  shamirThreshold: number,
  rule: CreationRule | undefined,
  ctx: Context,
): void {
  const stated = rule?.shamirThreshold ?? 0
  const threshold = shamirThreshold || groups.length
  if (groups.length < 2 || threshold >= (stated || groups.length)) return
  const wanted = stated ? `the creation rule wants ${stated}` : 'no creation rule says how many it should be'
  const message = `any ${threshold} of the ${groups.length} key groups of the file open it (shamir_threshold), and ${wanted}`
  ctx.log({ level: 'warning', logger: 'CMD', message })
}

/** Recipients that only the file names, where the rule names others. */
export function warnOfUnruled(groups: readonly KeyGroup[], rule: CreationRule | undefined, ctx: Context): void {
  const ruled = new Set(rule?.keyGroups.flatMap(({ keys }) => keys).map(identityOf))
  if (ruled.size === 0) return
  const unruled = distinctKeys(groups.flatMap(({ keys }) => keys)).filter((key) => !ruled.has(identityOf(key)))
  if (unruled.length === 0) return
  const message = `the data key goes to recipients of the file that its creation rule does not name: ${namesOf(unruled)}`
  ctx.log({ level: 'warning', logger: 'CMD', message })
}
