// `sops exec-env`: runs a shell line with the values of a file in its environment.
import { SopsError } from '../../errors.ts'
import { lineOf, warnOfLeftOut } from '../../file/index.ts'
import type { Environment } from '../../system/index.ts'
import { lostVariables, needsShell } from '../../system/index.ts'
import { fileWord } from '../../text/quote.ts'
import { oneArgumentHint } from '../argument-hint.ts'
import { type Command, command } from '../command.ts'
import { switchUser } from '../exec/account.ts'
import { outcomeOf, runShell, shellOf, startShell } from '../exec/child.ts'
import { environmentOf } from '../exec/environment.ts'
import { steeringNames } from '../exec/steering.ts'
import { bool } from '../flag.ts'
import { background as backgroundFlag, decryptionOrder, keyServices, user as userFlag } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { openerOf, read } from '../open.ts'
import { absolutePath, formatsFor } from '../settings.ts'

const flags = [
  backgroundFlag,
  bool('pristine', 'pass only the values of the file, not the present environment'),
  userFlag,
  bool('same-process', 'replace this process by the command'),
  decryptionOrder,
  ...keyServices,
] as const

export const execEnv: Command = command({
  args: 'FILE COMMAND',
  flags,
  examples: ["sops exec-env secrets.env './server --port 80'"],
  root: ['config'],
  run,
})

async function run(inv: Invocation<(typeof flags)[number]>, io: Io): Promise<number> {
  const { host, ctx } = io
  const [name, line] = wordsOf(inv)
  const [background, sameProcess] = [inv.bool('background'), inv.bool('same-process')]
  io.about(name)
  const path = absolutePath(ctx, name)
  const opener = await openerOf(inv, io)
  if (background) warnOfBackground('exec-env', io)
  if (background && sameProcess) {
    throw new SopsError('conflicting-parameters', 'Error: The --same-process flag cannot be used with --background')
  }
  const bytes = await read(io, path)
  const { input } = formatsFor({}, path, bytes)
  const values = await opener.withOpen({ path, bytes, input }, {}, async ({ file }) => {
    warnOfLeftOut(file.plain, 'the environment', ctx.log)
    return environmentOf(file.plain.documents[0] ?? { kind: 'map', items: [] }, host.platform, lineOf(file))
  })
  warnOfSteering(Object.keys(values), io)
  const user = await switchUser(inv.string('user'), host)
  const env: Environment = Object.assign(Object.create(null), inv.bool('pristine') ? {} : host.env, user, values)
  refuseLost(env)
  if (sameProcess) return replaceBy(line, env, io)
  if (background) {
    await startShell(line, env, host)
    return 0
  }
  const { status, text } = outcomeOf(await runShell(line, env, host))
  if (text !== '') await io.tell(text)
  return status
}

/** @throws SopsError `generic` unless there is one file and one command string. */
export function wordsOf(inv: Invocation<never>): readonly [file: string, command: string] {
  const [file, command] = inv.positionals
  if (file === undefined || command === undefined || inv.positionals.length !== 2) {
    const name = inv.command.join(' ')
    const named = fileWord(file ?? 'FILE')
    throw new SopsError('generic', `missing file to decrypt, or not one command to run behind it`, {
      hints: [
        inv.positionals.length > 2
          ? oneArgumentHint(name, inv.positionals)
          : `name the file and the command: sops ${name} ${named} ${name === 'exec-file' ? "'COMMAND {}'" : "'COMMAND'"}`,
      ],
    })
  }
  return [file, command]
}

/** Warns with the names only, but with all of them: the one that matters might be among those left out. */
function warnOfSteering(names: readonly string[], { ctx, host }: Io): void {
  const steering = steeringNames(names, host.platform)
  if (steering.length === 0) return
  const message = `the file sets ${steering.join(', ')}: programs load or run what these name, and whoever writes such a file needs no key`
  ctx.log({ level: 'warning', logger: 'EXEC', message })
}

/** @throws SopsError `generic` for a variable whose bytes cannot be passed on. */
export function refuseLost(env: Environment): void {
  const [name] = lostVariables(env)
  if (name === undefined) return
  throw new SopsError('generic', `the variable ${name} has bytes that are no UTF-8, which cannot be handed on here`, {
    hints: [`unset ${name}`],
  })
}

export const warnOfBackground = (command: string, io: Io): void =>
  io.ctx.log({
    level: 'warning',
    logger: 'CMD',
    message: `${command}'s --background option is deprecated and will be removed in a future version of sops`,
  })

/**
 * Replaces this process by the command. If Node cannot do that, runs it as a child that gets all signals, and ends the way the child did.
 */
async function replaceBy(command: string, env: Environment, { host }: Io): Promise<number> {
  if (host.platform === 'win32') throw new SopsError('generic', '--same-process is not supported on Windows')
  const [file, args] = shellOf(command, host)
  if (host.replaceProcess && !needsShell(file, args, { env })) {
    const set = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined)
    return host.replaceProcess(file, [file, ...args], Object.fromEntries(set))
  }
  const end = await runShell(command, env, host)
  if ('signal' in end) host.endBySignal(end.signal)
  return outcomeOf(end).status
}
