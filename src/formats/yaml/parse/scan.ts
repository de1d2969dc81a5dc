// Text to tokens: YAML as the reference's library scans it (grammar of YAML 1.1; simple keys; block levels as explicit tokens).

import { collectLineRemark, collectRemarks, remarkAtColumn } from './comments.ts'
import { anchorName, directive, tagText } from './scan-properties.ts'
import { scanBlock, scanPlain, scanQuoted } from './scan-scalars.ts'

import { isBlankEnd, isBreak, parseError } from './text.ts'
import { addToken, atMarker, refuseTabs, type Scanned, type Scanner, skipBreak, T, type Token } from './tokens.ts'

interface SimpleKey {
  possible: boolean
  required: boolean
  token: number
  start: number
  line: number
  column: number
}

const maxDepth = 10_000
const maxKeyLength = 1024

/** @throws SopsError `parse`. */
export function scan(source: string): Scanned {
  const s: Scanner = {
    text: `${source}\0`,
    length: source.length,
    pos: 0,
    line: 0,
    lineStart: 0,
    newlines: 0,
    indent: -1,
    flowDepth: 0,
    simpleKeyAllowed: true,
    tokens: [],
    remarks: [],
    refused: [],
  }
  const indents: number[] = []
  const keys: SimpleKey[] = [{ possible: false, required: false, token: 0, start: 0, line: 0, column: 0 }]
  const fail = (offset: number, problem: string) => parseError(source, offset, problem)

  const topKey = (): SimpleKey => keys[keys.length - 1] as SimpleKey

  function forgetKey(): void {
    const key = topKey()
    if (key.possible && key.required) throw fail(key.start, "could not find expected ':'")
    key.possible = false
  }

  function noteKey(): void {
    if (!s.simpleKeyAllowed) return
    forgetKey()
    const key = topKey()
    key.possible = true
    key.required = s.flowDepth === 0 && s.indent === s.pos - s.lineStart
    key.token = s.tokens.length
    key.start = s.pos
    key.line = s.line
    key.column = s.pos - s.lineStart
  }

  function isKeyValid(key: SimpleKey): boolean {
    if (!key.possible) return false
    if (key.line === s.line && (s.pos - key.start <= maxKeyLength || codePoints(key.start, s.pos) <= maxKeyLength)) {
      return true
    }
    if (key.required) throw fail(key.start, "could not find expected ':'")
    key.possible = false
    return false
  }

  function codePoints(from: number, to: number): number {
    let count = 0
    for (let i = from; i < to; i++) if ((s.text.charCodeAt(i) & 0xfc00) !== 0xdc00) count++
    return count
  }

  /** Opens a block level when the column is deeper; the level's token goes before token `at`. */
  function roll(column: number, type: number, at: number, start: number, line: number): void {
    if (s.flowDepth > 0 || s.indent >= column) return
    indents.push(s.indent)
    s.indent = column
    if (indents.length > maxDepth) throw fail(start, `exceeded max depth of ${maxDepth}`)
    insert(at, { type, start, end: start, line, column, style: '', value: '' })
  }

  function insert(at: number, token: Token): void {
    if (at >= s.tokens.length) s.tokens.push(token)
    else s.tokens.splice(at, 0, token)
  }

  /** Closes the block levels deeper than the column; each end is placed by the comments before it (spec/format.md 7.9 C). */
  function unroll(column: number, before: number): void {
    if (s.flowDepth > 0) return
    let at = before - 1
    while (s.indent > column) {
      at = remarkAtColumn(s.remarks, at, s.indent) ?? at
      s.tokens.push({ type: T.blockEnd, start: at, end: at, line: s.line, column: s.indent, style: '', value: '' })
      s.indent = indents.pop() as number
    }
  }

  function skipToToken(): void {
    const before = s.pos
    const onFirstLine = s.line === 0
    for (;;) {
      // Anywhere else the reference takes a byte order mark for a character of a plain scalar or a key.
      if (s.pos === 0 && s.text.charCodeAt(0) === 0xfeff) s.pos++
      let c = s.text.charCodeAt(s.pos)
      while (c === 32 || (c === 9 && (s.flowDepth > 0 || !s.simpleKeyAllowed || refuseTabs(s)))) {
        c = s.text.charCodeAt(++s.pos)
      }
      if (c === 35) collectRemarks(s, before, onFirstLine)
      if (!isBreak(s.text.charCodeAt(s.pos))) return
      skipBreak(s)
      if (s.flowDepth === 0) s.simpleKeyAllowed = true
    }
  }

  function single(type: number): void {
    addToken(s, type, s.pos, s.pos + 1)
    s.pos++
    s.newlines = 0
  }

  function closeLevels(): void {
    forgetKey()
    s.simpleKeyAllowed = false
  }

  function openFlow(type: number): void {
    noteKey()
    keys.push({ possible: false, required: false, token: 0, start: 0, line: 0, column: 0 })
    s.flowDepth++
    if (s.flowDepth > maxDepth) throw fail(s.pos, `exceeded max depth of ${maxDepth}`)
    s.simpleKeyAllowed = true
    single(type)
  }

  function closeFlow(type: number): void {
    forgetKey()
    if (s.flowDepth > 0) {
      s.flowDepth--
      keys.pop()
    }
    s.simpleKeyAllowed = false
    single(type)
  }

  function blockEntry(): void {
    if (s.flowDepth === 0) {
      if (!s.simpleKeyAllowed) throw fail(s.pos, 'block sequence entries are not allowed in this context')
      roll(s.pos - s.lineStart, T.listStart, s.tokens.length, s.pos, s.line)
    }
    forgetKey()
    s.simpleKeyAllowed = true
    single(T.entry)
  }

  function explicitKey(): void {
    if (s.flowDepth === 0) {
      if (!s.simpleKeyAllowed) throw fail(s.pos, 'mapping keys are not allowed in this context')
      roll(s.pos - s.lineStart, T.mapStart, s.tokens.length, s.pos, s.line)
    }
    forgetKey()
    s.simpleKeyAllowed = s.flowDepth === 0
    single(T.key)
  }

  function mapValue(): void {
    const key = topKey()
    if (isKeyValid(key)) {
      const { start, line, column } = key
      insert(key.token, { type: T.key, start, end: start, line, column, style: '', value: '' })
      roll(column, T.mapStart, key.token, start, line)
      key.possible = false
      s.simpleKeyAllowed = false
    } else {
      if (s.flowDepth === 0) {
        if (!s.simpleKeyAllowed) throw fail(s.pos, 'mapping values are not allowed in this context')
        roll(s.pos - s.lineStart, T.mapStart, s.tokens.length, s.pos, s.line)
      }
      s.simpleKeyAllowed = s.flowDepth === 0
    }
    single(T.value)
  }

  /** Fetches one token behind the white space; false at the end. */
  function fetch(): boolean {
    const before = s.pos
    skipToToken()
    const column = s.pos >= s.length ? 0 : s.pos - s.lineStart
    unroll(column, before)
    if (s.pos >= s.length) {
      unroll(-1, s.pos)
      closeLevels()
      addToken(s, T.streamEnd, s.pos, s.pos)
      return false
    }
    const c = s.text.charCodeAt(s.pos)
    const next = s.text.charCodeAt(s.pos + 1)
    if (column === 0 && c === 37) {
      unroll(-1, s.pos)
      closeLevels()
      directive(s)
      return true
    }
    if (atMarker(s)) {
      unroll(-1, s.pos)
      closeLevels()
      addToken(s, c === 45 ? T.documentStart : T.documentEnd, s.pos, s.pos + 3)
      s.pos += 3
      s.newlines = 0
      return true
    }
    const prior = s.tokens[s.tokens.length - 1]
    const anchorOfRemark =
      prior && ((c === 58 && s.flowDepth === 0) || (c === 44 && s.flowDepth > 0)) ? prior.start : s.pos
    switch (c) {
      case 91: // [
        openFlow(T.flowListStart)
        break
      case 123: // {
        openFlow(T.flowMapStart)
        break
      case 93: // ]
        closeFlow(T.flowListEnd)
        break
      case 125: // }
        closeFlow(T.flowMapEnd)
        break
      case 44: // ,
        forgetKey()
        s.simpleKeyAllowed = true
        single(T.comma)
        break
      case 42: // *
      case 38: // &
        noteKey()
        s.simpleKeyAllowed = false
        anchorName(s, c === 42 ? T.alias : T.anchor)
        break
      case 33: // !
        noteKey()
        s.simpleKeyAllowed = false
        tagText(s)
        break
      case 34: // "
      case 39: // '
        noteKey()
        s.simpleKeyAllowed = false
        scanQuoted(s, c)
        break
      default:
        if (c === 45 && isBlankEnd(next)) blockEntry()
        else if (c === 63 && (s.flowDepth > 0 || isBlankEnd(next))) explicitKey()
        else if (c === 58 && (s.flowDepth > 0 || isBlankEnd(next))) mapValue()
        else if ((c === 124 || c === 62) && s.flowDepth === 0) {
          forgetKey()
          s.simpleKeyAllowed = true
          scanBlock(s, c)
        } else if (c !== 9 && c !== 35 && c !== 124 && c !== 62 && c !== 37 && c !== 64 && c !== 96) {
          noteKey()
          s.simpleKeyAllowed = false
          scanPlain(s)
        } else throw fail(s.pos, 'found character that cannot start any token')
    }
    const last = s.tokens[s.tokens.length - 1] as Token
    if (last.type !== T.entry) collectLineRemark(s, anchorOfRemark)
    return true
  }

  while (fetch());
  return s
}
