// Compares the recipients in a file's metadata, which are not authenticated (SECURITY.md), with those of its creation rule.
import { type Config, type CreationRule, ruleOf } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import type { KeyGroup } from '../keys/index.ts'
import { distinctKeys, identityOf, namesOf } from '../keys/index.ts'
import type { Io } from './invocation.ts'

type RuledRecipients = Pick<CreationRule, 'keyGroups' | 'shamirThreshold'>

/**
 * What the creation rule of a file says of its recipients, for a command that can do without: undefined if no rule matches. Bad recipients
 * in the rule do not concern such a command and are left out.
 */
export async function ruleFor(
  config: Config | undefined,
  path: string,
  ctx: Context,
): Promise<RuledRecipients | undefined> {
  const rule = await ruleOf(config, path, { ...ctx, log: () => {} })
  return rule && { shamirThreshold: rule.shamirThreshold, keyGroups: await rule.keyGroups().catch(() => []) }
}

/** Counts the recipients of the rule as named by the user; the rule is looked for when a plugin is wanted. */
export function withRule(io: Io, config: Config | undefined, path: string): Io {
  if (!config?.creationRules) return io
  const { ctx } = io
  const namesRecipient = async (recipient: string): Promise<boolean> => {
    const rule = await ruleFor(config, path, ctx)
    const wanted = identityOf({ type: 'age', fields: { recipient }, enc: '' })
    return rule?.keyGroups.some(({ keys }) => keys.some((key) => identityOf(key) === wanted)) ?? false
  }
  return { ...io, ctx: { ...ctx, namesRecipient } }
}

/** Who gets the data key of a file when it is wrapped again. */
export interface Rewrapped {
  /** The groups and the threshold, if the file says how many groups open it; absent if the user does. */
  readonly shared?: { readonly keyGroups: readonly KeyGroup[]; readonly shamirThreshold: number }
  /** Recipients that get it because the file names them, without those that the user names. */
  readonly staying: readonly KeyGroup[]
}

/** For every command that wraps the data key of an existing file again. Call it before anything is written. */
export function warnOfRecipients(
  { shared, staying }: Rewrapped,
  rule: RuledRecipients | undefined,
  ctx: Context,
): void {
  if (shared) warnOfThreshold(shared.keyGroups, shared.shamirThreshold, rule, ctx)
  warnOfUnruled(staying, rule, ctx)
}

/** Warns of a threshold that is lower than the rule's, or that no rule states and that is not the strictest. */
function warnOfThreshold(
  groups: readonly KeyGroup[],
  shamirThreshold: number,
  rule: RuledRecipients | undefined,
  ctx: Context,
): void {
  const stated = rule?.shamirThreshold ?? 0
  const threshold = shamirThreshold || groups.length
  if (groups.length < 2 || threshold >= (stated || groups.length)) return
  const wanted = stated ? `the creation rule wants ${stated}` : 'no creation rule says how many it should be'
  const message = `any ${threshold} of the ${groups.length} key groups of the file open it (shamir_threshold), and ${wanted}`
  ctx.log({ level: 'warning', logger: 'CMD', message })
}

/** Warns of recipients that only the file names if the rule names others. */
function warnOfUnruled(groups: readonly KeyGroup[], rule: RuledRecipients | undefined, ctx: Context): void {
  const ruled = new Set(rule?.keyGroups.flatMap(({ keys }) => keys).map(identityOf))
  if (ruled.size === 0) return
  const unruled = distinctKeys(groups.flatMap(({ keys }) => keys)).filter((key) => !ruled.has(identityOf(key)))
  if (unruled.length === 0) return
  const message = `the data key goes to recipients of the file that its creation rule does not name: ${namesOf(unruled)}`
  ctx.log({ level: 'warning', logger: 'CMD', message })
}
