// Opens (decrypts) and seals (encrypts) whole trees, with the MAC over their values (spec/format.md 2 to 5).

import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { goTypeOf } from '../tree/go-types.ts'
import { canonical, plainBytes, readScalar, readSpelling, type ScalarType, typeOf } from '../tree/scalar.ts'
import { toSeconds } from '../tree/time.ts'
import { type Comment, type Leaf, type Node, type Origin, sameValue, type Tree, type Value } from '../tree/tree.ts'
import { findTwins, hasTwins, type LineOf, refuseUncounted, type Twins } from '../tree/twins.ts'
import { bytesOfText, textOfBytes } from '../tree/utf8.ts'
import { type PlacedComment, placed, unlikeMarker } from './comments.ts'
import { clearHints, joinedHint } from './joined.ts'
import { createLeafCipher, decryptLeaf, encryptLeaf, type LeafCipher } from './leaf.ts'
import { addToMac, finishMac, type MacState, peekMac, sameMac, startMac } from './mac.ts'
import { looksLikeMarker, type Selection } from './selection.ts'
import { identityOf, type Recall, recall, type Stash } from './stash.ts'
import { type Visitor, walk } from './walk.ts'

export type { Stash } from './stash.ts'

export interface CryptOptions {
  /** The caller keeps and wipes it. */
  readonly dataKey: Uint8Array
  readonly selection: Selection
  readonly macOnlyEncrypted: boolean
}

export interface OpenTreeOptions extends CryptOptions {
  readonly log?: Context['log']
  /** Keep strings as bytes, whether they are UTF-8 or not (binary files). */
  readonly bytes?: boolean
  /** The exact source text of a leaf, for `Leaf.token` when the leaf is sealed again. */
  readonly tokenText?: (origin: Origin) => string | undefined
  /** For errors. */
  readonly lineOf?: LineOf
}

export interface OpenedTree {
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
 * place of a value; for an entry with nothing that the MAC counts beside one of the same key, which nobody needs a key to put there.
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
    const opened = walk(tree, selection, { ...opener(cipher, mac, stash, options, counted), document }, path)
    const twins = counted ? findTwins(opened) : []
    if (counted) refuseUncounted(opened, twins, counted, options.lineOf)
    return { tree: opened, mac: finishMac(mac), macs, stash, twins }
  } catch (error) {
    const place = tree.documents.length > 1 ? `document ${current}: ` : ''
    const hints = place === '' ? [] : clearHints(tree, current, selection)
    throw atLeaf('cannot-decrypt-tree', `Error decrypting tree: Error walking tree: ${place}`, error, path, hints)
  }
}

function atLeaf(
  code: 'cannot-decrypt-tree' | 'cannot-encrypt-tree',
  headline: string,
  error: unknown,
  path: readonly string[],
  hints: readonly string[] = [],
): SopsError {
  return new SopsError(code, `${headline}${messageOf(error)}`, {
    path: (error instanceof SopsError ? error.path : undefined) ?? [...path],
    hints: [...hints, ...(error instanceof SopsError ? error.hints : [])],
    cause: error,
  })
}

function hashPlain(mac: MacState, value: Value): void {
  if (value === null || value === '') return
  addToMac(mac, value instanceof Uint8Array ? value : canonicalOf(value))
}

function canonicalOf(value: Exclude<Value, null | Uint8Array>): string {
  try {
    return canonical(value)
  } catch (error) {
    throw new SopsError('generic', `Could not convert ${goTypeOf(value)} to bytes: ${messageOf(error)}`)
  }
}

