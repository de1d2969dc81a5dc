// `sops edit`: opens the plaintext in the user's editor and encrypts it back into the file when the editor closes.

import { basename, dirname } from 'node:path'
import { type Fingerprint, fingerprint } from '../../disk/index.ts'
import { messageOf, SopsError, setIn, withHints } from '../../errors.ts'
import type { OpenFile } from '../../file/index.ts'
import {
  createFile,
  type Draft,
  draftText,
  loadEncrypted,
  lossesOf,
  parsePlain,
  parseWithMetadata,
  type SealOutput,
  sealDraft,
  sealNew,
  warnOfPlainTwins,
  warnOfSharedPaths,
  warnOfTokens,
  withOpenFile,
} from '../../file/index.ts'
import type { Format, Parsed } from '../../formats/index.ts'
import { loadFormat } from '../../formats/index.ts'
import { refuseMixedKeys, wipedAfter, wrapDataKey, wrapErrors } from '../../groups/index.ts'
import type { KeyGroup, MasterKey } from '../../keys/index.ts'
import { approveKey, bareKeys, distinctKeys, identityOf } from '../../keys/index.ts'
import type { Metadata } from '../../metadata/index.ts'
import { compareVersions, compatibleVersion, refuseOthers } from '../../metadata/index.ts'
import { access, codeOf, constants, stat, systemErrorText } from '../../system/index.ts'
import { shellWord } from '../../text/quote.ts'
import { checkClear, creationRule } from '../cleartext.ts'
import { type Command, command } from '../command.ts'
import { editLoop } from '../edit-loop.ts'
import { readInput } from '../files.ts'
import {
  allowCleartext,
  decryptionOrder,
  ignoreMac,
  keyServices,
  newKeys,
  selection,
  showMasterKeys,
  types,
} from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { fileMeant } from '../near-file.ts'
import { sealedText } from '../outcome.ts'
import { refuseNewConfig } from '../plain-config.ts'
import { type Rewrapped, ruleFor, warnOfRecipients, withRule } from '../rule.ts'
import {
  configOf,
  encryptionSettings,
  formatsFor,
  formatsOf,
  layoutOf,
  namedFormats,
  orderOf,
  servicesOf,
} from '../settings.ts'
import { fileOf, isMissing, tellOfWritten } from '../target.ts'
import { warnOfMisnamed } from '../unfit.ts'
import { warnOfCleartext, warnOfLayout, warnOfLosses, warnOfReadings, warnOfRespelling } from '../warnings.ts'

const flags = [
  ...types,
  showMasterKeys,
  ignoreMac,
  allowCleartext,
  decryptionOrder,
  ...newKeys,
  ...selection,
  ...keyServices,
] as const
type Given = Invocation<(typeof flags)[number]>

export const edit: Command = command({
  args: 'FILE',
  oneFile: true,
  opensEditor: true,
  flags,
  examples: ['sops edit secrets.yaml', 'SOPS_EDITOR="code --wait" sops edit secrets.yaml'],
  root: ['config', 'indent'],
  run,
})

async function run(inv: Given, io: Io): Promise<number> {
  const path = fileOf(inv, io)
  if (await isMissing(path)) await editNew(inv, io, path)
  else await editExisting(inv, io, path)
  return 0
}

async function editNew(inv: Given, io: Io, path: string): Promise<void> {
  const { ctx } = io
  refuseNewConfig(path)
  await refuseUnwritable(path)
  const like = fileMeant(path)
  if (like !== undefined)
    ctx.log({ level: 'advice', logger: 'CMD', message: `this is a new file; ${like} lies beside it` })
  const formats = formatsOf(namedFormats(inv), path)
  const config = await configOf(inv, io)
  const services = await servicesOf(inv, io)
  orderOf(inv)
  const settings = await encryptionSettings(inv, ctx, config, path, formats.input)
  const [input, output] = [await loadFormat(formats.input), await loadFormat(formats.output)]
  const layout = layoutOf(inv, config, formats)
  const file = await createFile(settings, services).catch((error: unknown) => {
    const errors = wrapErrors(error)
    if (!errors) throw error
    const headline = 'Error encrypting the data key with one or more master keys'
    const { hints } = error as SopsError
    throw new SopsError('no-data-key', setIn(`${headline}: [${errors.join(' ')}]`), { hints, cause: error })
  })
  await wipedAfter(file.dataKey, () =>
    editLoop(
      {
        name: basename(path),
        content: Buffer.from(output.example),
        read: (bytes) => parsePlain(bytes, input, output, { watch: io.ctx.watch }),
        headline,
        finish: async (draft) => {
          await ctx.audit?.({ action: 'encrypt', file: path })
          const sealed = sealNew(file, draft, output, ctx.now(), layout)
          warnOfTokens(draft.plain, file.selection, ctx.log)
          warnOfSharedPaths(draft.plain, file.selection, ctx.log)
          if (input.id === output.id) warnOfPlainTwins(draft, ctx.log)
          warnOfLayout(input, draft.parsed, ctx)
          warnOfLosses(lossesOf(draft, sealed, file.selection, output.id), ctx)
          if (input.id === output.id) warnOfReadings(input, draft.parsed, ctx)
          await save(inv, io, path, { ...file, ...sealed, output }, 'absent')
        },
      },
      io,
    ),
  )
}

