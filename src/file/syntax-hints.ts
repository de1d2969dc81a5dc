// What a plain text is that does not parse: people have files that are nearly of their format.
import type { Position } from '../errors.ts'
import type { FormatId } from '../formats/index.ts'
import { tabHints } from '../text/tabs.ts'

const wholeHint =
  'to encrypt the text as a whole, name this with every command: --input-type binary --output-type binary'

/** Hints for a text of which a parser stopped at `position`; none of them quotes the text. */
export function syntaxHints(bytes: Uint8Array, format: FormatId, position: Position | undefined): readonly string[] {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('latin1')
    .split(/\r\n?|\n/)
  const template = lines.findIndex((line) => /\{\{.*\}\}|\{%.*%\}|<%.*%>/.test(line))
  if (template >= 0 && format !== 'binary')
    return [
      `line ${template + 1} looks like one of a template: encrypt what is made of it, or the values it takes`,
      wholeHint,
    ]
  switch (format) {
    case 'yaml':
      return tabHints(bytes, position)
    case 'json':
      return jsonHints(lines, position)
    case 'dotenv':
      return dotenvHints(lines, position)
    default:
      return []
  }
}

function jsonHints(lines: readonly string[], position: Position | undefined): readonly string[] {
  if (position === undefined) return []
  const line = lines[position.line - 1] ?? ''
  const rest = line.slice(position.column - 1)
  const before = [...lines.slice(0, position.line - 1), line.slice(0, position.column - 1)].join('\n').trimEnd()
  if (/^(?:\/[/*]|#)/.test(rest))
    return ['JSON has no comments: take them out, or keep the file as YAML, which has them']
  if (/^[}\]]/.test(rest) && before.endsWith(',')) return ['in JSON no comma stands behind the last entry']
  if (rest.startsWith("'")) return ['JSON texts stand in double quotes']
  return []
}

/** True if a quoted value begins in the line and does not end there. */
const opens = (line: string): boolean => /^[^#=]*=\s*(?:"[^"]*|'[^']*)$/.test(line)

function dotenvHints(lines: readonly string[], position: Position | undefined): readonly string[] {
  if (position === undefined) return []
  const opened = lines.slice(0, position.line - 1).findLastIndex(opens)
  const between = lines.slice(opened + 1, position.line - 1)
  if (opened >= 0 && !between.some((line) => /^[^#=]*=/.test(line)))
    return [
      `a value is one line here, and that of line ${opened + 1} goes on: write its line breaks as \\n, without the quotes`,
      wholeHint,
    ]
  if (/^\s*[\w.-]+\s*:(?:\s|$)/.test(lines[position.line - 1] ?? '')) return ['KEY: value is YAML: write KEY=value']
  return []
}
