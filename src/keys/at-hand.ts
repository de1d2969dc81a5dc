// Opening with what lies ready, for a look at entries that nobody asked to open.

import type { Context } from '../context/index.ts'
import { memory } from '../context/memo.ts'

/** With a memory of its own: that a passphrase was not asked for here must not be remembered as its refusal. */
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
