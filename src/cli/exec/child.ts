// Runs the shell line of exec-env and exec-file as a child process that gets our signals, and tells how it ended.
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { constants } from 'node:os'
import { SopsError } from '../../errors.ts'
import type { Environment } from '../../system/index.ts'
import { codeOf, handedOver, startKeeping, systemErrorText } from '../../system/index.ts'
import type { Host } from '../host.ts'

/** It gets the keys too, since scripts call sops again. */
const startProgram = startKeeping('all')

type End = { readonly status: number } | { readonly signal: NodeJS.Signals }

/** Signals to pass on besides the three that a host always handles. */
const others: readonly NodeJS.Signals[] = ['SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH']

/** Sent by Ctrl+C and Ctrl+\. The terminal sends them to the child as well, and to many programs a second one means "at once". */
const typed: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']

/** The system's shell and its words for a command line (spec/cli.md 15.1). */
export const shellOf = (command: string, host: Host): readonly [file: string, args: readonly string[]] =>
  host.platform === 'win32' ? ['cmd.exe', ['/C', command]] : ['/bin/sh', ['-c', command]]

/**
 * Runs a shell line on our standard streams and waits for it. Signals that reach this process meanwhile go only to the child.
 * @throws SopsError `generic` when it cannot be started.
 */
export async function runShell(command: string, env: Environment, host: Host): Promise<End> {
  let child: ChildProcess | undefined
  const forward = (signal: NodeJS.Signals): void => {
    if (typed.includes(signal) && host.sharesTerminal) return
    child?.kill(signal)
  }
  // Registered before the child exists, so that no signal is lost.
  const release = host.onSignal(forward, host.platform === 'win32' ? [] : others)
  try {
    return await new Promise<End>((resolve, reject) => {
      child = start(command, env, host, { stdio: 'inherit' })
      // A later error is a signal that could not be delivered; only the child's end matters.
      child.once('error', (error) => reject(startFailure(error, host)))
      child.on('error', () => {})
      child.on('exit', (status, signal) => resolve(signal ? { signal } : { status: status ?? 1 }))
    })
  } finally {
    release()
  }
}

/** Starts a shell line in the background, without standard streams. @throws SopsError `generic` when it cannot be started. */
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
  // Node's messages about arguments that it refuses quote them.
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

/** The reference's exit status, and what it prints if the child failed (spec/cli.md 15.1). */
export function outcomeOf(end: End): { readonly status: number; readonly text: string } {
  if ('status' in end) return { status: end.status, text: end.status === 0 ? '' : `exit status ${end.status}` }
  const name = signalNames[end.signal] ?? `signal ${constants.signals[end.signal]}`
  return { status: 255, text: `signal: ${name}` }
}
