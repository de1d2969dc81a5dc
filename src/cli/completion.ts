// What a shell may offer for the word being typed (spec/cli.md 2.7).
import { helpFlag, isUsageError, parseWords } from './argv.ts'
import { type Command, commands } from './commands/index.ts'
import { type Flag, namesOf, rootFlags } from './flags.ts'
import type { Host } from './host.ts'
import { say } from './say.ts'

/** The command that `words` has reached, with its parents. */
function reached(words: readonly string[], host: Host): readonly Command[] {
  const path: Command[] = []
  let table: readonly Command[] | undefined = commands
  let flags: readonly Flag[] = rootFlags
  let rest = words
  while (table !== undefined) {
    const parsed = parseWords(flags, rest, host.env, 'root')
    if (isUsageError(parsed)) break
    const [word, ...behind]: readonly string[] = parsed.positionals
    const command: Command | undefined = table.find(
      ({ name, aliases }) => word !== undefined && (name === word || aliases?.includes(word)),
    )
    if (!command) break
    path.push(command)
    table = command.subcommands
    flags = command.flags
    rest = behind
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
  const command = path.at(-1)
  let candidates: readonly string[]
  if (completesFlag) {
    const inGroup = path.some(({ subcommands }) => subcommands !== undefined)
    const outer = inGroup ? [helpFlag] : [...rootFlags, helpFlag]
    candidates = [
      ...matchingFlags(word, outer, before),
      ...(command && !command.subcommands ? matchingFlags(word, [...command.flags, helpFlag], before) : []),
    ]
  } else {
    const described = host.env['_CLI_ZSH_AUTOCOMPLETE_HACK'] === '1'
    const table = command === undefined ? commands : (command.subcommands ?? [])
    candidates = table
      .filter(({ hidden }) => !hidden)
      .flatMap(({ name, aliases, summary }) =>
        [name, ...(aliases ?? [])].map((one) => (described ? `${one}:${summary}` : one)),
      )
  }
  await say(host.stdout, ...candidates)
  return 0
}
