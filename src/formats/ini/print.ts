// A tree as INI text in the reference's layout (spec/format.md 10.2), and single values as compact JSON (spec/format.md 12.4).

import { nestingHint, SopsError } from '../../errors.ts'
import { kindOfNode } from '../../tree/kinds.ts'
import { formatPath } from '../../tree/path.ts'
import type { Comment, Entry, MapNode, Node, Tree, Value } from '../../tree/tree.ts'
import { bytesOfText, textOfBytes } from '../../tree/utf8.ts'
import { type Piece, scalarText } from '../lines.ts'
import { commentLines } from './comment.ts'
import { keyReadsBack } from './scan.ts'
import { referenceSpelling } from './value.ts'

interface PrintOptions {
  readonly eol: string
  /** Refuse what the reference would read back differently. */
  readonly encrypted: boolean
}

interface Line {
  readonly key: string
  readonly spelledKey: string
  readonly value: Piece
  readonly comment: string
}

/** Fails where the map is no section: INI has exactly two levels. */
export function sectionItems(entry: Entry): MapNode['items'] {
  if (entry.value.kind !== 'map') {
    throw new SopsError(
      'cannot-emit',
      `${formatPath([entry.key])} is ${kindOfNode(entry.value)}, and no map: INI has sections of keys and values`,
      {
        path: [entry.key],
        hints: ['put it below a key, which becomes a section', nestingHint],
      },
    )
  }
  return entry.value.items
}

function checkName(entry: Entry): void {
  if (entry.keyType !== undefined) {
    throw new SopsError('generic', `the ini store only supports keys that are strings, got ${entry.keyType}`, {
      path: [entry.key],
    })
  }
}

function header(name: string): string {
  if (name === '')
    throw new SopsError('cannot-emit', 'Error encoding section: empty section name', {
      hints: [nestingHint],
    })
  if (name.includes('\n'))
    throw new SopsError('cannot-emit', 'the ini store cannot write a section name with a line break', {
      path: [name],
      hints: [nestingHint],
    })
  return `[${name}]`
}

