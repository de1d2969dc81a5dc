// The nodes and documents of a YAML text as they stand in it, and their tags.

import { decodeOctets } from './tag-octets.ts'
import { parseError } from './text.ts'
import type { BlockPlace, RemarkLine, Token } from './tokens.ts'

/** A node of a document as it stands in the text. */
export interface YNode {
  readonly kind: 'scalar' | 'alias' | 'map' | 'list'
  /** Including tag and anchor. */
  readonly start: number
  end: number
  /** Where the content itself begins: behind tag and anchor. */
  content: number
  /** 0-based column of the first entry or dash (block collections), else of the content. */
  readonly column: number
  /** Line of the content, 0-based. */
  readonly line: number
  readonly flow: boolean
  /** A map that stands for one `key: value` pair in a flow list. */
  readonly pair: boolean
  /** Scalars: quote or block indicator, empty for plain. */
  readonly style: string
  /** Scalars: their text; aliases: the anchor's name. */
  readonly value: string
  /** Resolved to its short form (`!!int`); empty for none. */
  readonly tag: string
  readonly tagToken: Token | undefined
  readonly anchor: Token | undefined
  /** Aliases: the node it stands for. */
  readonly target: YNode | undefined
  /** Maps: key, value, key, value, …; lists: elements. */
  readonly items: YNode[]
  /** Offsets of what introduces each item: the dash of an element, the key's `?` or the key's start. */
  readonly leads: number[]
  /** Maps: where each entry's value may begin, behind its `:`; -1 without one. */
  readonly marks: number[]
  /** Of block scalars. */
  readonly block: BlockPlace | undefined
  /** Flow collections: comments right behind the opening bracket. */
  inner: readonly RemarkLine[]
  head: readonly RemarkLine[]
  lineRemarks: readonly RemarkLine[]
  foot: readonly RemarkLine[]
}

export interface YDocument {
  readonly head: readonly RemarkLine[]
  readonly root: YNode | undefined
  foot: readonly RemarkLine[]
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
