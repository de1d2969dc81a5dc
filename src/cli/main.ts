// From a command line to an exit status. Errors become a status here and nowhere else.

import { SopsError, withHints } from '../errors.ts'
import { type CommandLine, isUsageError, parseWords, type UsageError } from './argv.ts'
import type { Command } from './command.ts'
import { type CommandRow, commands, findRow, type GroupRow, isGroup, type Row } from './commands/index.ts'
import { checkExtraWords } from './extra-words.ts'
import { dashed, type Flag } from './flag.ts'
import { decidingFlags, type RootFlag, rootFlags, sharedRootFlags } from './flags.ts'
import type { Host } from './host.ts'
import type { FlagValues, Invocation, Io } from './invocation.ts'
import { makeIo } from './io.ts'
import { reportError } from './report.ts'

export { processHost, processWords } from './process-host.ts'

const completionMarker = '--generate-bash-completion'

/** Runs one command line; never throws. */
export async function main(argv: readonly string[], host: Host): Promise<number> {
  try {
    return await dispatch(argv, host)
  } catch (error) {
    return await reportError(error, host)
  } finally {
    host.cleanup()
  }
}

async function dispatch(argv: readonly string[], host: Host): Promise<number> {
  if (argv.at(-1) === completionMarker) {
    const { complete } = await import('./completion.ts')
    return complete(argv.slice(0, -1), host)
  }
  const root = parseWords(rootFlags, argv, host.env, 'root')
  if (isUsageError(root)) return refuse(root, [], host)
  if (argv.length === 0) return (await import('./help.ts')).showStart(host)
  if (root.help) return showHelp([], host)
  const values: FlagValues<RootFlag> = root.values
  if (values.bool('version')) return (await import('./version.ts')).showVersion(values, host)
  if (values.bool('licenses')) return (await import('./licences.ts')).showLicences(host)
  const [word, ...rest] = root.positionals
  const found = findRow<Row>(commands, word)
  if (found) return runRow([found], rest, root, host)
  const { runLegacy } = await import('./legacy.ts')
  const io = makeIo(host, values.bool('verbose'))
  return runLegacy(root, io).catch(async (error: unknown) => {
    const mode = (['encrypt', 'rotate', 'set'] as const).find((name) => root.values.given(name)) ?? 'decrypt'
    return io.fail(await inOrder(error, root.positionals, mode, host))
  })
}

/** The error, with hints where words of the command stand in the wrong place. */
async function inOrder(error: unknown, words: readonly string[], command: string, { cwd }: Host): Promise<unknown> {
  if (!(error instanceof SopsError)) return error
  const { orderHints } = await import('./word-order.ts')
  const hints = orderHints(command, words, cwd)
  return hints.length > 0 ? withHints(error, hints) : error
}

/** Flags that name a format. */
const typeFlags = ['input-type', 'output-type'] as const

/** `path` is the row of a command with its parents, outermost first; `words` is what follows it. */
async function runRow(path: readonly Row[], words: readonly string[], root: CommandLine, host: Host): Promise<number> {
  const row = path.at(-1)!
  if (isGroup(row)) return runGroup(row, path, words, root, host)
  return runCommand(await row.load(), path, words, root, host)
}

async function runCommand(
  command: Command,
  path: readonly Row[],
  words: readonly string[],
  root: CommandLine,
  host: Host,
): Promise<number> {
  const parsed = parseWords(command.flags, words, host.env, 'command')
  if (isUsageError(parsed)) {
    const status = await refuse(parsed, path, host)
    return command.misuse ?? status
  }
  if (parsed.help) return showHelp(path, host)
  const names = path.map(({ name }) => name)
  const whole = makeIo(host, root.values.bool('verbose') || parsed.values.bool('verbose'), names.join(' '))
  const io = parsed.values.bool('in-place') ? { ...whole, command: `${whole.command} -i` } : whole
  if (command.opensEditor) io.hold()
  if ((path[0] as CommandRow).isNew) await noteOfFile(names[0]!, io)
  warnOfLostFlags(root, names.at(-1)!, io)
  const inv: Invocation<Flag> = {
    ...parsed.values,
    command: names,
    positionals: parsed.positionals,
    root: root.values,
    legacy: false,
  }
  try {
    if (command.oneFile || (command.files && parsed.positionals.length === 1)) io.about(parsed.positionals[0])
    if (typeFlags.some((name) => parsed.spelled.has(name)))
      (await import('./type-names.ts')).warnOfTypeNames(parsed.values, command.flags, io)
    if (command.oneFile) checkExtraWords(inv, io)
    return await command.run(inv, io)
  } catch (error) {
    return await io.fail(await inOrder(error, inv.positionals, names.join(' '), host))
  }
}

async function runGroup(
  group: GroupRow,
  path: readonly Row[],
  words: readonly string[],
  root: CommandLine,
  host: Host,
): Promise<number> {
  const parsed = parseWords([], words, host.env, 'root')
  if (isUsageError(parsed)) return refuse(parsed, path, host)
  const [word, ...rest] = parsed.positionals
  if (parsed.help || word === undefined) return showHelp(path, host)
  const found = findRow(group.subcommands, word)
  if (found) return runRow([...path, found], rest, root, host)
  const { showTopic } = await import('./help.ts')
  return showTopic(word === 'help' || word === 'h' ? rest : [word], path, host)
}

const showHelp = async (path: readonly Row[], host: Host): Promise<number> =>
  (await import('./help.ts')).showHelp(path, host)

const refuse = async (error: UsageError, path: readonly Row[], host: Host): Promise<number> =>
  (await import('./usage.ts')).refuse(error, path, host)

/** A flag in front of a command that ignores it looks as if it took effect. */
function warnOfLostFlags(root: CommandLine, command: string, io: Io): void {
  const lost = [...root.spelled].filter((name) => !sharedRootFlags.has(name))
  if (lost.length === 0) return
  const names = lost.map(dashed).join(', ')
  io.ctx.log({
    level: lost.some((name) => decidingFlags.has(name)) ? 'warning' : 'advice',
    logger: 'CMD',
    message: `${names} before "${command}" has no effect; put it behind`,
  })
}

/** The command wins over a file of its name, which SOPS would open in an editor. */
async function noteOfFile(name: string, { ctx, host }: Io): Promise<void> {
  const { isFile } = await import('./word-order.ts')
  if (isFile(name, host.cwd))
    ctx.log({ level: 'advice', logger: 'CMD', message: `to edit the file: sops edit ./${name}` })
}
