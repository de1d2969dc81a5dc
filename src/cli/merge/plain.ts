// Files that are encrypted on no side: Git's own merge of lines.
import type { Labels } from '../../merge/index.ts'
import { run as startAndWait } from '../../system/index.ts'
import type { Io } from '../invocation.ts'

/** The files that Git merges; the result is written to `ours`. */
interface PlainFiles {
  readonly ours: string
  readonly base: string
  readonly theirs: string
}

/** Merges lines as Git does. Returns whether nothing is left to decide. */
export async function mergePlain(io: Io, { ours, base, theirs }: PlainFiles, labels: Labels): Promise<boolean> {
  const names = [labels.ours, labels.base ?? 'base', labels.theirs].flatMap((label) => ['-L', label])
  const args = ['merge-file', '--quiet', `--marker-size=${labels.size ?? 7}`, ...names, '--', ours, base, theirs]
  const { cwd, env } = io.ctx
  const ran = await startAndWait('git', args, { cwd, env })
  if (ran.status === 0) return true
  if (ran.stderr.trim() !== '') await io.tell(ran.stderr.trim().split('\n', 1)[0]!)
  return false
}
