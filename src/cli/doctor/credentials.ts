// Where the SDKs of cloud key types find credentials. Says only which are there, never what they hold.

import { join } from 'node:path'
import type { Context } from '../../context/index.ts'
import type { KeyType } from '../../keys/index.ts'
import { accessSync, constants } from '../../system/index.ts'

const isReadable = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** Names of the variables that are set and the files that can be read; undefined for a key type without credentials. */
export function credentialsOf({ credentials }: KeyType, ctx: Context): readonly string[] | undefined {
  if (credentials === undefined) return undefined
  const { home } = ctx
  const files = home === undefined ? [] : credentials.files.filter((name) => isReadable(join(home, name)))
  return [...credentials.variables.filter((name) => ctx.env[name]), ...files.map((name) => `~/${name}`)]
}
