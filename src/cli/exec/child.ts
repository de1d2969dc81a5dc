// The program that exec-env and exec-file run: a shell line as a child process that gets our signals, and how it ended.
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { constants } from 'node:os'
import { SopsError } from '../../errors.ts'
import type { Environment } from '../../system/index.ts'
import { codeOf, handedOver, startKeeping, systemErrorText } from '../../system/index.ts'
import type { Host } from '../host.ts'

/** It gets the keys too: scripts call this program again. */
const startProgram = startKeeping('all')

export type End = { readonly status: number } | { readonly signal: NodeJS.Signals }

/** Signals that are passed on besides the three that a host always takes. */
const others: readonly NodeJS.Signals[] = ['SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH']

/** What Ctrl+C and Ctrl+\ send: a terminal sends them to the child, too, and a second one would mean "at once" to many programs. */
const typed: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']

/** The system's shell and its words for a command line (spec/cli.md 15.1). */
export const shellOf = (command: string, host: Host): readonly [file: string, args: readonly string[]] =>
  host.platform === 'win32' ? ['cmd.exe', ['/C', command]] : ['/bin/sh', ['-c', command]]

/**
 * Runs a shell line on our standard streams and waits for it. Signals that reach this process meanwhile go to the child alone.
 * @throws SopsError `generic` when it cannot be started.
 */
export async function runShell(command: string, env: Environment, host: Host): Promise<End> {
  let child: ChildProcess | undefined
  const forward = (signal: NodeJS.Signals): void => {
    if (typed.includes(signal) && host.sharesTerminal) return
    child?.kill(signal)
  }
  // Before the child exists, so that no signal falls between the two.
  const release = host.onSignal(forward, host.platform === 'win32' ? [] : others)
  try {
    return await new Promise<End>((resolve, reject) => {
      child = start(command, env, host, { stdio: 'inherit' })
      // Later errors are signals that could not be delivered; the child's own end is what counts.
      child.once('error', (error) => reject(startFailure(error, host)))
      child.on('error', () => {})
      child.on('exit', (status, signal) => resolve(signal ? { signal } : { status: status ?? 1 }))
    })
  } finally {
    release()
  }
}

/** Starts a shell line without standard streams and leaves it alone. @throws SopsError `generic` when it cannot be started. */
export async function startShell(command: string, env: Environment, host: Host): Promise<void> {
  const child = start(command, env, host, { stdio: 'ignore' })
  await new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(startFailure(error, host)))
    child.once('spawn', resolve)
  })
  await handedOver(child)
  child.unref()
}

function start(command: string, env: Environment, host: Host, options: SpawnOptions): ChildProcess {
  const [file, args] = shellOf(command, host)
  try {
    return host.withDumps(() => startProgram(file, args, { ...options, env, windowsVerbatimArguments: true }))
  } catch (error) {
    throw startFailure(error, host)
  }
}

function startFailure(error: unknown, host: Host): SopsError {
  const [file] = shellOf('', host)
  if (codeOf(error) === 'E2BIG') {
    return new SopsError('generic', `fork/exec ${file}: argument list too long`, {
      hints: ['the values do not fit into the environment of a process; exec-file has no such limit'],
    })
  }
  // Texts of Node about a call that it refuses quote what it was given.
  const text = codeOf(error)?.startsWith('ERR_') ? 'invalid argument' : systemErrorText(error, 'fork/exec', file)
  return new SopsError('generic', text)
}

const signalNames: Partial<Record<NodeJS.Signals, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGQUIT: 'quit',
  SIGILL: 'illegal instruction',
  SIGTRAP: 'trace/breakpoint trap',
  SIGABRT: 'aborted',
  SIGBUS: 'bus error',
  SIGFPE: 'floating point exception',
  SIGKILL: 'killed',
  SIGUSR1: 'user defined signal 1',
  SIGSEGV: 'segmentation fault',
  SIGUSR2: 'user defined signal 2',
  SIGPIPE: 'broken pipe',
  SIGALRM: 'alarm clock',
  SIGTERM: 'terminated',
}

/** What the reference prints when the child did not end well, and its exit status (spec/cli.md 15.1). */
export function outcomeOf(end: End): { readonly status: number; readonly text: string } {
  if ('status' in end) return { status: end.status, text: end.status === 0 ? '' : `exit status ${end.status}` }
  const name = signalNames[end.signal] ?? `signal ${constants.signals[end.signal]}`
  return { status: 255, text: `signal: ${name}` }
}
