// `sops publish`: sends a file, or a folder of files, where the configuration says.

import { basename, extname, join, relative } from 'node:path'
import { compileSelection, defaultSelection, givenSettings, walk } from '../../cipher/index.ts'
import type { DestinationRule } from '../../config/index.ts'
import { type Config, matchDestinationRule, strayHints } from '../../config/index.ts'
import { SopsError } from '../../errors.ts'
import { lineOf, loadEncrypted, sealFile, withNewFile } from '../../file/index.ts'
import { isChange, keyChanges } from '../../groups/index.ts'
import { refuseOthers } from '../../metadata/index.ts'
import { destinationText, type Parcel, upload } from '../../publish/index.ts'
import type { Target } from '../../repo/index.ts'
import { filesBelow } from '../../system/index.ts'
import { fileWord } from '../../text/quote.ts'
import type { Leaf, Tree } from '../../tree/tree.ts'
import { refuseChoice } from '../../tree/twins.ts'
import { askYesNo } from '../ask.ts'
import { checkClear } from '../cleartext.ts'
import { type Command, command } from '../command.ts'
import { noFile } from '../extra-words.ts'
import { isFolder, statNamed } from '../files.ts'
import { bool } from '../flag.ts'
import { allowCleartext, decryptionOrder, keyServices, verbose, yes } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { rehearses } from '../many/change.ts'
import { targetFlags, writerFlags } from '../many/flags.ts'
import { isByFlag, isSingle, targetsOf, wantsReport } from '../many/targets.ts'
import { type OpenedFile, type Opener, openerOf, read } from '../open.ts'
import { type Prepared, publishMany } from '../publish/many.ts'
import { absolutePath, formatsFor, layoutOf, wantedConfig } from '../settings.ts'
import { pathsText, warnOfRespelling } from '../warnings.ts'
import { describeChanges } from './updatekeys.ts'

const keepGoing = 'upload what can be uploaded, also when some files fail; what was uploaded stays in any case'

const flags = [
  yes,
  bool('omit-extensions', 'leave out the file extension at the destination'),
  bool('recursive', 'publish every file below a folder; each file gets its path below it as its name'),
  allowCleartext,
  verbose,
  decryptionOrder,
  ...keyServices,
  ...targetFlags,
  ...writerFlags.map((flag) => (flag.name === 'keep-going' ? { ...flag, help: keepGoing } : flag)),
] as const
type Given = Invocation<(typeof flags)[number]>

export const publish: Command = command({
  args: '[PATH...]',
  flags,
  examples: ['sops publish --yes secrets.yaml', 'sops publish --recursive --changed=HEAD~1 --dry-run'],
  root: ['config', 'indent'],
  run,
})

interface Job {
  readonly inv: Given
  readonly io: Io
  readonly config: Config
  readonly opener: Opener
  /** What names at the destination are relative to, with `--recursive`: the path as given on the command line, or the current folder. */
  readonly root: string
}

async function run(inv: Given, io: Io): Promise<number> {
  const [first] = inv.positionals
  if (first === undefined && !isByFlag(inv)) throw noFile(inv)
  const one = inv.positionals.length === 1 && !isByFlag(inv) ? first : undefined
  io.about(one)
  const config = await wantedConfig(inv, io, [
    'where files go is said in destination_rules of .sops.yaml: make one here, or name one with sops --config CONFIG publish',
  ])
  const folder = one !== undefined && isFolder(absolutePath(io.ctx, one)) ? one : undefined
  if (folder !== undefined && !inv.bool('recursive')) {
    throw new SopsError('generic', "can't operate on a directory without --recursive flag.", {
      hints: [`every file below it: sops publish --recursive ${fileWord(folder)}`],
    })
  }
  const isOne = folder !== undefined || isSingle(inv, io)
  if (one === undefined || !isOne || wantsReport(inv)) {
    const targets = folder === undefined ? await targetsOf(inv, io, 'encrypted') : await filesIn(folder, io)
    return publishMany(inv, io, targets, async (child, { name }) =>
      prepare(name, { inv, io: child, config, opener: await openerOf(inv, child), root: folder ?? '.' }),
    )
  }
  const job = { inv, io, config, opener: await openerOf(inv, io), root: one }
  if (folder !== undefined) await publishFolder(folder, job)
  else {
    await statNamed(absolutePath(io.ctx, one), one)
    await publishFile(one, job)
  }
  return 0
}

