// Names of formats that nobody knows: the reference takes such a flag for one that was not given (spec/format.md 12.1).
import { formatIds, isFormatId } from '../formats/index.ts'
import { quote } from '../text/quote.ts'
import { nearest } from '../text/suggest.ts'
import { dashed, type Flag } from './flag.ts'
import type { FlagValues, Io } from './invocation.ts'

/** What people call the formats. */
const otherNames: Readonly<Record<string, string>> = { yml: 'yaml', env: 'dotenv', bin: 'binary', text: 'binary' }

/** Warns of `--input-type` and `--output-type` with a name that is none of a format. */
export function warnOfTypeNames(values: FlagValues<Flag>, flags: readonly Flag[], io: Io): void {
  for (const name of ['input-type', 'output-type']) {
    if (!flags.some((flag) => flag.name === name)) continue
    const given = values.string(name)
    if (given === '' || isFormatId(given)) continue
    const meant = otherNames[given.toLowerCase()] ?? nearest(given.toLowerCase(), formatIds)
    io.ctx.log({
      level: 'warning',
      logger: 'CMD',
      message:
        `${dashed(name)} ${quote(given)} is no format and counts as not given: known are ${formatIds.join(', ')}` +
        (meant === undefined ? '' : `; did you mean ${meant}?`),
    })
  }
}
