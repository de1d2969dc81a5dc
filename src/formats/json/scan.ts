// JSON text to tree: an iterative scanner that keeps order, duplicate keys and the place of every token (spec/format.md 8.1).

import { closeBrace, closeBracket, colon, comma, doubleQuote, openBrace, openBracket } from '../../text/characters.ts'
import type { Entry, ListNode, MapNode, Node, Origin } from '../../tree/tree.ts'
import type { Ticks } from '../ticks.ts'
import { scanScalar, scanString } from './scan-scalars.ts'
import { fail, type JsonScanner, type OpenContainer, scannerOf, skipBlanks, unexpected } from './scanner.ts'

/** `items` are the children as the source has them. */
export interface ContainerOrigin extends Origin {
  readonly items: readonly (Entry | Node)[]
}

/** `value` is the key; `keyEnd` is behind its closing quote, `valueStart` at the first character of the value. */
export interface EntryOrigin extends Origin {
  readonly value: string
  readonly keyEnd: number
  readonly valueStart: number
}

const MAX_DEPTH = 10_000
const TRAILING = [
  'a JSON file holds one value: what follows it would be lost',
  'if two files were joined, save each as a file of its own',
]
const EMPTY = ['an object without entries is written as {}']
const BYTE_ORDER_MARK = [
  'save it as UTF-8 without one: in VS Code "Save with Encoding", in vim ":set nobomb", in PowerShell 7 "-Encoding utf8NoBOM"',
]

/**
 * The one value a JSON text holds.
 * @throws SopsError `parse`; texts of messages as in the reference, `EOF` for blank input.
 */
export function scan(text: string, ticks?: Ticks): Node {
  const s = scannerOf(text)
  if (Number.isNaN(skipBlanks(s))) return fail(s, 'EOF: the file is empty', s.at, EMPTY)
  if (text.startsWith('\ufeff'))
    unexpected(s, 'looking for beginning of value: the text begins with a byte order mark', 0, BYTE_ORDER_MARK)
  for (;;) {
    let node = beginValue(s)
    if (ticks && --ticks.left === 0) ticks.tell(s.at, text.length)
    while (node !== undefined) {
      const { frame } = s
      if (frame === undefined) {
        if (!Number.isNaN(skipBlanks(s))) unexpected(s, 'after top-level value', s.at, TRAILING)
        return node
      }
      addItem(s, frame, node)
      node = endItem(s, frame)
    }
  }
}

/** A scalar or an empty container; undefined when a container was entered, whose first item is next. */
function beginValue(s: JsonScanner): Node | undefined {
  const code = skipBlanks(s)
  if (code !== openBrace && code !== openBracket) return scanScalar(s, code)
  const frame = open(s, code === openBrace)
  if (skipBlanks(s) === closing(frame)) return close(s, frame)
  s.frame = frame
  if (frame.map) scanKey(s, frame)
  return undefined
}

/** The container that ends behind its latest item; undefined when another item is next. */
function endItem(s: JsonScanner, frame: OpenContainer): Node | undefined {
  const code = skipBlanks(s)
  if (code === comma) {
    s.at += 1
    skipBlanks(s)
    if (frame.map) scanKey(s, frame)
    return undefined
  }
  if (code !== closing(frame)) {
    unexpected(s, frame.map ? 'after object key:value pair' : 'after array element')
  }
  s.frame = frame.parent
  return close(s, frame)
}

function open(s: JsonScanner, map: boolean): OpenContainer {
  const parent = s.frame
  const depth = parent === undefined ? 1 : parent.depth + 1
  if (depth > MAX_DEPTH) fail(s, 'exceeded max depth', s.at)
  const start = s.at
  s.at += 1
  return { parent, depth, start, map, items: [], key: '', keyStart: 0, keyEnd: 0, valueStart: 0 }
}

const closing = ({ map }: OpenContainer): number => (map ? closeBrace : closeBracket)

function close(s: JsonScanner, { map, start, items }: OpenContainer): MapNode | ListNode {
  s.at += 1
  const origin: ContainerOrigin = { start, end: s.at, value: null, items }
  return map ? { kind: 'map', items: items as Entry[], origin } : { kind: 'list', items: items as Node[], origin }
}

/** A key and its colon. */
function scanKey(s: JsonScanner, frame: OpenContainer): void {
  if (s.text.charCodeAt(s.at) !== doubleQuote) unexpected(s, 'looking for beginning of object key string')
  frame.keyStart = s.at
  frame.key = scanString(s, true)
  frame.keyEnd = s.at
  if (skipBlanks(s) !== colon) unexpected(s, 'after object key')
  s.at += 1
  skipBlanks(s)
  frame.valueStart = s.at
}

/** `node` ends where the scanner is. */
function addItem(s: JsonScanner, frame: OpenContainer, node: Node): void {
  if (!frame.map) {
    frame.items.push(node)
    return
  }
  const { keyStart, keyEnd, valueStart, key } = frame
  const origin: EntryOrigin = { start: keyStart, end: s.at, value: key, keyEnd, valueStart }
  frame.items.push({ kind: 'entry', key, value: node, origin })
}
