// Encrypting and decrypting as the document layer does it, with a transparent cipher, to test what formats do with the text.
import { canonical, readScalar, type ScalarType, typeOf } from '../../src/tree/scalar.ts'
import type { Comment, Entry, Leaf, MapNode, Node, Tree } from '../../src/tree/tree.ts'

export const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')
export const text = (data: Uint8Array): string => Buffer.from(data).toString('utf8')

export const entry = (key: string, value: Node): Entry => ({ kind: 'entry', key, value })
export const leaf = (value: Leaf['value']): Leaf => ({ kind: 'leaf', value })
export const map = (...items: Entry[]): MapNode => ({ kind: 'map', items })

export const metadata: Entry = entry(
  'sops',
  map(
    entry('age', { kind: 'list', items: [map(entry('enc', leaf('-----\n<x>\n')))] }),
    entry('mac', leaf('ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]')),
  ),
)

/** The tree with another value in place of each leaf; containers keep their origins. */
export function mapLeaves(node: Node, change: (leaf: Leaf) => Leaf): Node {
  if (node.kind === 'leaf') {
    const { origin } = node
    return origin === undefined ? change(node) : { ...change(node), origin }
  }
  const item = (child: Entry | Node | Comment): Entry | Node | Comment =>
    child.kind === 'comment'
      ? child
      : child.kind === 'entry'
        ? { ...child, value: mapLeaves(child.value, change) }
        : mapLeaves(child, change)
  return { ...node, items: node.items.map(item) } as Node
}

export function seal(root: MapNode): Tree {
  const sealed = mapLeaves(root, (leaf) => {
    const { value, spelling } = leaf
    if (value === null || value === '' || value instanceof Uint8Array) return leaf
    const plain = spelling ?? canonical(value)
    const data = Buffer.from(plain, 'utf8').toString('base64')
    return { kind: 'leaf', value: `ENC[AES256_GCM,data:${data},iv:AA==,tag:AA==,type:${typeOf(value)}]` }
  }) as MapNode
  return { documents: [{ ...sealed, items: [...sealed.items, metadata] }] }
}

export function open(root: MapNode): Tree {
  const items = root.items.filter((item) => item.kind !== 'entry' || item.key !== 'sops')
  const opened = mapLeaves({ ...root, items }, (leaf) => {
    const match = /^ENC\[AES256_GCM,data:([^,]*),.*,type:(\w+)\]$/.exec(String(leaf.value))
    if (match === null) return leaf
    const plain = Buffer.from(match[1]!, 'base64')
    const value = readScalar(match[2] as ScalarType, plain)
    const spelling = plain.toString('utf8')
    if (value === null || typeof value === 'string' || value instanceof Uint8Array) return { kind: 'leaf', value }
    return spelling === canonical(value) ? { kind: 'leaf', value } : { kind: 'leaf', value, spelling }
  })
  return { documents: [opened as MapNode] }
}
