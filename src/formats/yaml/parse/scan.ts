// Text to tokens: YAML as the reference's library scans it (grammar of YAML 1.1; simple keys; block levels as explicit tokens).

import {
  ampersand,
  asterisk,
  atSign,
  backtick,
  byteOrderMark,
  closeBrace,
  closeBracket,
  colon,
  comma,
  doubleQuote,
  exclamationMark,
  greaterThan,
  hash,
  hyphen,
  openBrace,
  openBracket,
  percent,
  pipe,
  questionMark,
  singleQuote,
  space,
  tab,
} from '../../../text/characters.ts'
import type { Ticks } from '../../ticks.ts'
import { collectComments, collectLineComment } from './comments.ts'
import { scanBlock } from './scan-block-scalar.ts'
import { blockEntry, closeLevels, explicitKey, mapValue } from './scan-blocks.ts'
import { forgetKey, noKey, noteKey } from './scan-keys.ts'
import { anchorName, directive, tagText } from './scan-properties.ts'
import { scanPlain, scanQuoted } from './scan-scalars.ts'
import { isBlankEnd, isBreak, parseError } from './text.ts'
import {
  addIndicator,
  addToken,
  atDocumentMarker,
  maxDepth,
  refuseTabs,
  type Scanned,
  skipBreak,
  type Token,
  TokenType,
  type YamlScanner,
} from './tokens.ts'

/** @throws SopsError `parse`. */
export function scan(source: string, ticks?: Ticks): Scanned {
  const s: YamlScanner = {
    text: `${source}\0`,
    length: source.length,
    pos: 0,
    line: 0,
    lineStart: 0,
    newlines: 0,
    indent: -1,
    indents: [],
    keys: [noKey()],
    flowDepth: 0,
    simpleKeyAllowed: true,
    tokens: [],
    comments: [],
    refused: [],
  }
  while (fetch(s)) if (ticks && --ticks.left === 0) ticks.tell(s.pos, s.length)
  return s
}

/** Fetches one token behind the white space, and the comment on its line; false at the end. */
function fetch(s: YamlScanner): boolean {
  const before = s.pos
  skipToToken(s)
  const isEnd = s.pos >= s.length
  closeLevels(s, isEnd ? 0 : s.pos - s.lineStart, before)
  if (isEnd) {
    endDocument(s)
    addToken(s, TokenType.streamEnd, s.pos)
    return false
  }
  const c = s.text.charCodeAt(s.pos)
  if (c === percent && s.pos === s.lineStart) {
    endDocument(s)
    directive(s)
  } else if (atDocumentMarker(s)) {
    endDocument(s)
    s.pos += 3
    addToken(s, c === hyphen ? TokenType.documentStart : TokenType.documentEnd, s.pos - 3)
  } else {
    const prior = s.tokens[s.tokens.length - 1]
    const isBehind = (c === colon && s.flowDepth === 0) || (c === comma && s.flowDepth > 0)
    const commentAnchor = prior && isBehind ? prior.start : s.pos
    fetchContent(s, c)
    if ((s.tokens[s.tokens.length - 1] as Token).type !== TokenType.entry) collectLineComment(s, commentAnchor)
  }
  return true
}

/** Skips white space, and collects the comments on lines of their own in it. */
function skipToToken(s: YamlScanner): void {
  const before = s.pos
  const onFirstLine = s.line === 0
  for (;;) {
    // Anywhere else the reference takes a byte order mark for a character of a plain scalar or a key.
    if (s.pos === 0 && s.text.charCodeAt(0) === byteOrderMark) s.pos++
    let c = s.text.charCodeAt(s.pos)
    while (c === space || (c === tab && (s.flowDepth > 0 || !s.simpleKeyAllowed || refuseTabs(s)))) {
      c = s.text.charCodeAt(++s.pos)
    }
    if (c === hash) collectComments(s, before, onFirstLine)
    if (!isBreak(s.text.charCodeAt(s.pos))) return
    skipBreak(s)
    if (s.flowDepth === 0) s.simpleKeyAllowed = true
  }
}

function endDocument(s: YamlScanner): void {
  closeLevels(s, -1, s.pos)
  forgetKey(s)
  s.simpleKeyAllowed = false
}

/** The token of a document's content that begins with a character. */
function fetchContent(s: YamlScanner, c: number): void {
  switch (c) {
    case openBracket:
      openFlow(s, TokenType.flowListStart)
      break
    case openBrace:
      openFlow(s, TokenType.flowMapStart)
      break
    case closeBracket:
      closeFlow(s, TokenType.flowListEnd)
      break
    case closeBrace:
      closeFlow(s, TokenType.flowMapEnd)
      break
    case comma:
      forgetKey(s)
      s.simpleKeyAllowed = true
      addIndicator(s, TokenType.comma)
      break
    case asterisk:
    case ampersand:
      beginNode(s)
      anchorName(s, c === asterisk ? TokenType.alias : TokenType.anchor)
      break
    case exclamationMark:
      beginNode(s)
      tagText(s)
      break
    case doubleQuote:
    case singleQuote:
      beginNode(s)
      scanQuoted(s, c)
      break
    default:
      fetchIndicator(s, c)
  }
}

/** What means something by itself only before a blank, and text without quotes. */
function fetchIndicator(s: YamlScanner, c: number): void {
  const isAlone = isBlankEnd(s.text.charCodeAt(s.pos + 1))
  if (c === hyphen && isAlone) blockEntry(s)
  else if (c === questionMark && (s.flowDepth > 0 || isAlone)) explicitKey(s)
  else if (c === colon && (s.flowDepth > 0 || isAlone)) mapValue(s)
  else if ((c === pipe || c === greaterThan) && s.flowDepth === 0) {
    forgetKey(s)
    s.simpleKeyAllowed = true
    scanBlock(s, c)
  } else if (
    c !== tab &&
    c !== hash &&
    c !== pipe &&
    c !== greaterThan &&
    c !== percent &&
    c !== atSign &&
    c !== backtick
  ) {
    beginNode(s)
    scanPlain(s)
  } else throw parseError(s.text, s.pos, 'found character that cannot start any token')
}

/** A scalar or the properties of a node: it may be a key, and no other one begins in it. */
function beginNode(s: YamlScanner): void {
  noteKey(s)
  s.simpleKeyAllowed = false
}

function openFlow(s: YamlScanner, type: number): void {
  noteKey(s)
  s.keys.push(noKey())
  s.flowDepth++
  if (s.flowDepth > maxDepth) throw parseError(s.text, s.pos, `exceeded max depth of ${maxDepth}`)
  s.simpleKeyAllowed = true
  addIndicator(s, type)
}

function closeFlow(s: YamlScanner, type: number): void {
  forgetKey(s)
  if (s.flowDepth > 0) {
    s.flowDepth--
    s.keys.pop()
  }
  s.simpleKeyAllowed = false
  addIndicator(s, type)
}
