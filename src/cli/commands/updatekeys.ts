// `sops updatekeys`: gives files the recipients of their creation rule. Values, MAC and dates stay as they are.

import { type Config, type CreationRule, matchCreationRule, ruleHints } from '../../config/index.ts'
import { fingerprint } from '../../disk/index.ts'
import { SopsError, setIn } from '../../errors.ts'
import { changeRecipients, type EncryptedFile, loadEncrypted } from '../../file/index.ts'
import type { FormatId } from '../../formats/index.ts'
import { isChange, isReordered, type KeyChanges, keepWrapped, keyChanges, wrapErrors } from '../../groups/index.ts'
import { refuseOthers } from '../../metadata/index.ts'
import { counted } from '../../text/counted.ts'
import { fileWord } from '../../text/quote.ts'
import { askYesNo } from '../ask.ts'
import { type Command, command } from '../command.ts'
import { forEachFile } from '../each-file.ts'
import { noFile } from '../extra-words.ts'
import { readInput, statNamed } from '../files.ts'
import { ignoreMac, inputType, keyServices, yes } from '../flags.ts'
import { folderHint } from '../folder-hint.ts'
import type { Invocation, Io } from '../invocation.ts'
import { progressLine } from '../log.ts'
import { changeMany, changeManyIf, rehearses } from '../many/change.ts'
import { targetFlags, writerFlags } from '../many/flags.ts'
import { encryptedTargets, isByFlag, isSingle, wantsReport } from '../many/targets.ts'
import { warnOfNearer } from '../nearer-config.ts'
import { warnOfRecipients } from '../rule.ts'
import type { Line } from '../say.ts'
import { absolutePath, formatsFor, layoutOf, recipientHints, servicesOf, wantedConfig } from '../settings.ts'
import { warnOfRespelling } from '../warnings.ts'

const flags = [yes, inputType, ignoreMac, ...keyServices, ...targetFlags, ...writerFlags] as const
type Given = Invocation<(typeof flags)[number]>

export const updatekeys: Command = command({
  args: 'FILE [FILE...]',
  flags,
  examples: ['sops updatekeys --yes secrets/*.yaml'],
  root: ['config', 'indent'],
  each: () => updateOneOfMany,
  run,
})

async function run(inv: Given, io: Io): Promise<number> {
  const { positionals } = inv
  const [name] = positionals
  if (name === undefined && !isByFlag(inv)) throw noFile(inv)
  // Files that are named are handled one after another, as by SOPS.
  const areNamed = !isByFlag(inv) && positionals.every((word) => isSingle(inv, io, [word]))
  if (!areNamed || wantsReport(inv)) return updateMany(inv, io)
  const isOne = positionals.length === 1
  if (isOne) io.about(name)
  const config = await wantedConfig(inv, io, configHints(name!))
  if (isOne) await updateFile(inv, io, config)
  else {
    let changed = 0
    const update = async (one: Given): Promise<void> => {
      if (await updateFile(one, io, config)) changed++
    }
    await forEachFile(inv, io, update, {
      doing: 'updating',
      done: (total) => `updated ${changed} of ${total} files`,
      failed: (failures) => `failed updating ${failures} key(s)`,
    })
  }
  return 0
}

const configHints = (name: string): readonly string[] => [
  'the recipients come from a creation rule of .sops.yaml: sops keygen shows how to write one',
  `without one: sops rotate -i --add-age age1… ${fileWord(name)}`,
]

async function updateMany(inv: Given, io: Io): Promise<number> {
  if (inv.bool('json') && !inv.bool('yes') && !rehearses(inv))
    throw new SopsError('generic', '--json leaves no room for a question', { hints: ['add --yes, or --dry-run'] })
  const targets = await encryptedTargets(inv, io).catch((error: unknown) => {
    if (!(error instanceof SopsError) || error.code !== 'bad-input') throw error
    throw new SopsError('generic', "can't operate on a directory", { hints: error.hints, cause: error })
  })
  const run = { targets, work: updateOneOfMany, shared: {}, verbs: ['updating', 'updated', 'update'] as const }
  if (inv.bool('yes') || rehearses(inv)) return changeMany(inv, io, run)
  return changeManyIf(inv, io, run, (changed) => `Change the recipients of ${counted(changed, 'file')}? (y/n):`)
}

async function updateOneOfMany(inv: Given, io: Io): Promise<void> {
  await updateFile(inv, io, await wantedConfig(inv, io, configHints(inv.positionals[0]!)))
}

