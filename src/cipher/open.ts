// Opens (decrypts) whole trees, with the MAC over their values (spec/format.md 2 to 5).

import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { kindOf } from '../tree/kinds.ts'
import { plainBytes, readScalar, type ScalarType } from '../tree/scalar.ts'
import type { Comment, Leaf, Node, Origin, Tree, Value } from '../tree/tree.ts'
import { findTwins, hasTwins, type LineOf, refuseUncounted, type Twins } from '../tree/twins.ts'
import { textOfBytes } from '../tree/utf8.ts'
import { atLeaf, type CryptOptions, canonicalOf, hashPlain, isEmpty } from './crypt.ts'
import { clearHints } from './joined.ts'
import { createLeafCipher, decryptLeaf, type LeafCipher } from './leaf.ts'
import { addToMac, finishMac, type MacState, peekMac, startMac } from './mac.ts'
import type { Stash } from './stash.ts'
import { type Visitor, walk } from './walk.ts'
import { watchedVisitor } from './watched.ts'

export interface OpenTreeOptions extends CryptOptions {
  readonly log?: Context['log']
  /** Keep strings as bytes, whether they are UTF-8 or not (binary files). */
  readonly bytes?: boolean
  /** The exact source text of a leaf, for `Leaf.token` when the leaf is sealed again. */
  readonly tokenText?: (origin: Origin) => string | undefined
  /** For errors. */
  readonly lineOf?: LineOf
}

interface OpenedTree {
  readonly tree: Tree
  /** Over the plaintext; compare with `verifyMac`. */
  readonly mac: string
  /** Over the first document alone, the first two, and so on, without the last. */
  readonly macs: readonly string[]
  readonly stash: Stash
  /** Keys that a map has more than once. */
  readonly twins: readonly Twins[]
}

/**
 * Decrypts every selected leaf. A leaf's `spelling` becomes the decrypted text where that is not the canonical one.
 * @throws SopsError `cannot-decrypt-tree` at the first leaf that fails, with its path (spec/format.md 2.7); for an encrypted comment in the
 * place of a value; for an entry that the MAC does not cover beside one of the same key, since anybody could have added it without a key.
 */
export function open(tree: Tree, options: OpenTreeOptions): OpenedTree {
  const cipher = createLeafCipher(options.dataKey)
  const mac = startMac(options.macOnlyEncrypted)
  const { tokenText, selection } = options
  const stash: Stash = { cipher, tokenText, leaves: [], stored: tree, selection }
  const path: string[] = []
  const macs: string[] = []
  let current = 0
  const document = (number: number): void => {
    current = number
    if (number > 1) macs.push(peekMac(mac))
  }
  const counted = hasTwins(tree) ? new Set<Node>() : undefined
  try {
    const visitor = { ...opener({ cipher, mac, stash, options, counted }), document }
    const opened = walk(tree, selection, watchedVisitor(visitor, 'decrypting', tree, options.watch), path)
    const twins = counted ? findTwins(opened) : []
    if (counted) refuseUncounted(opened, twins, counted, options.lineOf)
    return { tree: opened, mac: finishMac(mac), macs, stash, twins }
  } catch (error) {
    const place = tree.documents.length > 1 ? `document ${current}: ` : ''
    const hints = place === '' ? [] : clearHints(tree, current, selection)
    throw atLeaf('cannot-decrypt-tree', `Error decrypting tree: Error walking tree: ${place}`, error, path, hints)
  }
}

/** What opening shares between the leaves of a tree. */
interface Opening {
  readonly cipher: LeafCipher
  readonly mac: MacState
  readonly stash: Stash
  readonly options: OpenTreeOptions
  /** Collects the leaves that the MAC covers. */
  readonly counted: Set<Node> | undefined
}

const opener = (opening: Opening): Visitor => ({
  leaf: (leaf, aad, selected, inList) => (selected ? openLeaf(opening, leaf, aad, inList) : countClear(opening, leaf)),
  comment: (comment, aad, selected) => (selected && comment.text !== '' ? openComment(opening, comment, aad) : comment),
})

function countClear({ mac, options, counted }: Opening, leaf: Leaf): Leaf {
  if (isEmpty(leaf.value) || options.macOnlyEncrypted) return leaf
  hashPlain(mac, leaf.value)
  counted?.add(leaf)
  return leaf
}

const clearTwinText = 'an earlier line gives this key a value in clear, or none, which nothing protects'
const clearTwinHints = [
  'the last line of a key counts in SOPS, the first one in other programs: remove the line in clear',
]

