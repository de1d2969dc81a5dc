// Publishes many files: first all are made ready, then one question is asked for the lot, then they are uploaded one after the other.
import { SopsError } from '../../errors.ts'
import { type Parcel, upload } from '../../publish/index.ts'
import type { Target } from '../../repo/index.ts'
import { counted } from '../../text/counted.ts'
import { askYesNo } from '../ask.ts'
import type { yes } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { rehearses } from '../many/change.ts'
import type { TargetFlag, WriterFlag } from '../many/flags.ts'
import { ioOf } from '../many/one.ts'
import { readMany } from '../many/read.ts'
import { counts, errorData, type Outcome, sayJson, shownPath, statusOf } from '../many/report.ts'
import { type Line, sayLines } from '../say.ts'

type Given = Invocation<TargetFlag | WriterFlag | typeof yes>

/** What is uploaded, and where to. */
export interface Prepared {
  readonly to: string
  /** Undefined where nothing will be uploaded, and making it would ask somebody's keys. */
  readonly parcel: Parcel | undefined
}

interface Ready extends Prepared {
  readonly target: Target
}

interface Fared extends Outcome {
  readonly to?: string
}

/**
 * Returns the exit status. A file that cannot be made ready keeps all from being uploaded, unless `--keep-going` says otherwise. What was
 * uploaded cannot be taken back: a failure from then on stops the rest, or with `--keep-going` only that file.
 */
export async function publishMany(
  inv: Given,
  io: Io,
  targets: readonly Target[],
  prepare: (io: Io, target: Target) => Promise<Prepared>,
): Promise<number> {
  if (inv.bool('json') && !inv.bool('yes') && !rehearses(inv))
    throw new SopsError('generic', '--json leaves no room for a question', { hints: ['add --yes, or --dry-run'] })
  const fared = new Map<Target, Fared>()
  const errors: SopsError[] = []
  const note = (target: Target, status: Fared['status'], more: Partial<Fared> = {}): void => {
    const { name, path } = target
    fared.set(target, { ...fared.get(target), name, path, status, ...more })
    if (more.error) errors.push(more.error)
  }
  const ready: Ready[] = []
  const work = (child: Io, target: Target): Promise<Prepared> =>
    prepare({ ...child, say: async (...lines) => sayUnlessJson(inv, io, lines) }, target)
  await readMany(inv, io, { targets, doing: 'preparing' }, work, ({ target, result, error }) => {
    if (result) ready.push({ ...result, target })
    note(target, result ? 'unchanged' : 'failed', result ? { to: result.to } : { ...(error && { error }) })
  })
  refuseOnePlace(ready)
  const isGivenUp = errors.length > 0 && !inv.bool('keep-going')
  if (rehearses(inv)) for (const { target } of ready) note(target, 'changed')
  else if (!isGivenUp && ready.length > 0) {
    if (!(await isAgreed(inv, io, ready))) {
      await io.tell('nothing was published')
      return 0
    }
    await uploadAll(inv, io, ready, note)
  }
  return report(inv, io, [...fared.values()], isGivenUp)
}

const sayUnlessJson = async (inv: Given, io: Io, lines: readonly Line[]): Promise<void> => {
  if (!inv.bool('json')) await sayLines(io.host.stdout, lines)
}

/** Of two files in one place the first would be gone. @throws SopsError `generic`. */
function refuseOnePlace(ready: readonly Ready[]): void {
  const taken = new Map<string, Target>()
  for (const { to, target } of ready) {
    const other = taken.get(to)
    if (other)
      throw new SopsError('generic', `${other.name} and ${target.name} would both be published to ${to}`, {
        hints: ['--recursive publishes each under its path below the current folder'],
      })
    taken.set(to, target)
  }
}

async function isAgreed(inv: Given, io: Io, ready: readonly Ready[]): Promise<boolean> {
  if (inv.bool('yes')) return true
  await sayLines(
    io.host.stdout,
    ready.map(({ to, target }) => `${target.name}: to ${to}`),
  )
  return askYesNo(io, `Publish ${counted(ready.length, 'file')}? (y/n): `)
}

async function uploadAll(
  inv: Given,
  io: Io,
  ready: readonly Ready[],
  note: (target: Target, status: Fared['status'], more?: Partial<Fared>) => void,
): Promise<void> {
  for (const [i, { target, to, parcel }] of ready.entries()) {
    if (!parcel) continue
    io.within(`publishing ${i + 1} of ${ready.length}`)
    const child = ioOf(inv, io, target)
    child.ctx.watch?.({ what: `uploading to ${to}` })
    try {
      await upload(parcel, child.ctx)
      note(target, 'changed')
      child.release()
    } catch (error) {
      if (!(error instanceof SopsError)) throw error
      note(target, 'failed', { error })
      child.release()
      await child.fail(error)
      if (!inv.bool('keep-going')) break
    }
  }
  io.within(undefined)
}

async function report(inv: Given, io: Io, fared: readonly Fared[], isGivenUp: boolean): Promise<number> {
  const errors = fared.flatMap(({ error }) => error ?? [])
  const summary = counts(fared)
  const { changed, unchanged, failed } = summary
  const isRehearsal = rehearses(inv)
  if (inv.bool('json')) {
    const files = fared.map(({ path, status, to, error }) => ({
      path: shownPath(io, path),
      status,
      ...(to === undefined ? {} : { to }),
      ...(error ? { error: errorData(error) } : {}),
    }))
    await sayJson(io, 'publish', files, summary)
  } else if (isRehearsal) {
    const published = fared.filter(({ status }) => status === 'changed')
    await sayLines(
      io.host.stdout,
      published.map(({ name, to }) => `would publish ${name} to ${to}`),
    )
  }
  const verb = isRehearsal ? 'would publish' : 'published'
  const text = [`${verb} ${changed}`, `unchanged ${unchanged}`, ...(failed > 0 ? [`failed ${failed}`] : [])].join(', ')
  if (failed === 0) await io.done(text)
  else if (isRehearsal) await io.tell(text)
  else if (isGivenUp) await io.tell(`${text}: nothing was uploaded`)
  else await io.tell(changed > 0 ? `${text}: what was uploaded stays` : text)
  return statusOf(errors) || (inv.bool('check') && changed > 0 ? 1 : 0)
}
