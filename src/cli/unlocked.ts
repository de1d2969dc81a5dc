// Files that stand decrypted in the work tree: where their ciphertext is kept, and what is kept of one.
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { SopsError } from '../errors.ts'
import { gitIn, topOf } from '../repo/index.ts'
import { realpath, textOf } from '../system/index.ts'
import type { Io } from './invocation.ts'

/** The work tree of the current folder. */
export interface WorkTree {
  /** Without symbolic links. */
  readonly top: string
  /** Where Git keeps nothing, and nobody looks: the ciphertext of what is unlocked. */
  readonly kept: string
}

/** @throws SopsError `generic` outside of a work tree. */
export async function workTree({ ctx }: Io): Promise<WorkTree> {
  const top = await topOf(ctx.cwd, ctx)
  if (top === undefined)
    throw new SopsError(
      'generic',
      'not inside a Git repository: the ciphertext of what is unlocked is kept in its folder .git',
      {
        hints: ['to decrypt a file for good: sops decrypt -i FILE'],
      },
    )
  const folder = textOf(await gitIn(top, ctx).run('rev-parse', '--git-path', 'sops-ts/locked')).replace(/\r?\n$/, '')
  return { top, kept: resolve(top, folder) }
}

/** A file's path from the top, with `/`. @throws SopsError `generic` for a file of another place. */
export async function pathIn({ top }: WorkTree, file: string, name: string): Promise<string> {
  const folder = await realpath(dirname(file)).catch(() => dirname(file))
  const path = relative(top, join(folder, basename(file)))
  if (path.split(sep)[0] !== '..' && !path.startsWith(sep)) return path.replaceAll(sep, '/')
  throw new SopsError('generic', `${name} is outside of the repository of the current folder`, {
    hints: ['run the command in the repository of the file'],
  })
}
