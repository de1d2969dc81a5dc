// Whether `git textconv` and `doctor` may use the network or start plugins. Both look at files that anybody may have written, as in a
// clone, and what a file names gets this machine's tokens: so the user has to allow it, and the repository cannot.

import { parse } from 'node:path'
import type { Context } from '../context/index.ts'
import { memoKey } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { run as startAndWait } from '../system/index.ts'
import { parseBool } from '../text/bool.ts'
import { networkKeys } from './flags.ts'
import type { Invocation } from './invocation.ts'

const refusalText =
  'the network, key services and plugins are left alone; ' +
  'git config --global sops.networkKeys true, SOPS_NETWORK_KEYS=1 or --network-keys lets them be used'

/** The git variables that say where the user's settings are. */
const userVariables: readonly string[] = ['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM', 'GIT_CONFIG_NOSYSTEM']

/** The scopes of the user, nearest first; files that they include are not read. */
const scopes = ['--global', '--system'] as const

/** The user's `sops.networkKeys`; false if it is not set or there is no git. */
async function userSetting(ctx: Context): Promise<boolean> {
  const env = Object.fromEntries(
    Object.entries(ctx.env).filter(([name]) => !name.startsWith('GIT_') || userVariables.includes(name)),
  )
  // Outside any repository, whose settings git would read too.
  const cwd = parse(ctx.cwd).root || '/'
  for (const scope of scopes) {
    const args = ['config', scope, '--no-includes', '--type=bool', '--get', 'sops.networkKeys']
    const ran = await startAndWait('git', args, { cwd, env }).catch(() => undefined)
    if (ran === undefined) return false
    if (ran.status === 0) return ran.stdout.trim() === 'true'
  }
  return false
}

const variable = networkKeys.env!

/** git's words for yes and no, since git's own setting takes these; empty is no. */
const words: Readonly<Record<string, boolean>> = { yes: true, on: true, no: false, off: false, '': false }

/** `SOPS_NETWORK_KEYS`: undefined if not set, the reason if it says neither yes nor no. */
function variableSetting({ env }: Context): boolean | string | undefined {
  const text = env[variable]
  if (text === undefined) return undefined
  return parseBool(text) ?? words[text.toLowerCase()] ?? `${variable} says neither yes nor no: set it to 1 or 0`
}

/** For a command that may fail. @throws SopsError `usage` if the variable says neither yes nor no. */
export function checkVariable(inv: Invocation<typeof networkKeys>, ctx: Context): void {
  const setting = inv.given('network-keys') ? undefined : variableSetting(ctx)
  if (typeof setting === 'string') throw new SopsError('usage', setting)
}

const allowed = memoKey<Promise<boolean | string>>('network keys')

/** `ask` is for `Context.localOnly`; `refusal` is what it last answered. */
export function localOnly(
  inv: Invocation<typeof networkKeys>,
  ctx: Context,
): { readonly ask: NonNullable<Context['localOnly']>; readonly refusal: string | undefined } {
  let refusal: string | undefined
  const setting = (): Promise<boolean | string> =>
    ctx.once(allowed, async () =>
      inv.given('network-keys') ? inv.bool('network-keys') : (variableSetting(ctx) ?? (await userSetting(ctx))),
    )
  return {
    ask: async () => {
      const said = await setting()
      refusal = said === true ? undefined : said === false ? refusalText : said
      return refusal
    },
    get refusal() {
      return refusal
    },
  }
}
