// `--user` of exec-env and exec-file: looks the user up and becomes that user for good (spec/cli.md 15.1).

import { messageOf } from '../../errors.ts'
import { codeOf, readFile, run } from '../../system/index.ts'
import type { Account, Host } from '../host.ts'
import type { Io } from '../invocation.ts'
import { makeLog } from '../log.ts'

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
 * Becomes the user that `--user` names, if any, and returns the variables that the user's programs expect; undefined, with the reason in
 * the log, if that fails.
 */
export async function switchUser(name: string, io: Io): Promise<Record<string, string> | undefined> {
  if (name === '') return {}
  const fatal = (message: string): undefined => {
    makeLog(io.host, false)({ level: 'fatal', logger: 'EXEC', message })
  }
  if (!io.host.becomeUser) return fatal('--user is not supported on this platform')
  const account = await lookUp(name, io.host)
  if (!account) return fatal(`user: unknown user ${name}`)
  try {
    io.host.becomeUser(account)
  } catch (error) {
    return fatal(codeOf(error) === 'EPERM' ? 'operation not permitted' : messageOf(error))
  }
  return { HOME: account.home, USER: name, LOGNAME: name }
}
