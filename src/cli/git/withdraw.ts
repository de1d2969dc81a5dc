// Puts ciphertext back in the place of what the filter has decrypted, before the filter goes: without it, `git add` would take the plaintext.
import { join } from 'node:path'
import { memory } from '../../context/index.ts'
import { fingerprint } from '../../disk/index.ts'
import { SopsError } from '../../errors.ts'
import { gitIn, looksEncrypted, openBlobs } from '../../repo/index.ts'
import { existsSync, lstat, readFile, textOf } from '../../system/index.ts'
import { counted } from '../../text/counted.ts'
import { listed } from '../../text/listed.ts'
import { shellWord } from '../../text/quote.ts'
import type { Io } from '../invocation.ts'
import { shownPath } from '../many/report.ts'
import { wordsOf } from '../tracked.ts'
import { type Filter, openFilter } from './filter.ts'

type Given = Parameters<typeof openFilter>[0]

/** A file that stands in clear, and its ciphertext; undefined where that is not all of it. */
interface Clear {
  readonly top: string
  /** From the top. */
  readonly name: string
  readonly path: string
  readonly plain: Uint8Array
  readonly sealed: Uint8Array | undefined
}

/** Names that are asked about in one call: arguments have a limit. */
const atOnce = 500

/** All work trees have the same settings. Those that are gone are passed over. */
async function workTrees(io: Io, top: string): Promise<readonly string[]> {
  const listing = textOf(await gitIn(top, io.ctx).run('worktree', 'list', '--porcelain'))
  const entries = listing.split(/\n\n/).filter((entry) => !/^bare$/m.test(entry))
  const found = entries.flatMap((entry) => /^worktree (.*)$/m.exec(entry)?.[1] ?? [])
  return found.filter((path) => existsSync(join(path, '.git')))
}

async function filteredFiles(io: Io, top: string): Promise<readonly string[]> {
  const git = gitIn(top, io.ctx)
  const names = textOf(await git.run('ls-files', '-z', '--cached', '--others', '--exclude-standard')).split('\0')
  const all = [...new Set(names.filter((name) => name !== ''))]
  const found: string[] = []
  for (let at = 0; at < all.length; at += atOnce) {
    const told = textOf(await git.run('check-attr', '-z', 'filter', '--', ...all.slice(at, at + atOnce))).split('\0')
    // Name, attribute and value, again and again.
    for (let i = 0; i + 2 < told.length; i += 3) if (told[i + 2] === 'sops') found.push(told[i]!)
  }
  return found
}

async function clearFiles(io: Io, top: string, filter: Filter): Promise<readonly Clear[]> {
  const blobs = await openBlobs(top, io.ctx)
  const found: Clear[] = []
  try {
    for (const name of await filteredFiles(io, top)) {
      const path = join(top, name)
      if (!(await lstat(path).catch(() => undefined))?.isFile()) continue
      const plain = await readFile(path)
      if (plain.length === 0) continue
      const staged = await blobs.read(`:0:${name}`)
      if (staged !== undefined && Buffer.compare(staged, plain) === 0) continue
      const cleaned = await filter.clean(name, plain).catch((error: unknown) => {
        if (error instanceof SopsError) return undefined
        throw error
      })
      // What the filter passes over is in clear for good, or encrypted.
      if (
        cleaned !== undefined &&
        Buffer.compare(cleaned, plain) === 0 &&
        (staged === undefined || looksEncrypted(plain))
      )
        continue
      const isWhole = staged !== undefined && cleaned !== undefined && Buffer.compare(staged, cleaned) === 0
      found.push({ top, name, path, plain, sealed: isWhole ? staged : undefined })
    }
  } finally {
    blobs.close()
  }
  return found
}

/**
 * The files that stand in clear in any work tree of the repository are encrypted again. `finish` tells Git of it, once the filter is gone.
 * @throws SopsError `generic` where something of them is nowhere else; then nothing was written.
 */
export async function withdrawPlaintext(
  inv: Given,
  io: Io,
  top: string,
): Promise<{ readonly finish: () => Promise<void> }> {
  const tops = await workTrees(io, top)
  const found: (readonly Clear[])[] = []
  for (const one of tops) {
    const own = { ...io, ctx: { ...io.ctx, cwd: one, once: memory() } }
    found.push(await clearFiles(own, one, await openFilter(inv, own)))
  }
  const all = found.flat()
  const open = all.filter(({ sealed }) => sealed === undefined).map(({ path }) => shellWord(shownPath(io, path)))
  if (open.length > 0)
    throw new SopsError('generic', `in clear, with changes that are not added: ${listed(open)}`, {
      hints: [
        `without the filter they would be committed in clear; add them first, which encrypts them: git add ${wordsOf(open)}`,
        'then sops git uninstall puts their ciphertext in their place',
      ],
    })
  for (const { path, plain, sealed } of all)
    await io.write(path, sealed!, { what: 'in-place file', expect: fingerprint(plain) })
  if (all.length > 0)
    await io.say(`${counted(all.length, 'file')} encrypted again; sops edit FILE shows and changes them`)
  return {
    finish: async () => {
      // Git takes another size for another content, without a look at it.
      for (const one of tops) {
        const names = all.filter(({ top: own }) => own === one).map(({ name }) => name)
        for (let at = 0; at < names.length; at += atOnce)
          await gitIn(one, io.ctx).run('update-index', '--', ...names.slice(at, at + atOnce))
      }
    },
  }
}
