// The ciphertext of files that stand decrypted in the work tree (`unlock`), until they are locked again. Every file there is whole or not there:
// the order of the steps is ciphertext kept, plaintext written; then ciphertext written, kept one removed. So a crash loses neither.
import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import { createFile, syncFolder, type Writer } from '../disk/index.ts'
import { SopsError } from '../errors.ts'
import { type FormatId, isFormatId } from '../formats/index.ts'
import { bytesOf, codeOf, existsSync, makeFolders, readdirSync, readFile, rm, statSync } from '../system/index.ts'
import { quote } from '../text/quote.ts'

/** A file that is unlocked. */
interface UnlockedFile {
  /** From the top of the work tree, with `/`. */
  readonly path: string
  readonly format: FormatId
  /** Of the ciphertext, in hexadecimal. Nothing is kept of the plaintext: a digest of it could be guessed from. */
  readonly sha256: string
}

/** What is kept of a file. */
export interface KeptFile extends UnlockedFile {
  readonly ciphertext: Uint8Array
}

const version = 1
const suffix = '.locked'

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Paths may be longer than names, and hold anything. */
const placeOf = (folder: string, path: string): string => join(folder, digestOf(bytesOf(path)) + suffix)

/**
 * Keeps the ciphertext of a file, on disk when this returns; call it before the plaintext is written. The very same ciphertext may be there
 * already, as after a crash.
 * @param folder is made if it is missing, for its owner alone.
 * @throws SopsError `generic` where another ciphertext of the path is kept; the system's error where it cannot be written.
 */
export async function keepLocked(
  writer: Writer,
  folder: string,
  { path, format }: Pick<UnlockedFile, 'path' | 'format'>,
  ciphertext: Uint8Array,
): Promise<void> {
  const sha256 = digestOf(ciphertext)
  const known = await readLocked(folder, path)
  if (known?.sha256 === sha256 && known.format === format) return
  if (known !== undefined) {
    throw new SopsError('generic', `${quote(path)} is unlocked already, and another ciphertext of it is kept`, {
      hints: ['sops lock first: it takes the kept ciphertext for the earlier version of what stands there now'],
    })
  }
  await makeFolders(folder, 0o700)
  const head = JSON.stringify({ version, path, format, sha256 })
  const content = Buffer.concat([Buffer.from(`${head}\n`), ciphertext])
  await createFile(writer, placeOf(folder, path), content, { mode: 0o600 })
}

/** What is unlocked, sorted by path; `damaged` names the kept files that cannot be read, so that the others can be locked all the same. */
export async function listLocked(
  folder: string,
): Promise<{ readonly files: readonly UnlockedFile[]; readonly damaged: readonly string[] }> {
  const files: UnlockedFile[] = []
  const damaged: string[] = []
  for (const name of namesIn(folder)) {
    const kept = keptIn(await readFile(join(folder, name)), name)
    if (kept === undefined) damaged.push(join(folder, name))
    else files.push({ path: kept.path, format: kept.format, sha256: kept.sha256 })
  }
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), damaged }
}

/** What is kept of a path; undefined where it is not unlocked. @throws SopsError `generic` where that is damaged. */
export async function readLocked(folder: string, path: string): Promise<KeptFile | undefined> {
  const place = placeOf(folder, path)
  // Of most files nothing is kept.
  if (statSync(place, { throwIfNoEntry: false }) === undefined) return undefined
  const bytes = await readFile(place).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (bytes === undefined) return undefined
  const kept = keptIn(bytes, basename(place))
  if (kept !== undefined) return kept
  throw new SopsError('generic', `the ciphertext that is kept of ${quote(path)} is damaged: ${place}`, {
    hints: [
      'to have the file encrypted as it was committed last: git checkout -- FILE, then remove what is kept of it',
    ],
  })
}

/** Forgets a path; call it when the ciphertext stands in the work tree again. One that is not kept is no error. */
export async function removeLocked(folder: string, path: string): Promise<void> {
  await rm(placeOf(folder, path), { force: true })
  await syncFolder(folder)
}

const namesIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(suffix)) : []

/** Undefined for what is damaged, or stands under a name that is not its own. */
function keptIn(bytes: Buffer, name: string): KeptFile | undefined {
  const end = bytes.indexOf('\n')
  const ciphertext = bytes.subarray(end + 1)
  const head = headOf(bytes.toString('utf8', 0, Math.max(end, 0)))
  const isWhole = head?.sha256 === digestOf(ciphertext) && name === basename(placeOf('', head.path))
  return isWhole ? { ...head, ciphertext } : undefined
}

function headOf(text: string): UnlockedFile | undefined {
  try {
    const { version: own, path, format, sha256 } = JSON.parse(text) as Record<string, unknown>
    if (own !== version || typeof path !== 'string' || typeof sha256 !== 'string') return undefined
    return typeof format === 'string' && isFormatId(format) ? { path, format, sha256 } : undefined
  } catch {
    return undefined
  }
}
