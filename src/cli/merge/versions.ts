// The versions that a file in conflict is merged from: the stages of the index, else the commits, else what its markers say.
import { SopsError } from '../../errors.ts'
import { type MergeVersions, readMarkers, type UnmarkedTexts } from '../../merge/index.ts'
import { fileWord } from '../../text/quote.ts'
import { commitsOf, contentOf, type Stages, unmerged } from './git-state.ts'
import type { WorkFile } from './work-file.ts'

type InTree = NonNullable<WorkFile['tree']>

/** What is merged, and how much is known of it. */
export interface Given {
  readonly versions: MergeVersions
  /** From a text with markers. */
  readonly isRebuilt: boolean
  readonly isBaseUnknown: boolean
}

/** Undefined where there is nothing to merge. @throws SopsError `generic` for what a merge of values cannot decide. */
export async function versionsOf(file: WorkFile): Promise<Given | undefined> {
  const { tree, bytes } = file
  const paths = tree && (await unmerged(tree.git))
  const stages = tree && paths?.get(tree.path)
  if (tree && paths && stages) {
    const given = await fromStages(file, tree, stages, paths)
    refuseDecided(file, given)
    return given
  }
  const marked = bytes && readMarkers(bytes)
  if (marked) return (await fromCommits(tree)) ?? fromMarkers(marked, tree)
  if (bytes && hasMarker(bytes))
    throw new SopsError('generic', 'its conflict markers do not belong together', {
      hints: ['lines of them are missing: git checkout --merge FILE writes them again'],
    })
  return undefined
}

const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

const hasMarker = (bytes: Uint8Array): boolean =>
  /^<{7,} .*\r?$/m.test(latin(bytes)) && /^>{7,} .*\r?$/m.test(latin(bytes))

/** What somebody made of the file is not to be lost. @throws SopsError `generic`. */
function refuseDecided({ name, bytes }: WorkFile, { versions }: Given): void {
  if (bytes === undefined || readMarkers(bytes)) return
  const textOf = (version: Uint8Array | undefined): string => (version ? latin(version).replaceAll('\r\n', '\n') : '')
  const { base, ours, theirs } = versions
  if ([base, ours, theirs].some((version) => textOf(version) === textOf(bytes))) return
  throw new SopsError(
    'generic',
    'it has no conflict markers any more: somebody has decided it, and git does not know',
    {
      hints: [
        `if it is as it should be: git add ${fileWord(name)}`,
        `to merge it again: git checkout --merge ${fileWord(name)}, then sops merge ${fileWord(name)}`,
      ],
    },
  )
}

async function fromStages(
  { name }: WorkFile,
  { git, path }: InTree,
  stages: Stages,
  all: ReadonlyMap<string, Stages>,
): Promise<Given> {
  const { base, ours, theirs } = stages
  if (Object.values(stages).some(({ mode }) => !mode.startsWith('100')))
    throw new SopsError('generic', 'a side is a symbolic link or a submodule: which one stays is for git')
  if (!ours || !theirs) throw oneSided(name, path, stages, all)
  const [own, other, old] = await Promise.all([ours, theirs, base].map((stage) => stage && contentOf(git, stage.id)))
  if (!own || !other || (base && !old)) throw new SopsError('generic', 'git does not have what its index names')
  return { versions: { ours: own, theirs: other, base: old }, isRebuilt: false, isBaseUnknown: false }
}

/** Whether a file stays, and under which name, is no question of its values. */
function oneSided(name: string, path: string, stages: Stages, all: ReadonlyMap<string, Stages>): SopsError {
  const word = fileWord(name)
  const decide = [`to keep it: git add ${word}`, `to delete it: git rm ${word}`]
  const deleter = stages.theirs ? 'ours' : 'theirs'
  if (stages.base && (stages.ours || stages.theirs)) {
    const changer = stages.theirs ? 'theirs' : 'ours'
    return new SopsError('generic', `${deleter} deleted it and ${changer} changed it: whether it stays is for git`, {
      hints: decide,
    })
  }
  const lacks = deleter
  const other = [...all].find(
    ([one, found]) => one !== path && found[lacks] && !found[lacks === 'ours' ? 'theirs' : 'ours'],
  )
  const base = [...all].find(([, found]) => found.base && !found.ours && !found.theirs)
  if (other === undefined)
    return new SopsError('generic', `git has it from one side alone: ${lacks} has it under no name, or another`, {
      hints: decide,
    })
  const at = (stage: number, of: string): string => `<(git show ${fileWord(`:${stage}:${of}`)})`
  const [own, their] = lacks === 'ours' ? [other[0], path] : [path, other[0]]
  const sides = `${base ? `--base ${at(1, base[0])} ` : ''}--local ${at(2, own)} --remote ${at(3, their)}`
  return new SopsError('generic', `both sides renamed it: ${lacks} has it as ${other[0]}`, {
    hints: [
      `in bash, at the top of the work tree: sops merge ${sides} --output ${fileWord(path)}`,
      `then git rm --cached the other names, and git add ${word}`,
    ],
  })
}

/** Somebody has told Git that it is done, and the markers are still there: the commits have the sides. */
async function fromCommits(tree: InTree | undefined): Promise<Given | undefined> {
  const commits = tree && (await commitsOf(tree.git))
  if (!tree || !commits) return undefined
  const { ours, theirs, base } = commits
  const at = (commit: string): Promise<Uint8Array | undefined> => contentOf(tree.git, `${commit}:${tree.path}`)
  const [own, other, old] = await Promise.all([at(ours), at(theirs), base === undefined ? undefined : at(base)])
  // A file that is the same on both sides, or has had its markers for longer, is in no conflict of these commits.
  if (!own || !other || Buffer.compare(own, other) === 0 || readMarkers(own) || readMarkers(other)) return undefined
  return { versions: { ours: own, theirs: other, base: old }, isRebuilt: false, isBaseUnknown: old === undefined }
}

async function fromMarkers(marked: UnmarkedTexts, tree: InTree | undefined): Promise<Given> {
  const commits = marked.base || !tree ? undefined : await commitsOf(tree.git)
  const known = commits?.base && tree ? await contentOf(tree.git, `${commits.base}:${tree.path}`) : undefined
  const base = marked.base ?? (known && readMarkers(known) ? undefined : known)
  const { ours, theirs } = marked
  const versions = { ours, theirs, base }
  return { versions, isRebuilt: true, isBaseUnknown: !versions.base }
}
