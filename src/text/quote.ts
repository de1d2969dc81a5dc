// Foreign text in messages: as one line, or in double quotes like Go's %q, which is how the reference's messages show their input.

import { hasBytes, shown } from '../system/index.ts'

const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')

function escaped(c: string): string {
  const code = c.codePointAt(0)!
  if (named[c] !== undefined) return named[c]
  if (code < 0x80) return `\\x${hex(code, 2)}`
  if (hasBytes(c)) return shown(c)
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd'
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`
}

/**
 * The text as one line that cannot steer a terminal: line ends, tabs, control, invisible and direction-changing characters become escapes, and
 * so do bytes that are not UTF-8.
 */
export const oneLine = (text: string): string => text.replace(/[\p{C}\p{DI}\p{Zl}\p{Zp}]/gu, escaped)

/** The text in double quotes; control, invisible and unassigned characters become escapes (spec/keys.md, notions). */
export const quote = (text: string): string => `"${text.replace(/["\\]|(?! )[\p{C}\p{Z}]/gu, escaped)}"`

/** The text in single quotes, as it is written in YAML, and at a shell if it has no such quote itself: backslashes stay single. */
export const inSingleQuotes = (text: string): string => `'${oneLine(text).replaceAll("'", "''")}'`

/** A word as it is typed at a shell. */
export const shellWord = (text: string): string =>
  /^[\w./@%+,:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

/** The name of a file as it is typed at a shell, where no command takes it for a flag. */
export const fileWord = (name: string): string => shellWord(name.startsWith('-') && name !== '-' ? `./${name}` : name)