/** `counted` gets the leaves that the MAC counts. */
function opener(
  cipher: LeafCipher,
  mac: MacState,
  stash: Stash,
  options: OpenTreeOptions,
  counted: Set<Node> | undefined,
): Visitor {
  return {
    leaf(leaf, aad, selected, inList) {
      const stored = leaf.value
      if (selected && leaf.clearTwin) throw new SopsError('generic', clearTwinText, { hints: clearTwinHints })
      if (stored === null || stored === '' || (stored instanceof Uint8Array && stored.length === 0)) return leaf
      if (!selected) {
        if (options.macOnlyEncrypted) return leaf
        hashPlain(mac, stored)
        counted?.add(leaf)
        return leaf
      }
      if (typeof stored !== 'string' && !(stored instanceof Uint8Array)) {
        throw new SopsError('generic', `Expected encrypted value as string, but got ${goTypeOf(stored)}`)
      }
      const text = typeof stored === 'string' ? stored : ''
      const { type, bytes, iv, value } = decryptValue(cipher, text, aad, options.bytes === true)
      // Elsewhere it would be a value that no MAC counts, made of any ciphertext that ever stood there (spec/format.md 2.4, 4).
      if (type === 'comment' && !inList)
        throw new SopsError('generic', 'an encrypted comment stands in the place of a value')
      if (type === 'str' || type === 'comment') {
        const remembered = {
          aad,
          type,
          canonical: type === 'comment' ? commentText(value) : (value as string | Uint8Array),
          spelling: undefined,
          text,
          iv,
          origin: leaf.origin,
        }
        stash.leaves.push(remembered)
        // A comment counts nowhere, whatever it was stored as (spec/format.md 4).
        if (type === 'comment')
          return withOrigin({ kind: 'comment', text: commentText(value), inline: false }, leaf.origin)
        addToMac(mac, bytes)
        const next = withOrigin({ kind: 'leaf', value } as const, leaf.origin)
        if (bytes.length > 0) counted?.add(next)
        return next
      }
      const plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
      const standard = canonicalOf(value as Exclude<Value, null | Uint8Array>)
      const spelling = plain === standard ? undefined : plain
      // NaN equals nothing, so it is not remembered.
      if (!Number.isNaN(value))
        stash.leaves.push({ aad, type, canonical: standard, spelling, text, iv, origin: leaf.origin })
      addToMac(mac, standard)
      const next: Leaf = withOrigin(
        spelling === undefined ? { kind: 'leaf', value } : { kind: 'leaf', value, spelling },
        leaf.origin,
      )
      counted?.add(next)
      return next
    },

    comment(comment, aad, selected) {
      if (!selected || comment.text === '') return comment
      const { text } = comment
      let found: ReturnType<typeof decryptLeaf>
      try {
        found = decryptLeaf(cipher, text, aad)
      } catch {
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
        const name = goTypeOf(readScalar(type, bytes))
        throw new SopsError('generic', `walkValue of Comment should be either Comment or string, was ${name}`)
      }
      const plain = textOfBytes(bytes)
      stash.leaves.push({
        aad,
        type: 'comment',
        canonical: plain,
        spelling: undefined,
        text,
        iv,
        origin: comment.origin,
      })
      return { ...comment, text: plain }
    },
  }
}

const clearTwinText = 'an earlier line gives this key a value in clear, or none, which nothing protects'
const clearTwinHints = [
  'the last line of a key counts in SOPS, the first one in other programs: remove the line in clear',
]

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

export interface SealOptions extends CryptOptions {
  /** From opening an earlier version of the file: unchanged leaves keep their ciphertext, or their nonce under a new data key. */
  readonly stash?: Stash
}

export interface SealedTree {
  readonly tree: Tree
  readonly mac: string
  /** Leaves with a value (not null, not empty), and how many of them are encrypted now. */
  readonly leaves: number
  readonly encrypted: number
  /** All comments but empty ones, as they are in `tree`. */
  readonly comments: readonly PlacedComment[]
}

/** What opening would refuse must not be written. */
function refuseUnopenable(tree: Tree, { selection, macOnlyEncrypted }: SealOptions): void {
  if (!hasTwins(tree)) return
  const counted = new Set<Node>()
  const leaf = (found: Leaf, _aad: string, selected: boolean): Leaf => {
    if ((selected || !macOnlyEncrypted) && !isEmpty(found.value)) counted.add(found)
    return found
  }
  walk(tree, selection, { leaf, comment: (comment) => comment }, [])
  refuseUncounted(tree, findTwins(tree), counted)
}

