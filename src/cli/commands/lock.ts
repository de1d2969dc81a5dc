// `sops lock`: puts the ciphertext of unlocked files back, byte for byte where nothing changed, and encrypts what did.
import { join } from 'node:path'
import { inOrder } from '../../context/index.ts'
import { fingerprint } from '../../disk/index.ts'
import { SopsError } from '../../errors.ts'
import { type EncryptedFile, loadEncrypted, parsePlain, sealOver, withOpenFile } from '../../file/index.ts'
import { type KeptFile, looksEncrypted, readLocked, removeLocked, type Target } from '../../repo/index.ts'
import { systemErrorText } from '../../system/index.ts'
import { quote, shellWord } from '../../text/quote.ts'
import { type Command, command } from '../command.ts'
import { readInput } from '../files.ts'
import { decryptionOrder, ignoreMac, keyServices } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { changeMany, rehearses } from '../many/change.ts'
import { jobs, writerFlags } from '../many/flags.ts'
import { shownPath } from '../many/report.ts'
import { absolutePath, orderOf, servicesOf } from '../settings.ts'
import { isMissing } from '../target.ts'
import { allUnlocked, fitsWord, movedTo, pathIn, trackedBy, type WorkTree, warnOfClear, workTree } from '../unlocked.ts'
import { warnOfCleartext, warnOfRespelling } from '../warnings.ts'

const flags = [ignoreMac, decryptionOrder, ...keyServices, jobs, ...writerFlags] as const
type Given = Invocation<(typeof flags)[number]>

export const lock: Command = command({
  args: '[FILE...]',
  flags,
  examples: ['sops lock', 'sops lock secrets/db.yaml'],
  root: ['config', 'indent'],
  run,
})

async function run(inv: Given, io: Io): Promise<number> {
  const tree = await workTree(io)
  const targets = await unlockedTargets(inv, io, tree)
  const idle = new Set<string>()
  const status = await changeMany(inv, io, {
    targets,
    work: (one, child) => lockFile(one, child, tree, idle),
    verbs: ['locking', 'locked', 'lock'],
    settled: async (isWritten, paths) => {
      const locked = await Promise.all(paths.map((path) => pathIn(tree, path, path)))
      const forget = (path: string): Promise<void> => forgetKept(io, tree, path)
      for await (const _ of inOrder(isWritten ? [...idle, ...locked] : [...idle], atOnce, forget));
    },
  })
  if (inv.positionals.length === 0 && !rehearses(inv)) await warnOfClear(io, tree)
  return status
}

/** Files at a time: each waits for the disk. */
const atOnce = 16

/** The file is locked already, so that one that cannot be forgotten is none of its trouble. */
async function forgetKept({ ctx }: Io, { kept }: WorkTree, path: string): Promise<void> {
  await removeLocked(kept, path).catch((error: unknown) => {
    const why = systemErrorText(error, 'remove', kept)
    const message = `what is kept of ${quote(path)} could not be removed (${why}): the next sops lock tries again`
    ctx.log({ level: 'warning', logger: 'CMD', message })
  })
}

/** The unlocked files that the words name, or that are below them or fit them; without words all. */
async function unlockedTargets(inv: Given, io: Io, tree: WorkTree): Promise<readonly Target[]> {
  const all = (await allUnlocked(io, tree)).map((file) => ({ ...file, named: true }))
  if (inv.positionals.length === 0) return all
  const chosen = new Set<Target>()
  for (const word of inv.positionals) {
    const fitting = all.filter(await fitsWord(word, io, tree))
    if (fitting.length === 0)
      throw new SopsError('generic', `${quote(word)}: nothing there is unlocked`, {
        hints: ['to encrypt a file: sops encrypt -i FILE'],
      })
    for (const target of fitting) chosen.add(target)
  }
  return [...chosen]
}

/** @param idle takes the paths of what nothing has to be kept of any more. */
async function lockFile(inv: Given, io: Io, tree: WorkTree, idle: Set<string>): Promise<void> {
  const [name = ''] = inv.positionals
  const path = absolutePath(io.ctx, name)
  const inTree = await pathIn(tree, path, name)
  const kept = await readLocked(tree.kept, inTree)
  if (await isMissing(path)) {
    const from = await trackedBy(io, tree, inTree)
    // Removed for good: whoever did it wanted neither of the two.
    if (kept && from === undefined) return void idle.add(inTree)
    const moved = from === 'HEAD' ? await movedTo(io, tree, inTree) : undefined
    throw new SopsError('no-file', `${quote(name)} is not there any more`, {
      hints: missingHints(shellWord(name), from, moved && shellWord(shownPath(io, join(tree.top, moved)))),
    })
  }
  const bytes = await readInput(io, path, { inPlace: true })
  if (looksEncrypted(bytes)) {
    // Git, or somebody, has put a ciphertext there.
    if (kept) idle.add(inTree)
    return
  }
  if (!kept)
    throw new SopsError('generic', 'the file is not unlocked', { hints: ['to encrypt it: sops encrypt -i FILE'] })
  if (io.many?.rehearsal) return io.many.wouldChange()
  const next = await sealedAgain(inv, io, path, bytes, kept)
  await io.write(path, next, { what: 'in-place file', expect: fingerprint(bytes) })
}

/** How a file comes back that was moved or removed; names as in a shell. `git checkout` takes it from where Git has it. */
function missingHints(name: string, from: 'index' | 'HEAD' | undefined, moved?: string): readonly string[] {
  if (moved !== undefined)
    return [`it was moved to ${moved}, unlocked; move it back: git mv ${moved} ${name}; sops lock`]
  return [
    `git checkout ${from === 'HEAD' ? 'HEAD ' : ''}-- ${name} brings its ciphertext back; sops lock then forgets what is kept of it`,
    `if it was moved, move it back: mv NEW ${name}; sops lock`,
  ]
}

/** The kept ciphertext where the plaintext is still that of it, else a new version of it. */
async function sealedAgain(
  inv: Given,
  io: Io,
  path: string,
  bytes: Uint8Array,
  { ciphertext, format }: KeptFile,
): Promise<Uint8Array> {
  const { ctx } = io
  const options = {
    services: await servicesOf(inv, io),
    ...orderOf(inv),
    ignoreMac: inv.bool('ignore-mac'),
    audit: { context: ctx, file: path },
  }
  const earlier: EncryptedFile = await loadEncrypted(ciphertext, format, ctx.watch)
  return withOpenFile(earlier, options, async (file) => {
    const draft = parsePlain(bytes, file.format, file.format, { earlier: file.plain, watch: ctx.watch })
    const settings = { selection: file.metadata.selection, macOnlyEncrypted: file.metadata.macOnlyEncrypted }
    const over = await sealOver(file, draft, { settings, now: ctx.now(), layout: {} })
    if (over === undefined)
      throw new SopsError('generic', 'its documents have several sops blocks, of which no new version can be made', {
        hints: [`git checkout -- ${shellWord(inv.positionals[0]!)} brings its ciphertext back`],
      })
    if (over.sealed) {
      warnOfCleartext(over.sealed, over.sealed.selection, ctx)
      warnOfRespelling(over.sealed, ctx)
      await ctx.audit?.({ action: 'encrypt', file: path })
    }
    return over.bytes
  })
}
