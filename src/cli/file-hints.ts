// Next steps for the file that a run is working on.
import { encryptHint, mendHint } from '../errors.ts'
import { fileWord } from '../text/quote.ts'
import { configHints, isConfigName } from './plain-config.ts'

/** The hints with the file's name, as the user wrote it, where they say `FILE`. */
export function hintsFor(file: string | undefined, hints: readonly string[]): readonly string[] {
  if (file === undefined || file === '') return hints
  const isToEncrypt = (hint: string): boolean => hint === encryptHint || hint === mendHint
  const fitting = isConfigName(file) ? hints.flatMap((hint) => (isToEncrypt(hint) ? configHints : [hint])) : hints
  return fitting.map((hint) => (hint.includes(fileWord(file)) ? hint : hint.replace(/\bFILE\b/g, () => fileWord(file))))
}
