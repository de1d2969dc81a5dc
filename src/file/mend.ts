// An encrypted file into which somebody has written values in clear: opened with those values as they stand, so that it can be sealed again.
import {
  compileSelection,
  createLeafCipher,
  encryptLeaf,
  isEncrypted,
  open,
  type Selection,
  verifyMac,
  walk,
} from '../cipher/index.ts'
import { SopsError } from '../errors.ts'
import { wipedAfter } from '../groups/index.ts'
import { canonical, typeOf } from '../tree/scalar.ts'
import type { Entry, Item, Leaf, ListNode, MapNode, Node, Tree } from '../tree/tree.ts'
import { dataKeyOf } from './data-key.ts'
import type { EncryptedFile, OpenFile, OpenOptions } from './types.ts'

/** A file with values in clear, opened. */
interface Mendable {
  readonly file: OpenFile
  /** The MAC fits what was there before those values were written: nothing else was changed without a key. */
  readonly isVerified: boolean
}

/** What opening needs beside a tree. */
interface Crypt {
  readonly dataKey: Uint8Array
  readonly selection: Selection
  readonly macOnlyEncrypted: boolean
  readonly bytes: boolean
}

/**
 * Opens the file for the duration of `use`, then wipes its data key. The MAC is that of what was there before: it is compared without the
 * values in clear, as if they had been added, and with those of each earlier version in their places.
 * @throws SopsError as `openFile`, but for the MAC.
 */
export async function withMendable<T>(
  file: EncryptedFile,
  earlier: readonly EncryptedFile[],
  options: OpenOptions,
  use: (mendable: Mendable) => T | Promise<T>,
): Promise<T> {
  const { format, parsed, metadata } = file
  const dataKey = await dataKeyOf(metadata, options)
  return wipedAfter(dataKey, async () => {
    const selection = await compileSelection(metadata.selection)
    const crypt = { dataKey, selection, macOnlyEncrypted: metadata.macOnlyEncrypted, bytes: format.id === 'binary' }
    const { sealed, clear } = withTokens(file.tree, crypt)
    const { tree: plain, ...opened } = open(sealed, {
      ...crypt,
      tokenText: (origin) =>
        typeof origin.value === 'string' && isEncrypted(origin.value)
          ? format.token?.(parsed, { kind: 'leaf', value: origin.value, origin })?.text
          : undefined,
    })
    const isVerified = [undefined, ...earlier].some((before) => fits(file, clear, before?.tree, crypt))
    return use({ file: { ...file, ...opened, tree: sealed, dataKey, selection, plain }, isVerified })
  })
}

/** The tree with all that must be encrypted encrypted, and the leaves that were not. */
function withTokens(tree: Tree, { dataKey, selection }: Crypt): { sealed: Tree; clear: ReadonlySet<Node> } {
  const cipher = createLeafCipher(dataKey)
  const clear = new Set<Node>()
  const leaf = (found: Leaf, aad: string, selected: boolean): Leaf => {
    const { value } = found
    if (!selected || value === null || (typeof value === 'string' && (value === '' || isEncrypted(value)))) return found
    clear.add(found)
    const text = value instanceof Uint8Array ? value : canonical(value)
    const { spelling: _, ...rest } = found
    return { ...rest, value: encryptLeaf(cipher, aad, typeOf(value), text) }
  }
  return { sealed: walk(tree, selection, { leaf, comment: (comment) => comment }, []), clear }
}

/** Whether the MAC of the file is that of its tree with what an earlier one has in the place of the values in clear, or nothing. */
function fits(
  { tree, metadata }: EncryptedFile,
  clear: ReadonlySet<Node>,
  before: Tree | undefined,
  crypt: Crypt,
): boolean {
  const documents = tree.documents.map((document, at) => without(document, clear, before?.documents[at], 0) as MapNode)
  try {
    const { mac, macs } = open({ documents }, crypt)
    verifyMac(metadata, crypt.dataKey, mac, macs)
    return true
  } catch (error) {
    if (error instanceof SopsError) return false
    throw error
  }
}

/** Deeper is no document of people. */
const deepest = 500

const isEntry = (item: Item): item is Entry => item.kind === 'entry'

/** Without the leaves that are in clear; where the other node has something in the place of one, that stands there. */
function without(node: Node, clear: ReadonlySet<Node>, other: Node | undefined, depth: number): Node | undefined {
  if (node.kind === 'leaf') return clear.has(node) ? other : node
  if (depth > deepest) return undefined
  const others = other?.kind === node.kind ? (other.items as readonly Item[]) : []
  const items = (node.items as readonly Item[]).flatMap((item, at): Item[] => {
    if (item.kind === 'comment') return [item]
    if (item.kind !== 'entry') {
      const there = others[at]
      const next = without(
        item,
        clear,
        there?.kind === 'comment' || there?.kind === 'entry' ? undefined : there,
        depth + 1,
      )
      return next === undefined ? [] : [next]
    }
    const same = others.filter(isEntry).find(({ key }) => key === item.key)
    const value = without(item.value, clear, same?.value, depth + 1)
    return value === undefined ? [] : [{ ...item, value }]
  })
  return { ...node, items } as MapNode | ListNode
}
