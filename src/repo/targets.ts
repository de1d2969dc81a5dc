// The files that a command works on, where it is given folders, patterns or a whole repository instead of one file.
import type { Stats } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { type FormatId, formatOfPath } from '../formats/index.ts'
import { realPathOf, realpath, stat, statSync } from '../system/index.ts'
import { shellWord } from '../text/quote.ts'
import {
  allPlaces,
  byName,
  changedPlaces,
  type FoundFile,
  type FoundFiles,
  nameOf,
  placesBelow,
  type Search,
  stagedPlaces,
} from './found.ts'
import { compileGlob, isGlob, splitGlob } from './glob.ts'
import { suitable, suitableStaged, type TargetMeans, type Wanted } from './suitable.ts'

/** Which files are meant. Without words and without a flag that is none. */
export interface TargetRequest {
  /** Files, folders and patterns, in the order in which they were typed. */
  readonly words: readonly string[]
  /** The whole work tree, wherever in it the current folder is; outside of Git, the current folder. */
  readonly all?: boolean
  /** Files that the next commit adds or changes, chosen by what the index has of them. */
  readonly staged?: boolean
  /** Tracked files that differ from HEAD (`''`), or from where that and this revision parted. */
  readonly changed?: string
  /** Names relative to the current folder, as a list had them. */
  readonly listed?: readonly string[]
  /** Files count that Git neither tracks nor ignores. */
  readonly untracked?: boolean
  /** Patterns, relative to the current folder; one that fits a folder is for everything in it. */
  readonly exclude?: readonly string[]
  /** By the ending of the name. */
  readonly types?: readonly FormatId[]
}

/** A file that a command works on. */
export interface Target {
  /** Absolute. */
  readonly path: string
  /** As it was typed, or else relative to the current folder, with `/`. */
  readonly name: string
  /** It was named itself: it is here whatever it is, and even if it is not there. */
  readonly named: boolean
}

/** What a command looks for, in messages. */
const words: Readonly<Record<Wanted, string>> = {
  encrypted: 'encrypted file',
  clear: 'unencrypted file of a creation rule that selects files',
  either: 'encrypted file, or unencrypted one of a creation rule that selects files',
  any: 'file',
}

/** What all steps of a search share. */
interface Finding {
  readonly search: Search
  readonly request: TargetRequest
  readonly wanted: Wanted
  readonly means: TargetMeans
  readonly isLeftOut: (place: FoundFile) => boolean
  /** By the path without links. */
  readonly found: Map<string, Target>
}

/**
 * The files that a command works on: what the words name or fit, in their order, then what the flags find, by name. No file is there twice.
 * What is named itself is taken as it is. The rest must be what is wanted, which is told from its content; never among it are `.sops.yaml`,
 * symbolic links, files of more than 5 MiB, and what Git ignores.
 * @throws SopsError `generic` for a folder or pattern without any such file, for a folder in a list, for --staged and --changed outside of a
 * work tree, and where Git fails.
 */
export async function findTargets(
  ctx: Context,
  request: TargetRequest,
  wanted: Wanted,
  means: TargetMeans,
): Promise<readonly Target[]> {
  const search: Search = { ctx, untracked: request.untracked ?? false, lists: new Map() }
  const isLeftOut = leftOut(request, ctx)
  const finding: Finding = { search, request, wanted, means, isLeftOut, found: new Map() }
  for (const word of request.words) await addWord(finding, word)
  if (request.all) await addFitting(finding, await allPlaces(search))
  if (request.staged) {
    const staged = narrowed(finding, await stagedPlaces(search))
    addFound(finding, await suitableStaged(staged, wanted, means, ctx))
  }
  if (request.changed !== undefined) await addFitting(finding, await changedPlaces(search, request.changed))
  if (request.listed !== undefined) await addListed(finding, request.listed)
  return [...finding.found.values()]
}

/** Without `./` in front and `/` at the end, which say nothing here. */
const trimmed = (pattern: string): string => pattern.replace(/^(?:\.\/+)+(?=.)/, '').replace(/(?<=.)\/+$/, '')