/** Before the editor opens: what is typed there would have no place. @throws SopsError `cannot-write`. */
async function refuseUnwritable(path: string): Promise<void> {
  const folder = dirname(path)
  const found = await stat(folder).catch((error: unknown) => {
    const missing = codeOf(error) === 'ENOENT'
    throw new SopsError('cannot-write', `Could not write file: ${systemErrorText(error, 'open', folder)}`, {
      hints: missing ? [`make the folder first: mkdir -p ${shellWord(folder)}`] : [],
      cause: error,
    })
  })
  if (!found.isDirectory()) throw new SopsError('cannot-write', `Could not write file: ${folder} is no folder`)
  await access(folder, constants.W_OK).catch((error: unknown) => {
    throw new SopsError('cannot-write', `Could not write file: ${systemErrorText(error, 'open', folder)}`, {
      cause: error,
    })
  })
}

async function editExisting(inv: Given, io: Io, path: string): Promise<void> {
  const { ctx } = io
  const config = await configOf(inv, io)
  const services = await servicesOf(inv, withRule(io, config, path))
  const order = orderOf(inv)
  const bytes = await readInput(io, path, { inPlace: true })
  const formats = formatsFor(namedFormats(inv), path, bytes)
  const [input, output] = [await loadFormat(formats.input), await loadFormat(formats.output)]
  const layout = layoutOf(inv, config, formats)
  const showMetadata = inv.bool('show-master-keys')
  const loaded = await loadEncrypted(bytes, formats.input, ctx.watch)
  refuseOthers(loaded.others)
  const options = {
    services,
    ...order,
    ignoreMac: inv.bool('ignore-mac'),
    log: ctx.log,
    audit: { context: ctx, file: path },
  }
  await withOpenFile(loaded, options, async (file) => {
    const readDraft = (text: Uint8Array): Draft => {
      const how = { earlier: file.plain, watch: ctx.watch }
      const draft = showMetadata ? parseWithMetadata(text, input, how) : parsePlain(text, input, output, how)
      checkVersion((draft.metadata ?? file.metadata).version)
      if (draft.metadata?.keyGroups.every((group) => group.keys.length === 0)) {
        throw new SopsError('generic', "No master keys were provided, so sops can't encrypt the file.")
      }
      return draft
    }
    const content = await draftText(file, output, layout, showMetadata, ctx.log)
    await editLoop(
      {
        name: basename(path),
        content,
        read: readDraft,
        headline,
        fatal: (error) => error.code === 'version-not-comparable',
        finish: async (draft) => {
          nameAdded(draft, file, ctx)
          const metadata = await finalMetadata(draft, file, services, async (rewrapped) =>
            warnOfRecipients(rewrapped, await ruleFor(config, path, ctx), ctx),
          )
          await ctx.audit?.({ action: 'encrypt', file: path })
          const unchecked = { ...draft, allowCleartext: true }
          const sealed = await sealDraft(file, unchecked, metadata, output, { now: ctx.now(), layout })
          const { plain } = draft
          const { selection } = sealed
          await checkClear({ sealed, plain, metadata, selection }, inv, io, creationRule(config, path, ctx))
          warnOfSharedPaths(plain, selection, ctx.log, file.plain)
          warnOfLayout(draft.format, draft.parsed, ctx, draft.format.id === file.format.id ? file.parsed : undefined)
          warnOfLosses(lossesOf(draft, sealed, selection, output.id), ctx)
          if (input.id === output.id) {
            const earlier = (): Parsed => output.parse(content)
            const asDraft = (parsed: Parsed): Draft => ({ format: output, parsed, plain: parsed.tree })
            warnOfPlainTwins(draft, ctx.log, () => asDraft(earlier()))
            warnOfReadings(input, draft.parsed, ctx, earlier)
          }
          await save(inv, io, path, { metadata, ...sealed, output }, fingerprint(bytes))
        },
      },
      io,
    ).catch((error: unknown) => {
      if (!options.ignoreMac || !(error instanceof SopsError) || error.code !== 'not-modified') throw error
      throw withHints(error, [newMacHint])
    })
  })
}

