// Finds and runs the gpg program: bytes in on its standard input, bytes out on its standard output, nothing in arguments or files.

import { resolve } from 'node:path'
import { isatty } from 'node:tty'
import type { Context } from '../../context/index.ts'
import { memoKey } from '../../context/index.ts'
import {
  causeOf,
  codeOf,
  findProgram,
  isProgram,
  loadStart,
  readlinkSync,
  startFailure,
  statSync,
} from '../../system/index.ts'

/** The outcome of a run; the caller wipes `stdout` when it is secret. */
export interface Run {
  readonly ok: boolean
  readonly stdout: Buffer
  /** Trimmed: the program's own words, or how it ended when it said nothing. */
  readonly stderr: string
}

/** A wrapped data key has a few hundred to a few thousand bytes; a program that prints more is doing something else. */
const MAXIMUM_OUTPUT = 1024 * 1024
/** Programs at a time: gpg locks its files, so more would only wait. */
const PARALLEL = 4

/** The name the user gave, which is never split into words. */
export const programName = (ctx: Context): string => ctx.env.SOPS_GPG_EXEC || 'gpg'

/** Why the user's path is not a program. */
export function programTrouble(ctx: Context): string {
  try {
    const found = statSync(resolve(ctx.cwd, programName(ctx)))
    return found.isDirectory() ? 'it is a folder, not a program' : 'it is not executable: chmod +x'
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'no such program' : (causeOf(error) ?? 'no such program')
  }
}

function find(ctx: Context): string | undefined {
  const name = programName(ctx)
  const isWindows = ctx.platform === 'win32'
  const names = isWindows ? [`${name}.exe`, name] : [name]
  const isPath = (isWindows ? /[/\\]/ : /\//).test(name)
  return isPath ? names.map((one) => resolve(ctx.cwd, one)).find(isProgram) : findProgram(names, ctx.env.PATH)
}

/** The terminal in front of the user, for a pinentry that draws on it: gpg cannot tell, since all its streams are pipes. */
function terminalName(): string | undefined {
  for (const fd of [0, 2, 1]) {
    try {
      if (isatty(fd)) return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      // Only Linux tells it this way.
    }
  }
  return undefined
}

const turns = memoKey<{ free: number; readonly waiting: (() => void)[] }>('turns of gpg')
const found = memoKey<ReturnType<typeof find>>('program of gpg')

/** Runs at most PARALLEL pieces of work at a time, in the order they came. */
async function inTurn<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
  const queue = ctx.once(turns, () => ({ free: PARALLEL, waiting: [] }))
  if (queue.free > 0) queue.free--
  else await new Promise<void>((turn) => queue.waiting.push(turn))
  try {
    return await work()
  } finally {
    const next = queue.waiting.shift()
    if (next) next()
    else queue.free++
  }
}

/** Runs gpg with the user's environment; undefined when it is not installed. */
export async function runGpg(
  args: readonly string[],
  input: string | Uint8Array,
  ctx: Context,
): Promise<Run | undefined> {
  const program = ctx.once(found, () => find(ctx))
  return program === undefined ? undefined : inTurn(ctx, () => start(program, args, input, ctx))
}

async function start(program: string, args: readonly string[], input: string | Uint8Array, ctx: Context): Promise<Run> {
  const { start } = await loadStart()
  const terminal = ctx.env.GPG_TTY === undefined && !ctx.unattended ? terminalName() : undefined
  const env = terminal === undefined ? ctx.env : { ...ctx.env, GPG_TTY: terminal }
  return new Promise((done) => {
    const failed = (error: unknown): void =>
      done({ ok: false, stdout: Buffer.alloc(0), stderr: startFailure(program, error, ctx.cwd) })
    try {
      const child = start(program, args, { cwd: ctx.cwd, env, stdio: 'pipe', windowsHide: true })
      const out: Buffer[] = []
      const err: Buffer[] = []
      let size = 0
      const collect = (chunks: Buffer[]) => (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size <= MAXIMUM_OUTPUT) return
        // Programs started by a wrapper script hold the pipes too; closing the pipes ends them.
        child.stdout.destroy()
        child.stderr.destroy()
        child.kill()
      }
      child.stdout.on('data', collect(out))
      child.stderr.on('data', collect(err))
      // A program that stops reading says why itself, or by its exit status.
      child.stdin.on('error', () => {})
      child.on('error', failed)
      child.on('close', (code, signal) => {
        const stdout = Buffer.concat(out)
        for (const chunk of out) chunk.fill(0)
        const tooLong = size > MAXIMUM_OUTPUT
        const ending = tooLong ? 'it printed too much' : signal ? `signal: ${signal}` : `exit status ${code}`
        const stderr = Buffer.concat(err).toString('utf8').trim() || ending
        done({ ok: code === 0 && !tooLong, stdout, stderr })
      })
      child.stdin.end(input)
    } catch (error) {
      failed(error)
    }
  })
}
