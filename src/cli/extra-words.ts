// Words after the one file that a command takes (spec/cli.md 3.4).

import { SopsError } from '../errors.ts'
import { quote } from '../text/quote.ts'
import type { inPlace } from './flags.ts'
import type { Invocation, Io } from './invocation.ts'

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
        inv.legacy
          ? `put all flags before the file: sops -i … ${file}`
          : `run the command once for each file: ${inv.positionals.map(quote).join(' ')}`,
      ],
    })
  }
  const warn = (message: string): void => io.ctx.log({ level: 'warning', logger: 'CMD', message })
  warn('More than one positional argument provided. Only the first one will be used!')
  const flag = extra.findLast((word) => word.startsWith('-'))
  if (flag !== undefined)
    warn(
      `Note that one of the ignored positional argument is ${quote(flag)}, which looks like a flag. ` +
        'Flags must always be provided before the first positional argument!',
    )
}
