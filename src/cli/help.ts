// Help texts, which yargs prints from the table of commands and their flags. Only this module loads it: on every run it would cost a third of
// Node's own start, so parsing is ours (argv.ts).
//
// Three things stay ours because yargs has no form for them (spec/cli.md 2.6): a name for a flag's value, `(default: X) [$ENV]` where it would
// say `[default: "X"]`, and bodies that stand three spaces in.
import { basename } from 'node:path'
import type { Argv } from 'yargs'
import { exitCodes } from '../errors.ts'
import { compatibleVersion } from '../metadata/index.ts'
import { commands, findRow, isGroup, type Row, rowsBelow, sections } from './commands/index.ts'
import { type Flag, namesOf } from './flag.ts'
import { rootFlags } from './flags.ts'
import { hintLines, messageLines } from './form.ts'
import type { Host } from './host.ts'
import { commandsLike, subcommandsLike } from './meant.ts'
import { sayLines } from './say.ts'

interface Page {
  /** Titles of the blocks above the columns, each with its lines. */
  readonly lead: Readonly<Record<string, readonly string[]>>
  /** Blocks of commands by title. */
  readonly rows?: Readonly<Record<string, readonly Row[]>>
  readonly flags?: readonly Flag[]
  /** Of flags without a section. */
  readonly heading?: string
  readonly examples: readonly string[]
}

function describe(flag: Flag): string {
  const shown = flag.kind === 'int' || typeof flag.default === 'string' ? flag.default : undefined
  return [
    flag.help,
    ...(shown === undefined || shown === '' ? [] : [`(default: ${shown})`]),
    ...(flag.env === undefined ? [] : [`[$${flag.env}]`]),
  ].join(' ')
}

/** Width of a text on a stream where nothing says otherwise. */
const usualWidth = 80
/** A narrower terminal is not written for. */
const leastWidth = 20
/** Columns in front of a description at least, and of a name that is long. */
const [leastIndent, nameIndent] = [6, 3]

/** Columns of the terminal; `COLUMNS` says otherwise. */
function widthOf({ env, stdout }: Host): number {
  const wish = /^\d{1,5}$/.test(env['COLUMNS'] ?? '') ? Number(env['COLUMNS']) : 0
  return Math.max(wish || (stdout.isTTY && stdout.columns) || usualWidth, leastWidth)
}

/** Breaks a text at its blanks; a word that does not fit has a line of its own. */
function broken(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line === undefined || line.length + 1 + word.length > columns) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines
}

/** Lines of the text, each `indent` columns in. */
const indented = (text: string, indent: number, width: number): readonly string[] =>
  broken(text, width - indent).map((line) => (line === '' ? '' : ' '.repeat(indent) + line))

/** Names that do not fit beside the indent they have, without it, and else with what stands for the value on the next line. */
const namesOn = (names: string, width: number): readonly string[] =>
  names.length <= width ? [names] : indented(names.trim(), nameIndent, width)

/**
 * A line of names and their description, broken so that it fits. Descriptions have at least half of the width, and the more the longer their
 * words are.
 */
function fitted(line: string, width: number): readonly string[] {
  const [, names = '', gap = '', text = ''] = /^( {3,}\S.*?)(?:( {2,})(\S.*))?$/.exec(line) ?? []
  if (text === '') {
    const indent = line.length - line.trimStart().length
    return indent > nameIndent ? namesOn(line, width) : indented(line.trim(), indent, width)
  }
  const longest = text.split(' ').reduce((most, word) => Math.max(most, word.length), 0)
  const usual = Math.min(names.length + gap.length, Math.floor(width / 2))
  const place = Math.max(leastIndent, Math.min(usual, width - longest))
  const lines = indented(text, place, width)
  if (names.length + 2 > place) return [...namesOn(names, width), ...lines]
  return lines.map((part, i) => (i === 0 ? names.padEnd(place) + part.trimStart() : part))
}

