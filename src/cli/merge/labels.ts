// What the sides of a merge are called: the names that people know, since to Git "ours" is the other branch while it rebases.
import { basename, join, resolve } from 'node:path'
import type { Context } from '../../context/index.ts'
import type { Labels } from '../../merge/index.ts'
import { type Git, gitIn } from '../../repo/index.ts'
import { existsSync, readFile, textOf } from '../../system/index.ts'
import { oneLine } from '../../text/quote.ts'

/** What Git itself calls the sides, where its release says so. */
interface GivenNames {
  readonly base?: string | undefined
  readonly ours?: string | undefined
  readonly theirs?: string | undefined
}

/** The names for a merge that Git is in the middle of, or has just left to people. */
export async function labelsOf(ctx: Context, given: GivenNames = {}): Promise<Labels> {
  const git = gitIn(ctx.cwd, ctx)
  const folder = await answer(git, 'rev-parse', '--git-dir')
  const state = folder === undefined ? undefined : resolve(ctx.cwd, folder)
  const rebase = state && ['rebase-merge', 'rebase-apply'].map((name) => join(state, name)).find(existsSync)
  if (rebase !== undefined) return labelsOfRebase(git, rebase)
  const [own, other] = [given.ours ?? (await ownBranch(git)), given.theirs ?? (await otherName(git, ctx))]
  return {
    ours: own === undefined || own === 'ours' ? 'ours' : `ours (${own})`,
    base: given.base ?? 'base',
    theirs: other === undefined || other === 'theirs' ? 'theirs' : `theirs (${other})`,
  }
}

/** Undefined where Git has no answer, or is not there. */
const answer = async (git: Git, ...args: string[]): Promise<string | undefined> => {
  const said = await git.ask(...args).catch(() => undefined)
  const text = said && oneLine(textOf(said).trim())
  return text === '' ? undefined : text
}

const ownBranch = (git: Git): Promise<string | undefined> => answer(git, 'symbolic-ref', '--quiet', '--short', 'HEAD')

/** `git merge` tells its programs what the other side was called. Afterwards there are the heads that it leaves. */
async function otherName(git: Git, { env }: Context): Promise<string | undefined> {
  const heads = Object.entries(env).filter(([name, value]) => /^GITHEAD_[0-9a-f]{40,64}$/.test(name) && value)
  if (heads.length === 1) return oneLine(heads[0]![1]!)
  for (const head of ['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD']) {
    const id = await answer(git, 'rev-parse', '--quiet', '--verify', head)
    if (id === undefined) continue
    if (head === 'MERGE_HEAD') return (await branchAt(git, id)) ?? id.slice(0, 7)
    return answer(git, 'log', '-1', '--format=%h (%s)', id, '--')
  }
  return undefined
}

const branchAt = async (git: Git, id: string): Promise<string | undefined> => {
  const names = await answer(
    git,
    'for-each-ref',
    '--count=1',
    `--points-at=${id}`,
    '--format=%(refname:short)',
    'refs/heads',
  )
  return names
}

/** Ours is what the commits are put on; theirs is the commit of the user. */
async function labelsOfRebase(git: Git, state: string): Promise<Labels> {
  const said = async (name: string): Promise<string | undefined> =>
    readFile(join(state, name)).then(
      (bytes) => bytes.toString('utf8').trim(),
      () => undefined,
    )
  const onto = await said('onto')
  const onName = onto && ((await branchAt(git, onto)) ?? onto.slice(0, 7))
  const [, id, subject] =
    /^\w+ (?:-\S+ )*([0-9a-f]{7,64})(?: (?:# )?(.*))?$/.exec((await said('done'))?.split('\n').at(-1) ?? '') ?? []
  const commit = id && `${id.slice(0, 7)}${subject ? ` (${oneLine(subject)})` : ''}`
  const branch = (await said('head-name'))?.replace(/^refs\/heads\//, '')
  return {
    ours: onName ?? 'upstream',
    base: 'base',
    theirs: commit ? `your commit ${commit}` : `your commit${branch ? ` on ${basename(branch)}` : ''}`,
  }
}
