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
import { filesBelow } from '../../system/index.ts'
import { fileWord } from '../../text/quote.ts'
import type { Leaf, Tree } from '../../tree/tree.ts'
import { refuseChoice } from '../../tree/twins.ts'
import { askYesNo } from '../ask.ts'
import { checkClear } from '../cleartext.ts'
import { type Command, command } from '../command.ts'
import { noFile } from '../extra-words.ts'
import { statNamed } from '../files.ts'
import { bool } from '../flag.ts'
import { allowCleartext, decryptionOrder, keyServices, verbose, yes } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { type OpenedFile, type Opener, openerOf, read } from '../open.ts'
import { sayLines } from '../say.ts'
import { absolutePath, formatsFor, layoutOf, wantedConfig } from '../settings.ts'
import { pathsText, warnOfRespelling } from '../warnings.ts'
import { describeChanges } from './updatekeys.ts'

const flags = [
  yes,
  bool('omit-extensions', 'leave out the file extension at the destination'),
  bool('recursive', 'publish every file below a folder'),
  allowCleartext,
  verbose,
  decryptionOrder,
  ...keyServices,
] as const
type Given = Invocation<(typeof flags)[number]>

export const publish: Command = command({
  args: 'PATH',
  oneFile: true,
  flags,
  examples: ['sops publish --yes secrets.yaml'],
  root: ['config', 'indent'],
  run,
})

interface Job {
  readonly inv: Given
  readonly io: Io
  readonly config: Config
  readonly opener: Opener
  /** The path as given on the command line. */
  readonly root: string
}

async function run(inv: Given, io: Io): Promise<number> {
  const [root] = inv.positionals
  if (root === undefined) throw noFile(inv)
  const config = await wantedConfig(inv, io.ctx, [
    'where files go is said in destination_rules of .sops.yaml: make one here, or name one with sops --config CONFIG publish',
  ])
  const isFolder = await isDirectory(root, io)
  if (isFolder && !inv.bool('recursive')) {
    throw new SopsError('generic', "can't operate on a directory without --recursive flag.", {
      hints: [`every file below it: sops publish --recursive ${fileWord(root)}`],
    })
  }
  const job = { inv, io, config, opener: await openerOf(inv, io), root }
  if (!isFolder) await publishFile(root, job)
  else await publishFolder(root, job)
  return 0
}

async function publishFolder(root: string, job: Job): Promise<void> {
  const { io } = job
  const names: string[] = []
  for await (const name of filesBelow(absolutePath(io.ctx, root))) names.push(name)
  const quiet = { ...job, io: { ...io, done: async () => {} } }
  let published = 0
  for (const [i, name] of names.entries()) {
    const path = join(root, name)
    io.about(path)
    io.within(`publishing ${i + 1} of ${names.length}`)
    if (await publishFile(path, quiet)) published++
  }
  io.within(undefined)
  await io.done(`published ${published} of ${names.length} files`)
}

const isDirectory = async (path: string, io: Io): Promise<boolean> =>
  (await statNamed(absolutePath(io.ctx, path), path)).isDirectory()

/** False if the user said no. */
async function publishFile(path: string, job: Job): Promise<boolean> {
  const { inv, io, config } = job
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
  const parcel = await pack(path, name, rule, job)
  const absolute = absolutePath(io.ctx, path)
  const question = `uploading ${absolute} to ${destinationText(rule.destination, parcel.name)} ? (y/n): `
  if (!inv.bool('yes') && !(await askYesNo(io, question))) {
    const text = `Publication of ${absolute} canceled`
    if (!inv.bool('recursive')) throw new SopsError('generic', text)
    await io.say(text)
    return false
  }
  const to = destinationText(rule.destination, parcel.name)
  io.ctx.watch?.({ what: `uploading to ${to}` })
  await upload(parcel, io.ctx)
  await io.done(`published ${path}: to ${to}`)
  return true
}

function nameOf(path: string, rule: DestinationRule, { inv, root }: Job): string {
  const name = (inv.bool('recursive') && relative(root, path).replaceAll('\\', '/')) || basename(path)
  const extension = inv.bool('omit-extensions') || rule.omitExtensions ? extensionOf(name) : ''
  // A name that is all extension stays, or nothing would be left.
  return extension.length === basename(name).length ? name : name.slice(0, name.length - extension.length)
}

/** From the last point on, even if that is the first character. */
const extensionOf = (name: string): string => extname(`x${basename(name)}`)

async function pack(path: string, name: string, rule: DestinationRule, job: Job): Promise<Parcel> {
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
    return job.opener.withOpen({ path: absolute, bytes, input: format }, { change: true }, async (opened) => ({
      name,
      bucket: destination,
      bytes: await sealAnew(opened, rule, job),
    }))
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
  if (isChange(changes)) await sayLines(io.host.stdout, describeChanges(changes, io, "file's key groups"))
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
