// Reads OpenPGP keys from variables, files and GnuPG's old rings, each at most once a run.

import { join, resolve } from 'node:path'
import type { Key } from 'openpgp'
import type { Context, MemoKey } from '../../context/index.ts'
import { memoKey } from '../../context/index.ts'
import { messageOf } from '../../errors.ts'
import { loadOpenpgp } from '../../runtime/index.ts'
import { readNamed, shownPath, statSync } from '../../system/index.ts'
import { utf16Problem } from '../../text/encoding.ts'

/** The keys that could be read, and what kept others from it. */
export interface Ring {
  readonly keys: readonly Key[]
  readonly errors: readonly string[]
}

const MAXIMUM_SIZE = 64 * 1024 * 1024
const armorBegin = '-----BEGIN PGP '
const armorEnd = /-----END PGP [A-Z ]+-----/g

/** All armoured blocks of a text, whatever stands between them. */
function armoredBlocks(text: string): string[] {
  const blocks: string[] = []
  armorEnd.lastIndex = 0
  for (let start = text.indexOf(armorBegin); start >= 0; start = text.indexOf(armorBegin, armorEnd.lastIndex)) {
    armorEnd.lastIndex = start
    if (!armorEnd.test(text)) break
    blocks.push(text.slice(start, armorEnd.lastIndex))
  }
  return blocks
}

const PRIMARY_TAGS = [5, 6]

/** The tag of the packet at `at` and the offset behind it (RFC 4880 4.2); undefined where there is no packet. */
function packetAt(bytes: Uint8Array, at: number): { readonly tag: number; readonly end: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [header = 0, first = 0, second = 0] = bytes.subarray(at, at + 3)
  const has = (count: number): boolean => at + 1 + count <= bytes.length
  if ((header & 0x80) === 0) return undefined
  if (header & 0x40) {
    const tag = header & 0x3f
    if (first < 192) return { tag, end: at + 2 + first }
    if (first < 224) return { tag, end: at + 3 + ((first - 192) << 8) + second + 192 }
    return first === 255 && has(5) ? { tag, end: at + 6 + view.getUint32(at + 2) } : undefined
  }
  const tag = (header & 0x3c) >> 2
  const width = [1, 2, 4][header & 3]
  if (width === undefined || !has(width)) return undefined
  const length = width === 1 ? first : width === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1)
  return { tag, end: at + 1 + width + length }
}

/** One piece per key, so that an unreadable key does not spoil the others. */
function splitKeys(bytes: Uint8Array): Uint8Array[] {
  const starts: number[] = []
  let at = 0
  while (at < bytes.length) {
    const packet = packetAt(bytes, at)
    if (!packet) break
    if (PRIMARY_TAGS.includes(packet.tag)) starts.push(at)
    at = packet.end
  }
  return starts.map((start, i) => bytes.subarray(start, starts[i + 1] ?? Math.min(at, bytes.length)))
}

/**
 * Keys from armoured text or binary packets.
 * @throws Error when none can be read; unreadable ones among others are passed over.
 */
async function parse(bytes: Uint8Array): Promise<Key[]> {
  const utf16 = utf16Problem(bytes)
  if (utf16 !== undefined) throw new Error(utf16)
  const { readKeys, unarmor } = await loadOpenpgp()
  const isBinary = ((bytes[0] ?? 0) & 0x80) !== 0 && bytes[0] !== 0xef
  const errors: unknown[] = []
  const attempt = async <T>(work: Promise<T>): Promise<T[]> => {
    try {
      return [await work]
    } catch (error) {
      errors.push(error)
      return []
    }
  }
  const blocks: Uint8Array[] = []
  if (isBinary) blocks.push(bytes)
  else {
    for (const text of armoredBlocks(Buffer.from(bytes).toString('latin1'))) {
      for (const { data } of await attempt(unarmor(text))) blocks.push(data as Uint8Array)
    }
  }
  const keys: Key[] = []
  for (const piece of blocks.flatMap(splitKeys)) {
    for (const read of (await attempt(readKeys({ binaryKeys: piece }))).flat()) keys.push(read)
  }
  if (keys.length === 0) throw new Error(errors.length > 0 ? messageOf(errors[0]) : 'no OpenPGP key found')
  return keys
}