/** SOPS exits without saving too. */
const newMacHint =
  'nothing was saved; where the MAC does not match, a new one comes with sops --rotate --in-place --ignore-mac FILE'

/** Recipients that were added in the editor are the user's own choice. */
function nameAdded(draft: Draft, file: OpenFile, ctx: Io['ctx']): void {
  const identities = new Set(file.metadata.keyGroups.flatMap(({ keys }) => keys).map(identityOf))
  for (const key of draft.metadata?.keyGroups.flatMap(({ keys }) => keys) ?? []) {
    if (!identities.has(identityOf(key))) approveKey(key, ctx)
  }
}

const headline = (error: SopsError): string =>
  error.code === 'bad-input'
    ? 'Could not load tree, probably due to invalid syntax'
    : error.code === 'already-encrypted' || error.code === 'no-document'
      ? 'Tree not valid for encryption'
      : 'SOPS metadata is invalid'

function checkVersion(version: string): void {
  try {
    compareVersions(version, compatibleVersion)
  } catch (error) {
    const text = `Failed to compare document version ${JSON.stringify(version)} with program version "${compatibleVersion}": ${messageOf(error)}`
    throw new SopsError('version-not-comparable', text, { cause: error })
  }
}

/**
 * The file's metadata, or what the user made of it under `--show-master-keys`. In a single group the data key is wrapped for the added keys
 * only; several groups need new shares for all.
 * @throws SopsError `generic` if that would give a share to a recipient that the file named without one before the edit.
 */
async function finalMetadata(
  draft: Draft,
  file: OpenFile,
  services: Parameters<typeof wrapDataKey>[3],
  warn: (rewrapped: Rewrapped) => Promise<void>,
): Promise<Metadata> {
  const shown = draft.metadata ?? file.metadata
  const before = file.metadata.keyGroups
  const edited = draft.metadata ? { ...shown, keyGroups: withAdded(shown.keyGroups, before) } : shown
  const keys = edited.keyGroups.flatMap((group) => group.keys)
  const rewrap =
    keys.some((key) => key.enc === '' && !key.isBare) ||
    edited.keyGroups.length !== before.length ||
    edited.shamirThreshold !== file.metadata.shamirThreshold
  if (!rewrap) return edited
  const wanted = new Set(keys.map(identityOf))
  const staying = before.map((group) => ({ keys: group.keys.filter((key) => wanted.has(identityOf(key))) }))
  await refuseMixedKeys(staying, services, file)
  // In a single group only the recipients that the user added get the data key.
  const isOneGroup = before.length === 1
  const isThresholdKept = edited.shamirThreshold === file.metadata.shamirThreshold
  if (!isOneGroup) await warn(isThresholdKept ? { shared: edited, staying } : { staying })
  const { groups, threshold } = await wrapDataKey(file.dataKey, edited.keyGroups, edited.shamirThreshold, services, {
    keep: () => isOneGroup,
  })
  return { ...edited, keyGroups: groups, shamirThreshold: threshold }
}

/**
 * Every recipient of a group once. One without a wrapped data key, or with that of another recipient, is new if the user named it, but not
 * if the file did.
 */
function withAdded(edited: readonly KeyGroup[], before: readonly KeyGroup[]): readonly KeyGroup[] {
  const keys = before.flatMap((group) => group.keys)
  const named = new Set(keys.map(identityOf))
  const bare = new Set(bareKeys(before).map(identityOf))
  const encs = new Set(keys.map(({ enc }) => enc))
  const isAdded = (key: MasterKey): boolean =>
    key.isBare ? !bare.has(identityOf(key)) : !named.has(identityOf(key)) && encs.has(key.enc)
  const asNew = ({ isBare: _, ...key }: MasterKey): MasterKey => ({ ...key, enc: '' })
  return edited.map(({ keys }) => ({ keys: distinctKeys(keys).map((key) => (isAdded(key) ? asNew(key) : key)) }))
}

interface Saved extends SealOutput, Pick<OpenFile, 'selection' | 'metadata'> {
  readonly output: Format
}

async function save(inv: Given, io: Io, path: string, sealed: Saved, expect: Fingerprint | 'absent'): Promise<void> {
  warnOfCleartext(sealed, sealed.selection, io.ctx)
  warnOfRespelling(sealed, io.ctx)
  await io.write(path, sealed.bytes, {
    what: 'in-place file',
    expect,
  })
  tellOfWritten(io)
  warnOfMisnamed(path, sealed.output.id, io.ctx)
  io.release()
  const isWhole = sealed.output.id === 'binary'
  await io.done(`saved ${inv.positionals[0]}: ${sealedText(isWhole ? undefined : sealed, sealed.metadata)}`)
}
