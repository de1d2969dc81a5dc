// Reads key files, and finds the default one.

import { join } from 'node:path'
import type { Context } from '../../../context/index.ts'
import { memoKeys, onceEach } from '../../../context/index.ts'
import { messageOf } from '../../../errors.ts'
import { codeOf, holdsSecret, readNamed, shownPath, statSync, systemErrorText } from '../../../system/index.ts'

/** The reference reads identity files up to one byte less. */
const MAXIMUM_SIZE = 16 * 1024 * 1024

/** The system's error in the reference's words; other errors as they are. */
export const fileCause = (path: string, error: unknown): string =>
  codeOf(error) === undefined ? messageOf(error) : systemErrorText(error, 'open', path)

/** Advice about a variable that should hold a path and names no file: `, …`, or empty. `other` is the variable that takes the key itself. */
export function pathAdvice(path: string, other?: string): string {
  if (holdsSecret(path) || /^age1|\n/.test(path))
    return `, since it holds ${path.startsWith('age1') ? 'a recipient' : 'a key'} and no path${other === undefined ? '' : `: identities belong in ${other}`}`
  if (path.startsWith('~')) return ', since ~ is only replaced by a shell, outside quotes: write $HOME'
  if (/^["']/.test(path)) return ', since it stands in quotes: take them away'
  if (/^\$\{?\w/.test(path)) return ', since the variable in it was not replaced by a shell'
  return ''
}

export const isAbsent = (error: unknown): boolean => {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Files that others can read, once that has been said. */
const readableTold = memoKeys<void>('readable key files')

interface KeyFileOptions {
  readonly public?: boolean
  /** A passphrase locks what is in it. */
  readonly isLocked?: (bytes: Buffer) => boolean
}

/**
 * The bytes of a key file, which the caller wipes. Warns once per run and file when others can read a secret that no passphrase locks.
 * @throws Error of node:fs, or `file too long`.
 */
export async function readKeyFile(path: string, ctx: Context, options: KeyFileOptions = {}): Promise<Buffer> {
  const file = statSync(path)
  const { mode, size } = file
  if (size >= MAXIMUM_SIZE) throw new Error('file too long')
  const message = `waiting for a key from ${shownPath(path)}`
  const onWait = (): void => ctx.log({ level: 'warning', logger: 'AGE', message })
  const bytes = await readNamed(path, { maximum: MAXIMUM_SIZE, onWait })
  if (bytes.length >= MAXIMUM_SIZE) throw new Error('file too long')
  const isOpen = ctx.platform !== 'win32' && file.isFile() && (mode & 0o044) !== 0
  if (isOpen && !options.public && options.isLocked?.(bytes) !== true) {
    onceEach(ctx, readableTold, path, () =>
      ctx.log({
        level: 'advice',
        logger: 'AGE',
        message: 'private key file is readable by other users',
        fields: { file: shownPath(path), mode: (mode & 0o777).toString(8).padStart(4, '0') },
      }),
    )
  }
  return bytes
}

/** The user's config folders, the reference's own first; a string says why there is none (spec/keys.md 3.3). */
function configFolders(ctx: Context): readonly string[] | string {
  if (ctx.platform === 'win32') {
    const folder = ctx.env.APPDATA || ctx.env.AppData
    return folder ? [folder] : '%AppData% is not defined'
  }
  const xdg = ctx.env.XDG_CONFIG_HOME || undefined
  if (xdg !== undefined && !xdg.startsWith('/')) return 'path in $XDG_CONFIG_HOME is relative'
  const dotConfig = ctx.home === undefined ? [] : [join(ctx.home, '.config')]
  if (ctx.platform !== 'darwin') {
    if (xdg !== undefined) return [xdg]
    return dotConfig.length > 0 ? dotConfig : 'neither $XDG_CONFIG_HOME nor $HOME are defined'
  }
  // Files are found in the other place too: setting or dropping XDG_CONFIG_HOME must not lose keys (getsops/sops#1943).
  const library = ctx.home === undefined ? [] : [join(ctx.home, 'Library', 'Application Support')]
  const folders = xdg !== undefined ? [xdg, ...library] : [...library, ...dotConfig]
  return folders.length > 0 ? folders : '$HOME is not defined'
}

/** Default key files, the reference's own first; a string says why there is none. */
export function defaultKeyFiles(ctx: Context): readonly string[] | string {
  const folders = configFolders(ctx)
  return typeof folders === 'string' ? folders : folders.map((folder) => join(folder, 'sops', 'age', 'keys.txt'))
}
