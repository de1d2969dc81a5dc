// A server on loopback that answers every request with the bytes it is told, right or wrong.
import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface RawServer {
  readonly host: string
  readonly url: string
  /** What every request gets; undefined for a connection that is reset. */
  answer: string | undefined
  close(): Promise<void>
}

/** Reads a request with its body before it answers. */
export async function startRaw(): Promise<RawServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      const head = text.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
      if (head < 0 || text.length < head + 4 + length) return
      text = ''
      if (raw.answer === undefined) socket.resetAndDestroy()
      else socket.end(raw.answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const raw: RawServer = {
    host,
    url: `http://${host}`,
    answer: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
  return raw
}

/** An answer of HTTP; `length` is that of the body unless it lies. */
export const rawAnswer = (
  status: number,
  type: string,
  body: string,
  { length = body.length, ...headers }: { readonly [name: string]: string | number } = {},
): string =>
  [
    `HTTP/1.1 ${status} Status`,
    `Content-Type: ${type}`,
    `Content-Length: ${length}`,
    'Connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    body,
  ].join('\r\n')
