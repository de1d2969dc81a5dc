// Splits a command line from an environment variable into words, as a POSIX shell would without expanding anything.

const isBlank = (c: string): boolean => c === ' ' || c === '\t' || c === '\r' || c === '\n'

/**
 * The words of a command (spec/keys.md 3.3, spec/cli.md 13.4.2): blanks separate; single quotes are literal; in double quotes and outside
 * quotes a backslash makes any next character literal; `#` at the start of a word begins a comment up to the line end.
 * @returns undefined when a quote or an escape is not finished.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = []
  let word: string[] | undefined
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (isBlank(c)) {
      if (word) words.push(word.join(''))
      word = undefined
    } else if (c === '#' && !word) {
      const end = text.indexOf('\n', i)
      if (end < 0) break
      i = end
    } else if (c === "'") {
      const end = text.indexOf("'", i + 1)
      if (end < 0) return undefined
      word ??= []
      word.push(text.slice(i + 1, end))
      i = end
    } else if (c === '"') {
      word ??= []
      for (i++; text[i] !== '"'; i++) {
        if (text[i] === '\\') i++
        if (i >= text.length) return undefined
        word.push(text[i]!)
      }
    } else {
      if (c === '\\') i++
      if (i >= text.length) return undefined
      word ??= []
      word.push(text[i]!)
    }
  }
  if (word) words.push(word.join(''))
  return words
}
