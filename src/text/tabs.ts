// Tabs that indent a YAML text, which takes blanks alone.
import type { Position } from '../errors.ts'

/** What to do about a text that does not parse, if tabs are the cause. `position` is where the parser stopped, a line too early at times. */
export function tabHints(bytes: Uint8Array, position: Position | undefined): readonly string[] {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('latin1')
    .split(/\r\n?|\n/)
  const last = position?.line ?? lines.length
  const found = lines.slice(0, last + 1).findLastIndex((line) => /^[ -]*\t[ \t]*[^ \t#]/.test(line))
  return found < 0 ? [] : [`a tab indents line ${found + 1}: YAML takes blanks alone`]
}
