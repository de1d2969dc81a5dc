// `sops git merge-driver` merges one file for git, which calls it with the versions in temporary files and takes the result from the second.
import { SopsError } from '../../../errors.ts'
import { formatOfPath } from '../../../formats/index.ts'
import { type Labels, type Merge, type MergeVersions, markedApart, withMerge } from '../../../merge/index.ts'
import { type Command, command } from '../../command.ts'
import { readInput, writeOutput } from '../../files.ts'
import { decryptionOrder, keyServices } from '../../flags.ts'
import type { Invocation, Io } from '../../invocation.ts'
import { labelsOf } from '../../merge/labels.ts'
import { mergePlain } from '../../merge/plain.ts'
import { admittedLine, apartLine, conflictLines, warnOfUnrotated } from '../../merge/report.ts'
import { absolutePath, orderOf, servicesOf } from '../../settings.ts'

const flags = [decryptionOrder, ...keyServices] as const

/** Git then stops, and does not take ours for the merged file. */
const stopped = 129

export const mergeDriver: Command = command({
  args: 'BASE OURS THEIRS [MARKER-SIZE [PATH [BASE-NAME OURS-NAME THEIRS-NAME]]]',
  flags,
  examples: [],
  misuse: stopped,
  run,
})

/** Releases of git that do not know a placeholder pass it on as it stands. */
const given = (word: string | undefined, placeholder: string): string | undefined =>
  word === undefined || word === '' || word === placeholder ? undefined : word

/** Lines of fewer or of very many characters are no markers to people or to `sops merge`. */
const markerSize = (word: string | undefined): number => {
  const size = /^\d{1,3}$/.test(word ?? '') ? Number(word) : 0
  return Math.max(size, 7)
}

/** Exit status 0: `OURS` is the merged file; 1: it holds both sides, with markers; else git stops. */
async function run(inv: Invocation<(typeof flags)[number]>, io: Io): Promise<number> {
  try {
    return await mergeOne(inv, io)
  } catch (error) {
    await io.fail(error)
    return stopped
  }
}

async function mergeOne(inv: Invocation<(typeof flags)[number]>, io: Io): Promise<number> {
  const [base, ours, theirs, size, path, ...names] = inv.positionals
  if (base === undefined || ours === undefined || theirs === undefined) {
    throw new SopsError('generic', 'git merge-driver takes at least the files of BASE, OURS and THEIRS', {
      hints: ['git calls it, with the settings that sops git install writes'],
    })
  }
  const name = given(path, '%P') ?? ours
  io.about(name)
  const versions: MergeVersions = {
    base: await readInput(io, base),
    ours: await readInput(io, ours),
    theirs: await readInput(io, theirs),
  }
  const own = await labelsOf(io.ctx, {
    base: given(names[0], '%S'),
    ours: given(names[1], '%X'),
    theirs: given(names[2], '%Y'),
  })
  const labels = { ...own, size: markerSize(size) }
  const write = (bytes: Uint8Array): Promise<void> => writeOutput(io.host, absolutePath(io.ctx, ours), bytes)
  try {
    const services = await servicesOf(inv, io)
    const open = { services, ...orderOf(inv), log: io.ctx.log, audit: { context: io.ctx, file: name } }
    const options = { open, format: formatOfPath(name), now: io.ctx.now() }
    return await withMerge(versions, options, async (merge) => {
      if (merge.kind === 'plain') return (await mergePlain(io, { base, ours, theirs }, labels)) ? 0 : 1
      const { bytes, status } = await resultOf(io, name, merge, versions, labels)
      await write(bytes)
      return status
    })
  } catch (error) {
    // Whatever went wrong, both sides are kept, and nobody takes one of them for the merged file.
    await write(markedApart(versions, labels))
    await io.fail(error)
    return 1
  }
}

interface Result {
  readonly bytes: Uint8Array
  readonly status: 0 | 1
}

async function resultOf(
  io: Io,
  name: string,
  merge: Exclude<Merge, { kind: 'plain' }>,
  versions: MergeVersions,
  labels: Labels,
): Promise<Result> {
  if (merge.kind === 'settled') return { bytes: merge.bytes, status: 0 }
  if (merge.kind === 'apart') {
    await io.tell(`${apartLine(name, merge)}; both sides are in the file`)
    return { bytes: markedApart(versions, labels), status: 1 }
  }
  if (merge.kind === 'closed') {
    if (merge.sealed) return { bytes: merge.sealed, status: 0 }
    for (const line of conflictLines(name, merge.conflicts)) await io.tell(line)
    await io.tell(`${name}: merged without a key; seal it with: sops merge FILE where a key is at hand`)
    return { bytes: merge.marked(labels), status: 1 }
  }
  const { conflicts, unrotated, admitted } = merge
  if (admitted.length > 0) await io.tell(admittedLine(name, admitted))
  warnOfUnrotated(unrotated, io.ctx)
  if (conflicts.length === 0) return { bytes: await merge.seal(), status: 0 }
  const bytes = await merge.marked(labels)
  for (const line of conflictLines(name, conflicts)) await io.tell(line)
  return { bytes, status: 1 }
}
