// `sops encrypt`: encrypts a plain file or standard input.

import { SopsError } from '../../errors.ts'
import {
  alreadyEncrypted,
  type Draft,
  type EncryptionSettings,
  loadLargeBinary,
  lossesOf,
  type NewFile,
  parsePlain,
  refuseSealed,
  type SealedOver,
  type SealOutput,
  sealNew,
  warnOfPlainTwins,
  warnOfSharedPaths,
  warnOfTokens,
  withNewFile,
} from '../../file/index.ts'
import type { Format, Layout } from '../../formats/index.ts'
import { loadFormat } from '../../formats/index.ts'
import type { KeyService } from '../../groups/index.ts'
import { keyTypesInOrder } from '../../keys/index.ts'
import { fileWord } from '../../text/quote.ts'
import { type Command, command } from '../command.ts'
import { earlierFlags, refuseContradiction, sealOverEarlier } from '../earlier.ts'
import { noFile } from '../extra-words.ts'
import { mustBeNoFolder } from '../files.ts'
import { dashed } from '../flag.ts'
import { filenameOverride, inPlace, keyFlagName, keyServices, newKeys, output, selection, types } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { inputInMemory, isLarge, type LargeInput, openIfLarge, writeLarge } from '../large.ts'
import { changeMany } from '../many/change.ts'
import { targetFlags, writerFlags } from '../many/flags.ts'
import { encryptStaged } from '../many/staged.ts'
import { isByFlag, isSingle, mustBeInPlace, targetsOf, wantsReport } from '../many/targets.ts'
import { warnOfNearer } from '../nearer-config.ts'
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
import { warnOfStaged } from '../tracked.ts'
import { warnOfMisnamed } from '../unfit.ts'
import { warnOfCleartext, warnOfLayout, warnOfLosses, warnOfReadings, warnOfRespelling } from '../warnings.ts'
import { isFile } from '../word-order.ts'

const flags = [
  inPlace,
  output,
  ...types,
  filenameOverride,
  ...newKeys,
  ...selection,
  ...earlierFlags,
  ...keyServices,
  ...targetFlags,
  ...writerFlags,
] as const
type Given = Invocation<(typeof flags)[number]>

