// `sops rotate`: gives a file a new data key, and on request adds or removes recipients.

import { SopsError, withHints } from '../../errors.ts'
import { type EncryptedFile, loadEncrypted, sealFile } from '../../file/index.ts'
import { loadFormat } from '../../formats/index.ts'
import { type KeyService, newDataKey, wipedAfter, wrapDataKey } from '../../groups/index.ts'
import type { KeyGroup, MasterKey } from '../../keys/index.ts'
import { identityOf, keyTypes, keyTypesInOrder, labelOf } from '../../keys/index.ts'
import { type Metadata, refuseOthers } from '../../metadata/index.ts'
import { quote } from '../../text/quote.ts'
import { closest } from '../../text/suggest.ts'
import { checkClear, creationRule } from '../cleartext.ts'
import { type Command, command } from '../command.ts'
import { dashed } from '../flag.ts'
import {
  allowCleartext,
  changedKeys,
  decryptionOrder,
  encryptionContext,
  filenameOverride,
  inPlace,
  type KeyFlagName,
  keyFlagName,
  keyServices,
  output,
  types,
} from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { changeMany } from '../many/change.ts'
import { targetFlags, writerFlags } from '../many/flags.ts'
import { encryptedTargets, isSingle, mustBeInPlace, wantsReport } from '../many/targets.ts'
import { openerOf } from '../open.ts'
import { recipientsText } from '../outcome.ts'
import { ruleFor, warnOfRecipients, withRule } from '../rule.ts'
import { configOf, formatsFor, keySources, keysFromFlags, layoutOf, namedFormats } from '../settings.ts'
import { isMissing, readTarget, targetOf, writeResult } from '../target.ts'
import { warnOfMisnamed } from '../unfit.ts'
import { warnOfRespelling } from '../warnings.ts'

const flags = [
  inPlace,
  output,
  ...types,
  filenameOverride,
  allowCleartext,
  decryptionOrder,
  encryptionContext,
  ...changedKeys,
  ...keyServices,
  ...targetFlags,
  ...writerFlags,
] as const
type Given = Invocation<(typeof flags)[number]>

/** Takes several files only in place, where each result has a place of its own. */
export const rotate: Command = command({
  args: 'FILE [FILE...]',
  files: true,
  flags,
  examples: ['sops rotate -i secrets/*.yaml', 'sops rotate -i --rm-age age1… secrets.yaml'],
  root: ['config', 'indent'],
  each: () => rotateFile,
  run,
})

async function run(inv: Given, io: Io): Promise<number> {
  const isOne = isSingle(inv, io) && !wantsReport(inv)
  if (isOne) {
    await rotateFile(inv, io)
    return 0
  }
  mustBeInPlace(inv, io, 'rotated')
  const targets = await encryptedTargets(inv, io)
  return changeMany(inv, io, { targets, work: rotateFile, shared: {}, verbs: ['rotating', 'rotated', 'rotate'] })
}

async function rotateFile(inv: Given, io: Io): Promise<void> {
  const { ctx } = io
  const target = await targetOf(inv, io, { stdin: false })
  const path = target.file!
  refuseEmpty(inv)
  if (changesKeys(inv) && (await isMissing(path))) throw missing(inv, path)
  const config = await configOf(inv, io)
  const opener = await openerOf(inv, withRule(io, config, target.typePath))
  const profile = inv.legacy ? inv.root.string('aws-profile') : ''
  const keyOptions = {
    kms: { profile, context: inv.string('encryption-context') },
    order: 'rotate' as const,
    lenientContext: true,
  }
  const added = await keysFromFlags(inv, ctx, { prefix: 'add-', ...keyOptions })
  const removed = await keysFromFlags(inv, ctx, { prefix: 'rm-', ...keyOptions }).catch(async (error: unknown) => {
    throw await withNearest(error, inv, () => readTarget(target, io), target.typePath)
  })
  const ignoreMac = inv.legacy && inv.root.bool('ignore-mac')
  const bytes = await readTarget(target, io)
  const formats = formatsFor(namedFormats(inv), target.typePath, bytes)
  if (io.many?.rehearsal) return planned(io, await loadEncrypted(bytes, formats.input, ctx.watch), { added, removed })
  await ctx.audit?.({ action: 'rotate', file: path })
  const options = {
    ignoreMac,
    change: true,
    compare: ({ keyGroups }: Metadata) => withoutKeys(keyGroups, removed),
  }
  await opener.withOpen({ path, bytes, input: formats.input }, options, async ({ file }) => {
    const dataKey = newDataKey()
    await wipedAfter(dataKey, async () => {
      const { keyGroups, shamirThreshold } = file.metadata
      refuseAbsent(removed, keyGroups)
      const staying = withoutKeys(keyGroups, [...removed, ...added])
      const wanted = changed(keyGroups, { added, removed })
      const rule = await ruleFor(config, target.typePath, ctx)
      warnOfRecipients({ shared: file.metadata, staying }, rule, ctx)
      const sources = keySources(inv, ctx, 'add-')
      const { groups, threshold } = await wrapDataKey(dataKey, wanted, shamirThreshold, opener.services).catch(
        (error: unknown) => {
          throw error instanceof SopsError && sources.length > 0
            ? withHints(error, [`recipients were added with ${sources.join(' and ')}`])
            : error
        },
      )
      const metadata = { ...file.metadata, keyGroups: groups, shamirThreshold: threshold }
      const output = await loadFormat(formats.output)
      await ctx.audit?.({ action: 'encrypt', file: path })
      const input = { ...file, metadata, dataKey, allowCleartext: true }
      const sealed = sealFile(input, output, ctx.now(), layoutOf(inv, config, formats))
      await checkClear({ ...input, sealed }, inv, io, creationRule(config, target.typePath, ctx))
      warnOfRespelling(sealed, ctx)
      const place = await writeResult(inv, io, target, sealed.bytes, bytes)
      if (target.inPlace) warnOfMisnamed(target.file!, output.id, ctx)
      await io.done(`rotated ${inv.positionals[0]}: new data key for ${recipientsText(metadata)}`, place)
    })
  })
}

