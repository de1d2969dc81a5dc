// Other files of the repository that hold the same wrapped data key as one of those that are checked.
import { join, relative } from 'node:path'
import type { CheckedFile } from '../../check/index.ts'
import type { Context } from '../../context/index.ts'
import { type Blobs, type Git, openBlobs } from '../../repo/index.ts'
import { readFile, textOf } from '../../system/index.ts'

/** Of a wrapped key without white space: the second line of an armour, which is as long as the first, or as much from elsewhere: it is one line in every format. */
function fragmentOf(wrapped: string): string {
  const body = wrapped.replace(/^-----BEGIN[A-Z]+-----/, '').replace(/-----END[A-Z]+-----$/, '')
  return body.length > 96 ? body.slice(64, 112) : body.slice(-48)
}

/** Patterns in one call of Git: its arguments have a limit. */
const atOnce = 200

const how = ['-l', '-z', '-a', '-F', '--no-color', '--no-textconv', '--no-recurse-submodules', '--full-name']

/** Of the index, or of the work tree. Paths are as the user sees them. */
export const sharersIn =
  (git: Git, isStaged: boolean, ctx: Context): ((wrapped: readonly string[]) => Promise<readonly CheckedFile[]>) =>
  async (wrapped) => {
    const fragments = [...new Set(wrapped.map(fragmentOf))].filter((fragment) => fragment !== '')
    const places = new Set<string>()
    for (let at = 0; at < fragments.length; at += atOnce) {
      const patterns = fragments.slice(at, at + atOnce).flatMap((fragment) => ['-e', fragment])
      const found = await git.ask('grep', ...how, ...(isStaged ? ['--cached'] : []), ...patterns)
      for (const place of textOf(found ?? Buffer.alloc(0)).split('\0')) if (place !== '') places.add(place)
    }
    const blobs = isStaged && places.size > 0 ? await openBlobs(git.folder, ctx) : undefined
    try {
      const versions = await Promise.all([...places].sort().map((place) => versionOf(place, git, blobs, ctx)))
      return versions.filter((version) => version !== undefined)
    } finally {
      blobs?.close()
    }
  }

async function versionOf(
  place: string,
  git: Git,
  blobs: Blobs | undefined,
  { cwd }: Context,
): Promise<CheckedFile | undefined> {
  const path = join(git.folder, place)
  const bytes = blobs ? await blobs.read(`:0:${place}`) : await readFile(path).catch(() => undefined)
  return bytes && { path, name: relative(cwd, path), place, bytes, isUnlocked: false }
}
