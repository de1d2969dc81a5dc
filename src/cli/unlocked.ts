// Files that stand decrypted in the work tree: where their ciphertext is kept, and what is kept of one.
import { dirname, join, resolve, sep } from 'node:path'
import { SopsError } from '../errors.ts'
import {
  changedFiles,
  compileGlob,
  gitIn,
  isGlob,
  listLocked,
  looksEncrypted,
  openBlobs,
  pathFromTop,
  topOf,
} from '../repo/index.ts'
import { makeFolders, readFile, textOf, writeFile } from '../system/index.ts'
import { listed } from '../text/listed.ts'
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
  const path = pathFromTop(top, file)
  if (path !== undefined) return path
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

/** @throws SopsError `generic` for a file of another repository, as in a submodule: its own folder .git is to keep the ciphertext. */
export async function mustBeOfTree({ top }: WorkTree, file: string, name: string, { ctx }: Io): Promise<void> {
  const own = await topOf(dirname(file), ctx)
  if (own === undefined || own === top) return
  throw new SopsError('generic', `${name} belongs to another repository than the current folder`, {
    hints: ['run the command in the folder of the file'],
  })
}

/** The names of temporary files, which a run that is killed leaves beside the files. */
const rests = '.*.sops-*'

/** Git must not take the rest of a run that was killed, which is plaintext, for a new file. */
export async function excludeRests({ top }: WorkTree, { ctx }: Io): Promise<void> {
  const named = textOf(await gitIn(top, ctx).run('rev-parse', '--git-path', 'info/exclude')).replace(/\r?\n$/, '')
  const path = resolve(top, named)
  const text = (await readFile(path).catch(() => Buffer.alloc(0))).toString('latin1')
  if (text.split(/\r?\n/).includes(rests)) return
  await makeFolders(dirname(path), 0o777)
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`
  await writeFile(path, Buffer.from(`${start}${rests}\n`, 'latin1'))
}

/** Where Git has a file of this path: for the next commit, or only in the last one. */
export async function trackedBy({ ctx }: Io, { top }: WorkTree, path: string): Promise<'index' | 'HEAD' | undefined> {
  const blobs = await openBlobs(top, ctx)
  try {
    if ((await blobs.read(`:0:${path}`)) !== undefined) return 'index'
    return (await blobs.read(`HEAD:${path}`)) === undefined ? undefined : 'HEAD'
  } finally {
    blobs.close()
  }
}

/** The path that `git mv` has given a file of HEAD; it has left the ciphertext in the index as it was. */
export async function movedTo({ ctx }: Io, { top }: WorkTree, path: string): Promise<string | undefined> {
  const git = gitIn(top, ctx)
  const listing = await git.run('diff', '--cached', '-z', '--name-status', '-M100%', '--diff-filter=R', 'HEAD')
  const words = textOf(listing).split('\0')
  const at = words.findIndex((word, i) => i % 3 === 1 && word === path)
  return at < 0 ? undefined : words[at + 1]
}

/** Warns of files that stand in clear though HEAD has them encrypted, and of which nothing is kept. */
export async function warnOfClear({ ctx }: Io, { top }: WorkTree): Promise<void> {
  const git = gitIn(top, ctx)
  if ((await git.ask('rev-parse', '-q', '--verify', 'HEAD')) === undefined) return
  const blobs = await openBlobs(top, ctx)
  try {
    const clear: string[] = []
    for (const path of await changedFiles(git)) {
      const bytes = await readFile(join(top, path)).catch(() => undefined)
      if (bytes === undefined || looksEncrypted(bytes)) continue
      const before = await blobs.read(`HEAD:${path}`)
      if (before !== undefined && looksEncrypted(before)) clear.push(path)
    }
    if (clear.length === 0) return
    const message = `in clear, though HEAD has them encrypted: ${listed(clear)}; sops encrypt -i encrypts them`
    ctx.log({ level: 'warning', logger: 'CMD', message })
  } finally {
    blobs.close()
  }
}