async function read(place: string, load: () => Uint8Array | Promise<Uint8Array>): Promise<Ring> {
  try {
    return { keys: await parse(await load()), errors: [] }
  } catch (error) {
    return { keys: [], errors: [`could not read PGP keys from ${place}: ${messageOf(error)}`] }
  }
}

async function loadFile(path: string, ctx: Context): Promise<Uint8Array> {
  if (statSync(path).size > MAXIMUM_SIZE) throw new Error('file too long')
  const message = `waiting for a key from ${shownPath(path)}`
  const onWait = (): void => ctx.log({ level: 'warning', logger: 'PGP', message })
  return readNamed(path, { maximum: MAXIMUM_SIZE, onWait })
}

const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const joined = (rings: readonly Ring[]): Ring => ({
  keys: rings.flatMap((ring) => ring.keys),
  errors: rings.flatMap((ring) => ring.errors),
})

async function readGiven(ctx: Context): Promise<Ring | undefined> {
  const { SOPS_PGP_KEY: text, SOPS_PGP_KEY_FILE: file } = ctx.env
  const rings: Ring[] = []
  if (text) rings.push(await read('SOPS_PGP_KEY', () => Buffer.from(text)))
  if (file) rings.push(await readKeyFile(resolve(ctx.cwd, file), ctx))
  return rings.length > 0 ? joined(rings) : undefined
}

async function readKeyFile(path: string, ctx: Context): Promise<Ring> {
  const ring = await read(`SOPS_PGP_KEY_FILE (${path})`, () => loadFile(path, ctx))
  const isOpen = ctx.platform !== 'win32' && isFile(path) && (statSync(path).mode & 0o044) !== 0
  if (isOpen && ring.keys.some((key) => key.isPrivate() && key.isDecrypted())) {
    const message = 'private key file is readable by other users'
    ctx.log({ level: 'advice', logger: 'PGP', message, fields: { file: path } })
  }
  return ring
}

/** GnuPG's home as the reference finds it: the account's own, not $HOME (spec/keys.md 4.3). */
async function gnupgHome(ctx: Context): Promise<string> {
  if (ctx.env.GNUPGHOME) return resolve(ctx.cwd, ctx.env.GNUPGHOME)
  const { userInfo } = await import('node:os')
  try {
    return join(userInfo().homedir, '.gnupg')
  } catch {
    return join(ctx.home ?? '/', '.gnupg')
  }
}

async function readOld(names: readonly string[], ctx: Context): Promise<Ring | undefined> {
  const home = await gnupgHome(ctx)
  const path = names.map((name) => join(home, name)).find(isFile)
  return path === undefined ? undefined : read(path, () => loadFile(path, ctx))
}

const ringKey = (name: string): MemoKey<Promise<Ring | undefined>> => memoKey(name)
const ringKeys = { given: ringKey('given ring'), public: ringKey('public ring'), secret: ringKey('secret ring') }

/** Sources of OpenPGP keys other than gpg's; undefined where there is nothing. */
export const rings = {
  /** SOPS_PGP_KEY and SOPS_PGP_KEY_FILE. */
  given: (ctx: Context): Promise<Ring | undefined> => ctx.once(ringKeys.given, () => readGiven(ctx)),
  public: (ctx: Context): Promise<Ring | undefined> => ctx.once(ringKeys.public, () => readOld(['pubring.gpg'], ctx)),
  secret: (ctx: Context): Promise<Ring | undefined> =>
    ctx.once(ringKeys.secret, () => readOld(['secring.gpg', 'pubring.gpg'], ctx)),
} as const
