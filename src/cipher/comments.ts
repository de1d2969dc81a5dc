// The printed text decides where a comment stands, so each is read back from there and sealed again if its place is not the one that it was
// sealed for. A comment's place is the path of its container (spec/format.md 2.4), and the text around it can move it.

import type { Comment, Entry, ListNode, MapNode, Node, Tree } from '../tree/tree.ts'
import { bytesOfText, textOfBytes } from '../tree/utf8.ts'
import { createLeafCipher, decryptLeaf, encryptLeaf, type LeafCipher } from './leaf.ts'
import { looksLikeMarker, type Selection } from './selection.ts'
import { identityOf, type Stash, sealedLeaves } from './stash.ts'
import { isEncrypted } from './token.ts'
import { walk } from './walk.ts'

/** A comment of a sealed tree, and where it stands. */
export interface PlacedComment {
  /** As stored: `ENC[…]` where `selected`. */
  readonly text: string
  readonly aad: string
  readonly selected: boolean
  /** Where it stands in the source; copies that aliases make share it. */
  readonly start: number | undefined
}

/** The comments of an encrypted tree, without empty ones. */
export function commentsOf(tree: Tree, selection: Selection): PlacedComment[] {
  const found: PlacedComment[] = []
  eachComment(tree, selection, {
    comment: (comment, aad, selected) => {
      found.push(placed(comment, aad, selected))
      return comment
    },
    element: (text, aad, start) => found.push({ text, aad, selected: true, start }),
  })
  return found
}

export const placed = ({ text, origin }: Comment, aad: string, selected: boolean): PlacedComment => ({
  text,
  aad,
  selected,
  start: origin?.start,
})

interface CommentVisitor {
  readonly comment: (comment: Comment, aad: string, selected: boolean) => Comment
  /** Of a comment that is stored as an element of its list. */
  readonly element: (text: string, aad: string, start: number | undefined) => void
}

const eachComment = (tree: Tree, selection: Selection, { comment: use, element }: CommentVisitor): Tree =>
  walk(
    tree,
    selection,
    {
      leaf: (leaf, aad, selected, inList) => {
        const { value, origin } = leaf
        if (selected && inList && typeof value === 'string' && value.endsWith(',type:comment]') && isEncrypted(value))
          element(value, aad, origin?.start)
        return leaf
      },
      comment: (comment, aad, selected) => (comment.text === '' ? comment : use(comment, aad, selected)),
    },
    [],
  )

/** Every place that an encrypted comment was sealed for, by its text. */
type Places = Map<string, Set<string>>

function placesOf(comments: readonly PlacedComment[]): Places {
  const places: Places = new Map()
  for (const { text, aad, selected } of comments) if (selected) add(places, text, aad)
  return places
}

const add = (places: Places, text: string, aad: string): void => {
  const known = places.get(text)
  if (known === undefined) places.set(text, new Set([aad]))
  else known.add(aad)
}

/** A block of lines can be read as one comment and hold several. */
const pieces = /ENC\[AES256_GCM,[^\]]*\]/g

const holdsSealed = (isSealed: (text: string) => boolean, text: string): boolean =>
  isSealed(text) ? isEncrypted(text) : (text.match(pieces) ?? []).some(isSealed)

/** Why a comment of `tree` would never be decrypted again; undefined if every one stands where one of `sealed` of the same text does. */
export function misplacedComment(
  tree: Tree,
  sealed: readonly PlacedComment[],
  selection: Selection,
): string | undefined {
  if (sealed.length === 0) return undefined
  const places = placesOf(sealed)
  let problem: string | undefined
  eachComment(tree, selection, {
    comment(comment, aad, selected) {
      const { text } = comment
      if (selected ? places.get(text)?.has(aad) !== true : holdsSealed((piece) => places.has(piece), text))
        problem ??= unreadable(aad)
      return comment
    },
    element(text, aad) {
      if (places.get(text)?.has(aad) === false) problem ??= unreadable(aad)
    },
  })
  return problem
}

const unreadable = (aad: string): string =>
  `a comment in ${aad === ':' ? 'the document' : aad.slice(0, -1)} could not be decrypted any more`

const maximumDraws = 20

/** A ciphertext that is no marker: a short pattern may fit one by chance, and `seal` gives another each time. */
export function unlikeMarker(selection: Selection, seal: () => string): string {
  let text = seal()
  for (let i = 1; i < maximumDraws && looksLikeMarker(selection, text); i++) text = seal()
  return text
}

interface SettleOptions {
  readonly dataKey: Uint8Array
  readonly selection: Selection
  readonly stash?: Stash
}

/** Seals comments for the places where they are read back. */
interface Settling {
  /**
   * The tree with every comment sealed for its place; undefined if all were. A comment that comes to stand where nothing is encrypted is not
   * put in clear: it is a problem.
   */
  settle(tree: Tree): { readonly tree: Tree | undefined; readonly problem: string | undefined }
}

