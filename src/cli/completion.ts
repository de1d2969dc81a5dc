// What a shell may offer for the word being typed (spec/cli.md 2.7).
//
// yargs does not fit: it either offers the aliases of a flag or notices that one of them is on the line, never both; it adds descriptions
// whenever $SHELL is zsh, though bash may be asking; and loading it makes each press of Tab a quarter dearer.
import { helpFlag, isUsageError, parseWords } from './argv.ts'
import { findRow, isGroup, type Row, rowsBelow } from './commands/index.ts'
import { dashed, type Flag, namesOf } from './flag.ts'
import { rootFlags } from './flags.ts'
import type { Host } from './host.ts'
import { Control, type Line, sayLines } from './say.ts'

interface Candidate {
  readonly text: string
  readonly help?: string
}

interface Offer {
  readonly candidates: readonly Candidate[]
  /** Names of files fit, too. */
  readonly files: boolean
}

const nothing: Offer = { candidates: [], files: false }

/** The command that `words` lead to, with its parents; behind `help` the one that is asked about. */
function reached(words: readonly string[], host: Host): { readonly path: readonly Row[]; readonly isTopic: boolean } {
  const path: Row[] = []
  let isTopic = false
  let rest = words
  for (;;) {
    const parsed = parseWords(path.length === 0 ? rootFlags : [], rest, host.env, 'root')
    if (isUsageError(parsed)) return { path, isTopic }
    const row = findRow(rowsBelow(path.at(-1)), parsed.positionals[0])
    if (row === undefined) return { path, isTopic }
    if (row.name === 'help' && path.length === 0) isTopic = true
    else path.push(row)
    rest = parsed.positionals.slice(1)
  }
}

/** The flags that may stand where the words end: those of the command, or those in front of one. */
async function flagsAt(path: readonly Row[]): Promise<readonly Flag[]> {
  const row = path.at(-1)
  if (row === undefined) return [...rootFlags, helpFlag]
  return isGroup(row) ? [helpFlag] : [...(await row.load()).flags, helpFlag]
}

/** Flags that begin like `word` and are not on the line yet; those that may be repeated are offered again. */
function matchingFlags(word: string, flags: readonly Flag[], words: readonly string[]): readonly Candidate[] {
  const typed = word.replace(/^--?/, '')
  const used = new Set(
    words.filter((other) => other.startsWith('-')).map((other) => other.replace(/^--?/, '').split('=', 1)[0]),
  )
  return flags.flatMap((flag) => {
    const names = namesOf(flag)
    if (flag.kind !== 'list' && names.some((name) => used.has(name))) return []
    return names
      .filter((name) => name.startsWith(typed) && name !== typed && !(word.startsWith('--') && name.length === 1))
      .map((name) => ({ text: dashed(name), help: flag.help }))
  })
}

const flagNamed = (word: string, flags: readonly Flag[]): Flag | undefined =>
  /^-./.test(word) ? flags.find((flag) => namesOf(flag).includes(word.replace(/^--?/, ''))) : undefined

/** What fits as the value of a flag; `before` is what stands in front of it in the same word. */
const valuesOf = ({ kind, values, path }: Flag, before = ''): Offer => ({
  candidates: (values ?? (kind === 'bool' ? ['true', 'false'] : [])).map((value) => ({ text: before + value })),
  files: path === true,
})

function commandsAt(path: readonly Row[], word = ''): readonly Candidate[] {
  const isFor = ({ yieldsTo }: Row): boolean => word === '' || yieldsTo?.startsWith(word) !== true
  return rowsBelow(path.at(-1))
    .filter(isFor)
    .flatMap((row) => namesOf(row).map((name) => ({ text: name, help: row.summary })))
}

/** The usage line names what a command takes. */
const takesFiles = async (row: Row | undefined): Promise<boolean> =>
  row === undefined || (!isGroup(row) && /FILE|PATH|FOLDER|DIR/.test((await row.load()).args))

async function offer(word: string, before: readonly string[], host: Host): Promise<Offer> {
  const { path, isTopic } = reached(before, host)
  if (isTopic) return { candidates: commandsAt(path, word), files: false }
  const flags = await flagsAt(path)
  const [, spelling, equals] = /^(--?[^=]+)(=)/.exec(word) ?? []
  if (spelling !== undefined && equals !== undefined) {
    const flag = flagNamed(spelling, flags)
    return flag === undefined ? nothing : valuesOf(flag, spelling + equals)
  }
  const last = flagNamed(before.at(-1) ?? '', flags)
  if (last !== undefined && last.kind !== 'bool' && !last.optional) return valuesOf(last)
  if (word.startsWith('-')) return { candidates: matchingFlags(word, flags, before), files: false }
  return { candidates: commandsAt(path, word), files: await takesFiles(path.at(-1)) }
}

/** How each shell takes descriptions. Scripts of the reference ask for those of zsh with a variable of their own. */
const styles: Readonly<Record<string, (candidate: Candidate) => Line>> = {
  bash: ({ text }) => text,
  zsh: ({ text, help }) => (help === undefined ? text : `${text.replaceAll(':', '\\:')}:${help}`),
  fish: ({ text, help }) => (help === undefined ? text : [text, new Control('\t'), help]),
}

/**
 * Prints the candidates, one a line. `words` is the line so far, without the program and the marker. Our scripts set `_SOPS_COMPLETE` to the
 * shell, and the last of their words is the one being typed, even if it is empty: the status is then 1 where names of files fit, too. Scripts
 * of the reference leave out a word that does not begin with a dash.
 */
export async function complete(words: readonly string[], host: Host): Promise<number> {
  const shell = host.env['_SOPS_COMPLETE'] ?? ''
  const isOurs = Object.hasOwn(styles, shell)
  const last = words.at(-1) ?? ''
  const isTyped = isOurs || last.startsWith('-')
  const { candidates, files } = await offer(isTyped ? last : '', isTyped ? words.slice(0, -1) : words, host)
  const style = styles[isOurs ? shell : host.env['_CLI_ZSH_AUTOCOMPLETE_HACK'] === '1' ? 'zsh' : 'bash']!
  await sayLines(host.stdout, candidates.map(style))
  return isOurs && files ? 1 : 0
}
