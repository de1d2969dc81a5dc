// An S3 service on loopback: stores objects whose checksum and access key are right, and fails on demand.
import { crc32 } from 'node:zlib'
import { type Listening, listen } from './listen.ts'

export interface S3Server extends Listening {
  /** By bucket and key: `bucket/key`. */
  readonly objects: Map<string, Buffer>
  /** Credential scopes of the requests: `KEY/date/region/s3/aws4_request`. */
  readonly scopes: string[]
  /** Error codes for the next requests. */
  readonly faults: string[]
}

const statusOf: Readonly<Record<string, number>> = { AccessDenied: 403, NoSuchBucket: 404, BadDigest: 400 }

/** Over TLS with a certificate. */
export async function startS3(tls?: { readonly key: string; readonly cert: string }): Promise<S3Server> {
  const objects = new Map<string, Buffer>()
  const scopes: string[] = []
  const faults: string[] = []
  const server = await listen(
    ({ method, path, headers, bytes: body }, response) => {
      const { authorization = '', 'x-amz-checksum-crc32': sum } = headers
      scopes.push(/Credential=([^,]+)/.exec(authorization)?.[1] ?? '')
      const fail = (code: string): void => {
        response.writeHead(statusOf[code] ?? 400, { 'Content-Type': 'application/xml' })
        response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>as asked</Message></Error>`)
      }
      const fault = faults.shift()
      if (fault !== undefined) return fail(fault)
      const digest = Buffer.alloc(4)
      digest.writeUInt32BE(crc32(body))
      if (sum !== undefined && sum !== digest.toString('base64')) return fail('BadDigest')
      if (method !== 'PUT') return fail('MethodNotAllowed')
      objects.set(decodeURIComponent(new URL(path, 'http://x').pathname.slice(1)), body)
      response.writeHead(200, { ETag: '"0"' })
      response.end()
    },
    tls === undefined ? {} : { tls },
  )
  return { ...server, objects, scopes, faults }
}