function openLeaf(
  { cipher, mac, stash, options, counted }: Opening,
  leaf: Leaf,
  aad: string,
  inList: boolean,
): Leaf | Comment {
  const { value: stored, origin } = leaf
  if (leaf.clearTwin) throw new SopsError('generic', clearTwinText, { hints: clearTwinHints })
  if (isEmpty(stored)) return leaf
  if (typeof stored !== 'string' && !(stored instanceof Uint8Array)) {
    throw new SopsError('generic', `Expected encrypted value as string, but got ${kindOf(stored)}`)
  }
  const text = typeof stored === 'string' ? stored : ''
  const { type, bytes, iv, value } = decryptValue(cipher, text, aad, options.bytes === true)
  if (type === 'comment') {
    // Elsewhere an old ciphertext of that place could replace a value without the MAC noticing (spec/format.md 2.4, 4).
    if (!inList) throw new SopsError('generic', 'an encrypted comment stands in the place of a value')
    const plain = commentText(value)
    stash.leaves.push({ aad, type, canonical: plain, spelling: undefined, text, iv, origin, element: true })
    // The MAC leaves comments out, however they are stored (spec/format.md 4).
    return withOrigin({ kind: 'comment', text: plain, inline: false, element: true }, origin)
  }
  const isText = type === 'str'
  const canonical = isText ? (value as string | Uint8Array) : canonicalOf(value as Exclude<Value, null | Uint8Array>)
  const plain = isText ? canonical : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const spelling = plain === canonical ? undefined : (plain as string)
  // NaN equals nothing, so it is not remembered.
  if (!Number.isNaN(value)) stash.leaves.push({ aad, type, canonical, spelling, text, iv, origin })
  addToMac(mac, isText ? bytes : canonical)
  const next: Leaf = withOrigin(
    spelling === undefined ? { kind: 'leaf', value } : { kind: 'leaf', value, spelling },
    origin,
  )
  if (!isText || bytes.length > 0) counted?.add(next)
  return next
}

function openComment({ cipher, stash, options }: Opening, comment: Comment, aad: string): Comment {
  const { text, origin } = comment
  let found: ReturnType<typeof decryptLeaf>
  try {
    found = decryptLeaf(cipher, text, aad)
  } catch {
    const pieced = text.replace(commentPiece, (piece) => openedPiece(cipher, piece, aad))
    stash.leaves.push({ aad, type: 'comment', canonical: pieced, spelling: undefined, text, iv: undefined, origin })
    if (pieced !== text) return { ...comment, text: pieced }
    options.log?.({
      level: 'warning',
      logger: 'SOPS',
      message:
        'Found possibly unencrypted comment in file. This is to be expected if the file being decrypted was created with an older version of SOPS.',
      fields: { comment: text },
    })
    return comment
  }
  const { type, bytes, iv } = found
  if (type !== 'comment' && type !== 'str') {
    const name = kindOf(readScalar(type, bytes))
    throw new SopsError('generic', `an encrypted comment holds ${name}, not a text`)
  }
  const plain = textOfBytes(bytes)
  stash.leaves.push({ aad, type: 'comment', canonical: plain, spelling: undefined, text, iv, origin })
  return { ...comment, text: plain }
}

/** Lines that were added around an encrypted comment are read as one comment with it (INI). */
const commentPiece = /ENC\[AES256_GCM,[^\]]*,type:comment\]/g

function openedPiece(cipher: LeafCipher, piece: string, aad: string): string {
  try {
    const { type, bytes } = decryptLeaf(cipher, piece, aad)
    return type === 'comment' ? textOfBytes(bytes) : piece
  } catch {
    return piece
  }
}

const commentText = (value: Value): string => (typeof value === 'string' ? value : textOfBytes(value as Uint8Array))

function decryptValue(
  cipher: LeafCipher,
  text: string,
  aad: string,
  keepBytes: boolean,
): { type: ScalarType; bytes: Uint8Array; iv: Uint8Array; value: Value } {
  try {
    const { type, bytes, iv } = decryptLeaf(cipher, text, aad)
    return { type, bytes, iv, value: type === 'str' && keepBytes ? plainBytes(bytes) : readScalar(type, bytes) }
  } catch (error) {
    const hints = /^(?:\s|["'])+ENC\[AES256_GCM,/.test(text)
      ? ['the encrypted value stands behind quotes or blanks that belong to the text in this format: take them away']
      : []
    throw new SopsError('generic', `Could not decrypt value: ${messageOf(error)}`, { hints })
  }
}

const withOrigin = <T extends Leaf | Comment>(node: T, origin: Origin | undefined): T =>
  origin === undefined ? node : { ...node, origin }