/**
 * Encrypts every selected leaf and comment. The plaintext of a leaf is its `spelling` where the reference reads that as the same value;
 * the MAC always takes the canonical one.
 * @throws SopsError `cannot-encrypt-tree` at the first leaf that fails, with its path; for entries that `open` would refuse.
 */
export function seal(tree: Tree, options: SealOptions): SealedTree {
  const cipher = createLeafCipher(options.dataKey)
  const mac = startMac(options.macOnlyEncrypted)
  const path: string[] = []
  const count = { leaves: 0, encrypted: 0, comments: [] as PlacedComment[] }
  try {
    refuseUnopenable(tree, options)
    const memory = options.stash && recall(options.stash, cipher, identities(tree, options.selection))
    const sealed = walk(tree, options.selection, sealer(cipher, mac, memory, options, count), path)
    return { tree: sealed, mac: finishMac(mac), ...count }
  } catch (error) {
    throw atLeaf('cannot-encrypt-tree', 'Error encrypting tree: Error walking tree: ', error, path)
  }
}

/** The identities of all that `sealer` will encrypt, in its order. */
function identities(tree: Tree, selection: Selection): string[] {
  const found: string[] = []
  const visitor: Visitor = {
    leaf(leaf, aad, selected) {
      const { value } = leaf
      if (selected && !isEmpty(value)) {
        found.push(identityOf(aad, typeOf(value), value instanceof Uint8Array ? value : canonicalOf(value)))
      }
      return leaf
    },
    comment(comment, aad, selected) {
      if (selected && comment.text !== '') found.push(identityOf(aad, 'comment', comment.text))
      return comment
    },
  }
  walk(tree, selection, visitor, [])
  return found
}

const isEmpty = (value: Value): value is null =>
  value === null || value === '' || (value instanceof Uint8Array && value.length === 0)

function sealer(
  cipher: LeafCipher,
  mac: MacState,
  memory: Recall | undefined,
  options: SealOptions,
  count: { leaves: number; encrypted: number; comments: PlacedComment[] },
): Visitor {
  return {
    leaf(leaf, aad, selected) {
      const { value } = leaf
      if (value === null || value === '') return selected && leaf.clearTwin ? { ...leaf, hidesTwin: true } : leaf
      count.leaves++
      if (!selected) {
        if (!options.macOnlyEncrypted) hashPlain(mac, value)
        return leaf
      }
      if (value instanceof Uint8Array && value.length === 0) return { ...leaf, value: '' }
      count.encrypted++
      const type = typeOf(value)
      const standard = value instanceof Uint8Array ? value : canonicalOf(value)
      addToMac(mac, standard)
      const spelling = usableSpelling(leaf, type)
      const plaintext = spelling ?? standard
      const { leaf: before, token, iv } = memory?.next(type, plaintext) ?? {}
      const text = before?.text ?? encryptLeaf(cipher, aad, type, plaintext, iv)
      return {
        kind: 'leaf',
        value: text,
        ...(leaf.origin === undefined ? undefined : { origin: leaf.origin }),
        // Also the canonical one, where it was given: a format may spell the value in another way.
        ...(leaf.spelling !== undefined && (spelling ?? standard) === leaf.spelling
          ? { spelling: leaf.spelling }
          : undefined),
        ...(token === undefined ? undefined : { token: { value: text, text: token } }),
        ...(memory && before === undefined && iv === undefined ? { plain: value } : undefined),
      }
    },

    comment(comment, aad, selected) {
      if (comment.text === '') return comment
      if (!selected) {
        count.comments.push(placed(comment, aad, selected))
        return comment
      }
      const { leaf: before, iv } = memory?.next('comment', comment.text) ?? {}
      const seal = (): string => encryptLeaf(cipher, aad, 'comment', bytesOfText(comment.text), iv)
      const text = before?.text ?? (iv ? seal() : unlikeMarker(options.selection, seal))
      if (looksLikeMarker(options.selection, text)) {
        throw new SopsError(
          'generic',
          'Encrypted comment matches unencrypted_comment_regex, so it could not be decrypted',
        )
      }
      const sealed = { ...comment, text }
      count.comments.push(placed(sealed, aad, selected))
      return sealed
    },
  }
}

