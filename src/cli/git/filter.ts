// What the filter of Git makes of one file: ciphertext for the repository, plaintext for the work tree.
import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import { orDefault } from '../../cipher/index.ts'
import { type Config, matchCreationRule } from '../../config/index.ts'
import type { Context, LogLine } from '../../context/index.ts'
import { messageOf, SopsError, withHints } from '../../errors.ts'
import {
  emitPlain,
  loadEncrypted,
  type OpenFile,
  parsePlain,
  refuseSealed,
  type SealOutput,
  sealNew,
  sealOver,
  withNewFile,
  withOpenFile,
} from '../../file/index.ts'
import { loadFormat } from '../../formats/index.ts'
import { type KeyService, sharedServices } from '../../groups/index.ts'
import { markedApart, readMarkers, type UnmarkedTexts } from '../../merge/index.ts'
import { looksEncrypted } from '../../repo/index.ts'
import { conflictHint, conflictLine, conflictText } from '../../text/conflict.ts'
import { shellWord } from '../../text/quote.ts'
import { decryptionOrder, type KeyServiceFlag, keyServices, networkKeys } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { localOnly } from '../local-only.ts'
import { configFor } from '../many/targets.ts'
import { formatsFor, orderOf, servicesOf } from '../settings.ts'
import { warnOfCleartext, warnOfRespelling } from '../warnings.ts'
import { openVersions, type Versions } from './versions.ts'

export const filterFlags: readonly (KeyServiceFlag | typeof decryptionOrder | typeof networkKeys)[] = [
  decryptionOrder,
  networkKeys,
  ...keyServices,
]
type Given = Invocation<(typeof filterFlags)[number]>

/** Both take the path from the top of the work tree. */
export interface Filter {
  /** From the work tree to the repository. @throws SopsError for what must not get there as it is, and what cannot be encrypted. */
  clean(path: string, bytes: Uint8Array): Promise<Uint8Array>
  /** From the repository to the work tree: as it is where it cannot be opened, which is said. */
  smudge(path: string, bytes: Uint8Array): Promise<Uint8Array>
}

/** Git reads these itself, whatever attributes say of the folder that they are in. */
const isOfGit = (path: string): boolean =>
  ['.sops.yaml', '.gitattributes', '.gitignore', '.gitmodules', '.gitkeep', '.mailmap'].includes(basename(path))

const isSame = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0

/** Nobody is asked anything: git runs filters at any time, also for a prompt of the shell. */
function quietContext(inv: Given, ctx: Context): { readonly ctx: Context; readonly refusal: () => string | undefined } {
  const local = localOnly(inv, ctx)
  const quiet: Context = {
    ...ctx,
    unattended: true,
    prompt: async () => undefined,
    log: () => {},
    watch: undefined,
    localOnly: local.ask,
  }
  return { ctx: quiet, refusal: () => local.refusal }
}

/** One run of Git. */
export async function openFilter(inv: Given, io: Io): Promise<Filter> {
  const { ctx: quiet, refusal } = quietContext(inv, io.ctx)
  const shared = sharedServices(await servicesOf(inv, { ctx: quiet }))
  io.host.onCleanup(shared.wipe)
  const run = new Run(inv, io, { quiet, refusal, services: shared.services, ...orderOf(inv) })
  return { clean: (path, bytes) => run.clean(path, bytes), smudge: (path, bytes) => run.smudge(path, bytes) }
}

interface Means {
  readonly quiet: Context
  readonly refusal: () => string | undefined
  readonly services: readonly KeyService[]
  readonly order?: readonly string[]
}

/** What a plaintext stands for in the repository. */
interface Known {
  readonly plain: string
  readonly sealed: Uint8Array
}

/** Of large files only few are worth keeping. */
const mostKept = 64 * 2 ** 20

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64')

class Run implements Filter {
  readonly #inv: Given
  readonly #io: Io
  readonly #means: Means
  #versions: Promise<Versions> | undefined
  /**
   * By path, what this run has made or opened: git may ask twice for the same content, as for `git commit FILE`, and must get the same
   * answer, also before the index has it.
   */
  readonly #known = new Map<string, Known>()
  #kept = 0
  #isWarned = false

  constructor(inv: Given, io: Io, means: Means) {
    this.#inv = inv
    this.#io = io
    this.#means = means
  }

