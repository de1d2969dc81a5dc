// Word wrapping, as the reference lays out its longer messages.

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
