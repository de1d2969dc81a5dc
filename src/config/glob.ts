// Patterns in the manner of a shell where a regular expression is wanted.
import { expressionHint } from '../cipher/index.ts'

/** A star that repeats nothing, or what nobody means to repeat: a slash or a letter. */
const star = /(?:^|[^\\.\w)\]}])\*|(?:^|[^\\])\w\*|\*\*/

export const looksLikeGlob = (pattern: string): boolean => star.test(pattern.replace(/\[[^\]]*\]/g, '[]'))

/** A path that the pattern would fit if it were a glob. */
export const pathOfGlob = (pattern: string): string =>
  pattern
    .replace(/^\^?(?:\.?\/)?|\$$/g, '')
    .replace(/\\(.)/g, '$1')
    .replace(/\{([^,}]*),[^}]*\}/g, '$1')
    .replace(/[*?]+/g, 'x')

/** The expression that says what the glob means; its beginning is bound only if it names a folder. */
export function expressionOfGlob(pattern: string): string {
  const glob = pattern.replace(/^\^?(?:\.?\/)?|\$$/g, '').replace(/\\(.)/g, '$1')
  const start = /^[\w-][^*?{]*\//.test(glob) ? '^' : ''
  const body = glob
    .replace(/^(?:\*+\/)*\*+(?!\/)/, '')
    .replace(/[.+()|^$[\]\\]/g, '\\$&')
    .replace(/\{([^}]*)\}/g, (_, words: string) => `(${words.split(',').join('|')})`)
    .replace(/\*\*\/?|\*|\?/g, (wild) => (wild.startsWith('**') ? '.*' : wild === '*' ? '[^/]*' : '[^/]'))
  return `${start}${body}$`
}

/** What to do about an expression that does not compile. */
export const invalidHint = (pattern: string): string => (looksLikeGlob(pattern) ? globHint(pattern) : expressionHint)

export const globHint = (pattern: string): string =>
  `path_regex is a regular expression, not a glob: write ${expressionOfGlob(pattern)} for ${pattern}`
