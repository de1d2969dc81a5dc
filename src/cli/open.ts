// Opens the file that a command changes in place, and saves it.
import type { Config } from '../config/index.ts'
import { fingerprint, type Lock } from '../disk/index.ts'
import type { OpenFile } from '../file/index.ts'
import { lineOf, loadEncrypted, sealFile, warnOfSharedPaths, withOpenFile } from '../file/index.ts'
import type { Format, FormatId } from '../formats/index.ts'
import { loadFormat } from '../formats/index.ts'
import type { KeyService } from '../groups/index.ts'
import type { KeyGroup } from '../keys/index.ts'
import type { Metadata } from '../metadata/index.ts'
import { refuseOthers } from '../metadata/index.ts'
import type { DocumentPlace } from '../tree/documents.ts'
import { formatPath, type Path } from '../tree/path.ts'
import type { MapNode } from '../tree/tree.ts'
import { refuseChange, twinsAlong, twinsAlongSections } from '../tree/twins.ts'
import { checkClear, creationRule } from './cleartext.ts'
import { lockInput, readInput } from './files.ts'
import type { allowCleartext, decryptionOrder, ignoreMac, KeyServiceFlag, TypeFlag } from './flags.ts'
import type { Invocation, Io } from './invocation.ts'
import { absolutePath, configOf, formatsFor, layoutOf, namedFormats, orderOf, servicesOf } from './settings.ts'
import { tellOfWritten } from './target.ts'
import { mustBeFree, mustHoldData, refuseFixedComment, warnOfMisnamed, withinFormat } from './unfit.ts'
import { warnOfDocument, warnOfLandings, warnOfRespelling } from './warnings.ts'

export interface OpenedFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly file: OpenFile
  readonly services: readonly KeyService[]
}

interface OpenerOptions {
  readonly ignoreMac?: boolean
  /** The file will be written again: refuse documents with other metadata before anything is asked for. */
  readonly change?: boolean
  /** Which entries must hold the same data key (`OpenOptions.compare`). */
  readonly compare?: (metadata: Metadata) => readonly KeyGroup[]
}

/** A file as it was read. */
interface InputFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly input: FormatId
}

/** Opens files for one command; its services and order are checked before the file is read (spec/cli.md 13). */
export interface Opener {
  readonly services: readonly KeyService[]
  /** Opens the file for the duration of `use`, then wipes its data key. */
  withOpen<T>(source: InputFile, options: OpenerOptions, use: (opened: OpenedFile) => Promise<T>): Promise<T>
}

export async function openerOf(inv: Invocation<typeof decryptionOrder | KeyServiceFlag>, io: Io): Promise<Opener> {
  const services = await servicesOf(inv, io)
  const order = orderOf(inv)
  return {
    services,
    withOpen: async ({ path, bytes, input }, options, use) => {
      const loaded = await loadEncrypted(bytes, input, io.ctx.watch)
      if (options.change === true) refuseOthers(loaded.others)
      const means = {
        services,
        ...order,
        ignoreMac: options.ignoreMac ?? false,
        log: io.ctx.log,
        audit: { context: io.ctx, file: path },
        ...(options.compare ? { compare: { groups: options.compare(loaded.metadata) } } : {}),
      }
      return withOpenFile(loaded, means, (file) => use({ path, bytes, file, services }))
    },
  }
}

export const read = (io: Io, path: string): Promise<Uint8Array> => readInput(io, path)

/** The flags of a command that changes one value. */
type ChangeFlag = TypeFlag | typeof ignoreMac | typeof allowCleartext | typeof decryptionOrder | KeyServiceFlag

/** What to do with the value at a path. */
export interface InPlaceChange {
  readonly path: Path
  /** Which document the path means: `documentFor` or `documentWith`. */
  readonly find: (documents: readonly MapNode[], path: Path) => DocumentPlace
  /** The new document for the format that is written, or undefined to leave the file as it is. */
  readonly make: (root: MapNode, format: Format, file: Pick<OpenFile, 'format' | 'parsed'>) => MapNode | undefined
  /** For the line about it: `set`, or `removed` … `from`. */
  readonly done: readonly [verb: 'set' | 'removed', preposition: string]
}

/**
 * Opens a file, changes the document that the path means, and saves the file in place, unless somebody else has changed it since it was
 * read. Concurrent calls wait for one another. `prepare` is called before the file is read.
 */
export async function changeInPlace(
  inv: Invocation<ChangeFlag>,
  io: Io,
  name: string,
  prepare: () => Promise<InPlaceChange>,
): Promise<void> {
  io.about(name)
  const path = absolutePath(io.ctx, name)
  const config = await configOf(inv, io)
  const change = await prepare()
  const opener = await openerOf(inv, io)
  // A run over many files locks each when it writes it.
  const lock = io.many ? undefined : await lockInput(io, path)
  try {
    await changeLocked(inv, io, { name, path, config, change, opener, lock })
  } finally {
    lock?.release()
  }
}

interface Job {
  /** As the user named it. */
  readonly name: string
  readonly path: string
  readonly config: Config | undefined
  readonly change: InPlaceChange
  readonly opener: Opener
  readonly lock: Lock | undefined
}

async function changeLocked(
  inv: Invocation<ChangeFlag>,
  io: Io,
  { name, path, config, change, opener, lock }: Job,
): Promise<void> {
  const { ctx } = io
  const { path: steps, find, make } = change
  const [verb, preposition] = change.done
  const bytes = await readInput(io, path, { inPlace: true })
  const formats = formatsFor(namedFormats(inv), path, bytes)
  const options = { ignoreMac: inv.bool('ignore-mac'), change: true }
  await opener.withOpen({ path, bytes, input: formats.input }, options, async ({ file }) => {
    const documents = file.plain.documents.length > 0 ? file.plain.documents : [{ kind: 'map' as const, items: [] }]
    const place = find(documents, steps)
    const output = await loadFormat(formats.output)
    const along = file.format.id === 'ini' ? twinsAlongSections : twinsAlong
    refuseChange(along(documents[place.at]!, steps), lineOf(file))
    refuseFixedComment(documents[place.at]!, steps, file)
    const document = make(documents[place.at]!, output, file)
    if (document === undefined) {
      ctx.log({ level: 'info', logger: 'CMD', message: 'File is unchanged, not writing to file' })
      return io.done(`left ${name} as it was: nothing to change at ${formatPath(steps)}`)
    }
    const plain = { documents: documents.with(place.at, document) }
    mustBeFree(plain, output, steps)
    mustHoldData(plain, output)
    await ctx.audit?.({ action: 'encrypt', file: path })
    const input = { ...file, plain, allowCleartext: true }
    const layout = layoutOf(inv, config, formats)
    const sealed = withinFormat(output.id, documents[place.at]!, steps, () =>
      sealFile(input, output, ctx.now(), layout),
    )
    await checkClear({ ...input, sealed }, inv, io, creationRule(config, path, ctx))
    warnOfRespelling(sealed, ctx)
    warnOfSharedPaths(plain, file.selection, ctx.log, file.plain)
    await io.write(path, sealed.bytes, { what: 'in-place file', expect: fingerprint(bytes), lock })
    tellOfWritten(io)
    warnOfMisnamed(path, output.id, ctx)
    warnOfLandings(documents[place.at]!, steps, verb, ctx)
    warnOfDocument(documents, steps, place, 'changed', ctx)
    await io.done(`${verb} ${formatPath(steps)} ${preposition} ${name}`)
  })
}
