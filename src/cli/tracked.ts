// What Git has of the files of a run: one process of it for each repository.
import { dirname } from 'node:path'
import { inOrder, memoKeys, onceEach } from '../context/index.ts'
import { type Blobs, gitIn, looksEncrypted, openBlobs, pathFromTop, stagedFiles, topOf } from '../repo/index.ts'
import { realPathOf } from '../system/index.ts'
import { listed } from '../text/listed.ts'
import { shellWord } from '../text/quote.ts'
import type { Io } from './invocation.ts'
import { shownPath } from './many/report.ts'

/** A file of a work tree, whether Git knows it or not. */
interface Place {
  readonly top: string
  readonly blobs: Blobs
  /** From the top, with `/`. */
  readonly path: string
}

const opened = memoKeys<Promise<Blobs>>('files of Git')

async function placeOf(file: string, { ctx, host }: Io): Promise<Place | undefined> {
  const top = await topOf(dirname(file), ctx)
  const path = top === undefined ? undefined : pathFromTop(top, file)
  if (top === undefined || path === undefined) return undefined
  const blobs = await onceEach(ctx, opened, top, async () => {
    const all = await openBlobs(top, ctx)
    host.onCleanup(all.close)
    return all
  })
  return { top, blobs, path }
}

/** What the index has of a file, else HEAD, if that is encrypted; for a link, of the file that it leads to. */
export async function trackedVersion(file: string, io: Io): Promise<Uint8Array | undefined> {
  const place = await placeOf(realPathOf(file), io)
  if (place === undefined) return undefined
  for (const name of [`:0:${place.path}`, `HEAD:${place.path}`]) {
    const bytes = await place.blobs.read(name)
    if (bytes !== undefined && looksEncrypted(bytes)) return bytes
  }
  return undefined
}

const stagedByTop = memoKeys<Promise<ReadonlySet<string>>>('staged files')

/** False where the index has what HEAD has. Git says so of all files at once, which for a few costs more than reading them. */
async function mayBeStaged({ top, path }: Place, { ctx }: Io): Promise<boolean> {
  const changed = await onceEach(ctx, stagedByTop, top, async () => new Set(await stagedFiles(gitIn(top, ctx))))
  return changed.has(path)
}

/** True for a file of which the next commit has a plaintext that HEAD does not have. `ofFew`: it is one of a few. */
async function isStagedInClear(file: string, ofFew: boolean, io: Io): Promise<boolean> {
  const place = await placeOf(file, io)
  if (place === undefined || (!ofFew && !(await mayBeStaged(place, io)))) return false
  const staged = await place.blobs.read(`:0:${place.path}`)
  if (staged === undefined || staged.length === 0 || looksEncrypted(staged)) return false
  const before = await place.blobs.read(`HEAD:${place.path}`)
  return before === undefined || Buffer.compare(before, staged) !== 0
}

/** Names that a command line in a message has. */
const shown = 10

/** The first words of a command line, and that there are more. */
export const wordsOf = (names: readonly string[]): string =>
  [...names.slice(0, shown), ...(names.length > shown ? ['…'] : [])].join(' ')

/** Files of which each is looked at by itself. */
const few = 4

/** Files at a time. */
const atOnce = 16

/** Warns of files that were just encrypted in the work tree, and that the next commit would have in clear. Git that fails has nothing to say. */
export async function warnOfStaged(io: Io, files: readonly string[]): Promise<void> {
  const { ctx } = io
  const names: string[] = []
  const look = async (file: string): Promise<string | undefined> => {
    const real = realPathOf(file)
    return (await isStagedInClear(real, files.length <= few, io).catch(() => false))
      ? shellWord(shownPath(io, real))
      : undefined
  }
  for await (const name of inOrder(files, atOnce, look)) if (name !== undefined) names.push(name)
  if (names.length === 0) return
  io.about(undefined)
  const message = `${listed(names)} ${names.length === 1 ? 'is' : 'are'} staged in clear; run: git add ${wordsOf(names)}`
  ctx.log({ level: 'warning', logger: 'CMD', message })
}
