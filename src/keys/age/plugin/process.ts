// A plugin's process, and the stanzas that go in and out of it.

import type { ChildProcess, ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { Context } from '../../../context/index.ts'
import { findProgram, loadStart, startFailure } from '../../../system/index.ts'
import { type LineQueue, lineQueue } from '../../../text/line-queue.ts'
import { encodeStanza, type Stanza, stanzaOf } from '../format/stanza.ts'

export interface Conversation {
  send(args: readonly string[], body?: Uint8Array): void
  /** The plugin's next stanza. @throws Error when it stops, or does not follow the protocol */
  receive(): Promise<Stanza>
  /** Ends the process. */
  close(): Promise<void>
}

/** The most bytes that a plugin may print in all; its stanzas take a few thousand at most. */
const MAXIMUM_TALK = 1024 * 1024
const SILENCE_MS = 5000
/** How long a plugin may take to exit when told to. */
const GRACE_MS = 2000

function findPlugin(name: string, ctx: Context): string {
  const program = `age-plugin-${name}${ctx.platform === 'win32' ? '.exe' : ''}`
  const found = findProgram([program], ctx.env.PATH)
  if (found === undefined) {
    throw new Error(
      `couldn't start plugin: "${name}" plugin not found: exec: "${program}": executable file not found in $PATH`,
    )
  }
  return found
}

/** What the plugin says; `silent` is called where it keeps one waiting. */
function linesOf(child: ChildProcess, silent: () => void): LineQueue {
  const lines = lineQueue(async (more) => {
    const timer = setTimeout(silent, SILENCE_MS)
    await more
    clearTimeout(timer)
  })
  let received = 0
  const stop = (reason: string): void => lines.end(new Error(reason))
  child.stdout!.setEncoding('latin1')
  child.stdout!.on('data', (chunk: string) => {
    received += chunk.length
    lines.add(chunk)
    if (received <= MAXIMUM_TALK) return
    child.stdout!.destroy()
    stop(lines.rest().includes('\n') ? 'it sent too much' : 'it sent a line that is too long')
  })
  child.on('error', (error) => stop(`couldn't start plugin: ${startFailure(child.spawnfile, error, '/')}`))
  const ended = (code: number | null, signal: string | null): void =>
    stop(`it ended too early (${signal ?? `exit status ${code}`})`)
  child.on('close', ended)
  // A process that the plugin started may hold its output open.
  child.on('exit', (code, signal) => setTimeout(() => ended(code, signal), GRACE_MS).unref())
  return lines
}

const asSent = <T>(read: () => T): T => {
  try {
    return read()
  } catch {
    throw new Error('it sent a malformed stanza')
  }
}

async function readStanza(lines: LineQueue): Promise<Stanza> {
  const opening = await lines.next()
  const add = asSent(() => stanzaOf(opening))
  for (;;) {
    const line = await lines.next()
    const stanza = asSent(() => add(line))
    if (stanza) return stanza
  }
}

/**
 * Starts `age-plugin-NAME`.
 * @throws Error when it is not installed
 */
export async function startPlugin(
  name: string,
  mode: 'recipient-v1' | 'identity-v1',
  ctx: Context,
): Promise<Conversation> {
  const program = findPlugin(name, ctx)
  const { startApart } = await loadStart()
  const { tmpdir } = await import('node:os')
  let child: ChildProcessByStdio<Writable, Readable, null>
  try {
    child = startApart(program, [`--age-plugin=${mode}`], {
      cwd: ctx.env.TMPDIR || tmpdir(),
      env: ctx.env,
      stdio: ['pipe', 'pipe', ctx.env.AGEDEBUG === 'plugin' ? 'inherit' : 'ignore'],
      windowsHide: true,
    }) as ChildProcessByStdio<Writable, Readable, null>
  } catch (error) {
    throw new Error(`couldn't start plugin: ${startFailure(program, error, ctx.cwd)}`)
  }
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  // That the plugin has gone shows in its output; errors of writing to it add nothing.
  child.stdin.on('error', () => {})
  const lines = linesOf(child, () => ctx.log({ level: 'info', logger: 'AGE', message: `waiting on ${name} plugin...` }))
  return {
    send: (args, body = new Uint8Array(0)) => {
      child.stdin.write(encodeStanza({ args, body }))
    },
    receive: () => readStanza(lines),
    async close() {
      child.stdin.end()
      child.stdout.destroy()
      child.kill('SIGINT')
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
      await ended
      clearTimeout(timer)
    },
  }
}
