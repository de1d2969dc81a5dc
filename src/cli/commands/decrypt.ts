// `sops decrypt`: decrypts a file or standard input, whole or one value of it.

import { isUtf8 } from 'node:buffer'
import { SopsError, withHints } from '../../errors.ts'
import type { OpenFile, OpenOptions } from '../../file/index.ts'
import {
  emitPlain,
  lineOf,
  loadEncrypted,
  loadLargeBinary,
  refuseToConvert,
  warnOfOneDocument,
  withOpenFile,
} from '../../file/index.ts'
import type { FormatId, Layout } from '../../formats/index.ts'
import { loadFormat } from '../../formats/index.ts'
import type { Target } from '../../repo/index.ts'
import { fileWord, shellWord } from '../../text/quote.ts'
import { documentsText, documentsWith } from '../../tree/documents.ts'
import { formatPath, nodeAt, type Path, parsePath } from '../../tree/path.ts'
import { toObject } from '../../tree/plain.ts'
import type { MapNode, Node } from '../../tree/tree.ts'
import { findTwins, refuseChoice, twinsAlong } from '../../tree/twins.ts'
import { type Command, command } from '../command.ts'
import { noFile } from '../extra-words.ts'
import { readInput } from '../files.ts'
import {
  decryptionOrder,
  extract as extractFlag,
  filenameOverride,
  ignoreMac,
  inPlace,
  keyServices,
  output,
  quoteAmbiguous,
  types,
} from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { inputInMemory, isLarge, type LargeInput, openIfLarge, writeLarge } from '../large.ts'
import { changeMany } from '../many/change.ts'
import { targetFlags, writerFlags } from '../many/flags.ts'
import { decryptMany, type Plaintext, plaintextFlags, refusePlaces, rehearsesWriting } from '../many/plaintexts.ts'
import { encryptedTargets, isByFlag, isSingle } from '../many/targets.ts'
import { nearKeyHints } from '../near-key.ts'
import { nameOf, openedText } from '../outcome.ts'
import {
  absolutePath,
  configOf,
  formatsFor,
  formatsOf,
  namedFormats,
  orderOf,
  plainLayoutOf,
  servicesOf,
} from '../settings.ts'
import { mustExist, readTarget, type TargetFile, targetOf, withInput, writeResult } from '../target.ts'
import { warnOfMisnamed } from '../unfit.ts'
import { warnOfDocument, warnOfLandings, warnOfLayout, warnOfReaders } from '../warnings.ts'
import { isFile, isIndex } from '../word-order.ts'

const flags = [
  inPlace,
  extractFlag,
  output,
  ...types,
  quoteAmbiguous,
  ignoreMac,
  filenameOverride,
  decryptionOrder,
  ...keyServices,
  ...targetFlags,
  ...plaintextFlags,
  ...writerFlags,
] as const
type Given = Invocation<(typeof flags)[number]>

export const decrypt: Command = command({
  args: '[FILE...]',
  files: true,
  flags,
  examples: [
    'sops decrypt secrets.yaml',
    'sops decrypt --extract \'["db"]["password"]\' secrets.yaml',
    'sops decrypt --output-type json secrets.yaml',
    'sops decrypt --filename-override x.yaml < secrets.yaml',
  ],
  root: ['config', 'indent'],
  each: () => decryptInPlace,
  run,
})

async function run(inv: Given, io: Io): Promise<number> {
  refusePlaces(inv)
  const isReport = inv.string('output-dir') !== '' || inv.bool('json') || rehearsesWriting(inv)
  const isOne = isSingle(inv, io) && !isReport
  if (isOne) return decryptOne(inv, io)
  refuseIndex(inv, io)
  if (inv.given('extract'))
    throw new SopsError('generic', '--extract is for one file', { hints: ['--json prints the values of several'] })
  if (inv.positionals.length === 0 && !isByFlag(inv)) throw noFile(inv)
  const targets = await encryptedTargets(inv, io)
  if (!inv.bool('in-place')) return decryptMany(inv, io, targets, (child, target) => plaintextOf(inv, child, target))
  const verbs = ['decrypting', 'decrypted', 'decrypt'] as const
  return changeMany(inv, io, { targets, work: decryptInPlace, shared: {}, verbs })
}