/** A key in the quotes that it needs. */
export function spellKey(key: string, path: readonly string[]): string {
  if (/^\w[\w.-]*$/.test(key)) return key
  const wanted = /["=:]/.test(key) ? `\`${key}\`` : key.includes('`') ? `"""${key}"""` : key
  const spelled = [wanted, `\`${key}\``, `"""${key}"""`].find((text) => keyReadsBack(text, key))
  if (spelled !== undefined) return spelled
  const problem = key === '' ? 'empty key name' : 'the ini store cannot write this key so that it reads back'
  throw new SopsError('cannot-emit', problem, { path: [...path, key] })
}

/** A value in the quotes that it needs; where nothing helps, plain text gets what the reference would write. */
export function valuePiece(key: string, node: Node, path: readonly string[], encrypted: boolean): Piece {
  if (node.kind !== 'leaf') {
    throw new SopsError('cannot-emit', `cannot use complex value in ini file; offending key ${key}`, {
      path: [...path, key],
      hints: [nestingHint],
    })
  }
  return spellValue(node.value, key, path, encrypted)
}

function spellValue(value: Value, key: string, path: readonly string[], encrypted: boolean): Piece {
  const scalar = scalarText(value)
  const text = typeof scalar === 'string' ? scalar : Buffer.from(scalar).toString('latin1')
  const spelled = referenceSpelling(text)
  if (spelled === undefined && encrypted) {
    throw new SopsError('cannot-emit', 'the ini store cannot write this value so that it reads back', {
      path: [...path, key],
      hints: ['encrypt the value, or change its back-ticks, triple quotes or line breaks'],
    })
  }
  const written = spelled ?? `"""${text}"""`
  return typeof scalar === 'string' ? written : Buffer.from(written, 'latin1')
}

/** Bytes of the longest. */
export const widest = (keys: readonly string[]): number =>
  keys.reduce((width, key) => Math.max(width, bytesOfText(key).length), 0)

/** A section with its comment and padded keys, every line with its end; `named` false leaves the header out. */
export function sectionPieces(entry: Entry, named: boolean, options: PrintOptions): Piece[] {
  checkName(entry)
  const { eol, encrypted } = options
  const items = sectionItems(entry)
  const [first] = items
  const own = first?.kind === 'comment' ? first.text : ''
  const pieces: Piece[] = commentLines(own, true).map((line) => line + eol)
  if (named) pieces.push(header(entry.key) + eol)
  const lines = keyLines(items, entry.key, encrypted)
  const width = widest(lines.map(({ spelledKey }) => spelledKey))
  for (const line of lines) {
    for (const comment of commentLines(line.comment, false)) pieces.push(comment + eol)
    const pad = ' '.repeat(width - bytesOfText(line.spelledKey).length)
    pieces.push(`${line.spelledKey}${pad} = `, line.value, eol)
  }
  return pieces
}

/** Keys with the last comment behind each; of equal keys the last one counts, at the place of the first. */
function keyLines(items: readonly (Entry | Comment)[], section: string, encrypted: boolean): Line[] {
  const lines = new Map<string, Line>()
  let last: Line | undefined
  for (const item of items) {
    if (item.kind === 'comment') {
      if (last !== undefined) lines.set(last.key, { ...last, comment: item.text })
      continue
    }
    checkName(item)
    if (encrypted && lines.has(item.key)) {
      throw new SopsError('cannot-emit', `the ini store cannot write the key ${item.key} twice in a section`, {
        path: [section, item.key],
      })
    }
    last = {
      key: item.key,
      spelledKey: spellKey(item.key, [section]),
      value: valuePiece(item.key, item.value, [section], encrypted),
      comment: '',
    }
    lines.set(item.key, last)
  }
  return [...lines.values()]
}

/** All documents' sections one after the other. */
export function treePieces(tree: Tree, options: PrintOptions): Piece[] {
  const pieces: Piece[] = []
  const entries = tree.documents.flatMap((document) => document.items).filter((item) => item.kind === 'entry')
  for (const [i, entry] of entries.entries()) {
    const isDefault = i === 0 && entry.key === 'DEFAULT'
    const items = sectionItems(entry)
    if (isDefault && items.length === 0) continue
    if (pieces.length > 0) pieces.push(options.eol)
    const hasKeys = items.some((item) => item.kind === 'entry')
    // Without keys or header, a comment would become the next section's, whose path does not decrypt it.
    const named = !isDefault || (!hasKeys && options.encrypted)
    const isLoose = isDefault && !hasKeys && !named
    for (const piece of isLoose ? looseComment(items, options.eol) : sectionPieces(entry, named, options))
      pieces.push(piece)
  }
  return pieces
}

const looseComment = (items: readonly (Entry | Comment)[], eol: string): string[] => {
  const [first] = items
  return first?.kind === 'comment' ? commentLines(first.text, true).map((line) => line + eol) : []
}

/** Go's compact JSON: lists of mappings show their records, an empty list is `null`. */
export function compactJson(node: Node): string {
  if (node.kind === 'leaf') return scalarJson(node.value)
  if (node.items.length === 0) return 'null'
  const parts = node.items.map((item) => {
    if (item.kind === 'comment') return `{"Value":${stringJson(item.text)},"Inline":${item.inline}}`
    return item.kind === 'entry'
      ? `{"Key":${stringJson(item.key)},"Value":${compactJson(item.value)}}`
      : compactJson(item)
  })
  return `[${parts.join(',')}]`
}

const stringJson = (text: string): string =>
  JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

function scalarJson(value: Value): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return stringJson(value)
  if (value instanceof Uint8Array) return stringJson(textOfBytes(value))
  if (typeof value === 'number') {
    if (!Number.isFinite(value))
      throw new SopsError('cannot-emit', 'INI has no number that is not finite', {
        hints: ['write it as a text, in quotes'],
      })
    return Object.is(value, -0) ? '-0' : String(value)
  }
  return typeof value === 'object' ? stringJson(value.rfc3339) : String(value)
}
