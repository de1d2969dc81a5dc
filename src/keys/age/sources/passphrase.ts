// Asks for a passphrase on the terminal until it opens something.
import type { Context } from '../../../context/index.ts'

/** Enough for a typing mistake, too few for guessing. */
const TRIES = 3

export const NO_TERMINAL = 'standard input is not a terminal, and /dev/tty is not available'

/**
 * Asks up to three times. `use` returns undefined for a wrong passphrase; so does `ask` after the last one.
 * @throws Error made by `noTerminal` when nobody can be asked; whatever `use` throws.
 */
export async function askPassphrase<T>(
  ctx: Context,
  text: string,
  use: (passphrase: string) => Promise<T | undefined>,
  noTerminal: () => Error,
): Promise<T | undefined> {
  for (let i = 0; i < TRIES; i++) {
    const passphrase = await ctx.prompt(i === 0 ? text : `Incorrect passphrase. ${text}`, { secret: true })
    if (passphrase === undefined) throw noTerminal()
    ctx.watch?.({ what: 'trying the passphrase' })
    const result = await use(passphrase)
    if (result !== undefined) return result
  }
  return undefined
}