async function decryptInPlace(inv: Given, io: Io): Promise<void> {
  await decryptOne(inv, io)
}

/** A second word that is an index asks for one value: all of them in its place would be too much. @throws SopsError `generic`. */
function refuseIndex({ positionals }: Given, { host }: Io): void {
  const [file = '', ...more] = positionals
  const index = more.find((word) => isIndex(word) && !isFile(word, host.cwd))
  if (index === undefined) return
  throw new SopsError('generic', `${index} is an index, and no file`, {
    hints: [`one value: sops decrypt --extract ${shellWord(index)} ${fileWord(file)}`],
  })
}

async function plaintextOf(inv: Given, io: Io, { path, name }: Target): Promise<Plaintext> {
  const { ctx } = io
  await mustExist(path, io)
  const config = await configOf(inv, io)
  const options = {
    services: await servicesOf(inv, io),
    ...orderOf(inv),
    ignoreMac: inv.bool('ignore-mac'),
    log: ctx.log,
  }
  const bytes = await readInput(io, name)
  const formats = formatsFor(namedFormats(inv), path, bytes)
  const loaded = await loadEncrypted(bytes, formats.input, ctx.watch)
  return withOpenFile(loaded, { ...options, audit: { context: ctx, file: path } }, async (file) => ({
    bytes: await emit(file, formats.output, plainLayoutOf(inv, config, formats), io),
    output: formats.output,
    data: dataOf(file),
  }))
}

/** The values for JSON; those of several documents one by one, bytes as text or in Base64. */
function dataOf(file: OpenFile): object {
  const [first = { kind: 'map' as const, items: [] }, ...more] = file.plain.documents
  if (file.format.id === 'binary') {
    const { data = '' } = toObject(first) as { data?: string | Uint8Array }
    const isText = typeof data === 'string' || isUtf8(data)
    return isText ? { text: Buffer.from(data).toString() } : { base64: Buffer.from(data).toString('base64') }
  }
  const shown = (document: MapNode): unknown => toObject(document, lineOf(file))
  return more.length === 0 ? { data: shown(first) } : { documents: [first, ...more].map(shown) }
}

async function decryptOne(inv: Given, io: Io): Promise<number> {
  const { ctx } = io
  io.about(inv.positionals[0])
  const target = await targetOf(inv, io, { stdin: true })
  await mustExist(target.file, io)
  const config = await configOf(inv, io)
  const services = await servicesOf(inv, io)
  const order = orderOf(inv)
  const path = parsePath(inv.string('extract'), 'bad-extract-path', 'error parsing --extract path: ')
  const options = (): OpenOptions => ({
    services,
    ...order,
    ignoreMac: inv.bool('ignore-mac'),
    log: ctx.log,
    audit: { context: ctx, file: target.file ?? ctx.cwd },
  })
  const named = namedFormats(inv)
  const { input, output } = formatsOf(named, target.typePath)
  const isBinary = input === 'binary' && output === 'binary' && path.length === 0
  const large = isBinary ? await openIfLarge(io, target.file) : undefined
  if (large && (await decryptLarge(inv, io, target, large, options()))) return 0
  const bytes = await readTarget(target, io)
  if (isBinary && isLarge(io.host, bytes.length)) {
    if (await decryptLarge(inv, io, target, inputInMemory(bytes), options())) return 0
  }
  const formats = target.typePath === '' ? formatsOf(named, '') : formatsFor(named, target.typePath, bytes)
  const loaded = await withInput(target, bytes, io, () => loadEncrypted(bytes, formats.input, ctx.watch))
  await withOpenFile(loaded, options(), async (file) => {
    const layout = plainLayoutOf(inv, config, formats)
    const plain =
      path.length > 0
        ? await extract(file, path, formats.output, layout, io)
        : await emit(file, formats.output, layout, io)
    if (path.length === 0 && formats.output === file.format.id && !inv.bool('in-place'))
      warnOfLayout(file.format, file.parsed, ctx)
    const place = await writeResult(inv, io, target, plain, bytes)
    if (target.inPlace && path.length === 0) warnOfMisnamed(target.file!, formats.output, ctx)
    const what = path.length > 0 ? formatPath(path) : openedText(file)
    await io.done(`decrypted ${nameOf(inv.positionals)}: ${what}`, place)
    const written = target.inPlace ? target.file! : inv.string('output')
    if (written !== '') await warnOfReaders(absolutePath(ctx, written), ctx)
  })
  return 0
}

