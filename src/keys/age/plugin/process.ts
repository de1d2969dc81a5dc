// A plugin's process, and the stanzas that go in and out of it.
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { Context } from '../../../context/index.ts'
import { accessSync, constants, statSync } from '../../../system/files-sync.ts'
import { startFailure } from '../../../system/programs.ts'
import { decodeCanonicalNoPad } from '../../../text/base64.ts'
import type { Stanza } from '../format/file.ts'
import { encodeStanza } from '../format/seal.ts'

export interface Conversation {
  send(args: readonly string[], body?: Uint8Array): void
  /** The plugin's next stanza. @throws Error when it stops, or does not follow the protocol */
  receive(): Promise<Stanza>
  /** Ends the process. */
  close(): Promise<void>
}

const COLUMNS = 64
/** The most bytes that a plugin may print in all; its stanzas take a few thousand at most. */
const MAXIMUM_TALK = 1024 * 1024
const SILENCE_MS = 5000
/** How long a plugin may take to exit when told to. */
const GRACE_MS = 2000

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Searches the absolute folders of PATH only: a plugin gets file keys, so it must not come from the working directory. */
function findPlugin(name: string, ctx: Context): string {
  const program = `age-plugin-${name}${ctx.platform === 'win32' ? '.exe' : ''}`
  const folders = (ctx.env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder))
  const found = folders.map((folder) => join(folder, program)).find(isProgram)
  if (found === undefined) {
    throw new Error(
      `couldn't start plugin: "${name}" plugin not found: exec: "${program}": executable file not found in $PATH`,
    )
  }
  return found
}

/** The plugin's lines, one per call. */
function lineReader(child: ChildProcess, silent: () => void): () => Promise<string> {
  let pending = ''
  let received = 0
  let end: string | undefined
  let wake: (() => void) | undefined
  const stop = (reason: string): void => {
    end ??= reason
    wake?.()
  }
  child.stdout!.setEncoding('latin1')
  child.stdout!.on('data', (chunk: string) => {
    pending += chunk
    received += chunk.length
    if (received <= MAXIMUM_TALK) {
      wake?.()
      return
    }
    child.stdout!.destroy()
    stop(pending.includes('\n') ? 'it sent too much' : 'it sent a line that is too long')
    pending = ''
  })
  child.on('error', (error) => stop(`couldn't start plugin: ${startFailure(child.spawnfile, error, '/')}`))
  const ended = (code: number | null, signal: string | null): void =>
    stop(`it ended too early (${signal ?? `exit status ${code}`})`)
  child.on('close', ended)
  // A process that the plugin started may hold its output open.
  child.on('exit', (code, signal) => setTimeout(() => ended(code, signal), GRACE_MS).unref())
  return async () => {
    for (;;) {
      const at = pending.indexOf('\n')
      if (at >= 0) {
        const line = pending.slice(0, at)
        pending = pending.slice(at + 1)
        return line
      }
      if (end !== undefined) throw new Error(end)
      const timer = setTimeout(silent, SILENCE_MS)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      clearTimeout(timer)
    }
  }
}

async function readStanza(line: () => Promise<string>): Promise<Stanza> {
  const [arrow, ...args] = (await line()).split(' ')
  if (arrow !== '->' || args.length === 0 || !args.every((arg) => /^[\x21-\x7e]+$/.test(arg))) {
    throw new Error('it sent a malformed stanza')
  }
  const body: Buffer[] = []
  for (;;) {
    const part = await line()
    if (part.length > COLUMNS) throw new Error('it sent a malformed stanza')
    try {
      body.push(decodeCanonicalNoPad(part))
    } catch {
      throw new Error('it sent a malformed stanza')
    }
    if (part.length < COLUMNS) return { args, body: Buffer.concat(body) }
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
  const { start } = await import('../../../system/start.ts')
  const { tmpdir } = await import('node:os')
  let child: ChildProcessByStdio<Writable, Readable, null>
  try {
    child = start(program, [`--age-plugin=${mode}`], {
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
  const line = lineReader(child, () =>
    ctx.log({ level: 'info', logger: 'AGE', message: `waiting on ${name} plugin...` }),
  )
  return {
    send: (args, body = new Uint8Array(0)) => {
      child.stdin.write(encodeStanza({ args, body }))
    },
    receive: () => readStanza(line),
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
