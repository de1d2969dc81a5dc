// A JSON text as rows, by a small reader that keeps key order, duplicate keys and the digits of numbers.
import { leafRow, numberRow, type Path, type Row, type Rows } from './leaf.ts'

const STRING = /"(?:[^"\\]|\\.)*"/sy
const SCALAR = /true|false|null|-?[0-9][0-9.eE+-]*/y

export function jsonRows(text: string): Rows {
  let at = 0
  const rows: Row[] = []
  const fail = (what: string): never => {
    throw new Error(`not valid JSON: ${what} at ${at}`)
  }
  const blanks = (): void => {
    while (/\s/.test(text[at] ?? '')) at++
  }
  const token = (pattern: RegExp, what: string): string => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0] ?? fail(what)
    at += found.length
    return found
  }
  /** Items up to `close`; `item` reads one. Returns how many. */
  const items = (close: string, item: (index: number) => void): number => {
    at++
    blanks()
    let count = 0
    while (text[at] !== close) {
      item(count++)
      blanks()
      if (text[at] === ',') {
        at++
        blanks()
      } else if (text[at] !== close) fail(`, or ${close}`)
    }
    at++
    return count
  }
  const value = (path: Path): void => {
    blanks()
    if (text[at] === '{') {
      const count = items('}', () => {
        const key = JSON.parse(token(STRING, 'string')) as string
        blanks()
        if (text[at++] !== ':') fail(':')
        value([...path, key])
      })
      if (count === 0) rows.push([path.join('/'), '{}'])
    } else if (text[at] === '[') {
      if (items(']', (index) => value([...path, index])) === 0) rows.push([path.join('/'), '[]'])
    } else if (text[at] === '"') rows.push(leafRow(path, 'str', JSON.parse(token(STRING, 'string'))))
    else {
      const found = token(SCALAR, 'value')
      if (/\d/.test(found)) rows.push(numberRow(path, /[.eE]/.test(found) ? Number(found) : BigInt(found)))
      else rows.push(leafRow(path, found === 'null' ? 'null' : 'bool', found))
    }
  }
  value([])
  blanks()
  if (at < text.length) fail('trailing text')
  return { rows, comments: [] }
}
