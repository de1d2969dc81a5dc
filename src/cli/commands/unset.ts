// `sops unset`: removes one value of a file.
import { isMissing, unsetAt } from '../../core/change.ts'
import { parsePath } from '../../core/path.ts'
import type { MapNode } from '../../core/tree.ts'
import { sealFile } from '../../encrypted-file.ts'
import { SopsError } from '../../errors.ts'
import { loadFormat } from '../../formats/index.ts'
import type { Invocation, Io } from '../invocation.ts'
import { openerOf, read, saveInPlace } from '../open.ts'
import { absolutePath, configOf, layoutOf } from '../settings.ts'
import { formatsFor } from './decrypt.ts'

export async function run(inv: Invocation, io: Io): Promise<number> {
  const { ctx } = io
  const [name, index] = inv.positionals
  if (name === undefined || index === undefined || inv.positionals.length !== 2) {
    throw new SopsError('no-file', 'Error: no file specified, or index is missing')
  }
  const path = absolutePath(ctx, name)
  const config = await configOf(inv, ctx)
  const steps = parsePath(index, 'bad-path-or-value', 'Invalid unset index format: ')
  const opener = await openerOf(inv, io)
  const bytes = await read(io, path)
  const formats = formatsFor(inv, path, bytes)
  const opened = await opener.open(path, bytes, formats.input)
  const { file } = opened
  try {
    const [first, ...others] = file.plain.documents
    const document = removed(first ?? { kind: 'map', items: [] })
    if (document === undefined) return 0
    const output = await loadFormat(formats.output)
    const plain = { documents: [document, ...others] }
    await ctx.audit?.({ action: 'encrypt', file: path })
    const sealed = sealFile({ ...file, plain }, output, ctx.now(), layoutOf(inv, config, output.id))
    await saveInPlace(io, opened, sealed)
  } finally {
    file.dataKey.fill(0)
  }
  return 0

  function removed(root: MapNode): MapNode | undefined {
    try {
      return unsetAt(root, steps)
    } catch (error) {
      if (!inv.bool('idempotent') || !isMissing(error)) throw error
      ctx.log({ level: 'info', logger: 'CMD', message: 'File is unchanged, not writing to file' })
      return undefined
    }
  }
}
