// Credentials for Google from the environment, and the access tokens that they are exchanged for (spec/keys.md 6.2).

import { createPrivateKey, sign } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { Context } from '../../context/index.ts'
import { memoKey } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { readCredentialsSync, remember } from '../../net/index.ts'
import { existsSync } from '../../system/index.ts'
import { quote } from '../../text/quote.ts'
import { checkUniverse, defaultUniverse, scope } from './endpoint.ts'
import { libraryToken } from './library.ts'
import { type GoogleToken, metadataToken, refreshedToken } from './tokens.ts'

export interface GoogleCredentials {
  /** Undefined where it is not known: bare tokens and machines. */
  readonly universeDomain?: string
  readonly quotaProject?: string
  token(): Promise<GoogleToken>
}

interface NoCredentials {
  readonly missing: string
}

/** What Go's client says, which people search for. */
const notFound =
  'google: could not find default credentials. Set GOOGLE_CREDENTIALS, GOOGLE_OAUTH_ACCESS_TOKEN or GOOGLE_APPLICATION_CREDENTIALS, or run "gcloud auth application-default login"'

const kms = memoKey<() => Promise<GoogleCredentials | NoCredentials>>('Google credentials')
const storage = memoKey<() => Promise<GoogleCredentials | NoCredentials>>('Google credentials for publishing')

/** A place that may hold credentials; undefined where it holds none. */
type Source = (ctx: Context) => GoogleCredentials | undefined | Promise<GoogleCredentials | undefined>

/**
 * The first credentials that apply, found once per run.
 * @throws SopsError `generic` for credentials that exist but cannot be used; never with their text.
 */
export const googleCredentials = (ctx: Context): Promise<GoogleCredentials | NoCredentials> =>
  ctx.once(kms, () => firstOf([fromVariable, fromBearer, fromFile, fromMachine], ctx))()

/**
 * The same for publishing, where the reference knows application default credentials only (spec/keys.md 12): these come first, so that nobody
 * publishes as another account than with it.
 * @throws SopsError `generic`, also for credentials of another universe, and where there are none.
 */
export async function storageCredentials(ctx: Context): Promise<GoogleCredentials> {
  const found = await ctx.once(storage, () => firstOf([fromFile, fromMachine, fromVariable, fromBearer], ctx))()
  if ('missing' in found) throw new SopsError('generic', found.missing)
  checkUniverse({ universeDomain: defaultUniverse }, found.universeDomain)
  return found
}

function firstOf(sources: readonly Source[], ctx: Context): () => Promise<GoogleCredentials | NoCredentials> {
  const until = (found: object): number => ('missing' in found ? ctx.now().getTime() + 5000 : Number.POSITIVE_INFINITY)
  const find = async (): Promise<GoogleCredentials | NoCredentials> => {
    for (const source of sources) {
      const found = await source(ctx)
      if (found !== undefined) return found
    }
    return { missing: notFound }
  }
  return remember(find, until, ctx)
}

function fromVariable(ctx: Context): GoogleCredentials | undefined {
  const given = ctx.env['GOOGLE_CREDENTIALS']
  return given ? remembered(fromJson(textOrFile(given, ctx), 'GOOGLE_CREDENTIALS', ctx), ctx) : undefined
}

function fromBearer({ env }: Context): GoogleCredentials | undefined {
  const text = env['GOOGLE_OAUTH_ACCESS_TOKEN']
  return text ? { token: async () => ({ text, expires: Number.POSITIVE_INFINITY }) } : undefined
}

/** Application default credentials: the file that a variable names, else gcloud's. */
function fromFile(ctx: Context): GoogleCredentials | undefined {
  const name = 'GOOGLE_APPLICATION_CREDENTIALS'
  const path = ctx.env[name]
  if (path) return remembered(fromJson(readText(path, name, ctx), name, ctx), ctx)
  const known = gcloudFile(ctx)
  if (known === undefined || !existsSync(known)) return undefined
  return remembered(fromJson(readText(known, known, ctx), known, ctx), ctx)
}

async function fromMachine(ctx: Context): Promise<GoogleCredentials | undefined> {
  const token = await metadataToken(ctx)
  return token === undefined ? undefined : remembered({ token }, ctx)
}

