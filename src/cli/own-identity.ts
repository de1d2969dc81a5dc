// An identity stays plain text: encrypted in its place, for itself, it opens nothing any more, and nothing opens it.
import type { BigIntStats } from 'node:fs'
import { type Context, memoKey } from '../context/index.ts'
import { isSame } from '../disk/index.ts'
import { SopsError } from '../errors.ts'
import { keyTypesInOrder } from '../keys/index.ts'
import { holdsIdentity, readFile, statSync } from '../system/index.ts'

const identity = /\bAGE-(?:SECRET-KEY|PLUGIN)-[0-9A-Z-]+/g

/**
 * Before a file is encrypted in its place. Warns of any identity in it.
 * @throws SopsError `generic` for a file that identities of this run are read from, and for one that holds such an identity.
 */
export async function refuseIdentity(path: string, bytes: Uint8Array, ctx: Context): Promise<void> {
  const [own] = filesAt([path])
  const files = await ctx.once(identityFiles, async () => {
    const paths = await Promise.all(keyTypesInOrder('load').map((type) => type.identityFiles?.(ctx) ?? []))
    return filesAt(paths.flat())
  })
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const isOne = own !== undefined && files.some((file) => isSame(own, file))
  const others = files.map(({ path }) => path)
  if (isOne || (await isAtHand(text, others, ctx))) throw refusal()
  if (!holdsIdentity(text)) return
  const message =
    'the file holds an identity, and is encrypted now: what is encrypted for that identity alone opens only where a copy of it is kept'
  ctx.log({ level: 'warning', logger: 'CMD', message })
}

const refusal = (): SopsError =>
  new SopsError('generic', 'this is an identity that opens files here: encrypted in its place it would open nothing', {
    hints: [
      'it stays as it is, outside of all repositories, with a copy in another place',
      'a copy that others can open: sops encrypt --age THEIR_RECIPIENT FILE > COPY',
    ],
  })

const identityFiles = memoKey<Promise<ReturnType<typeof filesAt>>>('files of identities')

/** Regular files only: a pipe can be read once, and not for this. */
function filesAt(paths: readonly string[]): readonly (BigIntStats & { readonly path: string })[] {
  return paths.flatMap((path) => {
    try {
      const file = statSync(path, { bigint: true })
      return file.isFile() ? Object.assign(file, { path }) : []
    } catch {
      return []
    }
  })
}

/** True if an identity of the text is one of those that are looked for when a file is opened; no command is run for it. */
async function isAtHand(text: string, files: readonly string[], ctx: Context): Promise<boolean> {
  const words = text.match(identity) ?? []
  if (words.length === 0) return false
  const read = (path: string): Promise<string> => readFile(path, 'latin1').catch(() => '')
  const known = [ctx.env.SOPS_AGE_KEY ?? '', ...(await Promise.all(files.map(read)))]
  return words.some((word) => known.some((one) => one.includes(word)))
}
