// Resolves one file: merges its versions, has people decide what is left, seals it, and tells Git.
import { basename, dirname } from 'node:path'
import { fingerprint } from '../../disk/index.ts'
import { SopsError } from '../../errors.ts'
import { formatOfPath } from '../../formats/index.ts'
import { type KeyService, withSharedServices } from '../../groups/index.ts'
import { type Merge, type MergeOptions, type OpenMerge, withMerge } from '../../merge/index.ts'
import { rm } from '../../system/index.ts'
import { counted } from '../../text/counted.ts'
import { fileWord } from '../../text/quote.ts'
import { filteredNames } from '../git/filtered.ts'
import { git } from '../git.ts'
import type { Io } from '../invocation.ts'
import { mustExist } from '../target.ts'
import { type Decisions, decisionsOf, refuseUnknown } from './choices.ts'
import { decideRest } from './decide.ts'
import { labelsOf } from './labels.ts'
import { resolvePlain } from './plain.ts'
import { admittedLine, apartLine, warnOfUnproven, warnOfUnrotated } from './report.ts'
import type { End, Means, Task } from './task.ts'
import { type Given, versionsOf } from './versions.ts'
import { type WorkFile, workFile } from './work-file.ts'

/** Merges a file of the work tree. @throws SopsError. */
export async function resolveFile(means: Means, io: Io, name: string, adds: boolean): Promise<End> {
  io.about(name)
  const place = await workFile(io, name)
  const given = await versionsOf(place)
  if (given === undefined) {
    await mustExist(place.path, io)
    await io.tell(`${name}: nothing to merge: it is in no conflict`)
    return 'done'
  }
  const top = place.tree?.git.folder
  const labels = await labelsOf(top === undefined ? io.ctx : { ...io.ctx, cwd: top })
  return mergeVersions({ ...means, io, name, path: place.path, labels, finish: finisher(io, place, adds) }, given)
}

const finisher =
  (io: Io, { name, path, bytes: before, tree }: WorkFile, adds: boolean): Task['finish'] =>
  async (bytes, how) => {
    await io.write(path, bytes, {
      what: 'in-place file',
      expect: before === undefined ? 'absent' : fingerprint(before),
    })
    const isAdded = adds && tree !== undefined
    if (isAdded) await stage(io, tree, path)
    await io.tell(`${name}: merged${how}${isAdded ? ', and staged' : ''}`)
  }

/** Where the filter keeps files in clear, this one is checked out as they are. */
async function stage(io: Io, tree: NonNullable<WorkFile['tree']>, path: string): Promise<void> {
  await git(io, '-C', dirname(path), '--literal-pathspecs', 'add', '--', path)
  const names = await filteredNames(tree.git, [tree.path])
  if (names.size === 0) return
  // Git writes no file that looks to it as if it had not changed; what goes here stands in the index.
  await rm(path)
  await git(io, '-C', dirname(path), 'checkout-index', '--index', '--', basename(path))
}

/** Merges versions, wherever they are from. @throws SopsError. */
export const mergeVersions = (task: Task, given: Given): Promise<End> =>
  withSharedServices(task.services, async (services) => {
    const { isRebuilt } = given
    const attempt = async (ignoreMac: boolean): Promise<End | 'unproven' | 'baseless'> =>
      withMerge(given.versions, optionsOf(task, given, services, ignoreMac), async (merge) => {
        if (isRebuilt && !ignoreMac && hasBadMac(merge)) return 'unproven'
        // The style zdiff3 takes lines out of the sides and leaves them in the base: what that gives is no file.
        if (isRebuilt && merge.kind === 'apart' && merge.why.side === 'base') return 'baseless'
        if (isRebuilt && ignoreMac && !task.ignoreMac) warnOfUnproven(task.io.ctx)
        return finishMerge(task, given, merge)
      })
    const first = await attempt(task.ignoreMac)
    const end = first === 'unproven' ? await attempt(true) : first
    if (end === 'baseless')
      return mergeVersions(task, { ...given, versions: { ...given.versions, base: undefined }, isBaseUnknown: true })
    if (end === 'unproven') throw new TypeError('a MAC was checked that was not to be')
    return end
  })

const hasBadMac = (merge: Merge): boolean => merge.kind === 'apart' && merge.why.cause?.code === 'mac-mismatch'

function optionsOf(
  { io, path, order }: Task,
  { isRebuilt, isBaseUnknown }: Given,
  services: readonly KeyService[],
  ignoreMac: boolean,
): MergeOptions {
  const { ctx } = io
  const open = { services, ...(order ? { order } : {}), ignoreMac, log: ctx.log, audit: { context: ctx, file: path } }
  return { open, format: formatOfPath(path), now: ctx.now(), isRebuilt, isBaseUnknown }
}

async function finishMerge(task: Task, given: Given, merge: Merge): Promise<End> {
  const { finish } = task
  if (merge.kind === 'settled') return done(finish(merge.bytes, ''))
  if (merge.kind === 'plain') return resolvePlain(task, given)
  if (merge.kind === 'apart') throw notMerged(task, given, merge)
  if (merge.kind === 'open') return finishOpen(task, given, merge)
  if (merge.sealed && !given.isRebuilt) return done(finish(merge.sealed, ''))
  throw new SopsError('generic', 'no key at hand opens it, and only a key can seal what is merged', {
    hints: [...merge.cause.hints, 'sops doctor shows which identities are at hand'],
    cause: merge.cause,
  })
}

const done = async (work: Promise<void>): Promise<End> => {
  await work
  return 'done'
}

function notMerged({ name }: Task, { isRebuilt }: Given, merge: Extract<Merge, { kind: 'apart' }>): SopsError {
  const { cause, side } = merge.why
  const word = fileWord(name)
  const isMac = cause?.code === 'mac-mismatch'
  return new SopsError('generic', apartLine(undefined, merge), {
    hints: [
      ...(isMac
        ? [
            `where that was you: sops merge --ignore-mac ${word}; it proves nothing of ${side ?? 'that side'} but single values`,
          ]
        : (cause?.hints ?? [])),
      ...(isRebuilt
        ? []
        : [`to take one side as a whole: git checkout --ours ${word}, or --theirs; then git add ${word}`]),
    ],
    cause,
  })
}

async function finishOpen(task: Task, { isBaseUnknown }: Given, merge: OpenMerge): Promise<End> {
  const { io, name, path, wishes, finish } = task
  const { conflicts, unrotated, admitted } = merge
  refuseUnknown(wishes, conflicts, isBaseUnknown)
  const decisions: Decisions = decisionsOf(wishes, conflicts)
  const text = decisions.left().length > 0 ? await decideRest(task, merge, decisions, isBaseUnknown) : undefined
  if (text === 'left' || text === 'quit') return text
  await io.ctx.audit?.({ action: 'encrypt', file: path })
  if (admitted.length > 0) await io.tell(admittedLine(name, admitted))
  warnOfUnrotated(unrotated, io.ctx)
  const how = conflicts.length === 0 ? '' : `, with ${counted(conflicts.length, 'conflict')} decided`
  await finish(text?.sealed ?? (await merge.seal(decisions.choose)), how)
  return 'done'
}
