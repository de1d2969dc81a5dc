// What a shell may offer for the word being typed (spec/cli.md 2.7).
//
// yargs does not fit: it either offers the aliases of a flag or notices that one of them is on the line, never both; it adds descriptions
// whenever $SHELL is zsh, though bash may be asking; and loading it makes each press of Tab a quarter dearer.
import { helpFlag, isUsageError, parseWords } from './argv.ts'
import { findRow, isGroup, type Row, rowsBelow } from './commands/index.ts'
import { dashed, type Flag, namesOf } from './flag.ts'
import { rootFlags } from './flags.ts'
import type { Host } from './host.ts'
import { say } from './say.ts'

/** The command that `words` lead to, with its parents. */
function reached(words: readonly string[], host: Host): readonly Row[] {
  const path: Row[] = []
  let rest = words
  for (;;) {
    const parsed = parseWords(path.length === 0 ? rootFlags : [], rest, host.env, 'root')
    if (isUsageError(parsed)) return path
    const row = findRow(rowsBelow(path.at(-1)), parsed.positionals[0])
    if (row === undefined) return path
    path.push(row)
    rest = parsed.positionals.slice(1)
  }
}

/** Flags that begin like `word` and are not on the line yet. */
function matchingFlags(word: string, flags: readonly Flag[], words: readonly string[]): readonly string[] {
  const typed = word.replace(/^--?/, '')
  const used = new Set(
    words.filter((other) => other.startsWith('-')).map((other) => other.replace(/^--?/, '').split('=', 1)[0]),
  )
  return flags.flatMap((flag) => {
    const names = namesOf(flag)
    if (names.some((name) => used.has(name))) return []
    return names
      .filter((name) => name.startsWith(typed) && name !== typed && !(word.startsWith('--') && name.length === 1))
      .map(dashed)
  })
}

async function flagCandidates(word: string, before: readonly string[], host: Host): Promise<readonly string[]> {
  const path = reached(before, host)
  const row = path.at(-1)
  const outer = path.some(isGroup) ? [helpFlag] : [...rootFlags, helpFlag]
  const own = row === undefined || isGroup(row) ? [] : [...(await row.load()).flags, helpFlag]
  return [...matchingFlags(word, outer, before), ...matchingFlags(word, own, before)]
}

function commandCandidates(words: readonly string[], host: Host): readonly string[] {
  // Our script for zsh sets it, and so does the reference's.
  const described = host.env['_CLI_ZSH_AUTOCOMPLETE_HACK'] === '1'
  return rowsBelow(reached(words, host).at(-1)).flatMap((row) =>
    namesOf(row).map((name) => (described ? `${name}:${row.summary}` : name)),
  )
}

/** Prints the candidates, one a line. `words` is the line so far, without the program and the marker. */
export async function complete(words: readonly string[], host: Host): Promise<number> {
  const word = words.at(-1) ?? ''
  const candidates = word.startsWith('-')
    ? await flagCandidates(word, words.slice(0, -1), host)
    : commandCandidates(words, host)
  await say(host.stdout, ...candidates)
  return 0
}
