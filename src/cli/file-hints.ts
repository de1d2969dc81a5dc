// Next steps for the file that a run is working on.
import { encryptHint } from '../errors.ts'
import { shellWord } from '../text/quote.ts'

/** For the configuration, where a secret file is wanted. */
export const configHints: readonly string[] = [
  'a configuration holds no secrets, and only as plain text does it say for whom files are encrypted: use any editor',
  'sops doctor examines it',
]

const isConfig = (file: string): boolean => /(?:^|[/\\])\.sops\.ya?ml$/.test(file)

/** The hints with the file's name, as the user wrote it, where they say `FILE`. */
export function hintsFor(file: string | undefined, hints: readonly string[]): readonly string[] {
  if (file === undefined || file === '') return hints
  const fitting = isConfig(file) ? hints.flatMap((hint) => (hint === encryptHint ? configHints : [hint])) : hints
  return fitting.map((hint) =>
    hint.includes(shellWord(file)) ? hint : hint.replace(/\bFILE\b/g, () => shellWord(file)),
  )
}
