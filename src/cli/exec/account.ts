// `--user` of exec-env and exec-file: looks the user up and becomes that user for good (spec/cli.md 15.1).

import { messageOf, SopsError } from '../../errors.ts'
import { codeOf, readFile, run } from '../../system/index.ts'
import type { Account, Host } from '../host.ts'

/** The user's line in the user database. */
async function passwdLine(name: string, host: Host): Promise<string | undefined> {
  const isOf = (line: string): boolean => line.startsWith(`${name}:`)
  const local = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const line = local.split('\n').find(isOf)
  if (line !== undefined || name.startsWith('-')) return line
  // Users from a directory service are not in the file.
  const found = await run('getent', ['passwd', name], { env: { ...host.env } }).catch(() => undefined)
  return found?.stdout.split('\n').find(isOf)
}

async function lookUp(name: string, host: Host): Promise<(Account & { readonly home: string }) | undefined> {
  if (name.includes(':') || name.includes('\n')) return undefined
  const fields = (await passwdLine(name, host))?.split(':')
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])]
  if (!fields?.[2] || !fields[3] || !Number.isInteger(uid) || !Number.isInteger(gid)) return undefined
  return { name, uid, gid, home: fields[5] ?? '' }
}

/**
 * Becomes the user that `--user` names, if any, and returns the variables that the user's programs expect.
 * @throws SopsError `generic`.
 */
export async function switchUser(name: string, host: Host): Promise<Record<string, string>> {
  if (name === '') return {}
  if (!host.becomeUser) throw new SopsError('generic', '--user is not supported on this platform')
  const account = await lookUp(name, host)
  if (!account) throw new SopsError('generic', `user: unknown user ${name}`)
  try {
    host.becomeUser(account)
  } catch (error) {
    const text = codeOf(error) === 'EPERM' ? 'operation not permitted' : messageOf(error)
    throw new SopsError('generic', `cannot become user ${name}: ${text}`, { cause: error })
  }
  return { HOME: account.home, USER: name, LOGNAME: name }
}