async function filesIn(folder: string, { ctx }: Io): Promise<readonly Target[]> {
  const targets: Target[] = []
  for await (const file of filesBelow(absolutePath(ctx, folder))) {
    const name = join(folder, file)
    targets.push({ name, path: absolutePath(ctx, name), named: false })
  }
  return targets
}

async function publishFolder(root: string, job: Job): Promise<void> {
  const { io } = job
  const files = await filesIn(root, io)
  const quiet = { ...job, io: { ...io, done: async () => {} } }
  let published = 0
  for (const [i, { name }] of files.entries()) {
    io.about(name)
    io.within(`publishing ${i + 1} of ${files.length}`)
    if (await publishFile(name, quiet)) published++
  }
  io.within(undefined)
  await io.done(`published ${published} of ${files.length} files`)
}

/** False if the user said no. */
async function publishFile(path: string, job: Job): Promise<boolean> {
  const { inv, io } = job
  const { to, parcel } = await prepare(path, job)
  const absolute = absolutePath(io.ctx, path)
  if (!inv.bool('yes') && !(await askYesNo(io, `uploading ${absolute} to ${to} ? (y/n): `))) {
    const text = `Publication of ${absolute} canceled`
    if (!inv.bool('recursive')) throw new SopsError('generic', text)
    await io.say(text)
    return false
  }
  io.ctx.watch?.({ what: `uploading to ${to}` })
  await upload(parcel!, io.ctx)
  await io.done(`published ${path}: to ${to}`)
  return true
}

async function prepare(path: string, job: Job): Promise<Prepared> {
  const { io, config } = job
  const rule = await matchDestinationRule(config, path, io.ctx)
  if (!rule.destination) {
    const at = `destination_rules[${rule.index}]`
    throw new SopsError('generic', 'no destination configured for this file', {
      hints: [
        ...strayHints(config, at),
        `${at} in ${config.file.path} applies: give it an s3_bucket, a gcs_bucket or a vault_path`,
      ],
    })
  }
  const name = nameOf(path, rule, job)
  return { to: destinationText(rule.destination, name), parcel: await pack(path, name, rule, job) }
}

function nameOf(path: string, rule: DestinationRule, { inv, io, root }: Job): string {
  const below = (): string => relative(absolutePath(io.ctx, root), absolutePath(io.ctx, path)).replaceAll('\\', '/')
  const name = (inv.bool('recursive') && below()) || basename(path)
  if (name.startsWith('../'))
    throw new SopsError('generic', `${path} is outside of the current folder, so it has no path below it`, {
      hints: ['without --recursive files are published under their names alone'],
    })
  const extension = inv.bool('omit-extensions') || rule.omitExtensions ? extensionOf(name) : ''
  // A name that is all extension stays, or nothing would be left.
  return extension.length === basename(name).length ? name : name.slice(0, name.length - extension.length)
}

/** From the last point on, even if that is the first character. */
const extensionOf = (name: string): string => extname(`x${basename(name)}`)

