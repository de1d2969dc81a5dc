// Files of a PostgreSQL client: services, passwords, and where libpq looks for them (spec/keys.md 13).
import { join } from 'node:path'
import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { readCredentials } from '../net/index.ts'
import { codeOf, shownPath, stat } from '../system/index.ts'
import { isWord } from './words.ts'

export interface Surroundings extends Pick<Context, 'env' | 'cwd' | 'home' | 'log' | 'platform' | 'once'> {
  /** Name of the system's user. */
  readonly user: string
}

/** A file of the user's that libpq knows; undefined where nobody's home is known. */
export function ownFile(
  name: 'pgpass' | 'pg_service.conf' | 'root.crt' | 'postgresql.crt' | 'postgresql.key',
  { env, home, platform }: Surroundings,
): string | undefined {
  if (platform === 'win32') {
    const folder = env['APPDATA']
    return folder ? join(folder, 'postgresql', name === 'pgpass' ? 'pgpass.conf' : name) : undefined
  }
  if (home === undefined) return undefined
  if (name === 'pgpass' || name === 'pg_service.conf') return join(home, `.${name}`)
  return join(home, '.postgresql', name)
}

const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')

/** The file's text; undefined when there is none. @throws SopsError `generic` for a file that cannot be read. */
export async function readIfThere(path: string, around: Surroundings): Promise<string | undefined> {
  try {
    return await readCredentials(path, around)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw new SopsError('generic', `${shownPath(path)} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

/**
 * The words of a service: of the first file that has it, the user's before the system's.
 * @throws SopsError `generic` when none has it, or it cannot be understood.
 */
export async function readService(
  name: string,
  file: string | undefined,
  around: Surroundings,
): Promise<ReadonlyMap<string, string>> {
  const system = around.env['PGSYSCONFDIR']
  const files = [
    file ?? ownFile('pg_service.conf', around),
    system ? join(system, 'pg_service.conf') : undefined,
  ].filter((path) => path !== undefined)
  for (const path of files) {
    const text = await readIfThere(path, around)
    if (text === undefined && path === file) throw new SopsError('generic', `service file ${shownPath(path)} not found`)
    const words = text === undefined ? undefined : serviceIn(text, name, path)
    if (words !== undefined) return words
  }
  throw new SopsError('generic', `service ${name} not found in ${files.map(shownPath).join(' or ') || 'any file'}`)
}

function serviceIn(text: string, name: string, path: string): ReadonlyMap<string, string> | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const start = lines.indexOf(`[${name}]`)
  if (start < 0) return undefined
  const words = new Map<string, string>()
  for (let at = start + 1; at < lines.length && !lines[at]!.startsWith('['); at++) {
    const line = lines[at]!
    if (line === '' || line.startsWith('#')) continue
    const place = `${shownPath(path)}, line ${at + 1}`
    const [, word, value] = /^([^=]*?)\s*=\s*(.*)$/s.exec(line) ?? []
    if (word === undefined || value === undefined) throw new SopsError('generic', `${place}: no "="`)
    if (word === 'service' || word === 'servicefile')
      throw new SopsError('generic', `${place}: a service cannot name a service`)
    if (!isOfService(word, place))
      throw new SopsError(
        'generic',
        `${place}: ${word} is no word of libpq; for the server it goes into options=-c ${word}=…`,
      )
    if (!words.has(word)) words.set(word, value)
  }
  return words
}

function isOfService(word: string, place: string): boolean {
  try {
    return isWord(word, true)
  } catch (error) {
    throw new SopsError('generic', `${place}: ${messageOf(error)}`, { cause: error })
  }
}

interface PasswordOf {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

/** What looks up passwords in a password file; without such a file, or when others may read it, there are none. */
export async function readPasswords(
  file: string | undefined,
  around: Surroundings,
): Promise<(of: PasswordOf) => string | undefined> {
  const path = file || ownFile('pgpass', around)
  if (path === undefined || !(await isPrivate(path, around))) return () => undefined
  const lines = ((await readIfThere(path, around)) ?? '').split(/\r?\n/).filter((line) => !line.startsWith('#'))
  const entries = lines.map((line) =>
    [...line.matchAll(/(?:^|:)((?:[^:\\]|\\.?)*)/gs)].map(([, field]) => field!.replace(/\\(.)/gs, '$1')),
  )
  return ({ host, port, database, user }) => {
    const wanted = [host, String(port), database, user]
    const entry = entries.find(
      (one) => one.length > 4 && wanted.every((field, i) => one[i] === '*' || one[i] === field),
    )
    // What remains of the line is the password.
    return entry?.slice(4).join(':')
  }
}

async function isPrivate(path: string, { log, platform }: Surroundings): Promise<boolean> {
  try {
    const { mode } = await stat(path)
    if (platform === 'win32' || (mode & 0o077) === 0) return true
  } catch (error) {
    if (isAbsent(error)) return false
    throw new SopsError('generic', `${shownPath(path)} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  const message = `${shownPath(path)} is not used: others may read the passwords in it (chmod 600)`
  log({ level: 'warning', logger: 'AUDIT', message })
  return false
}
