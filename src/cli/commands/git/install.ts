// `sops git install` tells Git about the files of sops.
import { dirname } from 'node:path'
import { fingerprint } from '../../../disk/index.ts'
import { messageOf, SopsError } from '../../../errors.ts'
import { makeFolders, readFile, rm, systemErrorText } from '../../../system/index.ts'
import { patternText, refusePattern } from '../../attributes.ts'
import { type Command, command } from '../../command.ts'
import { writeOutput } from '../../files.ts'
import { bool, list } from '../../flag.ts'
import { withAttributes } from '../../git/attributes-file.ts'
import { ownPattern, patternsOfRules, usualPatterns } from '../../git/patterns.ts'
import { globalAttributes, ownAttributes } from '../../git/place.ts'
import { readRecord, recordPlace, removeRecord, writeRecord } from '../../git/record.ts'
import { type Earlier, makeSettings, warnOfCache } from '../../git/settings.ts'
import { hookNames } from '../../hook/block.ts'
import { installHook, namedHooks } from '../../hook/install.ts'
import type { Invocation, Io } from '../../invocation.ts'

const flags = [
  bool('global', 'for all repositories of this user'),
  bool(
    'filter',
    'also decrypt files when Git checks them out, and encrypt them when they are added: they stand in clear in the work tree',
  ),
  list(
    'hook',
    'also run sops check before each commit (pre-commit, unless another is named) or push (pre-push); may be repeated. A hook that is there keeps its lines, and what cannot be written is printed',
    { value: 'HOOK', optional: 'names no hook: leave out the = for pre-commit, or name one', values: hookNames },
  ),
] as const
type Given = Invocation<(typeof flags)[number]>

export const install: Command = command({
  args: '[PATTERN...]',
  flags: flags,
  examples: [
    'sops git install',
    "sops git install '*.secret.yaml'",
    'sops git install --hook',
    'sops git install --filter',
    'sops git install --global',
  ],
  run: run,
})

/** Writes the attributes and git's settings, both or neither: if git refuses its half, the attributes are put back. */
async function run(inv: Given, io: Io): Promise<number> {
  const global = inv.bool('global')
  const filter = inv.bool('filter')
  refuseGlobalFilter(global, filter)
  const hooks = namedHooks(inv.list('hook'), inv.positionals, global)
  for (const pattern of inv.positionals) refusePattern(pattern)
  const attributes = global ? await globalAttributes(io) : await ownAttributes(io)
  if (global) await makeFolders(dirname(attributes), 0o700).catch(() => {})
  const patterns = await wantedPatterns(inv, io, attributes)
  const undo = await writeAttributes(io, attributes, patterns, { global, filter })
  try {
    const { replaced } = await makeSettings(io, global ? '--global' : '--local', { filter })
    await undo.keep(replaced)
  } catch (error) {
    await undo.putBack()
    throw error
  }
  await io.say(`git diff now decrypts ${patterns.join(' ')} (${attributes})`)
  if (filter) for (const line of filterLines) await io.say(line)
  await warnOfCache(io)
  for (const name of hooks) await installHook(name, dirname(attributes), io)
  return 0
}

/** What whoever installs the filter is to know. */
const filterLines = [
  'files with filter=sops are decrypted when git checks them out, and encrypted when they are added; those that are checked out already stay as they are until then: rm FILE; git checkout -- FILE',
  'their plaintext lies on the disk, for editors, backups and coding agents: sops unlock and sops lock, or files that stay encrypted, are safer',
  '.gitattributes is no guard: sops check judges by the rules of .sops.yaml, whatever attributes say (sops git install --hook)',
]

/** @throws SopsError `generic`: files of any repository would stand in clear, also of those that are looked at only once. */
function refuseGlobalFilter(global: boolean, filter: boolean): void {
  if (!global || !filter) return
  throw new SopsError('generic', '--filter is for one repository: with --global, every clone would be decrypted', {
    hints: ['run sops git install --filter in each repository that is to stand in clear'],
  })
}

async function wantedPatterns(inv: Given, io: Io, attributes: string): Promise<readonly string[]> {
  const global = inv.bool('global')
  const ofRules = global ? [] : await patternsOfRules(io, dirname(attributes))
  const own = await Promise.all(inv.positionals.map((pattern) => ownPattern(pattern, global, io)))
  return [...new Set([...usualPatterns, ...ofRules, ...own])]
}

interface Written {
  /** Remembers what was done. */
  keep(replaced: Earlier): Promise<void>
  /** Makes the file what it was. */
  putBack(): Promise<void>
}

/** Writes the lines, if any is missing. @throws SopsError where that cannot be. */
async function writeAttributes(
  io: Io,
  path: string,
  patterns: readonly string[],
  { global, filter }: { readonly global: boolean; readonly filter: boolean },
): Promise<Written> {
  const read = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new SopsError('bad-input', `Error reading file: ${systemErrorText(error, 'open', path)}`, {
      cause: error,
    })
  })
  const recordPath = await recordPlace(io, path, global)
  const earlier = await readRecord(recordPath)
  const old = read?.toString('latin1')
  const attributes = withAttributes(old, patterns.map(patternText), { filter, earlier: earlier?.attributes })
  const isNew = attributes.after !== (old ?? '')
  const next = Buffer.from(attributes.after, 'latin1')
  const record = { version: 1, attributes, settings: earlier?.settings ?? {} } as const
  // First: lines without a record would stay.
  if (isNew || earlier === undefined) await writeRecord(recordPath, record)
  const forget = (): Promise<void> => (earlier ? writeRecord(recordPath, earlier) : removeRecord(recordPath))
  try {
    if (isNew) await writeOutput(io.host, path, next, { expect: read ? fingerprint(read) : 'absent' })
  } catch (error) {
    await forget()
    throw error
  }
  return {
    keep: async (replaced) => {
      const settings = { ...record.settings, ...replaced }
      if (Object.keys(replaced).length > 0) await writeRecord(recordPath, { ...record, settings })
    },
    putBack: async () => {
      if (isNew) await putBack(io, path, next, read)
      await forget()
    },
  }
}

/** Restores the file, unless somebody else has changed it since. */
async function putBack(io: Io, path: string, written: Uint8Array, before: Uint8Array | undefined): Promise<void> {
  try {
    if (before) return await writeOutput(io.host, path, before, { expect: fingerprint(written) })
    if (fingerprint(await readFile(path)) === fingerprint(written)) await rm(path)
  } catch (error) {
    throw new SopsError('cannot-write', `${path} keeps the lines for sops: ${messageOf(error)}`, { cause: error })
  }
}
