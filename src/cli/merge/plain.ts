// Files that are encrypted on no side: Git's own merge of lines.
import { join } from 'node:path'
import { SopsError } from '../../errors.ts'
import type { Labels } from '../../merge/index.ts'
import { readFile, run as startAndWait, writeFile } from '../../system/index.ts'
import type { Io } from '../invocation.ts'
import { privateTempDir } from '../temp-dir.ts'
import type { End, Task } from './task.ts'
import type { Given } from './versions.ts'

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

/** Resolves a file that is encrypted on no side, where its lines go together. @throws SopsError `generic` where they do not. */
export async function resolvePlain({ io, labels, finish }: Task, { versions, isRebuilt }: Given): Promise<End> {
  const bytes = isRebuilt ? undefined : await mergedLines(io, versions, labels)
  if (bytes === undefined)
    throw new SopsError('generic', 'it is encrypted on neither side: its lines are for your editor, or git mergetool', {
      hints: ['delete the lines of the markers, keep what is meant, then: git add FILE'],
    })
  await finish(bytes, '')
  return 'done'
}

async function mergedLines(io: Io, versions: Given['versions'], labels: Labels): Promise<Uint8Array | undefined> {
  const folder = privateTempDir(io.host, '.sops')
  try {
    const [ours, base, theirs] = ['ours', 'base', 'theirs'].map((name) => join(folder.path, name))
    const files = { ours: ours!, base: base!, theirs: theirs! }
    await writeFile(files.ours, versions.ours, { mode: 0o600, flag: 'wx' })
    await writeFile(files.base, versions.base ?? new Uint8Array(), { mode: 0o600, flag: 'wx' })
    await writeFile(files.theirs, versions.theirs, { mode: 0o600, flag: 'wx' })
    return (await mergePlain(io, files, labels)) ? await readFile(files.ours) : undefined
  } finally {
    folder.remove()
  }
}