/** True if the file was changed. */
async function updateFile(inv: Given, io: Io, config: Config): Promise<boolean> {
  const { ctx } = io
  const [name = ''] = inv.positionals
  io.about(name)
  const path = absolutePath(ctx, name)
  await mustBeFile(path, io.command)
  await progress(io, `Syncing keys for file ${path}`)
  const bytes = await readInput(io, path, { inPlace: true })
  const { input } = formatsFor({ input: inv.string('input-type') }, path, bytes)
  const file = await loadEncrypted(bytes, input, ctx.watch)
  refuseOthers(file.others, { unopened: true })
  if (!config.creationRules) {
    throw new SopsError('generic', `The config file ${config.file.path} does not contain any creation rule`, {
      hints: ruleHints(config),
    })
  }
  await warnOfNearer(inv, io, config, path)
  const rule = await matchCreationRule(config, path, ctx)
  const old = file.metadata
  const changes = keyChanges(old.keyGroups, old.shamirThreshold, rule.keyGroups, rule.shamirThreshold)
  // For SOPS an order is no difference, and its users' scripts look for these words.
  const isReorder = !isChange(changes) && io.many !== undefined && isReordered(old.keyGroups, rule.keyGroups)
  if (!isChange(changes) && !isReorder) {
    await progress(io, `File ${path} already up to date`)
    return false
  }
  if (!io.many?.agreed) {
    // All recipients come from the rule, so none stay for the file's sake.
    warnOfRecipients({ shared: old, staying: [] }, rule, ctx)
    const what = io.many ? `recipients of ${name}` : undefined
    const lines = isReorder
      ? [`The order of the recipients of ${name} will be that of the rule`]
      : describeChanges(changes, io, what)
    for (const line of lines) await io.say(line)
  }
  if (io.many?.rehearsal) {
    io.many.wouldChange()
    return true
  }
  if (!io.many && !inv.bool('yes') && !(await askYesNo(io, 'Is this okay? (y/n):'))) {
    await progress(io, `File ${path} left unchanged`)
    return false
  }
  const updated = await withRecipients(inv, io, { file, changes, rule, config, path, input })
  warnOfRespelling(updated, ctx)
  await io.write(path, updated.bytes, { what: 'in-place file', expect: fingerprint(bytes) })
  await progress(io, `File ${path} synced with new keys`)
  return true
}

interface Wanted {
  readonly file: EncryptedFile
  readonly changes: KeyChanges
  readonly rule: CreationRule
  readonly config: Config
  readonly path: string
  readonly input: FormatId
}

async function withRecipients(
  inv: Given,
  io: Io,
  { file, changes, rule, config, path, input }: Wanted,
): ReturnType<typeof changeRecipients> {
  const groups = keepWrapped(file.metadata.keyGroups, rule.keyGroups)
  const wanted = { groups, threshold: changes.newThreshold, keep: true }
  return changeRecipients(file, wanted, {
    services: await servicesOf(inv, io),
    order: [],
    ignoreMac: inv.bool('ignore-mac'),
    audit: { context: io.ctx, file: path },
    layout: layoutOf(inv, config, { output: input, named: false }),
  }).catch((error: unknown) => {
    const errors = wrapErrors(error)
    const text = errors && `error updating one or more master keys: [${errors.join(' ')}]`
    throw text === undefined
      ? error
      : new SopsError('generic', setIn(text), {
          hints: [...(error as SopsError).hints, ...recipientHints(config, rule.index)],
        })
  })
}

async function mustBeFile(path: string, command: string): Promise<void> {
  if ((await statNamed(path)).isDirectory())
    throw new SopsError('generic', "can't operate on a directory", { hints: [folderHint(path, command)] })
}

const progress = (io: Io, text: string): Promise<void> => io.tell(progressLine(io.ctx.now(), text))

/**
 * The difference as the reference prints it, by group from 1: common keys, `+++` added, `---` removed. `what` names in the headline what
 * changes.
 */
export function describeChanges(
  changes: KeyChanges,
  { style }: Pick<Io, 'style'>,
  what = "file's groups",
): readonly Line[] {
  const { oldThreshold, newThreshold } = changes
  const lines: Line[] = [`The following changes will be made to the ${what}:`]
  if (oldThreshold === newThreshold) {
    if (newThreshold > 0) lines.push(`shamir_threshold: ${newThreshold}`)
  } else {
    if (newThreshold > 0) lines.push(style.green(`+++ shamir_threshold: ${newThreshold}`))
    if (oldThreshold > 0) lines.push(style.red(`--- shamir_threshold: ${oldThreshold}`))
  }
  for (const [i, group] of changes.groups.entries()) {
    lines.push(style.underline(`Group ${i + 1}`))
    for (const label of group.kept) lines.push(`    ${label}`)
    for (const label of group.added) lines.push(style.green(`+++ ${label}`))
    for (const label of group.removed) lines.push(style.red(`--- ${label}`))
  }
  return lines
}
