// Why the data key could not be recovered, group by group and key by key, as the reference lays it out.
import { wordWrap } from '../text/wrap.ts'

/** What each service said about a key that did not open. */
export interface KeyFailure {
  readonly label: string
  readonly errors: readonly string[]
}

/** The outcome for a group. */
type GroupOutcome = { readonly part: Uint8Array } | { readonly failures: readonly KeyFailure[] }

/** The reference has an empty line for it. */
const unasked = 'no key service was asked: the local one is switched off, and no other is named'

/** What each service said about a key, word-wrapped behind a bar, with blank lines between. */
function keyReport({ label, errors }: KeyFailure): readonly string[] {
  const parts = (errors.length > 0 ? errors : [unasked]).map((error) => {
    const lines = wordWrap(error, 60).split(/\r\n?|\n/)
    return lines.map((line, at) => `${at === 0 ? '-' : ' '} | ${line}`)
  })
  return [`${label}: FAILED`, ...indented(joined(parts))]
}

function groupReport(result: GroupOutcome, index: number): readonly string[] {
  if ('part' in result) return [`Group ${index}: SUCCESS`]
  return [`Group ${index}: FAILED`, ...indented(joined(result.failures.map(keyReport)))]
}

/** The bar stands before blank lines too, as in the reference; there is at least one. */
const indented = (lines: readonly string[]): readonly string[] =>
  (lines.length > 0 ? lines : ['']).map((line) => `  ${line}`)

/** Joined, with a blank line between each two. */
const joined = (parts: readonly (readonly string[])[]): readonly string[] =>
  parts.flatMap((lines, at) => (at === 0 ? lines : ['', ...lines]))

/** The report (spec/cli.md 3.5). `threshold` is 0 where there is one group. */
export function recoveryReport(
  results: readonly GroupOutcome[],
  threshold: number,
  recovered: number,
): readonly string[] {
  const trailer =
    threshold === 0
      ? 'None of the master keys was able to decrypt the data key. To open this file, one master key of each group that is needed must be usable here.'
      : `The data key is made of parts, one for each key group. ${threshold} parts are needed, and ${recovered} could be recovered. A group succeeds as soon as any one of its master keys can decrypt its part.`
  return joined([
    ['Failed to get the data key required to decrypt the SOPS file.'],
    ...results.map(groupReport),
    wordWrap(trailer, 75).split('\n'),
  ])
}
