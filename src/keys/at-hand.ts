// Opening with what is at hand, to check entries that nobody asked to open.

import type { Context } from '../context/index.ts'
import { memory } from '../context/index.ts'

/** It has its own memory: a passphrase that was not asked for here must not be remembered as refused. */
export function contextAtHand(ctx: Context): Context {
  return {
    ...ctx,
    atHand: true,
    unattended: true,
    prompt: async () => undefined,
    log: () => {},
    once: memory(),
  }
}