/** Undefined in a rehearsal where the file would be sealed anew. */
async function pack(path: string, name: string, rule: DestinationRule, job: Job): Promise<Parcel | undefined> {
  const destination = rule.destination!
  const absolute = absolutePath(job.io.ctx, path)
  const bytes = await read(job.io, absolute)
  const format = formatsFor({}, path, bytes).input
  if (destination.kind === 'vault') {
    return job.opener.withOpen({ path: absolute, bytes, input: format }, {}, async ({ file }) => {
      refuseChoice(file.twins, 'the secret', { lineOf: lineOf(file) })
      warnOfMerge(file.plain, job.io)
      return { name, vault: destination, plain: file.plain }
    })
  }
  if (rule.recreation.keyGroups[0]?.keys.length) {
    job.io.ctx.log({ level: 'debug', logger: 'PUBLISH', message: 'Re-encrypting tree before publishing' })
    return job.opener.withOpen({ path: absolute, bytes, input: format }, { change: true }, async (opened) => {
      if (rehearses(job.inv)) return undefined
      return { name, bucket: destination, bytes: await sealAnew(opened, rule, job) }
    })
  }
  // Nothing unencrypted may get out.
  refuseOthers((await loadEncrypted(bytes, format, job.io.ctx.watch)).others, { unopened: true })
  return { name, bucket: destination, bytes }
}

/** Vault gets one secret for all documents: of a key that several have, only the last value. */
function warnOfMerge({ documents }: Tree, { ctx }: Io): void {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { items } of documents) {
    const keys = new Set(items.flatMap((item) => (item.kind === 'entry' ? [item.key] : [])))
    for (const key of keys) (seen.has(key) ? twice : seen).add(key)
  }
  if (twice.size === 0) return
  const message = `several documents have ${pathsText([...twice].map((key) => [key]))}: only the last value of each is published`
  ctx.log({ level: 'warning', logger: 'PUBLISH', message })
}

/** Seals the file under a new data key for the rule's recipients. Of the rule's other settings only suffixes and threshold count. */
async function sealAnew({ path, file }: OpenedFile, rule: DestinationRule, job: Job): Promise<Uint8Array> {
  const { inv, io, config, opener } = job
  const { keyGroups, shamirThreshold, selection } = rule.recreation
  // As in the reference, the diff ignores the thresholds: 0 on both sides.
  const changes = keyChanges(file.metadata.keyGroups, 0, keyGroups)
  const what = io.many ? `key groups of ${relative(io.ctx.cwd, path)}` : "file's key groups"
  if (isChange(changes)) for (const line of describeChanges(changes, io, what)) await io.say(line)
  const ofKeys = givenSettings(selection).filter(({ by }) => by === 'suffix')
  const suffixes = Object.fromEntries(ofKeys.map(({ name }) => [name, selection[name]]))
  if (ofKeys.length === 0) await refuseDefaultSuffix(file.plain)
  const settings = { keyGroups, shamirThreshold, selection: suffixes, macOnlyEncrypted: false }
  return withNewFile(settings, opener.services, async (sealed) => {
    await io.ctx.audit?.({ action: 'encrypt', file: path })
    const input = { ...file, ...sealed, allowCleartext: true }
    const published = sealFile(
      input,
      file.format,
      io.ctx.now(),
      layoutOf(inv, config, { output: file.format.id, named: false }),
    )
    const own = { selection: sealed.selection, name: `the recreation rule of destination_rules[${rule.index}]` }
    await checkClear({ ...input, sealed: published }, inv, io, async () => own)
    warnOfRespelling(published, io.ctx)
    return published.bytes
  })
}

/**
 * A file that names no setting is sealed without a suffix (spec/keys.md 12) but read with the default one: a value that the two treat
 * differently could never be read again.
 */
async function refuseDefaultSuffix(plain: Tree): Promise<void> {
  const selection = await compileSelection(defaultSelection)
  const path: string[] = []
  const leaf = (found: Leaf, _aad: string, selected: boolean): Leaf => {
    if (selected || found.value === null || found.value === '') return found
    throw new SopsError(
      'generic',
      `the published file could not be opened again: readers take ${path.at(-1)} for clear text`,
      {
        path: [...path],
        hints: ['give the recreation rule an unencrypted_suffix or an encrypted_suffix'],
      },
    )
  }
  walk(plain, selection, { leaf, comment: (comment) => comment }, path)
}
