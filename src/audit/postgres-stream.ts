// The way to a PostgreSQL server: a socket, and TLS over it once the server has agreed.
import { connect, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, type TLSSocket, connect as upgrade } from 'node:tls'
import { messageOf, SopsError } from '../errors.ts'
import { codeOf } from '../system/index.ts'
import type { Server } from './connection.ts'
import type { TlsPlan } from './postgres-tls.ts'

/** There is no TLS with this server, or none that holds. */
export class TlsFailure extends SopsError {}

export const isLocal = ({ host, address }: Server): boolean => address === undefined && /^[/@]/.test(host)

/** Linux has sockets with names of their own, which begin with a zero byte. */
const socketPath = ({ host, port }: Server): string => `${host.replace(/^@/, '\0')}/.s.PGSQL.${port}`

/**
 * Calls `opened` with each stream as soon as there is one, so that it can be ended; the last is the one to be used.
 * @throws TlsFailure, or the connection's error.
 */
export async function openStream(
  server: Server,
  tls: TlsPlan | undefined,
  opened: (stream: Socket) => void,
): Promise<Socket> {
  const socket = isLocal(server)
    ? connect(socketPath(server))
    : connect({ host: server.address ?? server.host, port: server.port })
  opened(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject).once('connect', () => {
      socket.setNoDelay(true)
      socket.off('error', reject)
      resolve()
    })
  })
  if (tls === undefined) return socket
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(error)
    const ended = (): void =>
      reject(new TlsFailure('generic', 'the server ended the connection when it was asked for TLS'))
    const secure = (): void => {
      socket.off('error', failed).off('close', ended)
      secured(socket, server, tls, opened).then(resolve, reject)
    }
    socket.on('error', failed).on('close', ended)
    if (tls.direct) return secure()
    socket.once('data', (answer) => {
      // More than the one byte would come from somebody in between.
      if (answer.length === 1 && answer[0] === 0x53) return secure()
      const isRefused = answer.length === 1 && answer[0] === 0x4e
      reject(
        new TlsFailure(
          'generic',
          isRefused ? 'the server has no TLS' : 'the server does not answer for TLS as PostgreSQL does',
        ),
      )
      socket.destroy()
    })
    socket.write(tlsRequest)
  })
}

const tlsRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

async function secured(
  socket: Socket,
  { host }: Server,
  { checks, direct, sendsName, secure }: TlsPlan,
  opened: (stream: Socket) => void,
): Promise<TLSSocket> {
  const all: ConnectionOptions = {
    socket,
    rejectUnauthorized: checks !== 'nothing',
    checkServerIdentity: (_, certificate) => (checks === 'name' ? checkServerIdentity(host, certificate) : undefined),
    ...(sendsName && isIP(host) === 0 ? { servername: host } : {}),
    ...(direct ? { ALPNProtocols: ['postgresql'] } : {}),
  }
  return new Promise((resolve, reject) => {
    let stream: TLSSocket
    try {
      stream = upgrade({ ...all, secureContext: secure() })
    } catch (error) {
      // Of certificate and key that do not go together, or versions that exclude each other.
      return reject(new TlsFailure('generic', `TLS: ${messageOf(error)}`, { cause: error }))
    }
    opened(stream)
    const failed = (error: Error): void => reject(error instanceof SopsError ? error : failure(error))
    const ended = (): void => reject(new TlsFailure('generic', 'the server ended the connection while TLS began'))
    stream.on('error', failed).on('close', ended)
    stream.once('secureConnect', () => {
      stream.off('error', failed).off('close', ended)
      if (!direct || stream.alpnProtocol === 'postgresql') return resolve(stream)
      reject(new TlsFailure('generic', 'the server does not take sslnegotiation=direct'))
      stream.destroy()
    })
  })
}

const unknownAuthority = /^(?:UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF)|SELF_SIGNED|DEPTH_ZERO)/

function failure(error: Error): TlsFailure {
  const hint = unknownAuthority.test(codeOf(error) ?? '') ? ' (sslrootcert names the file of its authority)' : ''
  return new TlsFailure('generic', `the certificate or TLS of the server: ${messageOf(error)}${hint}`, { cause: error })
}
