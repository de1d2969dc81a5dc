// Runs a command that writes over many files: first everything is computed and lies ready, then all of it is put in place, or none.
import { inOrder } from '../../context/index.ts'
import { type Batch, type Change, makeBatch, mustBeAsRead } from '../../disk/index.ts'
import { SopsError, withHints } from '../../errors.ts'
import type { Target } from '../../repo/index.ts'
import { askYesNo } from '../ask.ts'
import type { EachWork } from '../command.ts'
import type { IntFlag } from '../flag.ts'
import type { KeyServiceFlag } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import type { Line } from '../say.ts'
import { absolutePath } from '../settings.ts'
import type { WriterFlag } from './flags.ts'
import { ioOf } from './one.ts'
import { counts, errorData, type Outcome, sayJson, shownPath, statusOf } from './report.ts'
import { type SharedWork, startThreads, type Threads } from './threads.ts'

type Given = Invocation<IntFlag<'jobs'> | WriterFlag | KeyServiceFlag>

/** A command over many files. */
export interface ChangeRun<Inv> {
  readonly targets: readonly Target[]
  readonly work: EachWork<Inv>
  /** Present where `work` is the command's `each`. */
  readonly shared?: SharedWork
  /** `rotating`, `rotated`, `rotate`: what is done, was done, would be done. */
  readonly verbs: readonly [doing: string, done: string, would: string]
  /** Called when all is in place, or nothing is, with the paths of the files that changed or would have. */
  readonly settled?: (isWritten: boolean, paths: readonly string[]) => Promise<void>
}

/** Files at a time, for what waits on networks. */
const usualJobs = 16

export const jobsOf = (inv: Invocation<IntFlag<'jobs'>>): number => Math.max(1, inv.int('jobs') ?? usualJobs)

export const rehearses = (inv: Invocation<WriterFlag>): boolean => inv.bool('dry-run') || inv.bool('check')

/**
 * Returns the exit status. A failure leaves all files as they were, unless `--keep-going` says otherwise; each is reported. `--dry-run` and
 * `--check` write nothing.
 */
export async function changeMany<Inv extends Given>(inv: Inv, io: Io, run: ChangeRun<Inv>): Promise<number> {
  const batch = makeBatch(io.host)
  const how = { batch, rehearsal: rehearses(inv), agreed: false }
  try {
    return await finish(inv, io, run, { ...how, outcomes: await workThrough(inv, io, run, how) })
  } finally {
    await batch.discard()
  }
}

/**
 * The same for a command that asks before it changes anything: once, for all files, when it has shown what will change.
 * @param question of the number of files that will change.
 */
export async function changeManyIf<Inv extends Given>(
  inv: Inv,
  io: Io,
  run: ChangeRun<Inv>,
  question: (changed: number) => string,
): Promise<number> {
  const batch = makeBatch(io.host)
  const rehearsal = { batch, rehearsal: true, agreed: false }
  const outcomes = await workThrough(inv, io, run, rehearsal)
  const { changed, failed } = counts(outcomes)
  const isGivenUp = failed > 0 && !inv.bool('keep-going')
  if (changed === 0 || isGivenUp) return finish(inv, io, run, { batch, rehearsal: false, agreed: false, outcomes })
  if (!(await askYesNo(io, question(changed)).catch(withoutAnswer))) {
    await io.tell('nothing was changed')
    return 0
  }
  const targets = run.targets.filter((_, i) => outcomes[i]!.status === 'changed')
  const how = { batch, rehearsal: false, agreed: true }
  try {
    const done = await workThrough(inv, io, { ...run, targets }, how)
    const rest = outcomes.filter(({ status }) => status !== 'changed')
    return await finish(inv, io, run, { ...how, outcomes: [...done, ...rest] })
  } finally {
    await batch.discard()
  }
}

/** Where stdin has no answer, as in a script. */
function withoutAnswer(error: unknown): never {
  throw error instanceof SopsError && error.message === 'EOF' ? withHints(error, ['--yes answers it']) : error
}

/** How each file fared; failures are reported as they come, in the order of the files. */
async function workThrough<Inv extends Given>(
  inv: Inv,
  io: Io,
  run: ChangeRun<Inv>,
  how: Run,
): Promise<readonly Outcome[]> {
  const { targets, verbs } = run
  const outcomes: Outcome[] = []
  /** What will be written, and the place of its outcome. */
  const changes = new Map<Change, number>()
  const tell = (): void => {
    io.about(targets[outcomes.length]?.name)
    io.within(`${verbs[0]} ${Math.min(outcomes.length + 1, targets.length)} of ${targets.length}`)
  }
  tell()
  const jobs = jobsOf(inv)
  const threads = await startThreads(inv, io, { files: targets.length, jobs, shared: run.shared })
  const one = (target: Target): Promise<Taken> => workOn(inv, io, run, { ...how, target, threads })
  try {
    for await (const { child, outcome, said, change } of inOrder(targets, jobs, one, { ahead: 64 })) {
      if (!inv.bool('json')) for (const line of said) await io.say(line)
      child.release()
      if (outcome.error) await child.fail(outcome.error)
      if (change) changes.set(change, outcomes.length)
      outcomes.push(outcome)
      tell()
    }
  } finally {
    threads?.end()
  }
  for (const { change, error } of await how.batch.flush()) {
    const at = changes.get(change)!
    outcomes[at] = { ...outcomes[at]!, status: 'failed', error }
    io.about(outcomes[at].name)
    await io.fail(error)
  }
  io.about(undefined)
  io.within(undefined)
  return outcomes
}

