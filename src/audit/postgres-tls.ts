// What a connection to PostgreSQL asks of TLS, and whom it trusts.
import type { SecureContext, SecureVersion } from 'node:tls'
import { messageOf, SopsError } from '../errors.ts'
import { readCredentials, secured, type TlsOptions } from '../net/index.ts'
import { shownPath, stat } from '../system/index.ts'
import { ownFile, readIfThere, type Surroundings } from './postgres-files.ts'

export interface TlsPlan {
  /** In the order they are tried. */
  readonly ways: readonly ('clear' | 'tls')[]
  /** Begins with TLS, without asking whether the server has it. */
  readonly direct: boolean
  /** What of the server is checked: nothing, that an authority vouches for it, or also its name. */
  readonly checks: 'nothing' | 'certificate' | 'name'
  /** The server's name is told before it has shown a certificate. */
  readonly sendsName: boolean
  /** What is trusted and shown instead of, or beyond, what the machine says. */
  readonly options: TlsOptions
  /** @throws what `secured` of net and the runtime throw, as for a certificate and a key that do not go together. */
  readonly secure: () => SecureContext
}

export type Setting = (name: string) => string

/** @throws SopsError `generic` for settings that contradict each other, and files that cannot be read. */
export async function planTls(setting: Setting, around: Surroundings): Promise<TlsPlan> {
  const plan = await planWays(setting, around)
  const { options, checks } = plan
  const trust = { ...options, rejectUnauthorized: checks !== 'nothing' }
  return { ...plan, secure: () => secured(around, trust).secureContext }
}

async function planWays(setting: Setting, around: Surroundings): Promise<Omit<TlsPlan, 'secure'>> {
  const root = setting('sslrootcert')
  const mode = setting('sslmode') || (root === 'system' ? 'verify-full' : 'require')
  if (root === 'system' && mode !== 'verify-full') throw weak(mode, 'sslrootcert=system', 'verify-full')
  const direct = setting('sslnegotiation') === 'direct'
  if (direct && ['disable', 'allow', 'prefer'].includes(mode))
    throw weak(mode, 'sslnegotiation=direct', 'require, verify-ca or verify-full')
  const shared = { direct, sendsName: setting('sslsni') !== '0' }
  if (mode === 'disable') return { ...shared, ways: ['clear'], checks: 'nothing', options: {} }
  const options = { ...versionsOf(setting), ...(await clientOf(setting, around)) }
  // Who would go on in clear gains nothing by refusing TLS with a server that cannot be checked.
  if (mode === 'allow') return { ...shared, ways: ['clear', 'tls'], checks: 'nothing', options }
  if (mode === 'prefer') return { ...shared, ways: ['tls', 'clear'], checks: 'nothing', options }
  const ca = await trusted(root, setting, around)
  const checks = mode === 'verify-full' ? 'name' : mode === 'verify-ca' || ca !== undefined ? 'certificate' : 'nothing'
  return { ...shared, ways: ['tls'], checks, options: ca === undefined ? options : { ...options, ca } }
}

const weak = (mode: string, by: string, wanted: string): SopsError =>
  new SopsError('generic', `sslmode=${mode} is too weak for ${by}: use ${wanted}`)

/**
 * The authorities that are trusted: those of a file, of the user's root.crt, or undefined for the machine's. The one place where that is decided.
 */
async function trusted(root: string, setting: Setting, around: Surroundings): Promise<string | undefined> {
  if (root === 'system') return undefined
  if (root !== '') return certificatesOf('sslrootcert', await pemOf('sslrootcert', root, setting, around))
  const own = ownFile('root.crt', around)
  const text = own && (await readIfThere(own, around))
  return own === undefined || text === undefined ? undefined : certificatesOf(shownPath(own), text)
}

function certificatesOf(place: string, text: string): string {
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new SopsError('generic', `${place} holds no certificate in PEM`)
}

function versionsOf(setting: Setting): TlsOptions {
  const version = (name: string): SecureVersion | undefined =>
    (setting(name).replace(/^TLSv1\.0$/, 'TLSv1') || undefined) as SecureVersion | undefined
  const [minVersion, maxVersion] = [version('ssl_min_protocol_version'), version('ssl_max_protocol_version')]
  return { ...(minVersion ? { minVersion } : {}), ...(maxVersion ? { maxVersion } : {}) }
}

/** The client's certificate: the one that is named, else the user's own where there is one. */
async function clientOf(setting: Setting, around: Surroundings): Promise<TlsOptions> {
  if (setting('sslcertmode') === 'disable') return {}
  const named = setting('sslcert')
  const own = ownFile('postgresql.crt', around)
  const cert = named ? await pemOf('sslcert', named, setting, around) : own && (await readIfThere(own, around))
  if (!cert) return {}
  const path = setting('sslkey') || ownFile('postgresql.key', around)
  if (path === undefined) throw new SopsError('generic', 'sslcert needs a key: name its file with sslkey')
  if (!isInline(setting)) await checkPrivate(path, around)
  const passphrase = setting('sslpassword')
  return { cert, key: await pemOf('sslkey', path, setting, around), ...(passphrase ? { passphrase } : {}) }
}

const isInline = (setting: Setting): boolean => /^(?:1|t|true|y|yes|on)$/i.test(setting('sslinline'))

async function pemOf(word: string, path: string, setting: Setting, around: Surroundings): Promise<string> {
  if (isInline(setting)) return path
  try {
    return await readCredentials(path, around)
  } catch (error) {
    throw new SopsError('generic', `${word} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

/** As libpq does: a key that others may read is not used. */
async function checkPrivate(path: string, { platform }: Surroundings): Promise<void> {
  if (platform === 'win32') return
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile() || (found.mode & (found.uid === 0 ? 0o027 : 0o077)) === 0) return
  const message = `${shownPath(path)}: others may read this key; its mode must be 0600 or less, or 0640 or less if it belongs to root`
  throw new SopsError('generic', message)
}
