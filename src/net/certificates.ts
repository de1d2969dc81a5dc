// Which authorities vouch for a server: the machine's, found where Go looks for them, the runtime's own, and those that variables name
// (docs/certificates.md).
import { resolve } from 'node:path'
import type { Context } from '../context/index.ts'
import { memoKey } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { storeCertificates } from '../runtime/index.ts'
import { closeSync, codeOf, constants, fstatSync, openSync, readdirSync, readFileSync } from '../system/index.ts'
import { readCredentialsSync } from './credential-file.ts'

type Machine = Pick<Context, 'env' | 'cwd' | 'platform'>

interface Places {
  /** The first that can be read counts. */
  readonly files: readonly string[]
  /** All of them count. */
  readonly folders: readonly string[]
}

/** Those of Go's crypto/x509. */
const unixPlaces: Places = {
  files: [
    '/etc/ssl/certs/ca-certificates.crt',
    '/etc/pki/tls/certs/ca-bundle.crt',
    '/etc/ssl/ca-bundle.pem',
    '/etc/pki/tls/cacert.pem',
    '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
    '/etc/ssl/cert.pem',
    '/usr/local/etc/ssl/cert.pem',
    '/usr/local/share/certs/ca-root-nss.crt',
  ],
  folders: ['/etc/ssl/certs', '/etc/pki/tls/certs', '/usr/local/share/certs'],
}

export interface Authorities {
  /** One certificate each, in PEM. */
  readonly certificates: readonly string[]
  /** The environment names them: the runtime's own are not trusted beside them. */
  readonly alone: boolean
  /** Why files that variables name give nothing: `SSL_CERT_FILE: open /x: no such file or directory`. */
  readonly unread: readonly string[]
}

/** Larger files are no certificates. */
const maximumSize = 16 * 1024 * 1024

/** The variables that stand instead of the machine's places, as far as they are set; Go heeds them on Unix systems other than macOS. */
export const namedPlaces = ({ env, platform }: Pick<Machine, 'env' | 'platform'>): readonly string[] =>
  hasStore(platform) ? [] : ['SSL_CERT_FILE', 'SSL_CERT_DIR'].filter((name) => env[name])

const hasStore = (platform: NodeJS.Platform): boolean => platform === 'darwin' || platform === 'win32'

const found = memoKey<Authorities>('authorities')

/** Looked for once per run, when it makes its first TLS connection. */
export const authorities = (ctx: Machine & Pick<Context, 'once'>): Authorities =>
  ctx.once(found, () => findAuthorities(ctx))

/** Files that cannot be read, and what in them is no certificate, count as nothing, as in Go. @throws SopsError as `namedText`. */
export function findAuthorities(machine: Machine, places: Places = unixPlaces): Authorities {
  const unread: string[] = []
  const extra = certificatesIn(namedText('NODE_EXTRA_CA_CERTS', machine, unread))
  const certificates = hasStore(machine.platform) ? storeCertificates() : fromFiles(machine, places, unread)
  return { certificates: [...new Set([...certificates, ...extra])], alone: namedPlaces(machine).length > 0, unread }
}

function fromFiles(machine: Machine, places: Places, unread: string[]): readonly string[] {
  const { env, cwd } = machine
  const file = env['SSL_CERT_FILE'] ? namedText('SSL_CERT_FILE', machine, unread) : firstText(places.files)
  const named = env['SSL_CERT_DIR']?.split(':').filter((folder) => folder !== '')
  const folders = env['SSL_CERT_DIR'] ? (named ?? []).map((folder) => resolve(cwd, folder)) : places.folders
  const note = (error: unknown): unknown => named && unread.push(`SSL_CERT_DIR: ${messageOf(error)}`)
  return [file, ...folders.flatMap((folder) => textsIn(folder, note))].flatMap(certificatesIn)
}

/** Of the file that a variable names, which may be a pipe. @throws SopsError `generic` for what never ends, where Go would wait for ever. */
function namedText(variable: string, { env, cwd }: Machine, unread: string[]): string | undefined {
  const path = env[variable]
  if (!path) return undefined
  try {
    return readCredentialsSync(resolve(cwd, path))
  } catch (error) {
    const reason = `${variable}: ${messageOf(error)}`
    const isEndless = codeOf(error) === undefined || codeOf(error) === 'EFBIG'
    if (isEndless) throw new SopsError('generic', reason, { cause: error })
    unread.push(reason)
    return undefined
  }
}

const firstText = (files: readonly string[]): string | undefined => {
  for (const path of files) {
    const text = regularText(path)
    if (text !== undefined) return text
  }
  return undefined
}

function textsIn(folder: string, note: (error: unknown) => unknown): (string | undefined)[] {
  try {
    return readdirSync(folder).map((name) => regularText(`${folder}/${name}`))
  } catch (error) {
    note(error)
    return []
  }
}

function regularText(path: string): string | undefined {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const about = fstatSync(descriptor)
    return about.isFile() && about.size <= maximumSize ? readFileSync(descriptor, 'utf8') : undefined
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

const block = /-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----/g

/** Each certificate of a text in PEM, without what stands around them. */
export const certificatesIn = (text: string | undefined): string[] =>
  text === undefined ? [] : (text.match(block) ?? []).map((one) => one.replaceAll('\r\n', '\n'))
