// `git mergetool` names the versions as files, and stages the result itself.
import { fingerprint } from '../../disk/index.ts'
import { SopsError } from '../../errors.ts'
import { isFolder, readInput } from '../files.ts'
import { type StringFlag, string } from '../flag.ts'
import { inSection } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { absolutePath } from '../settings.ts'
import { isMissing } from '../target.ts'
import { labelsOf } from './labels.ts'
import { mergeVersions } from './resolve.ts'
import type { End, Means } from './task.ts'

type ToolFlag = StringFlag<'base' | 'local' | 'remote' | 'output'>
export const toolFlags: readonly ToolFlag[] = inSection<ToolFlag>('AS THE TOOL OF GIT MERGETOOL', [
  string('base', 'the version that both sides come from; may be empty or missing', { value: 'PATH', path: true }),
  string('local', 'our version', { value: 'PATH', path: true }),
  string('remote', 'the version of the other side', { value: 'PATH', path: true }),
  string('output', 'write the merged file there', { value: 'PATH', path: true }),
])

export const isTool = (inv: Invocation<ToolFlag>): boolean => toolFlags.some(({ name }) => inv.given(name))

/** @throws SopsError `usage` where a version is missing. */
export async function resolveAsTool(means: Means, inv: Invocation<ToolFlag>, io: Io): Promise<End> {
  const [base, local, remote, output] = (['base', 'local', 'remote', 'output'] as const).map((name) => inv.string(name))
  if (!local || !remote || !output || inv.positionals.length > 0)
    throw new SopsError('usage', '--local, --remote and --output belong together, without other files', {
      hints: [
        'sops merge --base BASE --local LOCAL --remote REMOTE --output MERGED',
        'for a file in conflict: sops merge FILE',
      ],
    })
  io.about(output)
  const path = absolutePath(io.ctx, output)
  const before = (await isMissing(path)) ? undefined : await readInput(io, output, { inPlace: true })
  const versions = {
    base:
      base && !isFolder(absolutePath(io.ctx, base)) && !(await isMissing(absolutePath(io.ctx, base)))
        ? await readInput(io, base)
        : undefined,
    ours: await readInput(io, local),
    theirs: await readInput(io, remote),
  }
  const finish = async (bytes: Uint8Array, how: string): Promise<void> => {
    const expect = before === undefined ? ('absent' as const) : fingerprint(before)
    await io.write(path, bytes, { what: 'output file', expect })
    await io.tell(`${output}: merged${how}`)
  }
  const task = { ...means, io, name: output, path, labels: await labelsOf(io.ctx), finish }
  return mergeVersions(task, { versions, isRebuilt: false, isBaseUnknown: false })
}
