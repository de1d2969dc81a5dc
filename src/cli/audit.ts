// Records what is done with secrets, if the system's configuration asks for it (spec/cli.md 17).

import type { Context } from '../context/index.ts'
import { statSync } from '../system/index.ts'
import type { Host } from './host.ts'

/** True if there is no file; any other trouble shows when it is read. */
function isAbsent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined
  } catch {
    return false
  }
}

/** True if uses of files are put on record. */
export const isAudited = ({ auditConfig }: Host): boolean => auditConfig !== undefined && !isAbsent(auditConfig)

/** `command` is its name in the record. */
export function makeAudit(
  host: Host,
  command: string,
  shared: Pick<Context, 'log' | 'once'>,
): NonNullable<Context['audit']> {
  return async (event) => {
    const config = host.auditConfig
    if (config === undefined || !isAudited(host)) return
    const { recordEvent } = await import('../audit/index.ts')
    const { env, cwd, home, platform, userName: user } = host
    await recordEvent(event, { ...shared, config, command, user, env, cwd, home, platform, now: host.now() })
  }
}
