// `sops groups add` and `sops groups delete`: change the key groups of a file, not its values.

import { fingerprint } from '../../disk/index.ts'
import { SopsError, withHints } from '../../errors.ts'
import type { EncryptedFile } from '../../file/index.ts'
import { changeRecipients, loadEncrypted } from '../../file/index.ts'
import { ownThreshold, shortRecoveryText } from '../../groups/index.ts'
import type { KeyGroup, MasterKey } from '../../keys/index.ts'
import { keyTypesInOrder } from '../../keys/index.ts'
import { refuseOthers } from '../../metadata/index.ts'
import { fileWord, quote, shellWord } from '../../text/quote.ts'
import { type Command, command, type EachWork } from '../command.ts'
import { readInput } from '../files.ts'
import { dashed, string } from '../flag.ts'
import {
  awsProfile,
  encryptionContext,
  groupKeys,
  ignoreMac,
  inPlace,
  keyFlagName,
  keyServices,
  threshold,
} from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { changeMany } from '../many/change.ts'
import { targetFlags, writerFlags } from '../many/flags.ts'
import { encryptedTargets, isSingle, mustBeInPlace, wantsReport } from '../many/targets.ts'
import { recipientsText } from '../outcome.ts'
import { ruleFor, warnOfRecipients, withRule } from '../rule.ts'
import {
  absolutePath,
  configOf,
  formatsFor,
  keyParseOptions,
  kmsWords,
  layoutOf,
  named,
  servicesOf,
} from '../settings.ts'
import { warnOfRespelling } from '../warnings.ts'

/** Flags of both commands. */
const file = string('file', 'file to change', { aliases: ['f'], value: 'PATH', path: true })

const addFlags = [
  file,
  inPlace,
  ...groupKeys,
  awsProfile,
  threshold,
  encryptionContext,
  ignoreMac,
  ...keyServices,
  ...targetFlags,
  ...writerFlags,
] as const
type ToAdd = Invocation<(typeof addFlags)[number]>

export const add: Command = command({
  args: '',
  flags: addFlags,
  examples: ['sops groups add -i -f secrets.yaml --age age1…'],
  root: ['config', 'indent'],
  each: async (inv, io) => eachFile({ done: added, plan: planToAdd(inv, await keysGiven(inv, io)) }),
  run: addGroup,
})

const removeFlags = [file, inPlace, threshold, ignoreMac, ...keyServices, ...targetFlags, ...writerFlags] as const
type Either = Invocation<(typeof removeFlags)[number]>

export const remove: Command = command({
  args: 'INDEX',
  flags: removeFlags,
  examples: ['sops groups delete -i -f secrets.yaml 1'],
  root: ['config', 'indent'],
  each: (inv) => eachFile(taskToRemove(inv, Number(inv.positionals[0]))),
  run: removeGroup,
})

async function addGroup(inv: ToAdd, io: Io): Promise<number> {
  const [word] = inv.positionals
  if (word !== undefined) {
    const named = inv.string('file') || word
    throw new SopsError('generic', 'error: no positional arguments allowed', {
      hints: [`the file stands behind a flag: sops groups add -i --file ${fileWord(named)} --age RECIPIENT`],
    })
  }
  io.about(inv.string('file'))
  const keys = await keysGiven(inv, io)
  if (keys.length === 0) {
    throw new SopsError('generic', 'error: no keys given for the new group', {
      hints: ['name at least one, for example with --age'],
    })
  }
  return change(inv, io, { done: added, plan: planToAdd(inv, keys) }).catch((error: unknown) => {
    throw error instanceof SopsError && error.details.wrapErrors ? withHints(error, [sourceHint(inv)]) : error
  })
}

const added = 'added a group to'

const planToAdd =
  (inv: ToAdd, keys: readonly MasterKey[]): Task['plan'] =>
  ({ metadata }) => ({
    groups: [...metadata.keyGroups, { keys }],
    threshold:
      inv.int('shamir-secret-sharing-threshold') ||
      ownThreshold(metadata.shamirThreshold, metadata.keyGroups.length + 1),
  })

function sourceHint(inv: ToAdd): string {
  const given = groupKeys.filter(({ name }) => inv.list(name).length > 0).map(({ name }) => dashed(name))
  return `the recipients of the new group are those of ${given.join(' and ')}`
}

async function keysGiven(inv: ToAdd, io: Io): Promise<MasterKey[]> {
  const options = keyParseOptions(kmsWords(inv), io.ctx, true)
  const keys: (readonly MasterKey[])[] = []
  for (const type of keyTypesInOrder('groups')) {
    const flag = keyFlagName('', type)
    for (const text of inv.list(flag)) keys.push(await named(dashed(flag), type.parse(text, io.ctx, options)))
  }
  return keys.flat()
}

/** The file is a flag here, and the one word the index. */
function indexHint(inv: Either): string {
  const file = inv.string('file') || inv.positionals.find((word) => !/^\d+$/.test(word)) || 'FILE'
  return `the first key group has the number 0: sops groups delete -i --file ${fileWord(file)} 0`
}

