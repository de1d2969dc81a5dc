// Binary files too long for one string: sealed and opened in pieces, in the same form as smaller ones (spec/format.md 11).
import {
  addToMac,
  compileSelection,
  createLeafCipher,
  encryptLong,
  finishMac,
  type LongToken,
  openLong,
  type Pieces,
  type Selection,
  sealMac,
  startMac,
  tokenStart,
  verifyMac,
  walk,
} from '../cipher/index.ts'
import type { Watch } from '../context/index.ts'
import { messageOf, SopsError, withHints } from '../errors.ts'
import type { Layout } from '../formats/index.ts'
import { loadFormat } from '../formats/index.ts'
import { watchOf } from '../groups/index.ts'
import { type Metadata, withMetadata } from '../metadata/index.ts'
import { secondsText } from '../text/seconds.ts'
import type { Tree } from '../tree/tree.ts'
import type { NewFile } from './create.ts'
import { dataKeyOf, warnOfBare } from './data-key.ts'
import { loadEncrypted } from './encrypted-file.ts'
import { changedHints, mismatchHints } from './mac-mismatch.ts'
import type { EncryptedFile, OpenOptions } from './types.ts'

const mebibyte = 2 ** 20

/** Called for each piece with its length; tells how many MiB of `size` bytes have come. */
function watchedPieces(what: string, size: number, watch: Watch | undefined): (length: number) => void {
  const total = Math.round(size / mebibyte)
  let done = 0
  return (length) => {
    done += length
    watch?.({ what, done: Math.min(Math.floor(done / mebibyte), total), total, unit: 'MiB' })
  }
}

async function* told(pieces: AsyncIterable<Uint8Array>, tell: (length: number) => void): AsyncGenerator<Uint8Array> {
  for await (const bytes of pieces) {
    tell(bytes.length)
    yield bytes
  }
}

/** Takes the place of the data while the envelope is handled as text. */
const standIn = `${tokenStart}AAAA,iv:AAAA,tag:AAAA,type:str]`

/** Most bytes of an envelope before its data, and behind it. */
const longestHead = 256
const longestTail = 64 * 2 ** 20

const treeOf = (data: string): Tree => ({
  documents: [{ kind: 'map', items: [{ kind: 'entry', key: 'data', value: { kind: 'leaf', value: data } }] }],
})

/** The additional data of the payload. @throws SopsError `generic` if it would not be encrypted. */
function aadOf(tree: Tree, selection: Selection): string {
  let found: string | undefined
  let count = 0
  walk(
    tree,
    selection,
    {
      leaf(leaf, aad, selected) {
        count++
        if (selected) found = aad
        return leaf
      },
      comment: (comment) => comment,
    },
    [],
  )
  if (count === 1 && found !== undefined) return found
  throw new SopsError('generic', 'a file of this size can only be worked on as one encrypted payload')
}

/**
 * The encrypted file. Each run of the result is one encryption under a fresh nonce; the data key may be wiped when it has ended.
 * @throws SopsError `generic` if the selection leaves the payload in clear.
 */
export async function sealLarge(
  file: NewFile,
  plain: Pieces,
  now: Date,
  layout: Layout,
): Promise<() => AsyncGenerator<Uint8Array>> {
  const { metadata, selection } = file
  const binary = await loadFormat('binary')
  const aad = aadOf(treeOf(standIn), selection)
  const cipher = createLeafCipher(file.dataKey)
  const lastModified = secondsText(now)
  return async function* () {
    const mac = startMac(metadata.macOnlyEncrypted)
    const frame = (stored: string): readonly [string, string] => {
      const stamped = { ...metadata, lastModified, mac: stored }
      const tree = withMetadata(treeOf(standIn), stamped, binary.metadata)
      const text = Buffer.from(binary.print(tree, { ...layout, encrypted: true })).toString('utf8')
      const at = text.indexOf(standIn)
      return [text.slice(0, at), text.slice(at + standIn.length)]
    }
    yield Buffer.from(frame('')[0])
    const tell = watchedPieces('encrypting', plain.size, file.watch)
    yield* encryptLong(cipher, aad, plain, (bytes) => {
      addToMac(mac, bytes)
      tell(bytes.length)
    })
    yield Buffer.from(frame(sealMac(finishMac(mac), lastModified, file.dataKey))[1])
  }
}

