// Which files Git knows, and which of them changed. All paths are relative to the top of the work tree, with `/`, each once.
import { SopsError } from '../errors.ts'
import { textOf } from '../system/index.ts'
import { quote } from '../text/quote.ts'
import type { Git } from './git.ts'

/** The names between null bytes, each once. */
function* namesIn(bytes: Buffer): Generator<string> {
  const seen = new Set<string>()
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0, start)
    const name = textOf(bytes.subarray(start, end < 0 ? bytes.length : end))
    if (!seen.has(name)) yield name
    seen.add(name)
    start = end < 0 ? bytes.length : end + 1
  }
}

/** `H 100644 ID 0<tab>NAME`: a tag (`S`: not in the work tree), the mode, the id, the stage. Links and submodules have modes of their own. */
const regular = /^(?![Ss])\S 100\d{3} \S+ \d\t/

/** Files in the index that the work tree should have: no symbolic links, no submodules, nothing that is left out of the work tree. */
export async function trackedFiles(git: Git): Promise<readonly string[]> {
  const listed = await git.run('ls-files', '-z', '--cached', '--stage', '-v', '--full-name')
  const names = new Set<string>()
  for (const line of namesIn(listed)) if (regular.test(line)) names.add(line.slice(line.indexOf('\t') + 1))
  return [...names]
}

/** Files in the work tree that are neither tracked nor ignored, symbolic links among them; a repository in a folder counts as none. */
export async function untrackedFiles(git: Git): Promise<readonly string[]> {
  const listed = await git.run('ls-files', '-z', '--others', '--exclude-standard', '--full-name')
  return [...namesIn(listed)].filter((name) => !name.endsWith('/'))
}

/** What the answer of `git diff` is not to depend on. */
const differing = ['--name-only', '-z', '--no-renames', '--no-relative', '--no-ext-diff', '--ignore-submodules=all']

/** Files that the next commit adds or changes; all of the index where there is no commit yet. */
export const stagedFiles = async (git: Git): Promise<readonly string[]> => [
  ...namesIn(await git.run('diff', '--cached', ...differing, '--diff-filter=ACMRT')),
]

/** The id of a commit; undefined where there is none of that name. */
async function commitOf(git: Git, name: string): Promise<string | undefined> {
  const id = await git.ask('rev-parse', '--verify', '--quiet', `${name}^{commit}`)
  return id && textOf(id).trim()
}

/**
 * The commit in which a revision and HEAD parted, as its id.
 * @throws SopsError `generic` for a revision that is not there, or has no commit in common with HEAD.
 */
export async function mergeBase(git: Git, ref: string): Promise<string> {
  const unknown = `${quote(ref)} is no commit of this repository`
  if (ref.startsWith('-') || ref === '') {
    throw new SopsError('generic', unknown, { hints: ['name a branch, a tag or a commit: --changed=main'] })
  }
  const commit = await commitOf(git, ref)
  if (commit === undefined) {
    throw new SopsError('generic', unknown, { hints: ['to see what there is: git branch --all; to get it: git fetch'] })
  }
  if ((await commitOf(git, 'HEAD')) === undefined) {
    throw new SopsError('generic', `HEAD has no commit yet to compare with ${quote(ref)}`)
  }
  const base = await git.ask('merge-base', commit, 'HEAD')
  if (base === undefined) {
    throw new SopsError('generic', `${quote(ref)} and HEAD have no commit in common here`, {
      hints: ['in a shallow clone, get the rest of the history: git fetch --unshallow'],
    })
  }
  return textOf(base).trim().split('\n')[0]!
}

/**
 * Tracked files of the work tree that differ from HEAD, staged or not; with `ref` from the commit in which that and HEAD parted. Deleted ones
 * are not among them; before the first commit all are.
 * @throws SopsError `generic` as `mergeBase`.
 */
export async function changedFiles(git: Git, ref = ''): Promise<readonly string[]> {
  const from = ref === '' ? await commitOf(git, 'HEAD') : await mergeBase(git, ref)
  if (from === undefined) return trackedFiles(git)
  return [...namesIn(await git.run('diff', ...differing, '--diff-filter=d', from, '--'))]
}
