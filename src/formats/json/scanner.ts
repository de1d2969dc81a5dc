// The state of scanning a JSON text, and how it is refused (spec/format.md 8.1).

import { SopsError } from '../../errors.ts'
import { carriageReturn, lineFeed, space, tab } from '../../text/characters.ts'
import { positionIn } from '../../text/position.ts'
import type { Step } from '../../tree/path.ts'
import type { Entry, Node } from '../../tree/tree.ts'

/** A container whose items are being scanned. */
export interface OpenContainer {
  readonly parent: OpenContainer | undefined
  readonly depth: number
  readonly start: number
  readonly map: boolean
  readonly items: (Entry | Node)[]
  key: string
  keyStart: number
  keyEnd: number
  valueStart: number
}

export interface JsonScanner {
  readonly text: string
  /** Offset of the next character to read. */
  at: number
  /** The innermost open container. */
  frame: OpenContainer | undefined
  /** The first quote, and the first backslash, from an offset on; the end of the text if there is none. */
  readonly nextQuote: (from: number) => number
  readonly nextBackslash: (from: number) => number
}

export const scannerOf = (text: string): JsonScanner => ({
  text,
  at: 0,
  frame: undefined,
  nextQuote: finder(text, '"'),
  nextBackslash: finder(text, '\\'),
})

/** Linear in the text for rising offsets. */
function finder(text: string, char: string): (from: number) => number {
  let found = -1
  return (from) => {
    if (found < from) {
      found = text.indexOf(char, from)
      if (found < 0) found = text.length
    }
    return found
  }
}

/** The code of the next character that is not blank, NaN at the end. */
export function skipBlanks(s: JsonScanner): number {
  const { text } = s
  let { at } = s
  for (;;) {
    const code = text.charCodeAt(at)
    if (code !== space && code !== lineFeed && code !== tab && code !== carriageReturn) {
      s.at = at
      return code
    }
    at += 1
  }
}

/** Where the value that is being read belongs in the container. */
export const stepOf = ({ map, key, items }: OpenContainer): Step => (map ? key : items.length)

/** @throws SopsError `parse`, always. */
export function fail({ text }: JsonScanner, message: string, offset: number, hints: readonly string[] = []): never {
  throw new SopsError('parse', message, { position: positionIn(text, offset), hints })
}

/** @throws SopsError `parse`, always: about the character at `offset`, or the missing one. */
export function unexpected(
  s: JsonScanner,
  context: string,
  offset: number = s.at,
  hints: readonly string[] = [],
): never {
  return offset >= s.text.length
    ? fail(s, 'unexpected EOF', s.text.length)
    : fail(s, `invalid character ${quoteChar(s.text, offset)} ${context}`, offset, hints)
}

/** The character at an offset as the reference's messages show it. */
function quoteChar(text: string, offset: number): string {
  const code = text.codePointAt(offset)!
  // A byte that is not UTF-8 shows as the character of its number.
  const char = String.fromCodePoint(code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code)
  if (char === "'") return "'\\''"
  if (char === '"') return `'"'`
  return `'${JSON.stringify(char).slice(1, -1)}'`
}
