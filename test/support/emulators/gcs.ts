// A Google Cloud Storage service on loopback: simple uploads of its JSON interface, and faults on demand.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type GcsFault = { readonly status: number } | 'corrupt' | 'drop'

export interface GcsServer {
  readonly address: string
  /** By bucket and name: `bucket/name`. */
  readonly objects: Map<string, Buffer>
  /** The authorization header of each request; empty when there was none. */
  readonly authorizations: string[]
  readonly faults: GcsFault[]
  close(): Promise<void>
}

export async function startGcs(): Promise<GcsServer> {
  const objects = new Map<string, Buffer>()
  const authorizations: string[] = []
  const faults: GcsFault[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    authorizations.push(request.headers.authorization ?? '')
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    const fault = faults.shift()
    if (fault === 'drop') return void request.socket.destroy()
    if (typeof fault === 'object') return answer(fault.status, { error: { code: fault.status, message: 'as asked' } })
    const url = new URL(request.url!, 'http://x')
    const bucket = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(url.pathname)?.[1]
    const name = url.searchParams.get('name')
    if (request.method !== 'POST' || !bucket || !name || url.searchParams.get('uploadType') !== 'media') {
      return answer(400, { error: { code: 400, message: 'not a simple upload' } })
    }
    const body = Buffer.concat(chunks)
    if (fault === 'corrupt') body[0] = (body[0] ?? 0) ^ 1
    objects.set(`${decodeURIComponent(bucket)}/${name}`, body)
    const md5Hash = createHash('md5').update(body).digest('base64')
    answer(200, { kind: 'storage#object', bucket, name, generation: '1', md5Hash })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    authorizations,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