interface Taken {
  readonly child: Io
  readonly outcome: Outcome
  /** What it had to say on stdout. */
  readonly said: readonly Line[]
  /** What will be written. */
  readonly change?: Change | undefined
}

interface Run {
  readonly batch: Batch
  readonly rehearsal: boolean
  readonly agreed: boolean
}

async function workOn<Inv extends Given>(
  inv: Inv,
  io: Io,
  { work }: ChangeRun<Inv>,
  {
    target,
    batch,
    rehearsal,
    agreed,
    threads,
  }: Run & { readonly target: Target; readonly threads: Threads | undefined },
): Promise<Taken> {
  const { name, path } = target
  const said: Line[] = []
  let status: Outcome['status'] = 'unchanged'
  let change: Change | undefined
  const wouldChange = (): void => {
    status = 'changed'
  }
  const child = ioOf(inv, io, target, { rehearsal, agreed, wouldChange })
  const own: Io = {
    ...child,
    tell: async () => {},
    say: async (...lines) => {
      for (const line of lines) said.push(line)
    },
    write: async (to, content, { expect } = {}) => {
      wouldChange()
      if (rehearsal) return
      if (expect === undefined || expect === 'absent') throw tooLarge()
      const absolute = absolutePath(io.ctx, to)
      const next = { path: absolute, content, check: () => mustBeAsRead(absolute, expect) }
      await batch.add(next)
      change = next
    },
  }
  try {
    if (!(await threads?.work(target, own, { rehearsal, agreed }))) await work({ ...inv, positionals: [name] }, own)
    return { child, said, change, outcome: { name, path, status } }
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    const isLocked = rehearsal && error.code === 'no-data-key'
    const failure = isLocked ? withHints(error, [unopenedHint]) : error
    return { child, said, change, outcome: { name, path, status: 'failed', error: failure } }
  }
}

const unopenedHint =
  '--dry-run and --check ask for nothing and open files with keys that lie ready; without them you may be asked'

/** What is written in pieces is known by no fingerprint. */
const tooLarge = (): SopsError =>
  new SopsError('generic', 'the file is too large to be one of many', { hints: ['name it alone'] })

interface Finished extends Run {
  readonly outcomes: readonly Outcome[]
}

async function finish<Inv extends Given>(
  inv: Inv,
  io: Io,
  { verbs: [, done, would], settled }: ChangeRun<Inv>,
  { outcomes, batch, rehearsal }: Finished,
): Promise<number> {
  const errors = outcomes.flatMap(({ error }) => error ?? [])
  const isGivenUp = errors.length > 0 && !inv.bool('keep-going')
  const left = isGivenUp && !rehearsal ? outcomes.map(asItWas) : outcomes
  const paths = outcomes.flatMap(({ path, status }) => (status === 'changed' ? [path] : []))
  if (!isGivenUp && !rehearsal) {
    await batch.commit()
    await settled?.(true, paths)
  } else if (!rehearsal) await settled?.(false, paths)
  const summary = counts(left)
  if (inv.bool('json')) {
    const files = left.map(({ path, status, error }) => ({
      path: shownPath(io, path),
      status,
      ...(error ? { error: errorData(error) } : {}),
    }))
    await sayJson(io, inv.command.join(' '), files, summary)
  }
  const { changed, unchanged, failed } = summary
  const verb = rehearsal ? `would ${would}` : done
  const text = [`${verb} ${changed}`, `unchanged ${unchanged}`, ...(failed > 0 ? [`failed ${failed}`] : [])].join(', ')
  if (rehearsal && !inv.bool('json'))
    for (const { name, status } of left) if (status === 'changed') await io.say(`would ${would} ${name}`)
  if (failed > 0) await io.tell(isGivenUp && !rehearsal ? `${text}: nothing was written` : text)
  else await io.done(text)
  return statusOf(errors) || (inv.bool('check') && changed > 0 ? 1 : 0)
}

const asItWas = (outcome: Outcome): Outcome =>
  outcome.status === 'changed' ? { ...outcome, status: 'unchanged' } : outcome
