// sops keyservice: serves the keys of this machine until it is told to stop (spec/cli.md 11).
import { SopsError } from '../../errors.ts'
import { isLocal, listen } from '../../keyservice/listen.ts'
import type { Operation } from '../../keyservice/messages.ts'
import { makeListener, type ServerOptions, serve } from '../../keyservice/server.ts'
import { askYesNo } from '../ask.ts'
import type { Invocation, Io } from '../invocation.ts'
import { visible } from '../text.ts'

const signalNames: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGINT: 'interrupt',
  SIGTERM: 'terminated',
  SIGHUP: 'hangup',
}

/** One question at a time, however many requests come in. */
function approver(io: Io): NonNullable<ServerOptions['approve']> {
  let last: Promise<unknown> = Promise.resolve()
  return (operation: Operation, key: string) => {
    const question = `\nReceived ${operation} request using ${visible(key)}. Respond to request? (y/n): `
    const answer = last.then(() => askYesNo(io, question))
    last = answer.catch(() => {})
    return answer
  }
}

export async function run(inv: Invocation, io: Io): Promise<number> {
  const [network, address] = [inv.string('network'), inv.string('address')]
  const listener = makeListener()
  const server = await serve(listener, io.ctx, inv.bool('prompt') ? { approve: approver(io) } : {})
  const stopped = new Promise<NodeJS.Signals>((resolve) => io.host.onSignal(resolve))
  const takeBack = io.host.onCleanup(server.stop)
  try {
    await listen(listener, network, address)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    io.ctx.log({ level: 'error', logger: 'CMD', message: `Error running keyservice: ${error.message}` })
    const status = io.fatal(error.message)
    await io.err(error.hints.map((hint) => `hint: ${hint}\n`).join(''))
    return status
  }
  const where = `${network}://${address}`
  io.ctx.log({ level: 'info', logger: 'KEYSERVICE', message: `Listening on ${where}` })
  if (!isLocal(listener)) {
    const message =
      'other machines can reach this key service: it has neither encryption nor authentication, so whoever can connect can use every key ' +
      'of this machine; listen on a unix socket or on 127.0.0.1 instead'
    io.ctx.log({ level: 'warning', logger: 'KEYSERVICE', message, fields: { address: where } })
  }
  const signal = await stopped
  io.ctx.log({
    level: 'info',
    logger: 'KEYSERVICE',
    message: `Caught signal ${signalNames[signal] ?? signal}: shutting down.`,
  })
  takeBack()
  server.stop()
  return 0
}
