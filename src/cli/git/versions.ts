// What Git has of a file while it runs a filter: the versions that a new one may be made over, the next commit's first.
import { resolve } from 'node:path'
import { type Blobs, gitIn, openBlobs, topOf } from '../../repo/index.ts'
import { stat, textOf } from '../../system/index.ts'
import type { Io } from '../invocation.ts'

/** The index, its sides of a conflict, and the commits that an operation under way is about. */
const places = [':0:', 'HEAD:', ':2:', ':3:', 'MERGE_HEAD:', 'REBASE_HEAD:', 'CHERRY_PICK_HEAD:', 'REVERT_HEAD:']

export interface Versions {
  /** The top of the work tree. */
  readonly top: string
  /** Each content once. */
  of(path: string): AsyncIterable<Uint8Array>
}

/** Tells one state of the index from another: Git replaces the file. */
async function stampOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found === undefined ? '' : `${found.ino} ${found.mtimeNs} ${found.size}`
}

/** Outside of a work tree there are none. */
export async function openVersions(io: Io): Promise<Versions> {
  const { ctx, host } = io
  const top = await topOf(ctx.cwd, ctx)
  if (top === undefined) return { top: ctx.cwd, async *of() {} }
  const index = resolve(
    top,
    textOf(await gitIn(top, ctx).run('rev-parse', '--git-path', 'index')).replace(/\r?\n$/, ''),
  )
  let opened: { readonly blobs: Blobs; readonly stamp: string } | undefined
  host.onCleanup(() => opened?.blobs.close())
  // A process of Git that reads files keeps the index as it was at its first read, and commands that last, such as a rebase, change it.
  const blobs = async (): Promise<Blobs> => {
    const stamp = await stampOf(index)
    if (opened?.stamp !== stamp) {
      opened?.blobs.close()
      opened = { blobs: await openBlobs(top, ctx), stamp }
    }
    return opened.blobs
  }
  return {
    top,
    async *of(path) {
      const all = await blobs()
      const seen: Uint8Array[] = []
      for (const place of places) {
        const bytes = await all.read(`${place}${path}`)
        if (bytes === undefined || seen.some((one) => Buffer.compare(one, bytes) === 0)) continue
        seen.push(bytes)
        yield bytes
      }
    },
  }
}
