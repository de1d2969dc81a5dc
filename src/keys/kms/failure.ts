// The text of an AWS failure, without anything secret.

import type { Context } from '../../context/index.ts'
import { memoKey } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { unreachable } from '../../net/index.ts'
import { secretValues } from '../../system/index.ts'

const secrets = memoKey<Set<string>>('AWS secrets')

const known = (ctx: Context): Set<string> => ctx.once(secrets, () => new Set())

/** Texts that must not be shown, beyond those in the environment. */
export function keepSecret(ctx: Context, ...texts: readonly (string | undefined)[]): void {
  for (const text of texts) if (text) known(ctx).add(text)
}

/** Service errors quote what was signed, session token included. */
function redact(text: string, ctx: Context): string {
  const secrets = [...known(ctx), ...secretValues(ctx.env)]
  return secrets.filter((secret) => secret.length >= 4).reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
}

/** One line: the service's name for the error, and its text; what the system refused has no such name. */
export function describeFailure(error: unknown, ctx: Context): string {
  if (error instanceof AggregateError && error.errors.length > 0) return describeFailure(error.errors[0], ctx)
  if (!(error instanceof Error)) return 'unknown failure'
  const reached = unreachable(error, ctx)
  if (reached !== undefined) return reached
  const text = redact(messageOf(error), ctx)
    .trim()
    .replace(/\s*\n\s*/g, ' ')
  if (error instanceof SopsError || 'syscall' in error || error.name === 'Error' || error.name === '') return text
  return text === '' ? error.name : `${error.name}: ${text}`
}
