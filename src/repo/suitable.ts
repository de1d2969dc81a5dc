// Of the files that were found, those that a command can do something with.
import { dirname, relative, sep } from 'node:path'
import type { Config } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { loadEncrypted } from '../file/index.ts'
import { formatOfPath } from '../formats/index.ts'
import { codeOf, lstatSync, readFileSync, realpathSync } from '../system/index.ts'
import { type Blobs, openBlobs } from './blobs.ts'
import { largest, looksEncrypted, withMetadata } from './candidates.ts'
import { formatFor } from './format.ts'
import type { FoundFile, FoundFiles } from './found.ts'
import type { Git } from './git.ts'
import { needsUnder } from './must-encrypt.ts'
import { isShown } from './shown.ts'

/** What a command needs; `clear`: a file that must be encrypted and is not (`mustBeEncrypted`); `any`: whatever is a regular file. */
export type Wanted = 'encrypted' | 'clear' | 'either' | 'any'

/** What the caller knows besides. */
export interface TargetMeans {
  /** The configuration for an absolute path. */
  readonly configFor: (path: string) => Promise<Config | undefined>
}

/** Decides for one file after the other. */
interface Sieve {
  readonly ctx: Context
  readonly wanted: Wanted
  /** Files that may be encrypted, as paths without links; undefined: any. */
  readonly marked: ReadonlySet<string> | undefined
  readonly ruleFor: (path: string) => Promise<Covering | undefined>
  /** True for a file that a rule for secrets is for; false where that cannot be told. */
  readonly isMeant: (path: string) => Promise<boolean>
  readonly content: (place: FoundFile) => Promise<Content>
}

type Needs = ReturnType<typeof needsUnder>
type Rule = NonNullable<Awaited<ReturnType<Needs['rule']>>>

/** The rule for a file, and who can say what it asks for. */
interface Covering {
  readonly rule: Rule
  readonly needs: Needs
}

/** The bytes of a file; `none`: it is gone, no regular file or too large; `unknown`: it cannot be read, and the command says why. */
type Content = Uint8Array | 'none' | 'unknown'

/** At once: of many small files, asking for each in the background costs more than reading it. */
async function contentOf({ path }: FoundFile): Promise<Content> {
  try {
    const found = lstatSync(path)
    return found.isFile() && found.size <= largest ? readFileSync(path) : 'none'
  } catch (error) {
    return /^(?:ENOENT|ENOTDIR)$/.test(codeOf(error) ?? '') ? 'none' : 'unknown'
  }
}

const stagedContent =
  (blobs: Blobs, top: string) =>
  async ({ real }: FoundFile): Promise<Content> =>
    (await blobs.read(`:0:${relative(top, real).replaceAll(sep, '/')}`, largest)) ?? 'none'

/** What the creation rules say. Whoever wants encrypted files needs none of them but for texts that may only show how such files look. */
function rulesOf(wanted: Wanted, means: TargetMeans, ctx: Context): Pick<Sieve, 'ruleFor' | 'isMeant'> {
  const lookup = ruleLookup(means, ctx)
  const needsNone = wanted === 'encrypted' || wanted === 'any'
  const isMeant = async (path: string): Promise<boolean> => (await lookup(path).catch(unlessRead)) !== undefined
  return { ruleFor: needsNone ? async () => undefined : lookup, isMeant }
}

/** What cannot be read says nothing. */
function unlessRead(error: unknown): undefined {
  if (!(error instanceof SopsError)) throw error
}

/** The creation rules of each configuration, read once. */
function ruleLookup(means: TargetMeans, ctx: Context): Sieve['ruleFor'] {
  const known = new Map<Config, Needs>()
  return async (path) => {
    const config = await means.configFor(path)
    if (config === undefined) return undefined
    const needs = known.get(config) ?? needsUnder(config, ctx)
    known.set(config, needs)
    const rule = await needs.rule(path)
    return rule && { rule, needs }
  }
}

