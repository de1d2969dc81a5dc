// Certificates for Vault, to trust and to present, from files named by the environment (spec/keys.md 8.2).

import { join, resolve } from 'node:path'
import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import type { TlsOptions } from '../net/index.ts'
import { readCredentials } from '../net/index.ts'
import { filesBelow } from '../system/index.ts'

/** @throws SopsError `generic` naming the variable that is wrong. */
export async function readTls(ctx: Context, skipsVerification: boolean): Promise<TlsOptions> {
  const { env } = ctx
  const read = (name: string): Promise<string> => readPem(ctx, name, env[name] ?? '')
  const [cert, key] = [env['VAULT_CLIENT_CERT'], env['VAULT_CLIENT_KEY']]
  if (!cert !== !key) throw new SopsError('generic', 'VAULT_CLIENT_CERT and VAULT_CLIENT_KEY must be given together')
  const trusted = await trustedCertificates(ctx, read)
  return {
    ...(trusted === undefined ? {} : { ca: trusted }),
    ...(cert && key ? { cert: await read('VAULT_CLIENT_CERT'), key: await read('VAULT_CLIENT_KEY') } : {}),
    ...(env['VAULT_TLS_SERVER_NAME'] ? { servername: env['VAULT_TLS_SERVER_NAME'] } : {}),
    ...(skipsVerification ? { rejectUnauthorized: false } : {}),
  }
}

/** The authorities trusted instead of the system's: from a file, else a variable's text, else a folder. */
async function trustedCertificates(
  ctx: Context,
  read: (name: string) => Promise<string>,
): Promise<string[] | undefined> {
  const { env } = ctx
  if (env['VAULT_CACERT']) return certificates('VAULT_CACERT', [await read('VAULT_CACERT')])
  if (env['VAULT_CACERT_BYTES']) return certificates('VAULT_CACERT_BYTES', [env['VAULT_CACERT_BYTES']])
  if (!env['VAULT_CAPATH']) return undefined
  const folder = resolve(ctx.cwd, env['VAULT_CAPATH'])
  try {
    const texts: string[] = []
    for await (const path of filesBelow(folder)) texts.push(await readCredentials(join(folder, path), ctx))
    return certificates('VAULT_CAPATH', texts)
  } catch (error) {
    if (error instanceof SopsError) throw error
    throw new SopsError('generic', `cannot read the certificates of VAULT_CAPATH: ${messageOf(error)}`)
  }
}

function certificates(name: string, texts: readonly string[]): string[] {
  const found = texts.filter((text) => text.includes('-----BEGIN CERTIFICATE-----'))
  if (found.length === 0 || (name !== 'VAULT_CAPATH' && found.length < texts.length)) {
    throw new SopsError('generic', `${name} holds no certificate in PEM`)
  }
  return found
}

async function readPem(ctx: Context, name: string, path: string): Promise<string> {
  try {
    return await readCredentials(resolve(ctx.cwd, path), ctx)
  } catch (error) {
    throw new SopsError('generic', `cannot read the file of ${name}: ${messageOf(error)}`)
  }
}
