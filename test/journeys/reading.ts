// A document as a reader sees it: what our parsers and the packages that read along are both brought to.
import { isTimestamp, type Node, type Tree, type Value } from '../../src/tree/tree.ts'

export type LeafType = 'str' | 'bytes' | 'int' | 'float' | 'bool' | 'null' | 'time'

export interface PlainLeaf {
  readonly kind: 'leaf'
  /** `any` is a value that the reader does not know how to read (explained.ts): it equals every other leaf, and itself by its text. */
  readonly type: LeafType | 'any'
  readonly text: string
  /** Where the value itself is written, where the reader tells. */
  readonly range?: readonly [start: number, end: number]
}

export interface Pair {
  readonly key: string
  /** The key's text is what the reader cannot know (explained.ts). */
  readonly anyKey?: boolean
  readonly value: Plain
  /** From the key to the end of the value in the text, where the reader tells. */
  readonly span?: readonly [start: number, end: number]
}

export interface PlainMap {
  readonly kind: 'map'
  readonly pairs: readonly Pair[]
}

export interface PlainList {
  readonly kind: 'list'
  readonly items: readonly { readonly value: Plain; readonly span?: readonly [start: number, end: number] }[]
}

export type Plain = PlainLeaf | PlainMap | PlainList

export interface Reading {
  readonly documents: readonly Plain[]
  /** Something stands in more than one place, by an alias. */
  readonly copies?: boolean
}

export const leafOf = (type: LeafType | 'any', text: string): PlainLeaf => ({ kind: 'leaf', type, text })

export const ofBytes = (bytes: Uint8Array): PlainLeaf => {
  const text = Buffer.from(bytes).toString()
  return Buffer.from(text).equals(bytes) ? leafOf('str', text) : leafOf('bytes', Buffer.from(bytes).toString('base64'))
}

export const ofNumber = (value: number): PlainLeaf => leafOf('float', Object.is(value, -0) ? '-0' : String(value))

function ofValue(value: Value): PlainLeaf {
  if (value === null) return leafOf('null', '')
  if (typeof value === 'string') return leafOf('str', value)
  if (value instanceof Uint8Array) return ofBytes(value)
  if (typeof value === 'bigint') return leafOf('int', String(value))
  if (typeof value === 'number') return ofNumber(value)
  return isTimestamp(value) ? leafOf('time', value.rfc3339) : leafOf('bool', String(value))
}

export function ofNode(node: Node): Plain {
  if (node.kind === 'leaf') return ofValue(node.value)
  if (node.kind === 'map')
    return {
      kind: 'map',
      pairs: node.items.flatMap((item) =>
        item.kind === 'comment'
          ? []
          : [
              {
                key: item.key,
                value: ofNode(item.value),
                ...(item.keyType === undefined ? {} : { anyKey: true }),
              },
            ],
      ),
    }
  return {
    kind: 'list',
    items: node.items.flatMap((item) => (item.kind === 'comment' ? [] : [{ value: ofNode(item) }])),
  }
}

/** What our program holds. */
export const ofTree = (tree: Tree): Reading => ({ documents: tree.documents.map(ofNode) })

/**
 * `exact`: an integer is no float. `worth`: numbers are compared by what they are worth, since formats print `1.0` as `1`. `text`: the types are
 * not compared, since the format has none.
 */
export type Strictness = 'exact' | 'worth' | 'text'

const worth = ({ type, text }: PlainLeaf): string => {
  if (type === 'float' && Number.isInteger(Number(text))) return `number ${BigInt(Number(text))}`
  if (type === 'int' || type === 'float') return `number ${text}`
  return `${type} ${text}`
}

function sameLeaf(a: PlainLeaf, b: PlainLeaf, how: Strictness): boolean {
  if (a.type === 'any' || b.type === 'any') return true
  if (how === 'text') return a.text === b.text
  return how === 'exact' ? a.type === b.type && a.text === b.text : worth(a) === worth(b)
}

const shown = (value: Plain | undefined): string => {
  const text =
    value === undefined ? 'nothing' : value.kind === 'leaf' ? `${value.type} ${JSON.stringify(value.text)}` : value.kind
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

/** Where and how two values differ, or undefined. */
export function difference(a: Plain, b: Plain, how: Strictness, path = ''): string | undefined {
  const differ = (): string => `${path === '' ? 'the document' : path}: ${shown(a)} against ${shown(b)}`
  if (a.kind === 'leaf') return b.kind === 'leaf' && sameLeaf(a, b, how) ? undefined : differ()
  if (a.kind === 'map') {
    if (b.kind !== 'map') return differ()
    for (let i = 0; i < Math.max(a.pairs.length, b.pairs.length); i++) {
      const [one, other] = [a.pairs[i], b.pairs[i]]
      if (!one || !other) return `${path}: key ${JSON.stringify((one ?? other)!.key)} only on one side`
      if (one.key !== other.key && !one.anyKey && !other.anyKey)
        return `${path}: key ${JSON.stringify(one.key)} against ${JSON.stringify(other.key)}`
      const found = difference(one.value, other.value, how, `${path}[${JSON.stringify(one.key)}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (b.kind !== 'list') return differ()
  for (let i = 0; i < Math.max(a.items.length, b.items.length); i++) {
    const [one, other] = [a.items[i], b.items[i]]
    if (!one || !other) return `${path}: ${a.items.length} elements against ${b.items.length}`
    const found = difference(one.value, other.value, how, `${path}[${i}]`)
    if (found !== undefined) return found
  }
  return undefined
}

export function readingDifference(a: Reading, b: Reading, how: Strictness): string | undefined {
  if (a.documents.length !== b.documents.length) return `${a.documents.length} documents against ${b.documents.length}`
  for (const [i, document] of a.documents.entries()) {
    const found = difference(document, b.documents[i]!, how)
    if (found !== undefined) return i === 0 ? found : `document ${i + 1}: ${found}`
  }
  return undefined
}
