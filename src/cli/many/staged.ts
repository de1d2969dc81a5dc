// Encrypting what is staged: the work tree gets the ciphertext, and the index keeps what it has until somebody adds the file.
import { SopsError } from '../../errors.ts'
import { loadEncrypted } from '../../file/index.ts'
import { readFile } from '../../system/index.ts'
import { shellWord } from '../../text/quote.ts'
import type { IntFlag } from '../flag.ts'
import type { KeyServiceFlag, TypeFlag } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { absolutePath, formatsFor, namedFormats } from '../settings.ts'
import { wordsOf } from '../tracked.ts'
import { type ChangeRun, changeMany } from './change.ts'
import type { WriterFlag } from './flags.ts'

type Given = Invocation<IntFlag<'jobs'> | WriterFlag | TypeFlag | KeyServiceFlag>

/**
 * `changeMany` for files that the index has in clear. One that is encrypted in the work tree already is unchanged. Warns of all that the next
 * commit would still have in clear; `--check` fails for them, since hooks go by it.
 */
export async function encryptStaged<Inv extends Given>(inv: Inv, io: Io, run: ChangeRun<Inv>): Promise<number> {
  const sealed = new Set<string>()
  const work: typeof run.work = async (one, child) => {
    try {
      await run.work(one, child)
    } catch (error) {
      const path = absolutePath(child.ctx, one.positionals[0]!)
      if (!(error instanceof SopsError) || error.code !== 'already-encrypted' || !(await isSealed(one, path)))
        throw error
      sealed.add(path)
    }
  }
  const settled: typeof run.settled = async (isWritten, paths) => {
    if (isWritten) for (const path of paths) sealed.add(path)
  }
  const status = await changeMany(inv, io, { ...run, work, settled })
  const names = run.targets.flatMap(({ path, name }) => (sealed.has(path) ? [shellWord(name)] : []))
  if (names.length === 0) return status
  const message = `the index still has in clear what is encrypted in the work tree, and so would the next commit: git add ${wordsOf(names)}`
  io.ctx.log({ level: 'warning', logger: 'CMD', message })
  return status || (inv.bool('check') ? 1 : 0)
}

/** True for a file that has whole metadata, and not only an entry of that name. */
async function isSealed(inv: Given, path: string): Promise<boolean> {
  const bytes = await readFile(path)
  const file = await loadEncrypted(bytes, formatsFor(namedFormats(inv), path, bytes).input).catch(() => undefined)
  return file !== undefined && file.metadata.mac !== ''
}