function usableSpelling(leaf: Leaf, type: ScalarType): string | undefined {
  const { spelling, value } = leaf
  if (spelling === undefined || type === 'str') return undefined
  const read = readSpelling(type, spelling)
  return read !== undefined &&
    sameValue(read, value) &&
    spelling !== canonical(value as Exclude<Value, null | Uint8Array>)
    ? spelling
    : undefined
}

/** The MAC as the metadata has it: encrypted, and bound to the date beside it. */
export interface StoredMac {
  /** Empty when absent. */
  readonly mac: string
  /** RFC 3339. */
  readonly lastModified: string
}

const macAad = (lastModified: string): string => toSeconds(lastModified) ?? lastModified

const undecryptedMacHints = [
  'sops.mac or sops.lastmodified was changed, or the two come from different versions of the file: take both from the version that opened last',
]

/**
 * `macs` are those of the documents up to each but the last: they tell whether some were joined to the file. No MAC is ever told: it is a
 * hash of the plaintext, against which short values could be guessed.
 * @throws SopsError `mac-mismatch`: the stored MAC is absent, cannot be decrypted (`lastmodified` changed) or is another one.
 */
export function verifyMac(
  { mac, lastModified }: StoredMac,
  dataKey: Uint8Array,
  computed: string,
  macs: readonly string[] = [],
): void {
  let stored = ''
  if (mac !== '') {
    try {
      const { type, bytes } = decryptLeaf(createLeafCipher(dataKey), mac, macAad(lastModified))
      if (type === 'str') stored = Buffer.from(bytes).toString('utf8')
      else readScalar(type, bytes)
    } catch (error) {
      throw new SopsError('mac-mismatch', `Cannot decrypt MAC: ${messageOf(error)}`, {
        hints: undecryptedMacHints,
        cause: error,
      })
    }
  }
  if (stored !== '' && sameMac(stored, computed)) return
  if (stored === '') {
    throw new SopsError('mac-mismatch', 'MAC mismatch. File has no MAC', {
      hints: ['sops.mac was taken out or emptied: take it from the version that opened last'],
    })
  }
  if (!/^[0-9A-Fa-f]{128}$/.test(stored)) {
    throw new SopsError('mac-mismatch', 'MAC mismatch. File has something else in the place of its MAC', {
      hints: ['sops.mac was replaced by another encrypted value: take it from the version that opened last'],
    })
  }
  const covered = macs.findIndex((mac) => sameMac(stored, mac)) + 1
  throw new SopsError('mac-mismatch', 'MAC mismatch. File has the MAC of other values than those that it holds', {
    hints: covered > 0 ? [joinedHint(covered, macs.length + 1)] : [],
    details: { fault: 'MAC of other values' },
  })
}

/**
 * The MAC as stored. `previous` is the stored MAC of the version before; it comes back when it says the same at the same time.
 * @throws SopsError `cannot-encrypt-mac`.
 */
export function sealMac(mac: string, lastModified: string, dataKey: Uint8Array, previous?: string): string {
  try {
    const cipher = createLeafCipher(dataKey)
    const aad = macAad(lastModified)
    if (previous !== undefined && saysMac(cipher, previous, aad, mac)) return previous
    return encryptLeaf(cipher, aad, 'str', mac)
  } catch (error) {
    throw new SopsError('cannot-encrypt-mac', `Could not encrypt MAC: ${messageOf(error)}`, { cause: error })
  }
}

function saysMac(cipher: LeafCipher, text: string, aad: string, mac: string): boolean {
  try {
    const { type, bytes } = decryptLeaf(cipher, text, aad)
    return type === 'str' && sameMac(Buffer.from(bytes).toString('utf8'), mac)
  } catch {
    return false
  }
}
