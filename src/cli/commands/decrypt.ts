// `sops decrypt`: a file or standard input to plaintext, whole or one value of it.
import { nodeAt, type Path, parsePath } from '../../core/path.ts'
import { emitPlain, loadEncrypted, type OpenFile, openFile } from '../../encrypted-file.ts'
import { SopsError } from '../../errors.ts'
import { loadFormat } from '../../formats/index.ts'
import type { FormatId, Layout } from '../../formats/types.ts'
import type { Invocation, Io } from '../invocation.ts'
import { configOf, formatsFor, formatsOf, layoutOf, orderOf, servicesOf } from '../settings.ts'
import { mustExist, readTarget, targetOf, writeResult } from '../target.ts'
import { warnOfLayout } from '../warnings.ts'

export async function run(inv: Invocation, io: Io): Promise<number> {
  const { ctx } = io
  const target = await targetOf(inv, io, { stdin: true })
  await mustExist(target.file)
  const config = await configOf(inv, ctx)
  const services = await servicesOf(inv, ctx)
  const order = orderOf(inv)
  const path = parsePath(inv.string('extract'), 'bad-extract-path', 'error parsing --extract path: ')
  const bytes = await readTarget(target, io)
  const formats = target.typePath === '' ? formatsOf(inv, '') : formatsFor(inv, target.typePath, bytes)
  const file = await openFile(await loadEncrypted(bytes, formats.input), {
    services,
    ...order,
    ignoreMac: inv.bool('ignore-mac'),
    log: ctx.log,
    audit: { context: ctx, file: target.file ?? ctx.cwd },
  })
  try {
    const layout = layoutOf(inv, config, formats.output)
    const plain =
      path.length > 0 ? await extract(file, path, formats.output, layout) : await emit(file, formats.output, layout)
    if (path.length === 0 && formats.output === file.format.id && !inv.bool('in-place'))
      warnOfLayout(file.format, file.parsed, ctx)
    await writeResult(inv, io, target, plain, bytes)
  } finally {
    file.dataKey.fill(0)
  }
  return 0
}

export async function emit(file: OpenFile, output: FormatId, layout: Layout): Promise<Uint8Array> {
  try {
    return await emitPlain(file, output, layout)
  } catch (error) {
    if (!(error instanceof SopsError) || error.code !== 'cannot-emit') throw error
    throw new SopsError('cannot-emit', `Error dumping file: ${error.message}`, { hints: error.hints, cause: error })
  }
}

/** One value: text as raw bytes, a map as a whole file, anything else in the format's single-value form (spec/format.md 12.4). */
async function extract(file: OpenFile, path: Path, output: FormatId, layout: Layout): Promise<Uint8Array> {
  const [first, ...others] = file.plain.documents
  const node = nodeAt(first ?? { kind: 'map', items: [] }, path, output !== 'yaml')
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
