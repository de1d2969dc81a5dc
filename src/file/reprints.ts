// What is said of a text that did not keep its layout although nobody asked for another.
import type { Context } from '../context/index.ts'
import type { Reprint } from '../formats/index.ts'

export function warnOfReprints(reprints: readonly Reprint[] = [], log?: Context['log']): void {
  for (const { line, why } of reprints) {
    const what = line === undefined ? 'the whole text' : `what begins in line ${line}`
    log?.({ level: 'advice', logger: 'CMD', message: `${what} was laid out anew: ${why}` })
  }
}
