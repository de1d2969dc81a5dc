// A Google Cloud Storage service on loopback: simple uploads of its JSON interface, and faults on demand.
import { createHash } from 'node:crypto'
import { fail, json, type Listening, type ListenOptions, listen } from './listen.ts'

export type GcsFault = { readonly status: number } | 'corrupt' | 'drop'

export interface GcsServer extends Listening {
  /** By bucket and name: `bucket/name`. */
  readonly objects: Map<string, Buffer>
  /** The authorization header of each request; empty when there was none. */
  readonly authorizations: string[]
  readonly faults: GcsFault[]
}

export async function startGcs(options: ListenOptions = {}): Promise<GcsServer> {
  const objects = new Map<string, Buffer>()
  const authorizations: string[] = []
  const faults: GcsFault[] = []
  const server = await listen(({ method, path, headers, bytes }, response) => {
    authorizations.push(headers.authorization ?? '')
    const answer = (status: number, body: object): void => json(response, status, body)
    const fault = faults.shift()
    if (fault === 'drop') return fail(response, fault)
    if (typeof fault === 'object') return answer(fault.status, { error: { code: fault.status, message: 'as asked' } })
    const url = new URL(path, 'http://x')
    const bucket = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(url.pathname)?.[1]
    const name = url.searchParams.get('name')
    if (method !== 'POST' || !bucket || !name || url.searchParams.get('uploadType') !== 'media') {
      return answer(400, { error: { code: 400, message: 'not a simple upload' } })
    }
    const body = Buffer.from(bytes)
    if (fault === 'corrupt') body[0] = (body[0] ?? 0) ^ 1
    objects.set(`${decodeURIComponent(bucket)}/${name}`, body)
    const md5Hash = createHash('md5').update(body).digest('base64')
    answer(200, { kind: 'storage#object', bucket, name, generation: '1', md5Hash })
  }, options)
  return { ...server, objects, authorizations, faults }
}
