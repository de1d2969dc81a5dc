// Access tokens, once per run for each tenant and scope.
import type { Context } from '../../context.ts'
import type { Deadline } from '../http.ts'
import { remember } from '../remember.ts'
import { credentialChain } from './chain.ts'
import type { Challenge } from './challenge.ts'

export interface AccessToken {
  readonly text: string
  /** Milliseconds of the epoch. */
  readonly expires: number
}

/** @throws SopsError `generic`; `missing-dependency` when the SDK is needed and absent. */
export type TokenSource = (challenge: Challenge, deadline: Deadline) => Promise<AccessToken>

/** @throws SopsError `generic` for settings that make no sense. */
export const tokenSource = (ctx: Context): TokenSource =>
  ctx.once('azure credential', () => {
    const source = credentialChain(ctx)
    const ask: TokenSource = async (challenge, deadline) => {
      const { text, lifetime } = await source(challenge, deadline)
      return { text, expires: ctx.now().getTime() + lifetime * 1000 }
    }
    const kept = new Map<string, TokenSource>()
    return (challenge, deadline) => {
      const name = `${challenge.tenant} ${challenge.scope}`
      // A token that is about to expire is not worth sending.
      const remembered = kept.get(name) ?? remember(ask, ({ expires }) => expires - 60_000, ctx)
      kept.set(name, remembered)
      return remembered(challenge, deadline)
    }
  })
