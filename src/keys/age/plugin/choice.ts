// Whether a recipient's plugin may be started: anybody may have written the file that names it, and a file must not choose a program.
import type { Context } from '../../../context/index.ts'
import { type Found, sources } from '../sources/sources.ts'
import { isNamed } from './named.ts'

interface PluginRecipient {
  readonly text: string
  /** The plugin's name. */
  readonly name: string
}

const isInVariable = (recipient: string, ctx: Context): boolean =>
  (ctx.env.SOPS_AGE_RECIPIENTS ?? '').split(',').some((part) => part.trim().toLowerCase() === recipient.toLowerCase())

/** Whoever has an identity of a plugin uses that plugin. Commands run last. */
async function usesPlugin({ text, name }: PluginRecipient, ctx: Context): Promise<boolean> {
  const has = ({ identities }: Found): boolean => identities.some(({ plugin }) => plugin === name.toLowerCase())
  const ready = await Promise.all([sources.variable(ctx), sources.keyFile(ctx), sources.defaultFiles(ctx)])
  return ready.some(has) || has(await sources.command(ctx, text))
}

/** @throws Error that says how to allow it. */
export async function mustBeChosen(recipient: PluginRecipient, ctx: Context): Promise<void> {
  const { text, name } = recipient
  if (isNamed(text, ctx) || isInVariable(text, ctx) || (await ctx.namesRecipient?.(text))) return
  if (await usesPlugin(recipient, ctx)) return
  throw new Error(
    `age-plugin-${name} is not started for a recipient that only the file names; if the recipient is right, ` +
      'name it in the creation rule of the file, with a flag or in SOPS_AGE_RECIPIENTS, or have an identity of that plugin',
  )
}
