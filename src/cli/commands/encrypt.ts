// `sops encrypt`: encrypts a plain file or standard input.

import {
  alreadyEncrypted,
  type EncryptionSettings,
  loadLargeBinary,
  lossesOf,
  parsePlain,
  refuseSealed,
  sealNew,
  warnOfPlainTwins,
  warnOfSharedPaths,
  warnOfTokens,
  withNewFile,
} from '../../file/index.ts'
import type { Layout } from '../../formats/index.ts'
import { loadFormat } from '../../formats/index.ts'
import type { KeyService } from '../../groups/index.ts'
import { keyTypesInOrder } from '../../keys/index.ts'
import { fileWord } from '../../text/quote.ts'
import { type Command, command } from '../command.ts'
import { dashed } from '../flag.ts'
import { filenameOverride, inPlace, keyFlagName, keyServices, newKeys, output, selection, types } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { inputInMemory, isLarge, type LargeInput, openIfLarge, writeLarge } from '../large.ts'
import { nameOf, sealedText } from '../outcome.ts'
import { refuseIdentity } from '../own-identity.ts'
import { refuseConfig, refuseConfigText } from '../plain-config.ts'
import {
  absolutePath,
  configOf,
  encryptionSettings,
  formatsOf,
  layoutOf,
  namedFormats,
  servicesOf,
} from '../settings.ts'
import { mustExist, readTarget, type TargetFile, targetOf, withInput, writeResult } from '../target.ts'
import { warnOfMisnamed } from '../unfit.ts'
import { warnOfCleartext, warnOfLayout, warnOfLosses, warnOfReadings, warnOfRespelling } from '../warnings.ts'
import { isFile } from '../word-order.ts'

const flags = [inPlace, output, ...types, filenameOverride, ...newKeys, ...selection, ...keyServices] as const
type Given = Invocation<(typeof flags)[number]>

export const encrypt: Command = command({
  args: '[FILE]',
  oneFile: true,
  flags,
  examples: [
    'sops encrypt -i secrets.yaml',
    'sops encrypt --age age1… plain.yaml > secrets.yaml',
    'sops encrypt --filename-override secrets.env < plain.env',
  ],
  root: ['config', 'indent'],
  run,
})

interface LargeSettings {
  readonly settings: EncryptionSettings
  readonly services: readonly KeyService[]
  readonly layout: Layout
}

/** Encrypts a binary file that is too large for one string. */
async function encryptLarge(
  inv: Given,
  io: Io,
  target: TargetFile,
  input: LargeInput,
  { settings, services, layout }: LargeSettings,
): Promise<number> {
  try {
    const large = await loadLargeBinary()
    if (await large.isLargeEnvelope(input)) throw alreadyEncrypted()
    await withNewFile(settings, services, async (file) => {
      await io.ctx.audit?.({ action: 'encrypt', file: target.file ?? io.ctx.cwd })
      const content = await large.sealLarge(file, input, io.ctx.now(), layout)
      const place = await writeLarge(inv, io, target, input, content)
      await io.done(`encrypted ${nameOf(inv.positionals)}: ${sealedText(undefined, file.metadata)}`, place)
    })
    return 0
  } finally {
    await input.close()
  }
}

/** Hints for `encrypt --age secrets.yaml`, where the flag takes the word that was meant as the file. */
const takenHints = (inv: Given, { host }: Io): readonly string[] =>
  keyTypesInOrder('flags').flatMap((type) => {
    const name = keyFlagName('', type)
    const word = inv.string(name)
    if (!isFile(word, host.cwd)) return []
    return [
      `${dashed(name)} takes recipients, and took the file: sops encrypt ${dashed(name)} RECIPIENT ${fileWord(word)}`,
    ]
  })

/** True where the result stands in the place of the file. */
const isReplaced = (inv: Given, { file, inPlace }: TargetFile, { ctx }: Io): boolean =>
  file !== undefined && (inPlace || (inv.string('output') !== '' && absolutePath(ctx, inv.string('output')) === file))

/** An empty text that is a whole file, and has been sealed into another one. */
function warnOfEmpty({ file }: TargetFile, { length }: Uint8Array, { ctx }: Io): void {
  if (file === undefined || length > 0) return
  const message =
    'the file is empty: if the shell emptied it, since the output goes to it as well, its text is gone: take it back, and use -i'
  ctx.log({ level: 'warning', logger: 'CMD', message })
}

async function run(inv: Given, io: Io): Promise<number> {
  const { ctx } = io
  const target = await targetOf(inv, io, { stdin: true, namedStdin: takenHints(inv, io) })
  await mustExist(target.file, io)
  const formats = formatsOf(namedFormats(inv), target.typePath)
  const config = await configOf(inv, ctx)
  refuseConfig(target.file, config)
  const services = await servicesOf(inv, ctx)
  const settings = await encryptionSettings(inv, ctx, config, target.typePath, formats.input)
  const [input, output] = [await loadFormat(formats.input), await loadFormat(formats.output)]
  const isBinary = input.id === 'binary' && output.id === 'binary'
  const large = isBinary ? await openIfLarge(io, target.file) : undefined
  if (large) return encryptLarge(inv, io, target, large, { settings, services, layout: layoutOf(inv, config, formats) })
  const bytes = await readTarget(target, io)
  const replaced = isReplaced(inv, target, io)
  if (replaced) await refuseIdentity(target.file!, bytes, ctx)
  if (isBinary && isLarge(io.host, bytes.length)) {
    const layout = layoutOf(inv, config, formats)
    return encryptLarge(inv, io, target, inputInMemory(bytes), { settings, services, layout })
  }
  await refuseSealed(bytes, output.id, ctx.watch)
  const draft = await withInput(target, bytes, io, () => parsePlain(bytes, input, output, { watch: ctx.watch }))
  refuseConfigText([target.file, target.typePath], draft.parsed.tree)
  await withNewFile(settings, services, async (file) => {
    await ctx.audit?.({ action: 'encrypt', file: target.file ?? ctx.cwd })
    const sealed = sealNew(file, draft, output, ctx.now(), layoutOf(inv, config, formats))
    warnOfCleartext(sealed, file.selection, ctx)
    if (!replaced) warnOfEmpty(target, bytes, io)
    warnOfTokens(draft.plain, file.selection, ctx.log)
    warnOfSharedPaths(draft.plain, file.selection, ctx.log)
    if (input.id === output.id) warnOfPlainTwins(draft, ctx.log)
    warnOfLayout(input, draft.parsed, ctx)
    if (input.id === output.id) warnOfReadings(input, draft.parsed, ctx)
    warnOfLosses(lossesOf(draft, sealed, file.selection, output.id), ctx)
    warnOfRespelling(sealed, ctx)
    const place = await writeResult(inv, io, target, sealed.bytes, bytes)
    if (target.inPlace) warnOfMisnamed(target.file!, output.id, ctx)
    const isWhole = input.id === 'binary'
    await io.done(
      `encrypted ${nameOf(inv.positionals)}: ${sealedText(isWhole ? undefined : sealed, file.metadata)}`,
      place,
    )
  })
  return 0
}