export function settling(sealed: readonly PlacedComment[], { dataKey, selection, stash }: SettleOptions): Settling {
  const places = placesOf(sealed)
  let cipher: LeafCipher | undefined
  let memory: ReturnType<typeof remembered> | undefined

  const before = (): ReturnType<typeof remembered> => {
    memory ??= remembered(stash ? sealedLeaves(stash) : [])
    return memory
  }
  const key = (): LeafCipher => {
    cipher ??= createLeafCipher(dataKey)
    return cipher
  }
  const isSealed = (text: string): boolean => places.has(text) || before().plain.has(text)

  function plainOf(piece: string): string {
    const [aad] = places.get(piece) ?? []
    if (aad === undefined) return before().plain.get(piece) ?? piece
    try {
      return textOfBytes(decryptLeaf(key(), piece, aad).bytes)
    } catch {
      // It stood there before, in clear or unreadable.
      return piece
    }
  }

  function sealedFor(text: string, aad: string): string {
    const plain = isSealed(text) ? plainOf(text) : text.replace(pieces, plainOf)
    const isSameKey = stash?.cipher.key.equals(key().key) === true
    const known = isSameKey ? before().text.get(identityOf(aad, 'comment', plain)) : undefined
    return known ?? unlikeMarker(selection, () => encryptLeaf(key(), aad, 'comment', bytesOfText(plain)))
  }

  return {
    settle(tree) {
      let problem: string | undefined
      let isSettled = true
      const settled = eachComment(tree, selection, {
        comment(comment, aad, selected) {
          if (!selected) {
            if (holdsSealed(isSealed, comment.text)) problem ??= unreadable(aad)
            return comment
          }
          if (places.get(comment.text)?.has(aad) === true) return comment
          const text = sealedFor(comment.text, aad)
          if (looksLikeMarker(selection, text)) problem ??= unreadable(aad)
          add(places, text, aad)
          isSettled = false
          return { ...comment, text }
        },
        element(text, aad) {
          if (places.get(text)?.has(aad) === false) problem ??= unreadable(aad)
        },
      })
      return { tree: isSettled ? undefined : settled, problem }
    },
  }
}

/** The comments that the file had: what each ciphertext says, and the ciphertext of each in its place. */
function remembered(leaves: ReturnType<typeof sealedLeaves>): {
  plain: Map<string, string>
  text: Map<string, string>
} {
  const plain = new Map<string, string>()
  const text = new Map<string, string>()
  for (const leaf of leaves) {
    if (leaf.type !== 'comment' || typeof leaf.canonical !== 'string') continue
    plain.set(leaf.text, leaf.canonical)
    text.set(identityOf(leaf.aad, 'comment', leaf.canonical), leaf.text)
  }
  return { plain, text }
}

/**
 * The tree with every comment above an item of what it stands in, where nothing that is printed can move it: on the line of a value it may
 * count to what is inside of that, and below the last item to what that item ends with.
 */
export function withHeads(tree: Tree): Tree {
  const all: (MapNode | ListNode)[] = [...tree.documents]
  for (const { items } of all) {
    for (const item of items) {
      const value = item.kind === 'entry' ? item.value : item
      if (value.kind === 'map' || value.kind === 'list') all.push(value)
    }
  }
  const done = new Map<Node, Node>()
  const changed = <T extends Node>(node: T): T => (done.get(node) ?? node) as T
  for (const node of all.reverse()) {
    const items = (node.items as readonly (Entry | Node | Comment)[]).map((item) => {
      if (item.kind === 'comment') return { ...item, inline: false }
      return item.kind === 'entry' ? { ...item, value: changed(item.value) } : changed(item)
    })
    const last = items.findLastIndex(({ kind }) => kind !== 'comment')
    const [moved] = last < 0 ? [] : items.splice(last, 1)
    if (moved) items.push(moved)
    done.set(node, { ...node, items } as MapNode | ListNode)
  }
  return { documents: tree.documents.map(changed) }
}

/** What a text lacks or says too often of the comments of the tree that was sealed; undefined if it says each as often as that. */
export function lostComment(tree: Tree, sealed: readonly PlacedComment[], selection: Selection): string | undefined {
  // Copies that aliases make may be in the text or not.
  const wanted = new Map<string, { least: number; most: number }>()
  const starts = new Set<number>()
  for (const { text, start } of sealed) {
    const count = wanted.get(text) ?? { least: 0, most: 0 }
    if (start === undefined || !starts.has(start)) count.least++
    count.most++
    wanted.set(text, count)
    if (start !== undefined) starts.add(start)
  }
  const found = new Map<string, number>()
  starts.clear()
  for (const { text, start } of commentsOf(tree, selection)) {
    if (start !== undefined && starts.has(start)) continue
    if (start !== undefined) starts.add(start)
    found.set(text, (found.get(text) ?? 0) + 1)
  }
  for (const [text, { least, most }] of wanted) {
    const count = found.get(text) ?? 0
    if (count < least) return 'a comment would be lost'
    if (count > most) return 'a comment would stand there twice'
  }
  return undefined
}
