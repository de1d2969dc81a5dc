// The nodes and documents of a YAML text as they stand in it, and their tags.

import { decodeOctets } from './tag-octets.ts'
import { parseError } from './text.ts'
import type { BlockPlace, CommentLine, Token } from './tokens.ts'

/** What every node has. */
interface NodeBase {
  /** Including tag and anchor. */
  readonly start: number
  end: number
  /** Where the content itself begins: behind tag and anchor. */
  readonly content: number
  /** 0-based column of the first entry or dash (block collections), else of the content. */
  readonly column: number
  /** Line of the content, 0-based. */
  readonly line: number
  /** Resolved to its short form (`!!int`); empty for none. */
  readonly tag: string
  readonly tagToken: Token | undefined
  readonly anchor: Token | undefined
  headComments: readonly CommentLine[]
  lineComments: readonly CommentLine[]
  footComments: readonly CommentLine[]
}

export interface YScalar extends NodeBase {
  readonly kind: 'scalar'
  /** Quote or block indicator, empty for plain. */
  readonly style: string
  readonly value: string
  /** Of block scalars. */
  readonly block: BlockPlace | undefined
}

export interface YAlias extends NodeBase {
  readonly kind: 'alias'
  /** The anchor's. */
  readonly name: string
  /** The node it stands for. */
  readonly target: YScalar | YCollection
}

/** An element of a list, or what an entry of a map is besides its key. */
export interface YElement {
  /** Where it begins: its dash, its key's `?`, else the start of what it is. */
  readonly start: number
  /** Where its value may begin: behind its dash or `:`; -1 without one. */
  readonly valueStart: number
  readonly value: YNode
}

export interface YEntry extends YElement {
  readonly key: YNode
}

interface CollectionBase extends NodeBase {
  readonly flow: boolean
  /** Of flow collections: comments right behind the opening bracket. */
  innerComments: readonly CommentLine[]
}

export interface YMap extends CollectionBase {
  readonly kind: 'map'
  /** It stands for one `key: value` pair in a flow list. */
  readonly pair: boolean
  readonly entries: YEntry[]
}

export interface YList extends CollectionBase {
  readonly kind: 'list'
  readonly elements: YElement[]
}

export type YCollection = YMap | YList

/** A node of a document as it stands in the text. */
export type YNode = YScalar | YAlias | YCollection

export const isCollection = (node: YNode): node is YCollection => node.kind === 'map' || node.kind === 'list'

/** The elements of a list or the entries of a map; scalars and aliases have none. */
export const elementsOf = (node: YNode): readonly YElement[] =>
  node.kind === 'map' ? node.entries : node.kind === 'list' ? node.elements : []

/** The node an alias stands for, or the node itself. */
export const targetOf = (node: YNode): YScalar | YCollection => (node.kind === 'alias' ? node.target : node)

/** The text of a scalar or the name of an alias; collections have none. */
export const contentText = (node: YNode): string =>
  node.kind === 'scalar' ? node.value : node.kind === 'alias' ? node.name : ''

export interface YDocument {
  readonly headComments: readonly CommentLine[]
  readonly root: YNode | undefined
  footComments: readonly CommentLine[]
  /** Where the document's content may start: behind `---`, or 0 / the end of the previous document. */
  readonly start: number
  /** Offset of the marker that ends the document (`---`, `...`) or of the end of the text. */
  end: number
  /** Has its own `---`. */
  readonly explicit: boolean
}

const prefix = 'tag:yaml.org,2002:'

/** A tag's short form (`!!int`, `!env`; `!` stays). @throws SopsError `parse` for a handle that no %TAG names. */
export function resolveTag(text: string, token: Token, handles: ReadonlyMap<string, string>): string {
  const raw = token.value
  if (raw === '!') return '!'
  let full: string
  if (raw.startsWith('!<')) full = decodeOctets(text, token.start, raw.slice(2, -1))
  else {
    const handle = /^![0-9A-Za-z_-]*!/.exec(raw)?.[0] ?? '!'
    const known = handles.get(handle) ?? (handle === '!!' ? prefix : handle === '!' ? '!' : undefined)
    if (known === undefined) throw parseError(text, token.start, 'found undefined tag handle')
    full = decodeOctets(text, token.start, known + raw.slice(handle.length))
  }
  return full.startsWith(prefix) ? `!!${full.slice(prefix.length)}` : full
}
