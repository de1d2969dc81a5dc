// The binary format (spec/format.md 11): any bytes as they are, and a JSON envelope around them once encrypted.

import { SopsError } from '../errors.ts'
import type { Tree, Value } from '../tree/tree.ts'
import * as envelope from './json/whole-text.ts'
import { scalarText } from './lines.ts'
import type { Format, FormatParseOptions, Layout, Parsed, Rewritten } from './types.ts'

/** `source` of plain bytes; of an encrypted file it is what the JSON envelope was parsed from. */
const PLAIN = Symbol('plain bytes')

function parse(bytes: Uint8Array, options: FormatParseOptions = {}): Parsed {
  if (options.encrypted === true) return envelope.parse(bytes, options)
  const leaf = { kind: 'leaf', value: bytes, origin: { start: 0, end: bytes.length, value: bytes } } as const
  return { tree: { documents: [{ kind: 'map', items: [{ kind: 'entry', key: 'data', value: leaf }] }] }, source: PLAIN }
}

function rewrite(parsed: Parsed, next: Tree, layout: Layout = {}): Rewritten {
  if (layout.encrypted === true && parsed.source !== PLAIN) return envelope.rewrite(parsed, next, layout)
  return { bytes: print(next, layout) }
}

function print(tree: Tree, layout: Layout = {}): Uint8Array {
  return layout.encrypted === true ? envelope.print(tree, layout) : payload(tree)
}

/**
 * The bytes of the `data` entry, not copied.
 * @throws SopsError `cannot-emit` where the tree is no binary payload.
 */
function payload({ documents }: Tree): Uint8Array {
  const [document] = documents
  if (document === undefined || documents.length > 1) throw notBinary('the tree must hold exactly one document')
  const entry = document.items.find((item) => item.kind === 'entry' && item.key === 'data')
  if (entry?.kind !== 'entry') throw notBinary('no binary data found in tree')
  const value: Value | undefined = entry.value.kind === 'leaf' ? entry.value.value : undefined
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  if (value instanceof Uint8Array) return value
  throw notBinary('the data key of the tree does not hold a string')
}

const notBinary = (reason: string): SopsError =>
  new SopsError('cannot-emit', `error emitting binary store: ${reason}`, {
    hints: ['the tree is not the content of a binary file: choose its format with --output-type'],
  })

export const binary: Format = {
  id: 'binary',
  metadata: 'nested',
  parse,
  rewrite,
  print,
  printValue() {
    throw new SopsError(
      'cannot-emit',
      'Binary files are not structured and extracting a single value is not possible',
      {
        hints: ['the whole file is its one value: leave --extract out'],
      },
    )
  },
  textOf: envelope.textOf,
  clearText: scalarText,
  example: 'Welcome to SOPS! Edit this file as you please!',
}