interface Changes {
  readonly added: readonly MasterKey[]
  readonly removed: readonly MasterKey[]
}

const changed = (groups: readonly KeyGroup[], { added, removed }: Changes): KeyGroup[] =>
  withoutKeys(withKeys(groups, added), removed)

/** Wraps for anybody, and asks nobody. */
const rehearsing: KeyService = {
  name: 'rehearsal',
  log: () => {},
  wrap: async () => '',
  unwrap: async () => ({ unavailable: 'nothing is opened' }),
}

/** Whether it can be done, without opening anything: a new data key changes every file. */
async function planned(io: Io, { metadata, others }: EncryptedFile, changes: Changes): Promise<void> {
  refuseOthers(others)
  refuseAbsent(changes.removed, metadata.keyGroups)
  const wanted = changed(metadata.keyGroups, changes)
  await wrapDataKey(new Uint8Array(32), wanted, metadata.shamirThreshold, [rehearsing])
  io.many?.wouldChange()
}

function missing(inv: Given, path: string): SopsError {
  const advice = inv.legacy ? '`--kms` and `--pgp` options' : '`edit` subcommand'
  return new SopsError(
    'change-keys-of-missing-file',
    `Error: cannot add or remove keys on non-existent file ${quote(path)}, use the ${advice} instead.`,
  )
}

const removalFlags = (): readonly KeyFlagName<'rm-'>[] =>
  keyTypesInOrder('rotate').map((type) => keyFlagName('rm-', type))

const changesKeys = (inv: Given): boolean => changedKeys.some(({ name }) => inv.string(name) !== '')

/**
 * Refuses an empty value, as `--rm-age "$OLD"` has when the variable is not set: it would remove nobody, or add nobody.
 * @throws SopsError `generic` naming the flag.
 */
function refuseEmpty(inv: Given): void {
  const empty = changedKeys.map(({ name }) => name).find((flag) => inv.given(flag) && inv.string(flag).trim() === '')
  if (empty === undefined) return
  const what = empty.startsWith('add-') ? 'add' : 'remove'
  throw new SopsError('generic', `Error: --${empty} names no recipient, so there is nothing to ${what}`, {
    hints: ['if the recipient comes from a variable, see whether it is set'],
  })
}

const withKeys = (groups: readonly KeyGroup[], added: readonly MasterKey[]): KeyGroup[] =>
  groups.map((group, i) => (i === 0 ? { keys: [...group.keys, ...added] } : group))

/** Removes the recipients, however spelled, from every group. */
function withoutKeys(groups: readonly KeyGroup[], removed: readonly MasterKey[]): KeyGroup[] {
  const identities = new Set(removed.map(identityOf))
  return groups.map((group) => ({ keys: group.keys.filter((key) => !identities.has(identityOf(key))) }))
}

/** Adds what was probably meant to the error about a recipient that does not parse, which is often a mistyped one. */
async function withNearest(
  error: unknown,
  inv: Given,
  readFile: () => Promise<Uint8Array>,
  path: string,
): Promise<unknown> {
  if (!(error instanceof SopsError)) return error
  try {
    const bytes = await readFile()
    const { metadata } = await loadEncrypted(bytes, formatsFor(namedFormats(inv), path, bytes).input)
    const own = metadata.keyGroups.flatMap(({ keys }) => keys).map(labelOf)
    const words = removalFlags()
      .flatMap((flag) => inv.string(flag).split(','))
      .map((word) => word.trim())
    const hints = words.filter((word) => word !== '' && !own.includes(word)).flatMap((word) => meant(word, own))
    return withHints(error, hints)
  } catch {
    return error
  }
}

const meant = (word: string, labels: readonly string[]): string[] => {
  const near = closest(word, labels)
  return [near === undefined ? 'sops doctor FILE shows the recipients that it has' : `did you mean ${near}?`]
}

/**
 * A revocation that removes nobody must not look like a success.
 * @throws SopsError `generic` naming each recipient that the file does not have, and the one that was probably meant.
 */
function refuseAbsent(removed: readonly MasterKey[], groups: readonly KeyGroup[]): void {
  const own = groups.flatMap(({ keys }) => keys)
  const identities = new Set(own.map(identityOf))
  const absent = removed.filter((key) => !identities.has(identityOf(key)))
  if (absent.length === 0) return
  const names = absent.map((key) => quote(labelOf(key))).join(', ')
  const flags = new Set(absent.map(({ type }) => dashed(keyFlagName('rm-', keyTypes[type]))))
  throw new SopsError(
    'generic',
    `Error: cannot remove ${names}: the file has no such recipient (${[...flags].join(', ')})`,
    {
      hints: absent.flatMap((key) => {
        const same = own.filter(({ type }) => type === key.type)
        return meant(labelOf(key), same.map(labelOf))
      }),
    },
  )
}
