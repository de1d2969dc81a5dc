// From one version of a file to the next: which values may be the same although nothing tells.
import type { Groups } from './groups.ts'
import { type Family, marksIn, type Snapshot } from './snapshot.ts'

/** What nonces do not tell: where a file was encrypted anew, and where values were in clear before or after, they may be the same. */
export function joinStep(before: Snapshot, after: Snapshot, maybe: Groups): void {
  if (!before.isEncrypted && !after.isEncrypted) return
  const isAnew = !before.isEncrypted || !after.isEncrypted || !hasShared(before, after)
  for (const [name, now] of after.families) {
    const was = before.families.get(name)
    if (was === undefined) continue
    if (isAnew) maybe.join([...was.sealed, ...was.clear, ...now.sealed, ...now.clear])
    else {
      joinClear(was, now, maybe)
      joinClear(now, was, maybe)
    }
  }
}

function joinClear({ clear, sealed: kept }: Family, { sealed }: Family, maybe: Groups): void {
  if (clear.length === 0) return
  const known = new Set(kept)
  const others = sealed.filter((mark) => !known.has(mark))
  if (others.length > 0) maybe.join([...clear, ...others])
}

/** The data key, or a nonce, is that of the other version. */
function hasShared(before: Snapshot, after: Snapshot): boolean {
  const known = new Set([...before.marks, ...marksIn(before, 'sealed')])
  return [...after.marks, ...marksIn(after, 'sealed')].some((mark) => known.has(mark))
}
