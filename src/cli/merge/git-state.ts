// What Git has of a merge that is going on: the stages of the index, and the commits that are merged.
import type { Git } from '../../repo/index.ts'
import { textOf } from '../../system/index.ts'

/** One stage of a path in the index. */
interface Stage {
  readonly mode: string
  readonly id: string
}

/** What the index has of a path: stage 1, 2 and 3. */
export interface Stages {
  readonly base?: Stage
  readonly ours?: Stage
  readonly theirs?: Stage
}

const numbers = { 1: 'base', 2: 'ours', 3: 'theirs' } as const

const entry = /^(\d{6}) ([0-9a-f]+) ([123])\t(.+)$/s

/** The paths from the top that are not merged. @throws SopsError `generic`. */
export async function unmerged(git: Git): Promise<ReadonlyMap<string, Stages>> {
  const found = new Map<string, Stages>()
  for (const line of textOf(await git.run('ls-files', '-u', '-z', '--full-name')).split('\0')) {
    const [, mode, id, number, path] = entry.exec(line) ?? []
    if (mode === undefined || id === undefined || path === undefined) continue
    found.set(path, { ...found.get(path), [numbers[Number(number) as 1 | 2 | 3]]: { mode, id } })
  }
  return found
}

/** The commits of a merge, or of something that merges; `base` is absent where none or several are it. */
interface MergedCommits {
  readonly ours: string
  readonly theirs: string
  readonly base?: string
}

/** What Git is in the middle of; undefined for nothing, and for a merge of more than two. */
export async function commitsOf(git: Git): Promise<MergedCommits | undefined> {
  const idOf = async (name: string): Promise<string | undefined> => {
    const said = await git.ask('rev-parse', '--quiet', '--verify', `${name}^{commit}`).catch(() => undefined)
    return said && textOf(said).trim()
  }
  const ours = await idOf('HEAD')
  if (ours === undefined) return undefined
  const other = await idOf('MERGE_HEAD')
  if (other !== undefined) {
    const bases = await git.ask('merge-base', '--all', ours, other).catch(() => undefined)
    const [base, ...more] = bases ? textOf(bases).trim().split('\n') : []
    return { ours, theirs: other, ...(base && more.length === 0 ? { base } : {}) }
  }
  const picked = (await idOf('CHERRY_PICK_HEAD')) ?? (await idOf('REBASE_HEAD'))
  const [commit, isBack] = picked === undefined ? [await idOf('REVERT_HEAD'), true] : [picked, false]
  const parent = commit && (await idOf(`${commit}^`))
  if (commit === undefined) return undefined
  if (isBack) return parent === undefined ? undefined : { ours, theirs: parent, base: commit }
  return { ours, theirs: commit, ...(parent ? { base: parent } : {}) }
}

/** The content of a blob, or of a path in a commit; undefined where there is none. */
export const contentOf = (git: Git, name: string): Promise<Uint8Array | undefined> =>
  git.run('cat-file', 'blob', name).catch(() => undefined)
