// Patterns in the manner of a shell where a regular expression is wanted.
import { inSingleQuotes } from './quote.ts'

/** A star that repeats nothing, or what nobody means to repeat: a slash or a letter. */
const star = /(?:^|[^\\.\w)\]}])\*|(?:^|[^\\])\w\*|\*\*/
/** Words in braces; counts of a repetition are none. */
const braces = /(?:^|[^\\])\{(?!\d*,\d*\})[^{}]*,[^{}]*\}/

export function looksLikeGlob(pattern: string): boolean {
  const text = pattern.replace(/\[[^\]]*\]/g, '[]')
  return star.test(text) || braces.test(text)
}

/** What begins an expression rather than a glob, and what ends one. */
const bare = (pattern: string): string => pattern.replace(/^\^|\$$/g, '')

/** A path that the pattern would fit if it were a glob. */
export const pathOfGlob = (pattern: string): string =>
  bare(pattern)
    .replace(/^\.?\//, '')
    .replace(/\\(.)/g, '$1')
    .replace(/\[[!^][^\]]*\]/g, 'x')
    .replace(/\[([^\]])[^\]]*\]/g, '$1')
    .replace(/\{([^,}]*),[^}]*\}/g, '$1')
    .replace(/\(([^|()]*)\|[^()]*\)/g, '$1')
    .replace(/[*?]+/g, 'x')

/** One part of a glob: what it stands for in an expression. */
const parts: readonly (readonly [part: RegExp, expression: (match: RegExpExecArray) => string])[] = [
  [/\/\*\*\/(?:\*\*\/)*/y, () => '/(.*/)?'],
  [/\/\*\*$/y, () => '/'],
  [/\*+/y, () => '[^/]*'],
  [/\?/y, () => '[^/]'],
  [/\[([!^]?)((?:\\[\s\S]|[^\]\\/])[^\]/]*)\]/y, ([, not = '', set = '']) => (not === '' ? `[${set}]` : `[^${set}/]`)],
  [/\{([^{}]*,[^{}]*)\}/y, ([, words = '']) => `(${words.split(',').map(translated).join('|')})`],
  // In the manner of neither shell nor Git, and meant as what it means in an expression.
  [/\(([^|()]*(?:\|[^|()]*)+)\)/y, ([, words = '']) => `(${words.split('|').map(translated).join('|')})`],
  [/\\?([\s\S])/y, ([, character = '']) => character.replace(/[.+*?()|^$[\]{}\\]/, '\\$&')],
]

function translated(glob: string): string {
  let [expression, at] = ['', 0]
  while (at < glob.length) {
    for (const [part, make] of parts) {
      part.lastIndex = at
      const match = part.exec(glob)
      if (match === null) continue
      expression += make(match)
      at += match[0].length
      break
    }
  }
  return expression
}

/**
 * The expression that finds the paths that the glob means in a .gitattributes file: two stars with a slash are any number of folders, none
 * included, and a glob without a slash is for names in every folder.
 */
export function expressionOfGlob(pattern: string): string {
  const [, root, folders, below] =
    /^(\.?\/)?((?:\*\*\/)*(?=.))([\s\S]*)$/.exec(bare(pattern).replace(/\/$/, '/**')) ?? []
  if (below === undefined || below === '**') return '.*'
  const isAnywhere = folders !== '' || (root === undefined && !below.includes('/'))
  const body = translated(below)
  const end = /\/\*\*$/.test(below) ? '' : '$'
  if (!isAnywhere) return `^${body}${end}`
  // What any name may begin with needs no beginning.
  const rest = /^\*+(?![\s\S]*\/)/.test(below) ? translated(below.replace(/^\*+/, '')) : `(^|/)${body}`
  return rest === '' ? '.*' : `${rest}${end}`
}

/** The hint about a glob; `name` is the setting. */
export const globHint = (name: string, pattern: string): string =>
  `${name} is a regular expression, not a glob: write ${inSingleQuotes(expressionOfGlob(pattern))} for ${inSingleQuotes(pattern)}`
