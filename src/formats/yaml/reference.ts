// What this reader takes and the reference's does not, and how it is written so that both read the same (docs/reference-grammar.md).

import { commentHits, type Selection } from '../../cipher/index.ts'
import { carriageReturn, lineFeed } from '../../text/characters.ts'
import type { Respelling } from '../types.ts'
import { elementsOf, isCollection, type YNode } from './parse/nodes.ts'
import type { ConstructId, Refusal } from './parse/refusal.ts'
import type { Source } from './parse/source.ts'
import { outsideTags } from './parse/tag-octets.ts'
import { lineStart, skipBlanks } from './rewrite/edits.ts'

interface Construct {
  readonly what: string
  readonly as: string
  /** What is written in the place of the text of a refusal. */
  readonly write: (text: string) => string
}

const outside = new RegExp(outsideTags, 'gu')

const constructs: Readonly<Record<ConstructId, Construct>> = {
  solidus: { what: '"\\/" in double quotes', as: '"/"', write: () => '/' },
  question: {
    what: 'a text with "?" and without quotes in a flow collection',
    as: 'a text in quotes',
    write: (text) => `'${text.replaceAll("'", "''")}'`,
  },
  key: {
    what: 'a flow map\'s key of more than 1024 characters or on another line than its ":"',
    as: 'a key with "? " before it',
    write: () => '? ',
  },
  version: { what: 'what follows the version of a %YAML line', as: 'that line without it', write: () => '' },
  prefix: {
    what: 'a %TAG prefix with characters that no URI has',
    as: 'their octets',
    write: (text) => text.replace(outside, encodeURIComponent),
  },
  tabs: { what: 'a line of nothing but blanks with a tab', as: 'that line without it', write: () => '' },
  bracket: {
    what: "the comment behind a flow collection's bracket, which says what is encrypted",
    as: 'a line below the bracket',
    write: () => '\n',
  },
}

/** The comments behind opening brackets, which the reference drops, that have a say in what is encrypted. */
export function unseenComments({ text, documents, eol }: Source, selection: Selection): Refusal[] {
  const found: Refusal[] = []
  if (selection.commentRules.length === 0) return found
  const stack: YNode[] = documents.flatMap(({ root }) => root ?? [])
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (!isCollection(node)) continue
    if (node.kind === 'map') for (const { key, value } of node.entries) stack.push(key, value)
    else for (const { value } of node.elements) stack.push(value)
    const [first] = node.innerComments
    const item = elementsOf(node)[0]?.start
    if (!first || item === undefined || lineStart(text, first.start) > node.content) continue
    if (commentHits(selection, text.slice(first.start + 1, first.end)) === 0) continue
    const from = lineStart(text, item)
    const written = eol + text.slice(from, skipBlanks(text, from))
    found.push({ construct: 'bracket', start: node.content + 1, end: first.start, written })
  }
  return found
}

/** The text with every refused place written in a way that both take, and the lines of `text` at which that happened. */
export function respellText(text: string, refused: readonly Refusal[]): { text: string; places: Respelling[] } {
  const places: Respelling[] = []
  const parts: string[] = []
  let line = 1
  let counted = 0
  let copied = 0
  for (const { construct, start, end, written } of [...refused].sort((a, b) => a.start - b.start || a.end - b.end)) {
    for (; counted < start; counted++) {
      const c = text.charCodeAt(counted)
      if (c === lineFeed || (c === carriageReturn && text.charCodeAt(counted + 1) !== lineFeed)) line++
    }
    const { what, as, write } = constructs[construct]
    parts.push(text.slice(copied, start), written ?? write(text.slice(start, end)))
    copied = end
    places.push({ line, what, as })
  }
  parts.push(text.slice(copied))
  return { text: parts.join(''), places }
}
