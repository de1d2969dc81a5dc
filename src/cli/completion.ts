// What a shell may offer for the word being typed (spec/cli.md 2.7).
import { helpFlag, isUsageError, parseWords } from './argv.ts'
import { commands, findRow, isGroup, type Row } from './commands/index.ts'
import { type Flag, namesOf } from './flag.ts'
import { rootFlags } from './flags.ts'
import type { Host } from './host.ts'
import { say } from './say.ts'

/** The row of the command that `words` has reached, with its parents. */
function reached(words: readonly string[], host: Host): readonly Row[] {
  const path: Row[] = []
  let table: readonly Row[] | undefined = commands
  let rest = words
  while (table !== undefined) {
    const parsed = parseWords(path.length === 0 ? rootFlags : [], rest, host.env, 'root')
    if (isUsageError(parsed)) break
    const row: Row | undefined = findRow<Row>(table, parsed.positionals[0])
    if (!row) break
    path.push(row)
    table = isGroup(row) ? row.subcommands : undefined
    rest = parsed.positionals.slice(1)
  }
  return path
}

const spelled = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`)

/** Flags that begin like `word` and do not stand on the line yet. */
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
      .map(spelled)
  })
}

/** Prints the candidates, one a line. `words` is the line so far without the program and the marker. */
export async function complete(words: readonly string[], host: Host): Promise<number> {
  const word = words.at(-1) ?? ''
  const completesFlag = word.startsWith('-')
  const before = completesFlag ? words.slice(0, -1) : words
  const path = reached(before, host)
  const row = path.at(-1)
  let candidates: readonly string[]
  if (completesFlag) {
    const inGroup = path.some(isGroup)
    const outer = inGroup ? [helpFlag] : [...rootFlags, helpFlag]
    candidates = [
      ...matchingFlags(word, outer, before),
      ...(row && !isGroup(row) ? matchingFlags(word, [...(await row.load()).flags, helpFlag], before) : []),
    ]
  } else {
    const described = host.env['_CLI_ZSH_AUTOCOMPLETE_HACK'] === '1'
    const table: readonly Row[] = row === undefined ? commands : isGroup(row) ? row.subcommands : []
    candidates = table
      .filter(({ hidden }) => !hidden)
      .flatMap(({ name, aliases, summary }) =>
        [name, ...(aliases ?? [])].map((one) => (described ? `${one}:${summary}` : one)),
      )
  }
  await say(host.stdout, ...candidates)
  return 0
}
