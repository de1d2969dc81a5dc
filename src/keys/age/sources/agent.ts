// Asks gpg-agent for the passphrase of an identity file (spec/keys.md 3.6).

import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Context } from '../../../context/index.ts'
import { readlinkSync, statSync } from '../../../system/index.ts'
import { type LineQueue, lineQueue } from '../../../text/line-queue.ts'
import { quote } from '../../../text/quote.ts'

interface Agent {
  /** @throws Error when it refuses, or nobody answers. */
  passphrase(description: string): Promise<string>
  /** Makes the agent forget the passphrase. */
  clear(): Promise<void>
  close(): void
}

const NOT_CACHED = 'ERR 67108922'
const CANCELLED = 'ERR 83886179'
/** All answers together are a few short lines; whatever sends more is not gpg-agent. */
const MAXIMUM_TALK = 64 * 1024

const isSocket = (path: string): boolean => {
  try {
    return statSync(path).isSocket()
  } catch {
    return false
  }
}

/** The account's own home: the reference does not use $HOME here, and never GNUPGHOME. */
async function accountHome(ctx: Context): Promise<string> {
  const { userInfo } = await import('node:os')
  try {
    return userInfo().homedir
  } catch {
    return ctx.home ?? '/'
  }
}

/** The agent's socket; undefined where there can be none. */
async function socketPath(ctx: Context): Promise<string | undefined> {
  const info = ctx.env.GPG_AGENT_INFO
  if (info !== undefined) return info.split(':', 1)[0] || undefined
  if (ctx.platform === 'win32') return undefined
  const own = join(await accountHome(ctx), '.gnupg', 'S.gpg-agent')
  const runtime = ctx.env.XDG_RUNTIME_DIR
  if (isSocket(own) || runtime === undefined) return own
  return join(runtime, 'gnupg', 'S.gpg-agent')
}

async function opened(path: string): Promise<Socket | undefined> {
  const { connect } = await import('node:net')
  return new Promise((done) => {
    const socket = connect(path)
    socket.once('connect', () => done(socket))
    socket.once('error', () => done(undefined))
  })
}

/** What the agent says. */
function linesOf(socket: Socket): LineQueue {
  const lines = lineQueue()
  let received = 0
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    received += chunk.length
    if (received > MAXIMUM_TALK) socket.destroy(new Error('line too long'))
    lines.add(chunk)
  })
  socket.on('error', (error) => lines.end(error))
  socket.on('close', () => lines.end(new Error('EOF')))
  return lines
}

/** Form encoding: blanks become `+`. */
const argument = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)

function terminalName(): string | undefined {
  try {
    return readlinkSync('/proc/self/fd/0')
  } catch {
    return undefined
  }
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The name of the passphrase in the agent's cache. It depends on the encrypted content, so that a changed file asks anew. */
export function cacheId(content: Uint8Array): string {
  const digest = createHash('sha256').update(content).digest().subarray(0, 25)
  const bits = BigInt(`0x${digest.toString('hex')}`)
  const letters = Array.from({ length: 40 }, (_, i) => BASE32[Number((bits >> BigInt(195 - 5 * i)) & 31n)])
  return `SopsAge${letters.join('')}`
}

/**
 * A conversation about the passphrase for `content`; undefined when no agent can be reached.
 * @throws Error when what answers does not speak the protocol
 */
export async function connectAgent(content: Uint8Array, ctx: Context): Promise<Agent | undefined> {
  const path = await socketPath(ctx)
  const socket = path === undefined ? undefined : await opened(path)
  if (!socket) return undefined
  const lines = linesOf(socket)
  const expectOk = async (): Promise<void> => {
    const answer = await lines.next()
    if (!answer.startsWith('OK')) throw new Error(`unexpected gpg-agent answer ${quote(answer)}`)
  }
  const say = async (text: string): Promise<void> => {
    socket.write(`${text}\n`)
    await expectOk()
  }
  const id = cacheId(content)
  try {
    await expectOk()
    if (ctx.env.DISPLAY) await say(`OPTION display=${ctx.env.DISPLAY}`)
    const terminal = terminalName()
    if (terminal !== undefined) await say(`OPTION ttyname=${terminal}`)
    await say(`OPTION ttytype=${ctx.env.TERM ?? ''}`)
  } catch (error) {
    socket.destroy()
    throw error
  }
  return {
    async passphrase(description) {
      const quiet = ctx.unattended ? '--no-ask ' : ''
      socket.write(`GET_PASSPHRASE ${quiet}${id} X Passphrase ${argument(description)}\n`)
      const answer = await lines.next()
      if (answer.startsWith(NOT_CACHED)) throw new Error('gpg-agent has no passphrase')
      if (answer.startsWith(CANCELLED)) throw new Error('gpg-agent passphrase request was cancelled')
      const [status, hex = '', ...rest] = answer.trimEnd().split(' ')
      // The line is not shown: what follows OK may be the passphrase.
      if (status !== 'OK') throw new Error(`gpg-agent answered ${quote(answer)}`)
      if (rest.length > 0 || !/^([0-9A-Fa-f]{2})*$/.test(hex)) throw new Error('gpg-agent sent no passphrase')
      return Buffer.from(hex, 'hex').toString('utf8')
    },
    clear: () => say(`CLEAR_PASSPHRASE ${id}`),
    close: () => socket.destroy(),
  }
}
