// The document tree: plain data, one shape for all formats (spec/format.md 1).

/** A point in time with its offset, in the reference's canonical spelling: RFC 3339, up to nine fractional digits, none trailing. */
export interface Timestamp {
  readonly rfc3339: string
}

/**
 * A leaf's value; its JS type is its SOPS type: string (or the bytes of one that is not valid UTF-8, and always for binary files) = str,
 * bigint = int, number = float, boolean = bool, Timestamp = time, null = never encrypted.
 */
export type Value = string | Uint8Array | bigint | number | boolean | Timestamp | null

/**
 * Where a node came from in its source text, kept by the format that parsed it and opaque to everybody else.
 * Present only on nodes that came from text; `rewrite` changes the text of those whose value is no longer `value`.
 */
export interface Origin {
  /** Offsets into the decoded source text, end exclusive. */
  readonly start: number
  readonly end: number
  /** What the text there says: the leaf's value, or the comment's text. */
  readonly value: Value
}

/** A value that is no map or list. */
export interface Leaf {
  readonly kind: 'leaf'
  readonly value: Value
  /**
   * How a number, boolean or time is spelled, when that is not the canonical spelling: the format's own spelling after parsing,
   * the decrypted plaintext after opening. Never set on strings.
   */
  readonly spelling?: string
  readonly origin?: Origin
  /**
   * The token that stood for this leaf in an earlier version of the file; `rewrite` prefers its exact text (quotes, block style) when the
   * leaf's value is the one it stood for. Set by seal for leaves that did not change.
   */
  readonly token?: LeafToken
  /** What an encrypted value stands for, where the earlier version of the file had another one: the style of its token may depend on it. */
  readonly plain?: Exclude<Value, null>
  /** An earlier line gives the same key a value in clear: the reference drops it, other readers take it (INI). Set by parsing. */
  readonly clearTwin?: true
  /** Nothing of that line may stay, although the value is empty and so not encrypted. Set by seal. */
  readonly hidesTwin?: true
}

/** What stands in a map or a list. */
export type Item = Entry | Node | Comment

/** The exact text a format used for an encrypted leaf, and the encrypted value it says. */
export interface LeafToken {
  readonly value: string
  readonly text: string
}

/** A comment, at its place among the items of a map or list. */
export interface Comment {
  readonly kind: 'comment'
  /** Everything after the introducer (`#`, `;`); bytes that are not UTF-8 as `textOfBytes` gives them. */
  readonly text: string
  /** True for a comment on the line of the item it describes (YAML only). It stands before that item in the tree. */
  readonly inline: boolean
  /** An encrypted comment that is stored as an element of its list, as older releases do, and JSON does. */
  readonly element?: true
  readonly origin?: Origin
}

/** One key of a map, with its value. */
export interface Entry {
  readonly kind: 'entry'
  /** The key's text; bytes that are not UTF-8 as `textOfBytes` gives them. */
  readonly key: string
  /** Set when the key is not a string: what messages call it (`a whole number`, `null`, …). */
  readonly keyType?: string
  readonly value: Node
  readonly origin?: Origin
  /**
   * For a new entry: its exact text as another version of the file had it (`Format.textOf`). `rewrite` uses it instead of printing the entry
   * afresh, where YAML and JSON find that it says the same.
   */
  readonly text?: string
}

/** A map in the order of its text, with its comments. */
export interface MapNode {
  readonly kind: 'map'
  readonly items: readonly (Entry | Comment)[]
  readonly origin?: Origin
}

/** A list, with its comments. */
export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly (Node | Comment)[]
  readonly origin?: Origin
}

/** A value of the tree. */
export type Node = Leaf | MapNode | ListNode

/** Ordered documents. Only YAML can have more than one; every other format yields exactly one. */
export interface Tree {
  readonly documents: readonly MapNode[]
}

export const isTimestamp = (value: Value): value is Timestamp =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array)

/** Same type and same value. NaN equals nothing, as in the reference (spec/format.md 2.6). */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return a !== 0 || Object.is(a, b)
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0
  }
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  return a.rfc3339 === b.rfc3339
}

/** Same kinds, keys, types and values all through, comments included, in the same order. */
export function sameNode(a: Node | Entry | Comment, b: Node | Entry | Comment): boolean {
  if (a.kind === 'leaf') return b.kind === 'leaf' && sameValue(a.value, b.value)
  if (a.kind === 'comment') return b.kind === 'comment' && a.text === b.text
  if (a.kind === 'entry') return b.kind === 'entry' && a.key === b.key && sameNode(a.value, b.value)
  if (a.kind !== b.kind || a.items.length !== b.items.length) return false
  return a.items.every((item, i) => sameNode(item, b.items[i]!))
}

/** The same documents in the same order (`sameNode`). */
export const sameTree = ({ documents: a }: Tree, { documents: b }: Tree): boolean =>
  a.length === b.length && a.every((document, i) => document === b[i] || sameNode(document, b[i]!))
