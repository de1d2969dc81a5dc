// `sops keyservice`: serves the keys of this machine until it is stopped (spec/cli.md 11).
import { isLocal, listen, makeListener, placeOf, type ServerOptions, serve } from '../../keyservice/index.ts'
import { askYesNo } from '../ask.ts'
import { type Command, command } from '../command.ts'
import { warnOfWords } from '../extra-words.ts'
import { bool, string } from '../flag.ts'
import { verbose } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { Control } from '../say.ts'

const flags = [
  string('network', 'kind of socket: tcp or unix', {
    aliases: ['net'],
    default: 'tcp',
    value: 'KIND',
    values: ['tcp', 'unix'],
  }),
  string('address', 'address or socket path', { aliases: ['addr'], default: '127.0.0.1:5000', value: 'ADDRESS' }),
  bool('prompt', 'ask before every answer'),
  verbose,
] as const

export const keyservice: Command = command({
  args: '',
  flags,
  examples: ['sops keyservice --net unix --addr /run/user/1000/sops.sock'],
  run,
})

const signalNames: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGINT: 'interrupt',
  SIGTERM: 'terminated',
  SIGHUP: 'hangup',
}

const approver =
  (io: Io): NonNullable<ServerOptions['approve']> =>
  (operation, key) =>
    askYesNo(io, [new Control('\n'), `Received ${operation} request using ${key}. Respond to request? (y/n): `])

async function run(inv: Invocation<(typeof flags)[number]>, io: Io): Promise<number> {
  warnOfWords(inv, io)
  const [network, address] = [inv.string('network'), inv.string('address')]
  const listener = makeListener()
  const server = serve(listener, io.ctx, inv.bool('prompt') ? { approve: approver(io) } : {})
  const stopped = new Promise<NodeJS.Signals>((resolve) => io.host.onSignal(resolve))
  const takeBack = io.host.onCleanup(server.stop)
  await listen(listener, network, address, io.host.withUmask)
  const where = placeOf(listener, network, address)
  io.ctx.log({ level: 'info', logger: 'KEYSERVICE', message: `Listening on ${where}` })
  if (!inv.bool('verbose') && !inv.root.bool('verbose')) await io.done(`listening on ${where}; Ctrl+C ends it`)
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
