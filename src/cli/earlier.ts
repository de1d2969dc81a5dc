// The encrypted version of a file that stands there in clear: encrypting over it changes what changed, and no more.
import { type Context, memoKey } from '../context/index.ts'
import { placeOf, SopsError } from '../errors.ts'
import type { Draft } from '../file/index.ts'
import { type EncryptionSettings, loadEncrypted, type SealedOver, sealOver, withOpenFile } from '../file/index.ts'
import type { FormatId, Layout } from '../formats/index.ts'
import { type KeyService, localKeyService } from '../groups/index.ts'
import { contextAtHand } from '../keys/index.ts'
import { hintsFor } from './file-hints.ts'
import { readInput } from './files.ts'
import { type BoolFlag, bool, type StringFlag, string } from './flag.ts'
import type { inPlace } from './flags.ts'
import type { Invocation, Io } from './invocation.ts'
import { absolutePath, formatsFor } from './settings.ts'
import type { TargetFile } from './target.ts'
import { trackedVersion } from './tracked.ts'

type EarlierFlag = BoolFlag<'fresh'> | StringFlag<'into'>

export const earlierFlags: readonly EarlierFlag[] = [
  bool('fresh', 'encrypt every value anew, whatever version Git has'),
  string('into', 'keep the data key and what did not change of this encrypted version', { value: 'OLD', path: true }),
]

/** @throws SopsError `generic` where one flag wants an earlier version and another none. */
export function refuseContradiction(inv: Invocation<EarlierFlag>): void {
  if (inv.string('into') === '' || !inv.bool('fresh')) return
  throw new SopsError('generic', '--into goes by an earlier version, and --fresh by none: give one of them')
}

/** An encrypted version, and what may open it. */
interface Earlier {
  readonly path: string
  readonly bytes: Uint8Array
  readonly services: readonly KeyService[]
}

/** What is encrypted, and how. */
interface SealedNow {
  readonly target: TargetFile
  readonly draft: Draft
  readonly output: FormatId
  readonly settings: EncryptionSettings
  readonly services: readonly KeyService[]
  readonly layout: Layout
}

/**
 * The file sealed over its earlier version: `--into`, or for `--in-place` what the index or HEAD has of it, if a key for that lies ready.
 * Undefined where there is none to go by.
 * @throws SopsError when the one that is named cannot be read or opened, or as `sealOver`.
 */
export async function sealOverEarlier(
  inv: Invocation<EarlierFlag | typeof inPlace>,
  io: Io,
  { target, draft, output, settings, services, layout }: SealedNow,
): Promise<SealedOver | undefined> {
  const named = inv.string('into')
  const earlier = named === '' ? await fromGit(inv, io, target) : await fromFile(io, named, services)
  if (earlier === undefined) return undefined
  const { input } = formatsFor({}, target.typePath, earlier.bytes)
  if (draft.format.id !== output || input !== output) {
    if (named !== '') warnOfFormats(io, named, [draft.format.id, output, input])
    return undefined
  }
  const { keyGroups: groups, shamirThreshold: threshold } = settings
  let isOpen = false
  const seal = async (): Promise<SealedOver | undefined> => {
    const audit = { context: io.ctx, file: earlier.path }
    const options = { services: earlier.services, audit }
    return withOpenFile(await loadEncrypted(earlier.bytes, input), options, (file) => {
      isOpen = true
      return sealOver(file, draft, { settings, recipients: { groups, threshold, services }, now: io.ctx.now(), layout })
    })
  }
  if (named !== '') {
    return seal().catch((error: unknown) => {
      throw isOpen ? error : ofNamed(error, io, named)
    })
  }
  const over = await seal().catch(afresh)
  // Whoever can write to the repository could have planted a version under a data key of their own, but without values that are still right.
  return over && (over.kept > 0 || over.isNewKey || over.sealed === undefined) ? over : undefined
}

function warnOfFormats({ ctx }: Io, named: string, [from, to, earlier]: readonly [FormatId, FormatId, FormatId]): void {
  const message = `--into ${named} is set aside, and every value encrypted anew: ${from} becomes ${to}, and the earlier version is ${earlier}`
  ctx.log({ level: 'warning', logger: 'CMD', message })
}

/** Where no key for the earlier version is at hand, or it was changed without one, it is nothing to go by. */
function afresh(error: unknown): undefined {
  const codes: readonly string[] = ['no-data-key', 'mac-mismatch', 'cannot-decrypt-tree', 'parse', 'generic']
  if (error instanceof SopsError && codes.includes(error.code) && !error.details.wrapErrors) return undefined
  throw error
}

async function fromFile(io: Io, named: string, services: readonly KeyService[]): Promise<Earlier> {
  const bytes = await readInput(io, named).catch((error: unknown) => {
    throw ofNamed(error, io, named)
  })
  return { path: absolutePath(io.ctx, named), bytes, services }
}

/** The error about what `--into` names, which is not the file that is being encrypted. */
function ofNamed(error: unknown, io: Io, named: string): unknown {
  if (!(error instanceof SopsError)) return error
  io.about(undefined)
  const [first, ...more] = error.lines
  const hints =
    error.code === 'no-data-key'
      ? hintsFor(named, error.hints)
      : ['--into names an encrypted file, of which the data key and what did not change are kept']
  const { details, cause = error } = error
  return new SopsError(error.code, [`--into ${named}: ${first}`, ...more], {
    ...placeOf(error),
    hints,
    details,
    cause,
  })
}

async function fromGit(
  inv: Invocation<EarlierFlag | typeof inPlace>,
  io: Io,
  { file }: TargetFile,
): Promise<Earlier | undefined> {
  if (file === undefined || !inv.bool('in-place') || inv.bool('fresh')) return undefined
  const bytes = await trackedVersion(file, io).catch(() => undefined)
  return bytes && { path: file, bytes, services: [earlierService(io)] }
}

/** What opens earlier versions. */
export const earlierService = ({ many, ctx }: Pick<Io, 'many' | 'ctx'>): KeyService =>
  many ? many.earlier(earlierServiceOf) : earlierServiceOf(ctx)

const earlierServiceOf = (ctx: Context): KeyService => localKeyService(atHand(ctx))

/** Encrypting asks for no passphrase, and no network but that of its recipients. One memory serves all files of a run. */
const atHand = (ctx: Context): Context =>
  ctx.once(quietContext, () => ({
    ...contextAtHand(ctx),
    localOnly: async () => 'an earlier version is opened with keys of this machine only',
  }))

const quietContext = memoKey<Context>('keys at hand for earlier versions')
