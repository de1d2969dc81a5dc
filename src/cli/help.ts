// Help texts, which yargs prints from the table of commands and their flags. Only this module loads it: on every run it would cost a third of
// Node's own start, so parsing is ours (argv.ts).
//
// Three things stay ours because yargs has no form for them (spec/cli.md 2.6): a name for a flag's value, `(default: X) [$ENV]` where it would
// say `[default: "X"]`, and bodies that stand three spaces in.
import { basename } from 'node:path'
import { compatibleVersion } from '../metadata/index.ts'
import { commands, findRow, isGroup, type Row, rowsBelow } from './commands/index.ts'
import { type Flag, namesOf } from './flag.ts'
import { rootFlags } from './flags.ts'
import type { Host } from './host.ts'
import { say } from './say.ts'

interface Page {
  /** Titles of the blocks above the columns, each with its lines. */
  readonly lead: Readonly<Record<string, readonly string[]>>
  readonly rows?: readonly Row[]
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

async function print({ lead, rows = [], flags = [], heading = 'OPTIONS', examples }: Page): Promise<readonly string[]> {
  const { default: yargs } = await import('yargs')
  const page = yargs([])
    .help(false)
    .version(false)
    .locale('en')
    .wrap(null)
    .scriptName('')
    .parserConfiguration({ 'camel-case-expansion': false, 'dot-notation': false })
    .updateStrings({ 'Commands:': 'COMMANDS:', 'Examples:': 'EXAMPLES:', 'aliases:': 'also:' })
  const blocks = Object.entries(lead).map(([title, lines]) => [`${title}:`, ...lines.map((line) => `  ${line}`)])
  page.usage(blocks.map((block) => block.join('\n')).join('\n\n'))
  for (const row of rows) page.command([...namesOf(row)], row.summary, {}, () => {})
  for (const flag of flags) {
    // yargs prints short spellings first, then the key, then its other aliases: the value belongs to the last one printed.
    const long = namesOf(flag).filter((name) => name.length > 1)
    if (flag.value !== undefined) long.push(`${long.pop()} ${flag.value}`)
    const [key = '', ...aliases] = [...long, ...namesOf(flag).filter((name) => name.length === 1)]
    page.option(key, { alias: aliases, describe: describe(flag), group: `${flag.section ?? heading}:` })
  }
  for (const example of examples) page.example(example, '')
  const text = await page.getHelp()
  return [...text.replace(/^ {2}/gm, '   ').split('\n'), '']
}

/** The version of the reference that this program matches, and its own. */
const versionText = (host: Host): string => `${compatibleVersion} (sops-ts ${host.version})`

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
  rows: commands,
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
    // As in the reference, the help of a group says `sops` whatever the program was called (spec/cli.md 2.6).
    const USAGE = [`sops ${name} COMMAND [command options] [ARGUMENTS]`]
    return { lead: { NAME, USAGE }, rows: row.subcommands, examples: row.examples }
  }
  const { args, flags, examples } = await row.load()
  const program = basename(host.argv0).replace(/\.[cm]?js$/, '') || 'sops'
  const usage = [program, name, flags.length > 0 ? '[command options]' : '', args].filter((part) => part !== '')
  return { lead: { NAME, USAGE: [usage.join(' ')] }, flags, examples }
}

/** Lines of the help of a command, given with its parents, or of the program. */
export async function helpLines(path: readonly Row[], host: Host): Promise<readonly string[]> {
  const row = path.at(-1)
  return print(row === undefined ? appHelp(host) : await commandHelp(path, row, host))
}

export async function showHelp(path: readonly Row[], host: Host): Promise<number> {
  await say(host.stdout, ...(await helpLines(path, host)))
  return 0
}

/** `help WORD` inside `path`; an unknown word is exit 3. */
export async function showTopic(word: string | undefined, path: readonly Row[], host: Host): Promise<number> {
  if (word === undefined) return showHelp(path, host)
  const found = findRow(rowsBelow(path.at(-1)), word)
  if (found) return showHelp([...path, found], host)
  await say(host.stderr, `No help topic for '${word}'`)
  return 3
}
