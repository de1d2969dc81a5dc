// `sops updatekeys`: gives files the recipients of their creation rule. Values, MAC and dates stay as they are.

import { type Config, matchCreationRule, ruleHints } from '../../config/index.ts'
import { SopsError, setIn } from '../../errors.ts'
import { changeRecipients, loadEncrypted } from '../../file/index.ts'
import { isChange, type KeyChanges, keepWrapped, keyChanges, wrapErrors } from '../../groups/index.ts'
import { refuseOthers } from '../../metadata/index.ts'
import { fileWord } from '../../text/quote.ts'
import { askYesNo } from '../ask.ts'
import { type Command, command } from '../command.ts'
import { forEachFile } from '../each-file.ts'
import { noFile } from '../extra-words.ts'
import { fingerprint, readInput, statNamed, writeOutput } from '../files.ts'
import { ignoreMac, inputType, keyServices, yes } from '../flags.ts'
import { folderHint } from '../folder-hint.ts'
import type { Invocation, Io } from '../invocation.ts'
import { progressLine } from '../log.ts'
import { warnOfRecipients } from '../rule.ts'
import { type Line, sayLines } from '../say.ts'
import { absolutePath, formatsFor, layoutOf, recipientHints, servicesOf, wantedConfig } from '../settings.ts'
import { warnOfRespelling } from '../warnings.ts'

const flags = [yes, inputType, ignoreMac, ...keyServices] as const
type Given = Invocation<(typeof flags)[number]>

export const updatekeys: Command = command({
  args: 'FILE [FILE...]',
  flags,
  examples: ['sops updatekeys --yes secrets/*.yaml'],
  root: ['config', 'indent'],
  run,
})

async function run(inv: Given, io: Io): Promise<number> {
  const [name] = inv.positionals
  if (name === undefined) throw noFile(inv)
  const isOne = inv.positionals.length === 1
  if (isOne) io.about(name)
  const config = await wantedConfig(inv, io.ctx, [
    'the recipients come from a creation rule of .sops.yaml: sops keygen shows how to write one',
    `without one: sops rotate -i --add-age age1… ${fileWord(name)}`,
  ])
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
  const rule = await matchCreationRule(config, path, ctx)
  const old = file.metadata
  const changes = keyChanges(old.keyGroups, old.shamirThreshold, rule.keyGroups, rule.shamirThreshold)
  if (!isChange(changes)) {
    await progress(io, `File ${path} already up to date`)
    return false
  }
  // All recipients come from the rule, so none stay for the file's sake.
  warnOfRecipients({ shared: old, staying: [] }, rule, ctx)
  await sayLines(io.host.stdout, describeChanges(changes, io))
  if (!inv.bool('yes') && !(await askYesNo(io, 'Is this okay? (y/n):'))) {
    await progress(io, `File ${path} left unchanged`)
    return false
  }
  const services = await servicesOf(inv, ctx)
  const groups = keepWrapped(old.keyGroups, rule.keyGroups)
  const wanted = { groups, threshold: changes.newThreshold, keep: true }
  const updated = await changeRecipients(file, wanted, {
    services,
    order: [],
    ignoreMac: inv.bool('ignore-mac'),
    audit: { context: ctx, file: path },
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
  warnOfRespelling(updated, ctx)
  await writeOutput(io.host, path, updated.bytes, { what: 'in-place file', expect: fingerprint(bytes) })
  await progress(io, `File ${path} synced with new keys`)
  return true
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
