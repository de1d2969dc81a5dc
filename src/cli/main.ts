// From the words of a command line to an exit status: the only place where errors become one.
import type { Context } from '../context/index.ts'
import { isUsageError, type Parsed, parseWords, type UsageError } from './argv.ts'
import { makeAudit } from './audit.ts'
import { type Command, commands } from './commands/index.ts'
import { checkExtraWords } from './extra-words.ts'
import { decidingFlags, rootFlags, sharedRootFlags } from './flags.ts'
import type { Host } from './host.ts'
import type { Invocation, Io } from './invocation.ts'
import { makeHeldLog, makeLog } from './log.ts'
import { reportError } from './report.ts'
import { say } from './say.ts'
import { stdoutStyle } from './style.ts'

export { processHost, processWords } from './process-host.ts'

export const completionMarker = '--generate-bash-completion'

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
  if (root.help) return showHelp([], host)
  if (root.values.bool('version')) return (await import('./version.ts')).showVersion(root.values, host)
  const [word, ...rest] = root.positionals
  const command = findCommand(commands, word)
  if (command) return runCommand([command], rest, root, host)
  const { runLegacy } = await import('./legacy.ts')
  return runLegacy(root, makeIo(host, root.values.bool('verbose')))
}

export const findCommand = (table: readonly Command[], name: string | undefined): Command | undefined =>
  name === undefined ? undefined : table.find((command) => command.name === name || command.aliases?.includes(name))

/** `path` is the command with its parents, outermost first; `words` is what follows it. */
async function runCommand(
  path: readonly Command[],
  words: readonly string[],
  root: Parsed,
  host: Host,
): Promise<number> {
  const command = path.at(-1)!
  const parsed = parseWords(command.flags, words, host.env, command.subcommands ? 'root' : 'command')
  if (isUsageError(parsed)) return refuse(parsed, path, host)
  if (parsed.help) return showHelp(path, host)
  if (command.subcommands) return runGroup(command, path, parsed, root, host)
  const names = path.map(({ name }) => name)
  const io = makeIo(host, root.values.bool('verbose') || parsed.values.bool('verbose'), names.join(' '))
  if (command.opensEditor) io.hold()
  warnOfLostFlags(root, command, io)
  const inv: Invocation = {
    ...parsed.values,
    command: names,
    positionals: parsed.positionals,
    root: root.values,
    legacy: false,
  }
  if (command.oneFile === true || (command.oneFile && !parsed.values.bool('in-place'))) checkExtraWords(inv, io)
  return (await command.load!()).run(inv, io)
}

async function runGroup(
  group: Command,
  path: readonly Command[],
  parsed: Parsed,
  root: Parsed,
  host: Host,
): Promise<number> {
  const [word, ...rest] = parsed.positionals
  if (word === undefined) return showHelp(path, host)
  const found = findCommand(group.subcommands!, word)
  if (found) return runCommand([...path, found], rest, root, host)
  const { showTopic } = await import('./help.ts')
  return word === 'help' || word === 'h' ? showTopic(rest[0], path, host) : showTopic(word, path, host)
}

const showHelp = async (path: readonly Command[], host: Host): Promise<number> =>
  (await import('./help.ts')).showHelp(path, host)

const refuse = async (error: UsageError, path: readonly Command[], host: Host): Promise<number> =>
  (await import('./usage.ts')).refuse(error, path, host)

/** Flags in front of a command that it does not look at are easily taken for its own. */
function warnOfLostFlags(root: Parsed, command: Command, io: Io): void {
  const lost = [...root.spelled].filter((name) => !sharedRootFlags.has(name))
  if (lost.length === 0) return
  const names = lost.map((name) => (name.length === 1 ? `-${name}` : `--${name}`)).join(', ')
  io.ctx.log({
    level: lost.some((name) => decidingFlags.has(name)) ? 'warning' : 'advice',
    logger: 'CMD',
    message: `${names} before "${command.name}" has no effect; put it behind`,
  })
}

/** The world as a command sees it. */
export function makeIo(host: Host, verbose: boolean, command = 'sops'): Io {
  const { log, hold, release } = makeHeldLog(host, makeLog(host, verbose))
  const kept = new Map<string, unknown>()
  const ctx: Context = {
    env: host.env,
    cwd: host.cwd,
    home: host.home,
    platform: host.platform,
    uid: host.uid,
    now: host.now,
    log,
    prompt: host.prompt,
    audit: makeAudit(host, command, log),
    once: <T>(key: string, make: () => T): T => {
      if (!kept.has(key)) kept.set(key, make())
      return kept.get(key) as T
    },
  }
  return {
    host,
    ctx,
    style: stdoutStyle(host),
    out: (data) => host.stdout.write(data),
    say: (...lines) => say(host.stdout, ...lines),
    tell: (...lines) => say(host.stderr, ...lines),
    hold,
    release,
    fatal: (message, fields) => {
      log({ level: 'fatal', logger: 'CMD', message, ...(fields ? { fields } : {}) })
      return 1
    },
  }
}
