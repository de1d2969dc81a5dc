// The files of Git that `sops git install` writes.
import { join, resolve } from 'node:path'
import { SopsError, withHints } from '../../errors.ts'
import { lstat } from '../../system/index.ts'
import { git } from '../git.ts'
import type { Io } from '../invocation.ts'
import { usualPatterns } from './patterns.ts'

const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  )

/** @throws SopsError `generic`. */
async function mustBeRegular(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found && !found.isFile()) throw new SopsError('generic', `${path} is no regular file`)
}

/**
 * The repository's attributes file, once it is sure that the installation writes through no link.
 * @throws SopsError `generic` for a link: whoever made the repository may have placed it to have another file changed.
 */
export async function ownAttributes(io: Io): Promise<string> {
  const top = await git(io, 'rev-parse', '--show-toplevel').catch((error: unknown) => {
    const hints = ['run it inside of a repository; sops git install --global is for all that you have']
    throw error instanceof SopsError ? withHints(error, hints) : error
  })
  const attributes = join(top, '.gitattributes')
  const own = [attributes, join(top, '.git')]
  const folder = resolve(io.ctx.cwd, await git(io, 'rev-parse', '--git-common-dir'))
  for (const path of [...own, join(folder, 'config')]) {
    if (!(await isLink(path))) continue
    const settings = 'git config diff.sopsdiffer.textconv "sops git textconv"'
    throw new SopsError('generic', `${path} is a symbolic link: nothing is written through it`, {
      hints:
        path === attributes
          ? ['git does not read it either: make it a file']
          : [`if the link is right: ${settings}`, `in .gitattributes: ${usualPatterns[0]} diff=sopsdiffer`],
    })
  }
  await mustBeRegular(attributes)
  return attributes
}

/** The user's attributes file; git is told of the path if it has none. */
export async function globalAttributes(io: Io): Promise<string> {
  const named = await git(io, 'config', '--global', '--type=path', 'core.attributesFile').catch(() => '')
  if (named !== '') return named
  const { env, home } = io.ctx
  const base = env.XDG_CONFIG_HOME || (home && join(home, '.config'))
  if (!base) throw new SopsError('generic', 'the home directory is not known', { hints: ['set HOME'] })
  return join(base, 'git', 'attributes')
}
