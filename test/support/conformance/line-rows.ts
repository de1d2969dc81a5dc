// Dotenv and INI texts as rows.
import { commentText, leafRow, type Row, type Rows } from './leaf.ts'

export function dotenvRows(text: string): Rows {
  const rows: Row[] = []
  const comments: string[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    const at = line.indexOf('=')
    if (line.startsWith('#')) comments.push(commentText(line.slice(1)))
    else
      rows.push(
        at < 0 ? [line, 'novalue'] : leafRow([line.slice(0, at)], 'str', line.slice(at + 1).replaceAll('\\n', '\n')),
      )
  }
  return { rows, comments: comments.sort() }
}

/** Reads INI as the reference does (spec/format.md 10.1), except that a value's comment must follow a blank. */
export function iniRows(text: string): Rows {
  const rows: Row[] = []
  const comments: string[] = []
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  let section = 'DEFAULT'
  const note = (text: string): void => {
    const shown = text.replace(/^[;#\s]+/, '').trim()
    if (shown) comments.push(commentText(shown))
  }
  for (let at = 0; at < lines.length; ) {
    const line = lines[at++]!.trim()
    if (line === '') continue
    if (/^[;#]/.test(line)) {
      note(line)
      continue
    }
    if (line[0] === '[' && line.includes(']')) {
      const end = line.lastIndexOf(']')
      section = line.slice(1, end)
      rows.push([section, '[]'])
      note(line.slice(end + 1))
      continue
    }
    const quotedKey = /^("""|"|`)(.*?)\1\s*[=:]/.exec(line)
    const equals = quotedKey ? quotedKey[0].length - 1 : line.search(/[=:]/)
    if (equals < 0) {
      rows.push([line, 'novalue'])
      continue
    }
    const key = quotedKey ? quotedKey[2]! : line.slice(0, equals).trim()
    const read = iniValue(lines, at, line.slice(equals + 1).trim(), note)
    at = read.next
    rows.push(leafRow([section, key], 'str', read.value))
  }
  return { rows, comments: comments.sort() }
}

/** The value that starts with `first`; `next` is the line after its last one. */
function iniValue(
  lines: readonly string[],
  from: number,
  first: string,
  note: (text: string) => void,
): { value: string; next: number } {
  let next = from
  const quote = first.startsWith('"""') ? '"""' : first[0] === '`' ? '`' : undefined
  if (quote && first.lastIndexOf(quote) > 0) return { value: first.slice(quote.length, first.lastIndexOf(quote)), next }
  if (quote) {
    const parts = [first.slice(quote.length)]
    while (next < lines.length) {
      const line = lines[next++]!
      const end = line.indexOf(quote)
      parts.push(end < 0 ? line : line.slice(0, end))
      if (end < 0) continue
      note(/[;#].*/.exec(line.slice(end))?.[0] ?? '')
      break
    }
    return { value: parts.join('\n'), next }
  }
  let value = first
  if (value.endsWith('\\')) {
    while (value.endsWith('\\') && next < lines.length) value = value.slice(0, -1) + lines[next++]!.trim()
    return { value, next }
  }
  const comment = /(^|\s)[;#].*$/.exec(value)
  if (comment && !/^(["']).*\1$/.test(value)) {
    note(comment[0])
    value = value.slice(0, comment.index).trim()
  }
  const [, mark, inner] = /^(["'])(.*)\1$/.exec(value) ?? []
  return { value: mark && !inner?.includes(mark) ? inner! : value, next }
}
