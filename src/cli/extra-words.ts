// Whether a command that takes one file was given one (spec/cli.md 3.4).

import { SopsError } from '../errors.ts'
import { fileWord, quote, shellWord } from '../text/quote.ts'
import type { inPlace } from './flags.ts'
import type { Invocation, Io } from './invocation.ts'
import { isIndex } from './word-order.ts'

/**
 * Warns as the reference does. With `--in-place` refuses more than one file, since it is unclear which of them was meant.
 * @throws SopsError `generic`.
 */
export function checkExtraWords(inv: Invocation<typeof inPlace>, io: Io): void {
  const [file, ...extra] = inv.positionals
  if (extra.length === 0) return
  if (inv.bool('in-place')) {
    throw new SopsError('generic', `Error: --in-place takes exactly one file, got ${inv.positionals.length} words`, {
      hints: [
        extra.some((word) => word.startsWith('-'))
          ? `put all flags before the file: sops ${inv.legacy ? '' : `${inv.command.join(' ')} `}-i … ${fileWord(file ?? '')}`
          : `sops ${inv.command.join(' ')} takes several: sops ${inv.command.join(' ')} -i … ${inv.positionals.map(fileWord).join(' ')}, with your flags for …`,
      ],
    })
  }
  const warn = (message: string): void => io.ctx.log({ level: 'warning', logger: 'CMD', message })
  const index = extra.find(isIndex)
  warn('More than one positional argument provided. Only the first one will be used!')
  const flag = extra.findLast((word) => word.startsWith('-'))
  if (index !== undefined && inv.command.at(-1) === 'decrypt')
    warn(`all of the file is decrypted; one value: sops decrypt --extract ${shellWord(index)} ${fileWord(file ?? '')}`)
  if (flag !== undefined)
    warn(
      `Note that one of the ignored positional argument is ${quote(flag)}, which looks like a flag. ` +
        'Flags must always be provided before the first positional argument!',
    )
}

/** Warns of words behind a command that takes none, which it ignores as the reference does. */
export function warnOfWords({ command, positionals }: Invocation<never>, io: Io): void {
  if (positionals.length === 0) return
  const message = `${command.join(' ')} takes no words: ${positionals.map((word) => quote(word)).join(' ')} ignored`
  io.ctx.log({ level: 'warning', logger: 'CMD', message })
}

/** The error of a command without its file. */
export const noFile = (inv: Invocation<never>): SopsError =>
  new SopsError('no-file', 'no file specified', { hints: [`name one: sops ${inv.command.join(' ')} FILE`] })