/** Decrypts a binary file that may be too large for one string; false if it is something else. */
async function decryptLarge(
  inv: Given,
  io: Io,
  target: TargetFile,
  input: LargeInput,
  options: OpenOptions,
): Promise<boolean> {
  try {
    const { loadLarge, openLarge } = await loadLargeBinary()
    const loaded = await loadLarge(input)
    if (!loaded) return false
    const place = await writeLarge(inv, io, target, input, await openLarge(loaded, input, options))
    await io.done(`decrypted ${nameOf(inv.positionals)}: the whole file`, place)
    return true
  } finally {
    await input.close()
  }
}

export async function emit(file: OpenFile, output: FormatId, layout: Layout, { ctx }: Io): Promise<Uint8Array> {
  try {
    const bytes = await emitPlain(file, output, layout, ctx.log)
    warnOfOneDocument(file.plain, output, ctx.log)
    return bytes
  } catch (error) {
    if (!(error instanceof SopsError) || error.code !== 'cannot-emit') throw error
    throw new SopsError('cannot-emit', `Error dumping file: ${error.message}`, { hints: error.hints, cause: error })
  }
}

/**
 * One value: text as raw bytes, a map as a whole file, anything else in the format's single-value form (spec/format.md 12.4). As in the
 * reference, the other documents follow a map of the first document if the format has room for them.
 */
async function extract(file: OpenFile, path: Path, output: FormatId, layout: Layout, { ctx }: Io): Promise<Uint8Array> {
  const [first = { kind: 'map', items: [] }, ...others] = file.plain.documents
  ctx.log({ level: 'info', logger: 'SOPS', message: 'Truncating tree', fields: { path: `[${path.join(' ')}]` } })
  const laterWith = documentsWith(others, path).map((number) => number + 1)
  refuseChoice(twinsAlong(first, path), '--extract', { lineOf: lineOf(file) })
  const node = extractFrom(first, path, output, laterWith)
  warnOfLandings(first, path, 'read', ctx)
  if (output !== file.format.id)
    refuseToConvert({ ...file, twins: findTwins({ documents: [node, ...others] }) }, output)
  const bytes = await printExtract(node, others, output, layout)
  if (node.kind === 'map') warnOfOneDocument(file.plain, output, ctx.log)
  else warnOfDocument(file.plain.documents, path, { at: 0, found: path, alsoIn: laterWith }, 'read', ctx)
  return bytes
}

/** From the first document only, as in the reference; the error names other documents that have the path. */
function extractFrom(first: MapNode, path: Path, output: FormatId, laterWith: readonly number[]): Node {
  try {
    return nodeAt(first, path, output !== 'yaml')
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    if (laterWith.length === 0) throw withHints(error, nearKeyHints(first, path))
    throw withHints(error, [
      `--extract looks at document 1: ${formatPath(path)} is in ${documentsText(laterWith)}`,
      'sops decrypt without --extract prints every document',
    ])
  }
}

async function printExtract(
  node: Node,
  others: readonly MapNode[],
  output: FormatId,
  layout: Layout,
): Promise<Uint8Array> {
  if (node.kind === 'leaf' && typeof node.value === 'string') return Buffer.from(node.value)
  if (node.kind === 'leaf' && node.value instanceof Uint8Array) return node.value
  const format = await loadFormat(output)
  try {
    return node.kind === 'map'
      ? format.print({ documents: [node, ...others] }, layout)
      : format.printValue(node, layout)
  } catch (error) {
    if (!(error instanceof SopsError) || error.code !== 'cannot-emit') throw error
    const headline = node.kind === 'map' ? 'Error dumping file' : 'Error dumping tree'
    throw new SopsError('cannot-emit', `${headline}: ${error.message}`, { hints: error.hints, cause: error })
  }
}