/** An envelope whose data has not been read. */
export interface LargeFile {
  readonly file: EncryptedFile
  readonly token: LongToken
}

/** The file in `pieces`, if they are the envelope of a binary file. @throws SopsError as `loadEncrypted`. */
export async function loadLarge(pieces: Pieces): Promise<LargeFile | undefined> {
  const { size } = pieces
  const head = Buffer.from(await pieces.read(0, Math.min(longestHead, size))).toString('latin1')
  const start = /^\s*\{\s*"data"\s*:\s*"ENC\[AES256_GCM,data:/.exec(head)?.[0]
  if (start === undefined) return undefined
  const from = start.length
  const to = await find(pieces, from, ',')
  if (to === undefined || size - to > longestTail) return undefined
  const tail = Buffer.from(await pieces.read(to, size))
  const end = tail.indexOf('"')
  const behind = tail.subarray(0, Math.max(end, 0)).toString('latin1')
  if (!/^,iv:[\w+/=]*,tag:[\w+/=]*,type:\w+\]$/.test(behind)) return undefined
  const envelope = Buffer.concat([Buffer.from(start), Buffer.from('AAAA'), tail])
  const file = await loadEncrypted(envelope, 'binary')
  return { file, token: { from, to, frame: `${tokenStart}AAAA${behind}` } }
}

const step = 2 ** 20

/** True for the envelope of an encrypted binary file. */
export async function isLargeEnvelope(pieces: Pieces): Promise<boolean> {
  try {
    return (await loadLarge(pieces)) !== undefined
  } catch (error) {
    if (error instanceof SopsError) return false
    throw error
  }
}

async function find({ size, read }: Pieces, from: number, wanted: string): Promise<number | undefined> {
  for (let at = from; at < size; at += step) {
    const found = Buffer.from(await read(at, Math.min(at + step, size))).indexOf(wanted)
    if (found >= 0) return at + found
  }
  return undefined
}

function verifyLarge(metadata: Metadata, dataKey: Uint8Array, computed: string): void {
  try {
    verifyMac(metadata, dataKey, computed)
  } catch (error) {
    throw error instanceof SopsError ? withHints(error, mismatchHints) : error
  }
}

/**
 * Recovers the data key and checks the whole file, payload and MAC, before it gives out any plaintext.
 * @throws SopsError `no-data-key`, `cannot-decrypt-tree` or `mac-mismatch`.
 */
export async function openLarge(
  { file, token }: LargeFile,
  pieces: Pieces,
  options: OpenOptions,
): Promise<() => AsyncGenerator<Uint8Array>> {
  const { metadata } = file
  const aad = aadOf(file.tree, await compileSelection(metadata.selection))
  const dataKey = await dataKeyOf(metadata, options)
  try {
    options.log?.({ level: 'debug', logger: 'SOPS', message: 'Decrypting tree' })
    const mac = startMac(metadata.macOnlyEncrypted)
    const watch = watchOf(options.services)
    const size = Math.floor((token.to - token.from) / 4) * 3
    const tell = watchedPieces('checking', size, watch)
    const add = (bytes: Uint8Array): void => {
      addToMac(mac, bytes)
      tell(bytes.length)
    }
    const leaf = await openLong(createLeafCipher(dataKey), aad, token, pieces, add).catch((error: unknown) => {
      const problem = `Error decrypting tree: Error walking tree: Could not decrypt value: ${messageOf(error)}`
      throw new SopsError('cannot-decrypt-tree', problem, { path: ['data'], hints: changedHints, cause: error })
    })
    const computed = finishMac(mac)
    if (options.ignoreMac !== true) verifyLarge(metadata, dataKey, computed)
    warnOfBare(metadata, options.log)
    return () => told(leaf.plaintext(), watchedPieces('decrypting', size, watch))
  } finally {
    dataKey.fill(0)
  }
}
