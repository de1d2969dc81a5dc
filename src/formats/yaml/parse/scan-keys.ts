// Keys without `?`: where one may begin, and whether a `:` makes it one.

import { parseError } from './text.ts'
import type { SimpleKey, YamlScanner } from './tokens.ts'

const maxKeyLength = 1024

export const noKey = (): SimpleKey => ({
  possible: false,
  required: false,
  tokenIndex: 0,
  start: 0,
  line: 0,
  column: 0,
})

const keyAtHand = ({ keys }: YamlScanner): SimpleKey => keys[keys.length - 1] as SimpleKey

/** No `:` follows what began here. @throws SopsError `parse` where one must. */
export function forgetKey(s: YamlScanner): void {
  const key = keyAtHand(s)
  if (key.possible && key.required) throw parseError(s.text, key.start, "could not find expected ':'")
  key.possible = false
}

/** Where a key may begin, it may begin at the current position. */
export function noteKey(s: YamlScanner): void {
  if (!s.simpleKeyAllowed) return
  forgetKey(s)
  const key = keyAtHand(s)
  key.possible = true
  key.required = s.flowDepth === 0 && s.indent === s.pos - s.lineStart
  key.tokenIndex = s.tokens.length
  key.start = s.pos
  key.line = s.line
  key.column = s.pos - s.lineStart
}

/** The key that the `:` at the current position ends; undefined without one. @throws SopsError `parse` where one must be. */
export function takeKey(s: YamlScanner): SimpleKey | undefined {
  const key = keyAtHand(s)
  if (!key.possible) return undefined
  key.possible = false
  if (key.line === s.line && isShort(s, key.start)) return key
  if (key.required) throw parseError(s.text, key.start, "could not find expected ':'")
  return undefined
}

function isShort({ text, pos }: YamlScanner, start: number): boolean {
  if (pos - start <= maxKeyLength) return true
  let codePoints = 0
  for (let i = start; i < pos; i++) if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) codePoints++
  return codePoints <= maxKeyLength
}
