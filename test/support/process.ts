// Runs a program as a process group of its own without a terminal, and kills what hangs as a whole.
import { spawn } from 'node:child_process'
import { program } from './build.ts'

export interface Outcome {
  /** Exit status; -1 when the program could not be started, `signal NAME` when it was killed. */
  readonly exit: number | string
  readonly stdout: Buffer
  readonly stderr: Buffer
}

export interface RunOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly stdin?: Uint8Array | string
  /** Milliseconds. */
  readonly timeout?: number
}

export const runProcess = (file: string, args: readonly string[], options: RunOptions): Promise<Outcome> =>
  new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    // A program that does not read its input closes the pipe.
    child.stdin.on('error', () => {})
    child.stdin.end(options.stdin ?? '')
    const killGroup = (): void => {
      if (child.pid === undefined) return
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // Nothing of the group is left.
      }
    }
    const timer = setTimeout(killGroup, options.timeout ?? 120_000)
    child.on('error', (error) => {
      clearTimeout(timer)
      resolve({ exit: -1, stdout: Buffer.alloc(0), stderr: Buffer.from(String(error)) })
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      killGroup()
      resolve({ exit: code ?? `signal ${signal}`, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) })
    })
  })

/** The program itself with these words. */
export const runProgram = (args: readonly string[], options: RunOptions): Promise<Outcome> => {
  const [file, ...first] = program
  return runProcess(file, [...first, ...args], options)
}
