// Which plugin recipients the user has named in this run. On the start-up path.

import type { Context } from '../../../context/index.ts'
import { memoKey } from '../../../context/index.ts'

const names = memoKey<Set<string>>('named recipients')

const named = (ctx: Context): Set<string> => ctx.once(names, () => new Set())

/** Recipients in flags, rules and questions are the user's own words; those in the metadata of a file are not. */
export const nameRecipient = (recipient: string, ctx: Context): void => {
  named(ctx).add(recipient.toLowerCase())
}

export const isNamed = (recipient: string, ctx: Context): boolean => named(ctx).has(recipient.toLowerCase())