async function print(
  { lead, rows = {}, flags = [], heading = 'OPTIONS', examples }: Page,
  width: number,
): Promise<readonly string[]> {
  const { default: yargs } = await import('yargs')
  const page = (title: string): Argv =>
    yargs([])
      .help(false)
      .version(false)
      .locale('en')
      .wrap(null)
      .scriptName('')
      // The line that it would make up.
      .usage(null as never)
      .parserConfiguration({ 'camel-case-expansion': false, 'dot-notation': false })
      .updateStrings({ 'Commands:': `${title}:`, 'Examples:': 'EXAMPLES:', 'aliases:': 'also:' })
  const blocks = Object.entries(lead).map(([title, lines]) =>
    [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n'),
  )
  for (const [title, some] of Object.entries(rows)) {
    const block = page(title)
    for (const row of some) block.command([...namesOf(row)], row.summary, {}, () => {})
    blocks.push(await block.getHelp())
  }
  const last = page('')
  for (const flag of flags) {
    // yargs prints short spellings first, then the key, then its other aliases: the value belongs to the last one printed.
    const long = namesOf(flag).filter((name) => name.length > 1)
    if (flag.value !== undefined) long.push(`${long.pop()}${flag.optional ? `[=${flag.value}]` : ` ${flag.value}`}`)
    const [key = '', ...aliases] = [...long, ...namesOf(flag).filter((name) => name.length === 1)]
    last.option(key, { alias: aliases, describe: describe(flag), group: `${flag.section ?? heading}:` })
  }
  for (const example of examples) last.example(example, '')
  if (flags.length > 0 || examples.length > 0) blocks.push(await last.getHelp())
  // To yargs a digit is a long name, and the last one.
  const text = blocks
    .map((block) => block.trim())
    .join('\n\n')
    .replace(/(--[\w-]+), --(\d)\b( *)/g, '-$2, $1 $3')
  const lines = text.replace(/^ {2}/gm, '   ').split('\n')
  return [...lines.flatMap((line) => fitted(line, width)), '']
}

/** The version of the reference that this program matches, and its own. */
const versionText = (host: Host): string => `${compatibleVersion} (sops-ts ${host.version})`

const bySection: Readonly<Record<string, readonly Row[]>> = Object.fromEntries(
  sections.map((section) => [section, commands.filter((row) => row.section === section)]),
)

const appHelp = (host: Host): Page => ({
  lead: {
    NAME: ['sops - edit files of secrets that are stored encrypted'],
    USAGE: [
      'sops [global options] COMMAND [command options] [ARGUMENTS]',
      'sops [global options] FILE',
      '',
      'Without a command FILE is opened in an editor; with -d, -e, -r or --set it is',
      'decrypted, encrypted, rotated or changed. Flags then stand before FILE.',
      'A file that is called like a command is reached as ./NAME.',
    ],
    VERSION: [versionText(host)],
  },
  rows: bySection,
  flags: rootFlags,
  heading: 'GLOBAL OPTIONS',
  examples: [
    'sops edit secrets.yaml',
    'sops encrypt -i --age age1… secrets.yaml',
    'sops decrypt secrets.yaml',
    'sops help encrypt',
  ],
})

async function commandHelp(path: readonly Row[], row: Row, host: Host): Promise<Page> {
  const name = path.map((part) => part.name).join(' ')
  const NAME = [`sops ${name} - ${row.summary}`]
  if (isGroup(row)) {
    const USAGE = [await usageLine(path, host)]
    return { lead: { NAME, USAGE }, rows: { COMMANDS: row.subcommands }, examples: row.examples }
  }
  const { flags, examples, root = [] } = await row.load()
  const own = new Set(flags.flatMap(namesOf))
  const outer = rootFlags
    .filter(({ name }) => (name === 'verbose' || root.some((one) => one === name)) && !own.has(name))
    .map((flag) => ({ ...flag, section: 'OPTIONS BEFORE THE COMMAND' }))
  return { lead: { NAME, USAGE: [await usageLine(path, host)] }, flags: [...flags, ...outer], examples }
}

/** How a command, or the program, is called. */
export async function usageLine(path: readonly Row[], host: Host): Promise<string> {
  const name = path.map((part) => part.name).join(' ')
  const row = path.at(-1)
  if (row === undefined) return 'sops [global options] COMMAND [command options] [ARGUMENTS]'
  // As in the reference, the help of a group says `sops` whatever the program was called (spec/cli.md 2.6).
  if (isGroup(row)) return `sops ${name} COMMAND [command options] [ARGUMENTS]`
  const { args, flags } = await row.load()
  const program = basename(host.argv0).replace(/\.[cm]?js$/, '') || 'sops'
  return [program, name, flags.length > 0 ? '[command options]' : '', args].filter((part) => part !== '').join(' ')
}

/** Lines of the help of a command, given with its parents, or of the program. */
async function helpLines(path: readonly Row[], host: Host): Promise<readonly string[]> {
  const row = path.at(-1)
  return print(row === undefined ? appHelp(host) : await commandHelp(path, row, host), widthOf(host))
}

export async function showHelp(path: readonly Row[], host: Host): Promise<number> {
  await sayLines(host.stdout, await helpLines(path, host))
  return 0
}

/** `help WORD…` inside `path`; an unknown word is exit 3. */
export async function showTopic(words: readonly string[], path: readonly Row[], host: Host): Promise<number> {
  const [word, ...rest] = words
  const rows = rowsBelow(path.at(-1))
  if (word === undefined || rows.length === 0) return showHelp(path, host)
  const found = findRow(rows, word)
  if (found) return showTopic(rest, [...path, found], host)
  const error = messageLines('error', undefined, [`No help topic for '${word}'`], host)
  await sayLines(host.stderr, [...error, ...hintLines(topicHints(word, path), host)])
  return 3
}

/** The commands that were probably meant, and where the others are listed. */
function topicHints(word: string, path: readonly Row[]): readonly string[] {
  const group = path.at(-1)
  const parents = path.map(({ name }) => `${name} `).join('')
  const like = group === undefined ? commandsLike(word) : subcommandsLike(word, group.name)
  const meant = like.map((name) => `sops ${parents}${name}`).join(' or ')
  const names = rowsBelow(group).map(({ name }) => name)
  return [
    ...(meant === '' ? [] : [`did you mean ${meant}?`]),
    ...(group === undefined ? ['sops help shows the commands'] : [`sops ${parents}takes ${orList(names)}`]),
  ]
}

const orList = (names: readonly string[]): string => names.join(', ').replace(/, ([^,]+)$/, ' or $1')

/** What to do first, for whoever calls the program with nothing: the commands, without their options. */
export async function showStart(host: Host): Promise<number> {
  const lead = {
    'TO BEGIN': [
      'sops keygen                      makes an identity, and prints its recipient',
      'creation_rules: [{age: age1…}]   in a file .sops.yaml: who can read new files',
      'sops edit secrets.yaml           opens an editor; what it saves is encrypted',
    ],
  }
  const lines = await print({ lead, rows: bySection, examples: [] }, widthOf(host))
  const error = messageLines('error', undefined, ['no file specified'], host)
  const hints = hintLines(['sops help shows all options', 'sops help COMMAND those of a command'], host)
  await sayLines(host.stderr, [...error, '', ...lines, ...hints])
  return exitCodes['no-file']
}
