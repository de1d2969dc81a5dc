// `sops unlock`: decrypts files in place, for tools that need them so, and keeps their ciphertext for `sops lock`.
import { fingerprint } from '../../disk/index.ts'
import { SopsError } from '../../errors.ts'
import { emitPlain, loadEncrypted, withOpenFile } from '../../file/index.ts'
import { keepLocked, looksEncrypted, readLocked, removeLocked } from '../../repo/index.ts'
import { type Command, command } from '../command.ts'
import { noFile } from '../extra-words.ts'
import { readInput } from '../files.ts'
import { decryptionOrder, ignoreMac, keyServices } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { changeMany } from '../many/change.ts'
import { targetFlags, writerFlags } from '../many/flags.ts'
import { isByFlag, targetsOf } from '../many/targets.ts'
import { absolutePath, formatsFor, orderOf, servicesOf } from '../settings.ts'
import { mustExist } from '../target.ts'
import { allUnlocked, excludeRests, fitsWord, mustBeOfTree, pathIn, type WorkTree, workTree } from '../unlocked.ts'
import { warnOfReaders } from '../warnings.ts'

const flags = [ignoreMac, decryptionOrder, ...keyServices, ...targetFlags, ...writerFlags] as const
type Given = Invocation<(typeof flags)[number]>

export const unlock: Command = command({
  args: 'FILE...',
  flags,
  examples: ['sops unlock secrets/', 'sops unlock --all'],
  root: ['config'],
  run,
})

async function run(inv: Given, io: Io): Promise<number> {
  if (inv.positionals.length === 0 && !isByFlag(inv)) throw noFile(inv)
  const tree = await workTree(io)
  await excludeRests(tree, io)
  const targets = await targetsOf(inv, io, 'encrypted').catch(async (error: unknown) => {
    if (await areUnlocked(inv.positionals, io, tree)) return []
    throw error
  })
  return changeMany(inv, io, {
    targets,
    work: (one, child) => unlockFile(one, child, tree),
    verbs: ['unlocking', 'unlocked', 'unlock'],
    // What is kept of files that stay encrypted is left: another run may count on it, and `lock` forgets it.
    settled: async (isWritten, paths) => {
      // One stands for all: the folder and the umask are the same.
      if (isWritten && paths[0] !== undefined) await warnOfReaders(paths[0], io.ctx)
    },
  })
}

/** What is decrypted already needs nothing. */
async function areUnlocked(words: readonly string[], io: Io, tree: WorkTree): Promise<boolean> {
  const files = await allUnlocked(io, tree)
  const fitting = await Promise.all(words.map((word) => fitsWord(word, io, tree)))
  return words.length > 0 && fitting.every((fits) => files.some(fits))
}

async function unlockFile(inv: Given, io: Io, tree: WorkTree): Promise<void> {
  const { ctx } = io
  const [name = ''] = inv.positionals
  const path = absolutePath(ctx, name)
  await mustExist(path, io)
  const bytes = await readInput(io, path, { inPlace: true })
  await mustBeOfTree(tree, path, name, io)
  const inTree = await pathIn(tree, path, name)
  const known = await readLocked(tree.kept, inTree)
  if (known && !looksEncrypted(bytes)) return
  // What is kept of an earlier ciphertext has had its day: another one stands in the work tree.
  if (known && known.sha256 !== fingerprint(bytes)) await removeLocked(tree.kept, inTree)
  const { input } = formatsFor({}, path, bytes)
  const options = {
    services: await servicesOf(inv, io),
    ...orderOf(inv),
    ignoreMac: inv.bool('ignore-mac'),
    log: ctx.log,
    audit: { context: ctx, file: path },
  }
  if (io.many?.rehearsal) {
    await loadEncrypted(bytes, input)
    return io.many.wouldChange()
  }
  await withOpenFile(await loadEncrypted(bytes, input, ctx.watch), options, async (file) => {
    const plain = await emitPlain(file, input, {}, ctx.log)
    if (looksEncrypted(plain))
      throw new SopsError('already-encrypted', 'the plaintext is an encrypted file itself', {
        hints: ['sops decrypt FILE shows it; sops lock would not know the two apart'],
      })
    await keepLocked(io.host, tree.kept, { path: inTree, format: input }, bytes)
    await io.write(path, plain, { what: 'in-place file', expect: fingerprint(bytes) })
  })
}
