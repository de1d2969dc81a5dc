// Uploads to a Google Cloud Storage bucket through its JSON API, with application default credentials (spec/keys.md 12).
import { createHash } from 'node:crypto'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { agentsFor, kmsTimeout } from '../net/index.ts'
import { loadForPublishing } from './package.ts'

const service = 'https://storage.googleapis.com'
const scope = 'https://www.googleapis.com/auth/devstorage.read_write'

/** The address of an emulator, which needs no credentials. The variable may leave out the scheme. */
function emulatorOf(ctx: Context): string | undefined {
  const address = ctx.env['STORAGE_EMULATOR_HOST']?.replace(/\/+$/, '')
  return address && !/^https?:\/\//.test(address) ? `http://${address}` : address || undefined
}

/**
 * Returns when the service has confirmed the object, with the checksum of what was sent.
 * @throws SopsError `generic` for another checksum, `missing-dependency` without the package; whatever the transport throws.
 */
export async function uploadToGcs(bucket: string, name: string, bytes: Uint8Array, ctx: Context): Promise<void> {
  const emulator = emulatorOf(ctx)
  const path = `/upload/storage/v1/b/${encodeURIComponent(bucket)}/o?uploadType=media&name=${encodeURIComponent(name)}`
  const url = (emulator ?? service) + path
  const { request } = await loadForPublishing('gaxios', () => import('gaxios'))
  const agent = agentsFor(ctx, kmsTimeout(ctx))
  const { data } = await request<{ md5Hash?: string }>({
    url,
    agent,
    method: 'POST',
    headers: { ...(emulator ? {} : await authorization(url, agent)), 'content-type': 'application/octet-stream' },
    body: Buffer.from(bytes),
    responseType: 'json',
    // Retrying is safe: it writes the same object again.
    retryConfig: { retry: 2, httpMethodsToRetry: ['POST'] },
  })
  const sum = createHash('md5').update(bytes).digest('base64')
  if (data?.md5Hash !== undefined && data.md5Hash !== sum) {
    throw new SopsError('generic', 'the stored object has another checksum than the file')
  }
}

async function authorization(url: string, agent: ReturnType<typeof agentsFor>): Promise<Record<string, string>> {
  const { GoogleAuth } = await loadForPublishing('google-auth-library', () => import('google-auth-library'))
  const headers = await new GoogleAuth({
    scopes: scope,
    clientOptions: { transporterOptions: { agent } },
  }).getRequestHeaders(url)
  return Object.fromEntries(headers.entries())
}