/** A path that reads otherwise only because the file system takes capitals or accents for the same. */
const plainly = (path: string): string => path.normalize('NFC').toLowerCase()

/** Not behind a link that has taken a folder's place; where that cannot be told the command will say why. Each folder is looked at once. */
function isWhereItSeems(): (place: FoundFile) => Promise<boolean> {
  const known = new Map<string, boolean>()
  return async ({ path, real }) => {
    const [folder, wanted] = [dirname(path), dirname(real)]
    const is = known.get(folder) ?? isSameFolder(folder, wanted)
    known.set(folder, is)
    return is
  }
}

function isSameFolder(folder: string, real: string): boolean {
  try {
    const found = realpathSync(folder)
    return found === real || plainly(found) === plainly(real)
  } catch {
    return true
  }
}

async function isSuitable(sieve: Sieve, place: FoundFile): Promise<boolean> {
  const { wanted, marked, ctx } = sieve
  if (wanted === 'any') return true
  const covering = await sieve.ruleFor(place.path)
  const mayBeEncrypted = wanted !== 'clear' && (marked === undefined || marked.has(place.real))
  if (covering === undefined && !mayBeEncrypted) return false
  const bytes = await sieve.content(place)
  if (typeof bytes === 'string') return bytes === 'unknown'
  if (looksEncrypted(bytes)) {
    if (wanted === 'clear') return false
    const isReadable = (): Promise<boolean> => canBeRead(place.path, bytes)
    return !(await isShown({ ...place, bytes }, { isReadable, isMeant: () => sieve.isMeant(place.path) }))
  }
  if (covering === undefined) return false
  const need = await covering.needs.has(bytes, place.path, covering.rule)
  if (need === 'unreadable') {
    const format = formatOfPath(place.path)
    const message = `${place.name} is left out: ${covering.rule.name} is for it, but its text is not valid ${format}`
    ctx.log({ level: 'warning', logger: 'CMD', message })
  }
  return need === true
}

const canBeRead = (path: string, bytes: Uint8Array): Promise<boolean> =>
  loadEncrypted(bytes, formatFor(path, bytes)).then(
    () => true,
    (error: unknown) => unlessRead(error) ?? false,
  )

/** Files that are read at a time. */
const atOnce = 16

async function sieved(
  sieve: Sieve,
  files: readonly FoundFile[],
  fits: (place: FoundFile) => Promise<boolean>,
): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = []
  for (let at = 0; at < files.length; at += atOnce) {
    const some = files.slice(at, at + atOnce)
    const answers = await Promise.all(some.map(async (place) => (await isSuitable(sieve, place)) && fits(place)))
    for (const [i, place] of some.entries()) if (answers[i]) found.push(place)
  }
  return found
}

/** Those files of the work tree that are what is wanted. @throws SopsError `generic` for rules that are not valid, and where Git fails. */
export async function suitable(
  { files, git }: FoundFiles,
  wanted: Wanted,
  means: TargetMeans,
  ctx: Context,
): Promise<readonly FoundFile[]> {
  const isMarked = wanted === 'encrypted' || wanted === 'either'
  const marked = isMarked && git !== undefined ? await withMetadata(git, files.length) : undefined
  const sieve = { ctx, wanted, marked, ...rulesOf(wanted, means, ctx), content: contentOf }
  return sieved(sieve, files, isWhereItSeems())
}

/** Those files whose version in the index is what is wanted. @throws SopsError `generic` as `suitable`. */
export async function suitableStaged(
  { files, git }: FoundFiles & { readonly git: Git },
  wanted: Wanted,
  means: TargetMeans,
  ctx: Context,
): Promise<readonly FoundFile[]> {
  const blobs = await openBlobs(git.folder, ctx)
  try {
    const content = stagedContent(blobs, git.folder)
    const sieve = { ctx, wanted, marked: undefined, ...rulesOf(wanted, means, ctx), content }
    return await sieved(sieve, files, async () => true)
  } finally {
    blobs.close()
  }
}