export const encrypt: Command = command({
  args: '[FILE...]',
  files: true,
  flags,
  examples: [
    'sops encrypt -i secrets.yaml',
    'sops encrypt --age age1… plain.yaml > secrets.yaml',
    'sops encrypt --filename-override secrets.env < plain.env',
  ],
  root: ['config', 'indent'],
  each: () => encryptOne,
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
): Promise<void> {
  try {
    const large = await loadLargeBinary()
    if (await large.isLargeEnvelope(input)) throw alreadyEncrypted()
    await withNewFile(settings, services, async (file) => {
      await io.ctx.audit?.({ action: 'encrypt', file: target.file ?? io.ctx.cwd })
      const content = await large.sealLarge(file, input, io.ctx.now(), layout)
      const place = await writeLarge(inv, io, target, input, content)
      await io.done(`encrypted ${nameOf(inv.positionals)}: ${sealedText(undefined, file.metadata)}`, place)
    })
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
  refuseContradiction(inv)
  if (isSingle(inv, io) && !wantsReport(inv)) {
    await encryptOne(inv, io)
    if (inv.bool('in-place') && inv.positionals[0]) await warnOfStaged(io, [absolutePath(io.ctx, inv.positionals[0])])
    return 0
  }
  const [word, ...more] = inv.positionals
  if (word === undefined && !isByFlag(inv)) throw noFile(inv)
  if (!inv.bool('in-place') && word !== undefined && more.length === 0)
    await mustBeNoFolder(absolutePath(io.ctx, word), io.command)
  mustBeInPlace(inv, io, 'encrypted')
  if (inv.string('into') !== '') throw new SopsError('generic', '--into is for one file')
  const targets = await targetsOf(inv, io, 'clear')
  const run = { targets, work: encryptOne, verbs: ['encrypting', 'encrypted', 'encrypt'] } as const
  if (inv.bool('staged')) return encryptStaged<Given>(inv, io, run)
  const settled = async (isWritten: boolean, paths: readonly string[]): Promise<void> => {
    if (isWritten) await warnOfStaged(io, paths)
  }
  return changeMany<Given>(inv, io, { ...run, shared: {}, settled })
}

async function encryptOne(inv: Given, io: Io): Promise<void> {
  const { ctx } = io
  io.about(inv.positionals[0])
  const target = await targetOf(inv, io, { stdin: true, namedStdin: takenHints(inv, io) })
  await mustExist(target.file, io)
  const formats = formatsOf(namedFormats(inv), target.typePath)
  const config = await configOf(inv, io)
  refuseConfig(target.file, config)
  await warnOfNearer(inv, io, config, target.typePath || undefined)
  const services = await servicesOf(inv, io)
  const settings = await encryptionSettings(inv, ctx, config, target.typePath, formats.input)
  const [input, output] = [await loadFormat(formats.input), await loadFormat(formats.output)]
  const layout = layoutOf(inv, config, formats)
  const isBinary = input.id === 'binary' && output.id === 'binary'
  const large = isBinary ? await openIfLarge(io, target.file) : undefined
  if (large) return encryptLarge(inv, io, target, large, { settings, services, layout })
  const bytes = await readTarget(target, io)
  if (isReplaced(inv, target, io)) await refuseIdentity(target.file!, bytes, ctx)
  if (isBinary && isLarge(io.host, bytes.length))
    return encryptLarge(inv, io, target, inputInMemory(bytes), { settings, services, layout })
  await refuseSealed(bytes, output.id, ctx.watch)
  const draft = await withInput(target, bytes, io, () => parsePlain(bytes, input, output, { watch: ctx.watch }))
  refuseConfigText([target.file, target.typePath], draft.parsed.tree)
  const whole = { target, bytes, draft, output, settings, services, layout }
  const over = await sealOverEarlier(inv, io, { ...whole, output: output.id })
  if (over) return writeOver(inv, io, whole, over)
  await withNewFile(settings, services, async (file) => {
    await ctx.audit?.({ action: 'encrypt', file: target.file ?? ctx.cwd })
    const sealed = sealNew(file, draft, output, ctx.now(), layout)
    await writeSealed(inv, io, whole, { sealed, ...file })
  })
}

/** What is encrypted, and into what. */
interface Whole {
  readonly target: TargetFile
  readonly bytes: Uint8Array
  readonly draft: Draft
  readonly output: Format
}

async function writeOver(inv: Given, io: Io, whole: Whole, { bytes, metadata, sealed }: SealedOver): Promise<void> {
  await io.ctx.audit?.({ action: 'encrypt', file: whole.target.file ?? io.ctx.cwd })
  if (sealed) return writeSealed(inv, io, whole, { sealed, metadata, selection: sealed.selection })
  const place = await writeResult(inv, io, whole.target, bytes, whole.bytes)
  await io.done(`encrypted ${nameOf(inv.positionals)}: nothing changed since its earlier version`, place)
}

/** An encrypted file as it is written. */
interface Sealed extends Pick<NewFile, 'metadata' | 'selection'> {
  readonly sealed: SealOutput
}

async function writeSealed(
  inv: Given,
  io: Io,
  { target, bytes, draft, output }: Whole,
  { sealed, metadata, selection }: Sealed,
): Promise<void> {
  const { ctx } = io
  const isSame = draft.format.id === output.id
  warnOfCleartext(sealed, selection, ctx)
  if (!isReplaced(inv, target, io)) warnOfEmpty(target, bytes, io)
  warnOfTokens(draft.plain, selection, ctx.log)
  warnOfSharedPaths(draft.plain, selection, ctx.log)
  if (isSame) warnOfPlainTwins(draft, ctx.log)
  warnOfLayout(draft.format, draft.parsed, ctx)
  if (isSame) warnOfReadings(draft.format, draft.parsed, ctx)
  warnOfLosses(lossesOf(draft, sealed, selection, output.id), ctx)
  warnOfRespelling(sealed, ctx)
  const place = await writeResult(inv, io, target, sealed.bytes, bytes)
  if (target.inPlace) warnOfMisnamed(target.file!, output.id, ctx)
  const isWhole = draft.format.id === 'binary'
  await io.done(`encrypted ${nameOf(inv.positionals)}: ${sealedText(isWhole ? undefined : sealed, metadata)}`, place)
}
