// The recipients that a file's creation rule names, for commands that wrap for those in the file without asking the rule for more.
import { type Config, matchCreationRule } from '../config/index.ts'
import { identityOf } from '../recipients.ts'
import type { Io } from './invocation.ts'

/** The rule is looked for when a plugin is wanted, and silently: what is wrong with it does not concern a command that does not use it. */
export function withRule(io: Io, config: Config | undefined, path: string): Io {
  if (!config?.creationRules) return io
  const { ctx } = io
  const namesRecipient = async (recipient: string): Promise<boolean> => {
    const rule = await matchCreationRule(config, path, { ...ctx, log: () => {} }).catch(() => undefined)
    const wanted = identityOf({ type: 'age', fields: { recipient }, enc: '' })
    return rule?.keyGroups.some(({ keys }) => keys.some((key) => identityOf(key) === wanted)) ?? false
  }
  return { ...io, ctx: { ...ctx, namesRecipient } }
}
