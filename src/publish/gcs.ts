// Uploads to a Google Cloud Storage bucket through its JSON API, with application default credentials (spec/keys.md 12).
import { createHash } from 'node:crypto'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { loadGoogle } from '../keys/index.ts'
import { cloudRetry, deadlineIn, parseJson, proxyFor, refusalText, sendPatiently } from '../net/index.ts'

const server = 'https://storage.googleapis.com'

/** Milliseconds for the upload with all its attempts: a minute, and what a slow line needs. */
const timeFor = (bytes: Uint8Array): number => 60_000 + bytes.length / 100

/** The address of an emulator, which needs no credentials. The variable may leave out the scheme. */
function emulatorOf(ctx: Context): string | undefined {
  const address = ctx.env['STORAGE_EMULATOR_HOST']?.replace(/\/+$/, '')
  if (!address) return undefined
  const spelled = /^https?:\/\//.test(address) ? address : `http://${address}`
  if (URL.canParse(spelled)) return spelled
  throw new SopsError('generic', 'STORAGE_EMULATOR_HOST must be HOST:PORT or a URL')
}

/**
 * Returns when the service has confirmed the object, with the checksum of what was sent.
 * @throws SopsError `generic` naming host, status and cause; `missing-dependency` without the package that the credentials need.
 */
export async function uploadToGcs(bucket: string, name: string, bytes: Uint8Array, ctx: Context): Promise<void> {
  const emulator = emulatorOf(ctx)
  const path = `/upload/storage/v1/b/${encodeURIComponent(bucket)}/o?uploadType=media&name=${encodeURIComponent(name)}`
  const url = new URL((emulator ?? server) + path)
  const { cloudStorage } = await loadGoogle()
  const authorization = emulator === undefined ? await authorizationOf(ctx) : {}
  const request = {
    ctx,
    method: 'POST',
    url,
    // Encrypted files of every format are text; the reference says so, too.
    headers: { ...authorization, 'Content-Type': 'text/plain; charset=utf-8' },
    body: bytes,
    proxy: proxyFor(url, ctx.env),
  }
  // Repeating is safe: it writes the same object again.
  const answer = await sendPatiently(request, cloudRetry, deadlineIn(timeFor(bytes)))
  const json = parseJson(answer.body)
  if (answer.status !== 200 || typeof json !== 'object' || json === null) {
    throw new SopsError('generic', refusalText(cloudStorage, request, answer))
  }
  const { md5Hash } = json as { md5Hash?: unknown }
  const sum = createHash('md5').update(bytes).digest('base64')
  if (md5Hash !== undefined && md5Hash !== sum) {
    throw new SopsError('generic', 'the stored object has another checksum than the file')
  }
}

async function authorizationOf(ctx: Context): Promise<Record<string, string>> {
  const { token, quotaProject } = await (await loadGoogle()).storageCredentials(ctx)
  const { text } = await token()
  return {
    Authorization: `Bearer ${text}`,
    ...(quotaProject === undefined ? {} : { 'x-goog-user-project': quotaProject }),
  }
}