  async smudge(path: string, bytes: Uint8Array): Promise<Uint8Array> {
    if (bytes.length === 0 || isOfGit(path) || !looksEncrypted(bytes)) return bytes
    try {
      const sides = readMarkers(bytes)
      if (sides) return await this.#smudgedConflict(path, sides)
      const plain = await this.#opened(path, bytes, async (file) => emitPlain(file, file.format.id, {}))
      if (looksEncrypted(plain))
        throw new SopsError(
          'already-encrypted',
          'its plaintext is an encrypted file itself, which would not be told from it',
          { hints: ['sops decrypt FILE shows it'] },
        )
      this.#remember(path, plain, bytes)
      return plain
    } catch (error) {
      this.#warn(path, bytes, error)
      return bytes
    }
  }

  /**
   * What a merge left to decide, in clear like all else in the work tree. The MAC is that of ours; what theirs has between the markers is
   * proven value by value, and `clean` takes no text with markers.
   */
  async #smudgedConflict(path: string, { ours, theirs, labels }: UnmarkedTexts): Promise<Uint8Array> {
    const text = (bytes: Uint8Array, ignoreMac: boolean): Promise<Uint8Array> =>
      this.#opened(path, bytes, async (file) => emitPlain(file, file.format.id, {}), ignoreMac)
    return markedApart({ ours: await text(ours, false), theirs: await text(theirs, true) }, labels)
  }

  async clean(path: string, bytes: Uint8Array): Promise<Uint8Array> {
    if (bytes.length === 0 || isOfGit(path) || (await isEncryptedFile(path, bytes))) return bytes
    this.#versions ??= openVersions(this.#io)
    const versions = await this.#versions
    const plain = digest(bytes)
    let failure: SopsError | undefined
    let over: Uint8Array | undefined
    for await (const version of versions.of(path)) {
      if (isSame(version, bytes)) return bytes
      if (!looksEncrypted(version)) continue
      const known = this.#known.get(path)
      if (known?.plain === plain && isSame(known.sealed, version)) return version
      const outcome = await this.#compare(path, version, bytes)
      if (outcome === 'same') return version
      if (outcome === 'other') over ??= version
      else failure ??= outcome
    }
    const known = this.#known.get(path)
    if (known?.plain === plain) return known.sealed
    refuseConflict(bytes)
    if (over === undefined && failure !== undefined) await this.#mayStartAfresh(versions, path, failure)
    const sealed =
      (over && (await this.#sealedOver(path, over, bytes))) ?? (await this.#sealedNew(versions, path, bytes))
    this.#remember(path, bytes, sealed)
    return sealed
  }

  /** Whether a version is that of the plaintext, or of another one; or why it cannot be opened. */
  async #compare(path: string, version: Uint8Array, bytes: Uint8Array): Promise<'same' | 'other' | SopsError> {
    const isOf = (sealed: Uint8Array): Promise<boolean> =>
      this.#opened(path, sealed, async (file) => isSame(await emitPlain(file, file.format.id, {}), bytes))
    try {
      if (await isOf(version)) return 'same'
      // Git converts line ends behind the filter on the way out, and before it on the way in.
      const [text, old] = [bytes, version].map((one) => Buffer.from(one).toString('latin1'))
      const isConverted = text!.includes('\r\n') && !old!.includes('\r')
      const windows = isConverted ? Buffer.from(old!.replaceAll('\n', '\r\n'), 'latin1') : undefined
      return windows !== undefined && (await isOf(windows)) ? 'same' : 'other'
    } catch (error) {
      if (error instanceof SopsError) return error
      throw error
    }
  }

  async #opened<T>(
    path: string,
    bytes: Uint8Array,
    use: (file: OpenFile) => Promise<T>,
    ignoreMac = false,
  ): Promise<T> {
    const { quiet, services, order } = this.#means
    const { input } = formatsFor({}, path, bytes)
    const options = { services, ...(order ? { order } : {}), ignoreMac, audit: { context: quiet, file: path } }
    return withOpenFile(await loadEncrypted(bytes, input), options, use)
  }

  /** Undefined where the earlier version is none to go by. */
  #sealedOver(path: string, version: Uint8Array, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#opened(path, version, async (file) => {
      const { metadata, format } = file
      const draft = parsePlain(bytes, format, format, { earlier: file.plain })
      const settings = { selection: metadata.selection, macOnlyEncrypted: metadata.macOnlyEncrypted }
      const made = await sealOver(file, draft, { settings, now: this.#io.ctx.now(), layout: {} })
      if (made?.sealed) this.#warnOfSealed(path, made.sealed, made.sealed.selection)
      return made?.bytes
    })
  }

  async #sealedNew({ top }: Versions, path: string, bytes: Uint8Array): Promise<Uint8Array> {
    const { quiet, services } = this.#means
    const whole = join(top, path)
    const { input: id } = formatsFor({}, path, Buffer.alloc(0))
    const config = await this.#config(top, path)
    if (!config?.creationRules)
      throw new SopsError(
        'generic',
        'the attribute filter=sops wants it encrypted, and no configuration says for whom',
        {
          hints: ['add a creation rule for it to .sops.yaml, or take the attribute from it'],
        },
      )
    const rule = await matchCreationRule(config, whole, quiet, { refuses: true })
    const isBinary = id === 'binary'
    const settings = {
      keyGroups: rule.keyGroups,
      shamirThreshold: rule.shamirThreshold,
      selection: isBinary ? {} : orDefault(rule.selection),
      macOnlyEncrypted: !isBinary && rule.macOnlyEncrypted,
    }
    const format = await loadFormat(id)
    await refuseSealed(bytes, id)
    const draft = parsePlain(bytes, format, format)
    return withNewFile(settings, services, async (file) => {
      await quiet.audit?.({ action: 'encrypt', file: whole })
      const sealed = sealNew(file, draft, format, this.#io.ctx.now(), {})
      this.#warnOfSealed(path, sealed, file.selection)
      return sealed.bytes
    }).catch((error: unknown) => {
      const why = this.#means.refusal()
      throw error instanceof SopsError && why !== undefined ? withHints(error, [why]) : error
    })
  }

  #config(top: string, path: string): Promise<Config | undefined> {
    return configFor(this.#inv, this.#io, join(top, path))
  }

  /** @throws SopsError as it failed, unless the configuration has files encrypted anew by whoever has no key for them. */
  async #mayStartAfresh({ top }: Versions, path: string, failure: SopsError): Promise<void> {
    const config = failure.code === 'no-data-key' ? await this.#config(top, path) : undefined
    if (config?.own.filter?.without_key === 'fresh') return
    const why = this.#means.refusal()
    const file = shellWord(path)
    const hints =
      failure.code === 'no-data-key'
        ? [
            ...(why === undefined ? [] : [why]),
            `its plaintext is encrypted over it, which takes a key; without one, take the ciphertext: rm ${file}; git checkout -- ${file}`,
            'x-sops-ts.filter.without_key: fresh in .sops.yaml has it encrypted anew, for the recipients of its creation rule',
          ]
        : failure.hints
    throw new SopsError('generic', `the version that git has of it cannot be opened: ${shortText(failure)}`, {
      hints,
      cause: failure,
    })
  }

  #remember(path: string, plain: Uint8Array, sealed: Uint8Array): void {
    this.#kept += sealed.length - (this.#known.get(path)?.sealed.length ?? 0)
    this.#known.set(path, { plain: digest(plain), sealed: Uint8Array.from(sealed) })
    for (const [old, { sealed: bytes }] of this.#known) {
      if (this.#kept <= mostKept) return
      this.#known.delete(old)
      this.#kept -= bytes.length
    }
  }

  #warnOfSealed(path: string, sealed: SealOutput, selection: Parameters<typeof warnOfCleartext>[1]): void {
    const { ctx } = this.#io
    const named = { ...ctx, log: (line: LogLine): void => ctx.log({ ...line, message: `${path}: ${line.message}` }) }
    warnOfCleartext(sealed, selection, named)
    warnOfRespelling(sealed, named)
  }

  /** A key that is missing is missing for many files, and said once. */
  #warn(path: string, bytes: Uint8Array, error: unknown): void {
    const isKey = error instanceof SopsError && error.code === 'no-data-key'
    if (isKey && this.#isWarned) return
    if (isKey) this.#isWarned = true
    const line = conflictLine(bytes)
    const why =
      line === undefined ? (error instanceof SopsError ? shortText(error) : messageOf(error)) : conflictText(line)
    const also = isKey ? ', like others that no key at hand opens' : ''
    const refusal = isKey ? this.#means.refusal() : undefined
    const message = `${path} stays encrypted${also}: ${why}${refusal === undefined ? '' : `; ${refusal}`}`
    this.#io.ctx.log({ level: 'warning', logger: 'CMD', message })
  }
}

const shortText = ({ lines: [first = ''] }: SopsError): string => first.replace(/[.:]$/, '')

/** @throws SopsError `generic`: nobody means to commit both sides. */
function refuseConflict(bytes: Uint8Array): void {
  const line = conflictLine(bytes)
  if (line === undefined) return
  throw new SopsError('generic', conflictText(line), { hints: [conflictHint] })
}

/** Text that only looks like it, such as a manual with an example, is a plain file. */
async function isEncryptedFile(path: string, bytes: Uint8Array): Promise<boolean> {
  if (!looksEncrypted(bytes)) return false
  const file = await loadEncrypted(bytes, formatsFor({}, path, bytes).input).catch(() => undefined)
  return file !== undefined && file.metadata.mac !== ''
}
