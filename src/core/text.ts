// Two text conventions of the reference's messages: Go's quoted strings and word wrapping.

const short: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/** In double quotes, with everything unprintable escaped. */
export function goQuote(text: string): string {
  const escaped = text.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (c) => {
    const known = short[c]
    if (known !== undefined) return known
    const code = c.codePointAt(0)!
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
  return `"${escaped}"`
}

/**
 * Breaks lines at white space so that they have at most `columns` characters; longer words stay whole, line breaks of the text stay, and a
 * no-break space is part of its word.
 */
export function wordWrap(text: string, columns: number): string {
  const lines: string[] = []
  for (const source of text.split('\n')) {
    let line = ''
    let length = 0
    for (const piece of source.match(/[^\S\u00a0]*[\S\u00a0]+/g) ?? []) {
      const word = piece.trimStart().length === 0 ? piece : piece.replace(/^[^\S\u00a0]+/, '')
      const size = [...piece].length
      if (length > 0 && length + size > columns && [...word].length < columns) {
        lines.push(line)
        line = word
        length = [...word].length
      } else {
        line += piece
        length += size
      }
    }
    lines.push(line)
  }
  return lines.join('\n')
}
