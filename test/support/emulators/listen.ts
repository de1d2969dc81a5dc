// What all loopback services share: reading requests, answering in JSON, failing on demand, and closing with every connection.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface SeenRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly bytes: Buffer
  /** The connection's port on the client's side. */
  readonly port: number
}

/** What to answer instead of the real thing; `drop` closes the connection, `hang` never answers. */
export type Fault =
  | 'hang'
  | 'drop'
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }

export interface Listening {
  /** `http://127.0.0.1:PORT`, `https://localhost:PORT` or `unix://PATH`. */
  readonly address: string
  readonly port: number
  close(): Promise<void>
}

export interface ListenOptions {
  readonly tls?: ServerOptions
  readonly socketPath?: string
}

/** Listens on a free port of this machine; a handler that fails ends the connection. */
export async function listen(
  handle: (request: SeenRequest, response: ServerResponse) => unknown,
  { tls, socketPath }: ListenOptions = {},
): Promise<Listening> {
  const server = tls === undefined ? createServer() : createTlsServer(tls)
  server.on('request', async (incoming, response) => {
    try {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk as Buffer)
      const { method = '', url: path = '', headers, socket } = incoming
      const bytes = Buffer.concat(chunks)
      const request = { method, path, headers, body: bytes.toString('utf8'), bytes, port: socket.remotePort ?? 0 }
      await handle(request, response)
    } catch {
      response.destroy()
    }
  })
  await new Promise<void>((resolve) => {
    if (socketPath === undefined) server.listen(0, '127.0.0.1', resolve)
    else server.listen(socketPath, resolve)
  })
  const port = socketPath === undefined ? (server.address() as AddressInfo).port : 0
  const own = tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`
  return {
    address: socketPath === undefined ? own : `unix://${socketPath}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function json(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

export function fail(response: ServerResponse, fault: Fault): void {
  if (fault === 'hang') return
  if (fault === 'drop') {
    response.socket?.destroy()
    return
  }
  response.writeHead(fault.status, fault.headers)
  response.end(fault.body ?? '')
}
