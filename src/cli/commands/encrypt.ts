// `sops encrypt`: a plain file or standard input to an encrypted one.
import { parsePlain } from '../../draft.ts'
import { loadFormat } from '../../formats/index.ts'
import { lossesOf } from '../../losses.ts'
import { createFile, sealNew } from '../../new-file.ts'
import { warnOfSharedPaths } from '../../shared-paths.ts'
import type { Invocation, Io } from '../invocation.ts'
import { configOf, encryptionSettings, formatsOf, layoutOf, servicesOf } from '../settings.ts'
import { mustExist, readTarget, targetOf, writeResult } from '../target.ts'
import { warnOfCleartext, warnOfLayout, warnOfLosses, warnOfReadings, warnOfRespelling } from '../warnings.ts'

export async function run(inv: Invocation, io: Io): Promise<number> {
  const { ctx } = io
  const target = await targetOf(inv, io, { stdin: true, namedStdin: true })
  await mustExist(target.file)
  const formats = formatsOf(inv, target.typePath)
  const config = await configOf(inv, ctx)
  const services = await servicesOf(inv, ctx)
  const settings = await encryptionSettings(inv, ctx, config, target.typePath, formats.input)
  const [input, output] = [await loadFormat(formats.input), await loadFormat(formats.output)]
  const bytes = await readTarget(target, io)
  const draft = parsePlain(bytes, input, output)
  const file = await createFile(settings, services)
  try {
    await ctx.audit?.({ action: 'encrypt', file: target.file ?? ctx.cwd })
    const sealed = sealNew(file, draft, output, ctx.now(), layoutOf(inv, config, formats.output))
    warnOfCleartext(sealed, file.selection, ctx)
    warnOfSharedPaths(draft.plain, file.selection, ctx.log)
    warnOfLayout(input, draft.parsed, ctx)
    if (input.id === output.id) warnOfReadings(input, draft.parsed, ctx)
    if (input.id === output.id) warnOfLosses(lossesOf(draft, sealed, file.selection), ctx)
    warnOfRespelling(sealed, ctx)
    await writeResult(inv, io, target, sealed.bytes, bytes)
  } finally {
    file.dataKey.fill(0)
  }
  return 0
}
