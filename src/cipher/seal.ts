// Seals (encrypts) whole trees, with the MAC over their values (spec/format.md 2 to 5).

import { SopsError } from '../errors.ts'
import { canonical, readSpelling, type ScalarType, typeOf } from '../tree/scalar.ts'
import { type Comment, type Leaf, type Node, sameValue, type Tree, type Value } from '../tree/tree.ts'
import { findTwins, hasTwins, refuseUncounted } from '../tree/twins.ts'
import { bytesOfText } from '../tree/utf8.ts'
import { type PlacedComment, placed, unlikeMarker } from './comments.ts'
import { atLeaf, type CryptOptions, canonicalOf, hashPlain, isEmpty } from './crypt.ts'
import { createLeafCipher, encryptLeaf, type LeafCipher } from './leaf.ts'
import { addToMac, finishMac, type MacState, startMac } from './mac.ts'
import { looksLikeMarker, type Selection } from './selection.ts'
import { identityOf, nothing, type Recall, recall, type Stash } from './stash.ts'
import { type Visitor, walk } from './walk.ts'
import { watchedVisitor } from './watched.ts'

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
  /** The comments as they are in `tree`, without empty ones. */
  readonly comments: readonly PlacedComment[]
}

/** Never writes what `open` would refuse. */
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
    const visitor = watchedVisitor(sealer({ cipher, mac, memory, options, count }), 'encrypting', tree, options.watch)
    const sealed = walk(tree, options.selection, visitor, path)
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

/** What sealing shares between the leaves of a tree. */
interface Sealing {
  readonly cipher: LeafCipher
  readonly mac: MacState
  readonly memory: Recall | undefined
  readonly options: SealOptions
  readonly count: { leaves: number; encrypted: number; comments: PlacedComment[] }
}

const sealer = (sealing: Sealing): Visitor => ({
  leaf: (leaf, aad, selected) => sealLeaf(sealing, leaf, aad, selected),
  comment(comment, aad, selected, inList) {
    if (comment.text === '') return comment
    const sealed = sealComment(sealing, comment, aad, selected)
    if (!comment.element || !inList || !selected) return sealed
    const leaf: Leaf = { kind: 'leaf', value: sealed.text }
    return sealed.origin ? { ...leaf, origin: sealed.origin } : leaf
  },
})

function sealLeaf({ cipher, mac, memory, options, count }: Sealing, leaf: Leaf, aad: string, selected: boolean): Leaf {
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
  const bytes = addToMac(mac, standard)
  const spelling = usableSpelling(leaf, type)
  const plaintext = spelling ?? standard
  const { leaf: before, token, iv } = memory?.next(type, plaintext) ?? nothing
  const text = before?.text ?? encryptLeaf(cipher, aad, type, spelling ?? bytes, iv)
  const { origin } = leaf
  const sealed: Leaf = origin === undefined ? { kind: 'leaf', value: text } : { kind: 'leaf', value: text, origin }
  if (memory === undefined && leaf.spelling === undefined) return sealed
  return {
    ...sealed,
    // Kept even if it is the canonical one: the format may prefer another spelling.
    ...(leaf.spelling !== undefined && plaintext === leaf.spelling ? { spelling: leaf.spelling } : undefined),
    ...(token === undefined ? undefined : { token: { value: text, text: token } }),
    ...(memory && before === undefined && iv === undefined ? { plain: value } : undefined),
  }
}

function sealComment(
  { cipher, memory, options, count }: Sealing,
  comment: Comment,
  aad: string,
  selected: boolean,
): Comment {
  if (!selected) {
    count.comments.push(placed(comment, aad, selected))
    return comment
  }
  const { leaf: before, iv } = memory?.next('comment', comment.text) ?? {}
  const encrypt = (): string => encryptLeaf(cipher, aad, 'comment', bytesOfText(comment.text), iv)
  const text = before?.text ?? (iv ? encrypt() : unlikeMarker(options.selection, encrypt))
  if (looksLikeMarker(options.selection, text)) {
    throw new SopsError('generic', 'Encrypted comment matches unencrypted_comment_regex, so it could not be decrypted')
  }
  const sealed: Comment = { ...comment, text, ...(before?.element && { element: true }) }
  count.comments.push(placed(sealed, aad, selected))
  return sealed
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
