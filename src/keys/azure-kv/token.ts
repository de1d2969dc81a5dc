// Access tokens, once per run: straight from their source where the environment names it, else through the SDK's chain of credentials.
import type { DefaultAzureCredential } from '@azure/identity'
import type { Context } from '../../context.ts'
import { messageOf, SopsError } from '../../errors.ts'
import type { Deadline } from '../http.ts'
import { loadOptional } from '../optional.ts'
import { within } from '../within.ts'
import type { Challenge } from './challenge.ts'
import { type DirectSource, directSource } from './direct.ts'

export interface AccessToken {
  readonly text: string
  /** Milliseconds of the epoch. */
  readonly expires: number
}

/** @throws SopsError `generic`. */
export type TokenSource = (challenge: Challenge, deadline: Deadline) => Promise<AccessToken>

/** @throws SopsError `missing-dependency` when the SDK is needed and absent; `generic` when it refuses its settings. */
export const tokenSource = (ctx: Context): TokenSource =>
  ctx.once('azure credential', () => {
    const direct = directSource(ctx)
    const source = direct === undefined ? sdkSource() : keepingTime(direct, ctx)
    const kept = new Map<string, Promise<AccessToken>>()
    return async (challenge, deadline) => {
      const name = `${challenge.tenant} ${challenge.scope}`
      const old = await kept.get(name)
      if (old !== undefined && old.expires > ctx.now().getTime() + margin) return old
      const fresh = source(challenge, deadline)
      kept.set(name, fresh)
      return fresh
    }
  })

/** A token that is about to expire is not worth sending. */
const margin = 60_000

const keepingTime =
  (source: DirectSource, ctx: Context): TokenSource =>
  async (challenge, deadline) => {
    const { text, lifetime } = await source(challenge, deadline)
    return { text, expires: ctx.now().getTime() + lifetime * 1000 }
  }

async function makeCredential(): Promise<DefaultAzureCredential> {
  const identity = await loadOptional('@azure/identity', () => import('@azure/identity'))
  try {
    return new identity.DefaultAzureCredential()
  } catch (error) {
    throw new SopsError('generic', messageOf(error), { cause: error })
  }
}

function sdkSource(): TokenSource {
  let credential: DefaultAzureCredential | undefined
  return ({ scope, tenant }, deadline) =>
    within(Math.max(1, Math.ceil(deadline.left())), 'Azure credentials', async (abortSignal) => {
      credential ??= await makeCredential()
      const token = await credential.getToken(scope, { abortSignal, ...(tenant ? { tenantId: tenant } : {}) })
      if (token === null) throw new SopsError('generic', 'no credential gives a token')
      return { text: token.token, expires: token.expiresOnTimestamp }
    })
}
