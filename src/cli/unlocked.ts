// Files that stand decrypted in the work tree: where their ciphertext is kept, and what is kept of one.
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { SopsError } from '../errors.ts'
import { compileGlob, gitIn, isGlob, listLocked, topOf } from '../repo/index.ts'
import { realpath, textOf } from '../system/index.ts'
import type { Io } from './invocation.ts'
import { shownPath } from './many/report.ts'
import { absolutePath } from './settings.ts'
import { isMissing } from './target.ts'

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

/** Whether a file is the one that a word names, or is below it or fits it; `name` is relative to the current folder. */
export async function fitsWord(
  word: string,
  io: Io,
  tree: WorkTree,
): Promise<(file: { readonly path: string; readonly name: string }) => boolean> {
  const path = absolutePath(io.ctx, word)
  if (isGlob(word) && (await isMissing(path))) {
    const fitting = compileGlob(word)
    return ({ name }) => fitting(name)
  }
  const whole = join(tree.top, await pathIn(tree, path, word))
  return (target) => target.path === whole || target.path.startsWith(whole + sep)
}

/** A file that is unlocked. */
interface Unlocked {
  /** Absolute. */
  readonly path: string
  /** Relative to the current folder. */
  readonly name: string
}

/** All files that are unlocked, by path. Warns of damaged ones. */
export async function allUnlocked(io: Io, tree: WorkTree): Promise<readonly Unlocked[]> {
  const { files, damaged } = await listLocked(tree.kept)
  for (const path of damaged) {
    const message = `what is kept in ${path} is damaged, and no file can be locked by it`
    io.ctx.log({ level: 'warning', logger: 'CMD', message })
  }
  return files.map((file) => {
    const path = join(tree.top, file.path)
    return { path, name: shownPath(io, path) }
  })
}