function gcloudFile({ env, home, platform }: Context): string | undefined {
  const name = 'application_default_credentials.json'
  const folder = env['CLOUDSDK_CONFIG']
  if (folder) return join(folder, name)
  if (platform === 'win32') return env['APPDATA'] ? join(env['APPDATA'], 'gcloud', name) : undefined
  return home === undefined ? undefined : join(home, '.config', 'gcloud', name)
}

function textOrFile(value: string, ctx: Context): string {
  // The value is JSON, not a path; a look-up would pass the secret to system calls.
  if (value.trimStart().startsWith('{')) return value
  return existsSync(resolve(ctx.cwd, value)) ? readText(value, 'GOOGLE_CREDENTIALS', ctx) : value
}

function readText(path: string, name: string, ctx: Context): string {
  try {
    return readCredentialsSync(resolve(ctx.cwd, path))
  } catch (error) {
    throw new SopsError('generic', `credentials: failed to obtain credentials from ${quote(name)}: ${messageOf(error)}`)
  }
}

/** The fields of the kinds of credentials that are read here; other kinds go to Google's library unread. */
interface CredentialsJson {
  readonly type?: unknown
  readonly client_email?: unknown
  readonly private_key?: unknown
  readonly private_key_id?: unknown
  readonly client_id?: unknown
  readonly client_secret?: unknown
  readonly refresh_token?: unknown
  readonly token_uri?: unknown
  readonly universe_domain?: unknown
  readonly quota_project_id?: unknown
}

function fromJson(text: string, name: string, ctx: Context): GoogleCredentials {
  const json = parseJson(text, name)
  const universe = json.universe_domain
  const quota = ctx.env['GOOGLE_CLOUD_QUOTA_PROJECT'] || json.quota_project_id
  return {
    universeDomain: typeof universe === 'string' && universe !== '' ? universe : defaultUniverse,
    ...(typeof quota === 'string' && quota !== '' ? { quotaProject: quota } : {}),
    token: tokenOf(json, name, ctx),
  }
}

function parseJson(text: string, name: string): CredentialsJson {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // The parser's own message would quote the text.
    throw new SopsError('generic', `the credentials in ${name} are neither a file nor JSON`)
  }
  if (typeof json === 'object' && json !== null) return json
  throw new SopsError('generic', `the credentials in ${name} are no JSON object`)
}

function tokenOf(json: CredentialsJson, name: string, ctx: Context): () => Promise<GoogleToken> {
  const field = (key: keyof CredentialsJson): string => {
    const value = json[key]
    if (typeof value === 'string' && value !== '') return value
    throw new SopsError('generic', `the credentials in ${name} lack ${key}`)
  }
  switch (json.type) {
    case 'service_account':
      return serviceAccount(field('client_email'), field('private_key'), json.private_key_id, name, ctx)
    case 'authorized_user': {
      const grant = {
        tokenUri: typeof json.token_uri === 'string' ? json.token_uri : '',
        clientId: field('client_id'),
        clientSecret: field('client_secret'),
        refreshToken: field('refresh_token'),
      }
      return refreshedToken(grant, ctx)
    }
    case 'external_account':
    case 'external_account_authorized_user':
    case 'impersonated_service_account':
      return libraryToken(json, ctx)
    default:
      throw new SopsError('generic', `the credentials in ${name} are of an unknown type`)
  }
}

/** A token that the account signs itself, which Google's services accept without an exchange (RFC 7519, RS256). */
function serviceAccount(
  email: string,
  pem: string,
  keyId: unknown,
  name: string,
  ctx: Context,
): () => Promise<GoogleToken> {
  let key: ReturnType<typeof createPrivateKey>
  try {
    key = createPrivateKey(pem)
  } catch {
    throw new SopsError('generic', `the private_key of the credentials in ${name} cannot be read`)
  }
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return async () => {
    const now = Math.floor(ctx.now().getTime() / 1000)
    const header = part({ alg: 'RS256', typ: 'JWT', ...(typeof keyId === 'string' ? { kid: keyId } : {}) })
    const claims = part({ iss: email, sub: email, scope, iat: now, exp: now + 3600 })
    const signature = sign('sha256', Buffer.from(`${header}.${claims}`), key).toString('base64url')
    return { text: `${header}.${claims}.${signature}`, expires: (now + 3600) * 1000 }
  }
}

/** Keeps a token until a minute before it expires. */
const remembered = (credentials: GoogleCredentials, ctx: Context): GoogleCredentials => ({
  ...credentials,
  token: remember(credentials.token, ({ expires }) => expires - 60_000, ctx),
})
