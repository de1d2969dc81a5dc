// Help texts: what a command does, how it is called, its flags by purpose, examples. yargs lays out the columns; it is loaded for nothing else.
import { basename } from 'node:path'
import { compatibleVersion } from '../metadata/version.ts'
import { commands, findRow, isGroup, type Row } from './commands/index.ts'
import type { Flag } from './flag.ts'
import { rootFlags } from './flags.ts'
import type { Host } from './host.ts'
import { say } from './say.ts'

const block = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `${title}:\n${lines.map((line) => `   ${line}`.trimEnd()).join('\n')}\n\n`

const visibleCommands = (table: readonly Row[]): readonly Row[] => table.filter(({ hidden }) => !hidden)

/** `write to PATH (default: X) [$ENV]` */
function describe(flag: Flag): string {
  const shown = flag.kind === 'int' || typeof flag.default === 'string' ? flag.default : undefined
  return [
    flag.help,
    ...(shown === undefined || shown === '' ? [] : [`(default: ${shown})`]),
    ...(flag.env === undefined ? [] : [`[$${flag.env}]`]),
  ].join(' ')
}

/** Flags and commands in aligned columns, in the order of the headings. */
async function columns(flags: readonly Flag[], heading: string, table: readonly Row[]): Promise<string> {
  const { default: yargs } = await import('yargs')
  const layout = yargs([])
    .help(false)
    .version(false)
    .locale('en')
    .wrap(null)
    .scriptName('')
    .usage('')
    .parserConfiguration({ 'camel-case-expansion': false, 'dot-notation': false })
    .updateStrings({ 'Commands:': 'COMMANDS:', 'Options:': 'OPTIONS:' })
  for (const command of table)
    layout.command(command.name, [command.summary, ...aliasNote(command)].join(' '), {}, () => {})
  for (const flag of flags) {
    // yargs knows no names for values; as part of the last spelling they land where they belong.
    const value = flag.value === undefined ? '' : ` ${flag.value}`
    const short = flag.aliases?.filter((alias) => alias.length === 1) ?? []
    const long = [flag.name, ...(flag.aliases?.filter((alias) => alias.length > 1) ?? [])]
    const [key = '', ...aliases] = long.map((name, at) => (at === long.length - 1 ? name + value : name))
    layout.option(key, { alias: [...short, ...aliases], describe: describe(flag) })
    layout.group(key, `${flag.section ?? heading}:`)
  }
  const text = await layout.getHelp()
  return text
    .split('\n')
    .map((line) => (line.startsWith('  ') ? ` ${line.trimEnd()}` : line))
    .join('\n')
    .trim()
}

const aliasNote = (command: Row): readonly string[] =>
  command.aliases === undefined ? [] : [`(also: ${command.aliases.join(', ')})`]

/** The version of the reference that this program matches, and its own. */
export const versionText = (host: Host): string => `${compatibleVersion} (sops-ts ${host.version})`

async function appHelp(host: Host): Promise<string> {
  return (
    block('NAME', ['sops - edit files of secrets that are stored encrypted']) +
    block('USAGE', [
      'sops [global options] COMMAND [command options] [ARGUMENTS]',
      'sops [global options] FILE',
      '',
      'Without a command FILE is opened in an editor; with -d, -e, -r or --set it is',
      'decrypted, encrypted, rotated or changed. Flags then stand before FILE.',
      'A file that is called like a command is reached as ./NAME.',
    ]) +
    block('VERSION', [versionText(host)]) +
    `${await columns(rootFlags, 'GLOBAL OPTIONS', visibleCommands(commands))}\n\n` +
    block('EXAMPLES', [
      'sops edit secrets.yaml',
      'sops encrypt -i --age age1… secrets.yaml',
      'sops decrypt secrets.yaml',
      'sops help encrypt',
    ])
  )
}

/** The help of a command, given with its parents, or of the program. */
export async function helpText(path: readonly Row[], host: Host): Promise<string> {
  const row = path.at(-1)
  if (row === undefined) return appHelp(host)
  const name = path.map((part) => part.name).join(' ')
  const lead = block('NAME', [`sops ${name} - ${row.summary}`])
  if (isGroup(row)) {
    // Groups always call the program by its own name, as the reference does (spec/cli.md 2.6).
    const listed = await columns([], 'OPTIONS', visibleCommands(row.subcommands))
    return (
      lead +
      block('USAGE', [`sops ${name} COMMAND [command options] [ARGUMENTS]`]) +
      `${listed}\n\n` +
      block('EXAMPLES', row.examples)
    )
  }
  const { args, flags, examples } = await row.load()
  const program = basename(host.argv0).replace(/\.[cm]?js$/, '') || 'sops'
  const usage = [program, name, ...(flags.length > 0 ? ['[command options]'] : []), ...(args ? [args] : [])].join(' ')
  const listed = flags.length > 0 ? `${await columns(flags, 'OPTIONS', [])}\n\n` : ''
  return lead + block('USAGE', [usage]) + listed + block('EXAMPLES', examples)
}

/** Of a text of our own that ends with a line end. */
export const linesOf = (text: string): readonly string[] => text.slice(0, -1).split('\n')

export async function showHelp(path: readonly Row[], host: Host): Promise<number> {
  await say(host.stdout, ...linesOf(await helpText(path, host)))
  return 0
}

/** `help WORD` inside `path`; an unknown word is exit 3. */
export async function showTopic(word: string | undefined, path: readonly Row[], host: Host): Promise<number> {
  if (word === undefined) return showHelp(path, host)
  const last = path.at(-1)
  const found = findRow<Row>(last === undefined ? commands : isGroup(last) ? last.subcommands : [], word)
  if (found) return showHelp([...path, found], host)
  await say(host.stderr, `No help topic for '${word}'`)
  return 3
}