async function removeGroup(inv: Either, io: Io): Promise<number> {
  const [word] = inv.positionals
  if (word === undefined || inv.positionals.length !== 1) {
    throw new SopsError('generic', 'exactly one positional argument (index) required', { hints: [indexHint(inv)] })
  }
  if (!/^\d+$/.test(word)) {
    throw new SopsError(
      'generic',
      `failed to parse [index] argument: ${quote(word)} is not the number of a key group`,
      {
        hints: [indexHint(inv)],
      },
    )
  }
  let groupsLeft: number | undefined
  const noting = (left: number): void => {
    groupsLeft = left
  }
  return change(inv, io, taskToRemove(inv, Number(word), noting)).catch((error: unknown) => {
    if (!(error instanceof SopsError) || groupsLeft !== 0 || !error.details.wrapErrors) throw error
    throw new SopsError(error.code, error.message, { hints: [onlyGroupHint], cause: error })
  })
}

/** `noting` is told how many groups are left. */
function taskToRemove(inv: Either, index: number, noting?: (left: number) => void): Task {
  const plan: Task['plan'] = ({ metadata }) => {
    const { keyGroups } = metadata
    if (index >= keyGroups.length) {
      throw new SopsError(
        'generic',
        `there is no key group ${index}: the file has ${keyGroups.length}, counted from 0`,
        {
          hints: ['sops doctor FILE shows the groups'],
        },
      )
    }
    const groups = keyGroups.toSpliced(index, 1)
    noting?.(groups.length)
    const threshold = inv.int('shamir-secret-sharing-threshold') || metadata.shamirThreshold
    if (groups.length < threshold) {
      const headline = 'removing this key group will make the Shamir threshold impossible to satisfy'
      throw new SopsError(
        'generic',
        `${headline}: Shamir threshold is ${threshold}, but there would be ${groups.length} group(s) left`,
      )
    }
    return { groups, threshold }
  }
  return { done: `removed group ${index} from`, plan }
}

const onlyGroupHint =
  'it is the only key group, and a file needs one: sops updatekeys FILE, or sops rotate with its flags, changes who can open it'

interface Wanted {
  readonly groups: readonly KeyGroup[]
  readonly threshold: number
}

/** Files that a group is added to, or taken from. */
interface Task {
  /** What the line about it begins with. */
  readonly done: string
  readonly plan: (file: EncryptedFile) => Wanted
}

/** Changes the file, or the files that flags say, a folder or a pattern behind `--file`. */
async function change(inv: Either, io: Io, task: Task): Promise<number> {
  const path = inv.string('file')
  const words = path === '' ? [] : [path]
  if (isSingle(inv, io, words) && !wantsReport(inv)) {
    await changeFile(inv, io, path, task)
    return 0
  }
  mustBeInPlace(inv, io, 'changed', { words, flags: words.flatMap((word) => ['--file', shellWord(word)]) })
  const targets = await encryptedTargets(inv, io, words)
  return changeMany(inv, io, { targets, work: eachFile(task), shared: {}, verbs: ['changing', 'changed', 'change'] })
}

const eachFile =
  (task: Task): EachWork<Either> =>
  (one, child) =>
    child.many?.rehearsal === true
      ? planned(child, one.positionals[0]!, task.plan)
      : changeFile(one, child, one.positionals[0]!, task)

/** Whether it can be done, without opening anything. */
async function planned(io: Io, path: string, plan: Task['plan']): Promise<void> {
  const bytes = await readInput(io, path, { inPlace: true })
  plan(await loadEncrypted(bytes, formatsFor({}, path, bytes).input, io.ctx.watch))
  io.many?.wouldChange()
}

/** Loads the file, wraps its data key for the groups of the plan, and writes it; writes nothing if anything fails. */
async function changeFile(inv: Either, io: Io, path: string, { done, plan }: Task): Promise<void> {
  if (path === '') {
    throw new SopsError('bad-input', 'Error reading file: none is named', {
      hints: [`name it with a flag: sops ${inv.command.join(' ')} -i --file FILE`],
    })
  }
  io.about(path)
  const config = await configOf(inv, io)
  const services = await servicesOf(inv, withRule(io, config, absolutePath(io.ctx, path)))
  const bytes = await readInput(io, path, { inPlace: inv.bool('in-place') })
  const formats = formatsFor({}, path, bytes)
  const file = await loadEncrypted(bytes, formats.input, io.ctx.watch)
  refuseOthers(file.others, { unopened: true })
  const wanted = plan(file)
  const absolute = absolutePath(io.ctx, path)
  const rule = await ruleFor(config, absolute, io.ctx)
  const present = new Set(file.metadata.keyGroups.flatMap(({ keys }) => keys))
  const staying = wanted.groups.map(({ keys }) => ({ keys: keys.filter((key) => present.has(key)) }))
  const shared = { keyGroups: wanted.groups, shamirThreshold: wanted.threshold }
  const isGiven = Boolean(inv.int('shamir-secret-sharing-threshold'))
  warnOfRecipients(isGiven ? { staying } : { shared, staying }, rule, io.ctx)
  const updated = await changeRecipients(file, wanted, {
    services,
    order: [],
    ignoreMac: inv.bool('ignore-mac'),
    audit: { context: io.ctx, file: absolute },
    layout: layoutOf(inv, config, formats),
  }).catch((error: unknown) => {
    if (!(error instanceof SopsError) || error.code !== 'no-data-key') throw error
    throw new SopsError('generic', shortRecoveryText(error), { hints: error.hints, cause: error })
  })
  warnOfRespelling(updated, io.ctx)
  if (inv.bool('in-place')) {
    await io.write(path, updated.bytes, { what: 'in-place file', expect: fingerprint(bytes) })
  } else await io.out(updated.bytes)
  await io.done(`${done} ${path}: now ${recipientsText(shared)}`, inv.bool('in-place') ? 'file' : 'stdout')
}
