// What an installation has done, kept where it was done, so that it can be undone to the byte.
import { dirname, join, resolve } from 'node:path'
import { makeFolders, readFile, rm, writeFile } from '../../system/index.ts'
import { git } from '../git.ts'
import type { Io } from '../invocation.ts'
import type { AttributesRecord } from './attributes-file.ts'
import type { Earlier } from './settings.ts'

interface InstallRecord {
  readonly version: 1
  readonly attributes: AttributesRecord
  /** Settings of others that were replaced. */
  readonly settings: Earlier
}

/** Of a work tree in Git's folder for it, of the user beside the file of attributes. */
export const recordPlace = async (io: Io, attributes: string, global: boolean): Promise<string> =>
  global
    ? `${attributes}.sops-ts.json`
    : resolve(io.ctx.cwd, join(await git(io, 'rev-parse', '--git-path', 'sops-ts'), 'installed.json'))

const isRecord = (data: unknown): data is InstallRecord => {
  const { version, attributes, settings } = Object(data) as Partial<InstallRecord>
  const { after, added, changed } = Object(attributes) as Partial<AttributesRecord>
  return (
    version === 1 &&
    typeof after === 'string' &&
    Array.isArray(added) &&
    Array.isArray(changed) &&
    settings !== undefined
  )
}

/** Undefined where nothing was installed, or what is there is no record. */
export async function readRecord(path: string): Promise<InstallRecord | undefined> {
  try {
    const data: unknown = JSON.parse((await readFile(path)).toString('utf8'))
    return isRecord(data) ? data : undefined
  } catch {
    return undefined
  }
}

export async function writeRecord(path: string, record: InstallRecord): Promise<void> {
  await makeFolders(dirname(path), 0o700)
  await writeFile(path, Buffer.from(`${JSON.stringify(record)}\n`), { mode: 0o600 })
}

/** Forgets it. */
export const removeRecord = (path: string): Promise<void> => rm(path, { force: true })