/** What the request does not mean, whatever is in it. */
function leftOut({ exclude = [], types }: TargetRequest, { cwd }: Context): (place: FoundFile) => boolean {
  const patterns = exclude.map((pattern) => compileGlob(trimmed(isAbsolute(pattern) ? nameOf(pattern, cwd) : pattern)))
  const known = new Map<string, boolean>()
  const isExcluded = (name: string): boolean => {
    if (patterns.length === 0) return false
    const slash = name.lastIndexOf('/')
    return (slash > 0 && isFolderExcluded(name.slice(0, slash))) || patterns.some((fits) => fits(name))
  }
  const isFolderExcluded = (name: string): boolean => {
    const before = known.get(name) ?? isExcluded(name)
    known.set(name, before)
    return before
  }
  return ({ name, path }) =>
    /(?:^|\/)\.sops\.yaml$/.test(name) ||
    (types !== undefined && !types.includes(formatOfPath(path))) ||
    isExcluded(name)
}

const narrowed = <Found extends FoundFiles>({ isLeftOut }: Finding, places: Found): Found => ({
  ...places,
  files: places.files.filter((place) => !isLeftOut(place)),
})

function addFound({ found }: Finding, places: readonly FoundFile[]): void {
  for (const { path, name, real } of places) if (!found.has(real)) found.set(real, { path, name, named: false })
}

/** Adds what is wanted of some files; returns how many that are. */
async function addFitting(finding: Finding, places: FoundFiles): Promise<number> {
  const { wanted, means, search } = finding
  const fitting = await suitable(narrowed(finding, places), wanted, means, search.ctx)
  addFound(finding, fitting)
  return fitting.length
}

function addNamed({ found, search }: Finding, word: string): void {
  const path = resolve(search.ctx.cwd, word)
  const real = realPathOf(path)
  if (!found.has(real)) found.set(real, { path, name: word, named: true })
}

/** A word is a file or a folder if there is one of that name, then a pattern if it looks like one, else a file that is missing. */
async function addWord(finding: Finding, word: string): Promise<void> {
  const { ctx } = finding.search
  const path = resolve(ctx.cwd, word)
  const there = foundAt(path)
  if (there === 'unknown' || (there === undefined ? !isGlob(word) : !there.isDirectory()))
    return addNamed(finding, word)
  const { folder, below } = there === undefined ? splitGlob(word) : { folder: word, below: '**' }
  const places = await placesUnder(finding, resolve(ctx.cwd, folder), below)
  if ((await addFitting(finding, places)) > 0) return
  throw nothingIn(finding, word, there === undefined ? 'fits it' : 'in it')
}

/** Shells write hundreds of words, and asking for each in the background costs more than an answer. */
function foundAt(path: string): Stats | 'unknown' | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return 'unknown'
  }
}

/** The files in a folder that a pattern fits; none where there is no such folder. */
async function placesUnder({ search }: Finding, folder: string, pattern: string): Promise<FoundFiles> {
  const there = await stat(folder).catch(() => undefined)
  if (!there?.isDirectory()) return { files: [], git: undefined }
  const places = await placesBelow(search, folder)
  const fits = compileGlob(pattern)
  return { ...places, files: places.files.filter(({ path }) => fits(nameOf(path, folder))) }
}

function nothingIn({ wanted, request, search }: Finding, word: string, where: string): SopsError {
  const narrowing = request.types !== undefined || request.exclude !== undefined
  return new SopsError('generic', `${word}: no ${words[wanted]} ${where}`, {
    hints: [
      ...(narrowing ? ['--type and --exclude leave files out'] : []),
      ...(search.untracked ? [] : ['in a Git repository, files that are not tracked count with --untracked']),
      'a file that is named itself is taken whatever is in it',
    ],
  })
}

/**
 * Names of a list. One that is not there is handed on, so that whoever wrote the list hears of it.
 * @throws SopsError `generic` for a folder.
 */
async function addListed(finding: Finding, names: readonly string[]): Promise<void> {
  const { ctx } = finding.search
  const files: FoundFile[] = []
  for (const listed of new Set(names)) {
    if (listed === '') continue
    const path = resolve(ctx.cwd, listed)
    const real = await realpath(path).catch(() => undefined)
    if (real !== undefined && (await isFolder(real))) throw folderInList(listed)
    if (real === undefined) addNamed(finding, listed)
    else files.push({ path, name: nameOf(path, ctx.cwd), real })
  }
  await addFitting(finding, { files: files.sort(byName), git: undefined })
}

export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

const folderInList = (name: string): SopsError =>
  new SopsError('generic', `${name} is a folder, and a list names files`, {
    hints: [`a folder is a word by itself: sops COMMAND ${shellWord(name)} takes the files in it`],
  })
