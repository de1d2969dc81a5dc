// Runs the command that prints a key.

import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Context } from '../../../context/index.ts'
import { holdsSecret, loadStart, startFailure, withheldHint, withoutSecrets } from '../../../system/index.ts'
import { splitWords } from '../../../text/words.ts'

/** More output than this is not a key. */
const MAXIMUM_OUTPUT = 16 * 1024 * 1024
/** How many bytes of a failed command's words are read, and how many characters shown. */
const MAXIMUM_WORDS = 16 * 1024
const SHOWN_WORDS = 400
/** How long to wait for the words of a command that has ended, while a process it started holds them back. */
const GRACE_MS = 200

/** What the command said went wrong, on one line; not shown where it may quote the key. */
function saidBy(chunks: readonly Buffer[]): string {
  const text = Buffer.concat(chunks).toString('utf8').trim()
  if (text === '') return ''
  if (holdsSecret(text)) return ' (what it says holds key material and is not shown)'
  const line = text.replace(/\s*\n\s*/g, ' | ').replace(/\p{C}/gu, '?')
  return `: ${line.length > SHOWN_WORDS ? `${line.slice(0, SHOWN_WORDS)}…` : line}`
}

/**
 * What the command prints; it gets SOPS_AGE_RECIPIENT and no input (spec/keys.md 3.3). Its stderr is shown only when it fails.
 * @throws Error with the reference's message
 */
export async function runKeyCommand(command: string, recipient: string, ctx: Context): Promise<Buffer> {
  const shown = withoutSecrets(command)
  const words = splitWords(command)
  if (!words) throw new Error(`failed to parse command ${shown}: EOF found when expecting closing quote`)
  const [program, ...args] = words
  if (!program) throw new Error(`failed to parse command ${shown}: no command given`)
  const { start } = await loadStart()
  const env = { ...ctx.env, SOPS_AGE_RECIPIENT: recipient }
  return new Promise((done, failed) => {
    const fail = (cause: string): void => failed(new Error(`failed to execute command ${shown}: ${cause}`))
    let child: ChildProcessByStdio<null, Readable, Readable>
    try {
      child = start(program, args, { cwd: ctx.cwd, env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
    } catch (error) {
      return fail(startFailure(program, error, ctx.cwd))
    }
    const [chunks, said]: [Buffer[], Buffer[]] = [[], []]
    let [size, length] = [0, 0]
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAXIMUM_OUTPUT) child.kill()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      if (length < MAXIMUM_WORDS) said.push(chunk)
      length += chunk.length
    })
    child.on('error', (error) => fail(startFailure(program, error, ctx.cwd)))
    // A process that it leaves running may hold its stderr open.
    const release = (): void => {
      setTimeout(() => child.stderr.destroy(), GRACE_MS)
    }
    child.on('exit', () => (child.stdout.closed ? release() : child.stdout.once('close', release)))
    child.on('close', (code, signal) => {
      const output = Buffer.concat(chunks)
      for (const chunk of chunks) chunk.fill(0)
      const reason = saidBy(said)
      for (const chunk of said) chunk.fill(0)
      if (code === 0) return done(output)
      output.fill(0)
      const hint = withheldHint(ctx.env)
      fail(`${signal ? `signal: ${signal}` : `exit status ${code}`}${reason}${hint && ` (${hint})`}`)
    })
  })
}
