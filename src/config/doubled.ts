// Backslashes that are written twice where once is meant, as in '\\.yaml': only double quotes in YAML need that.
import { inSingleQuotes } from '../text/quote.ts'

/** A doubled backslash before what a single one would escape. */
const doubled = /\\\\(?=[^\w\s\\]|[dswbDSWB])/g

export const hasDoubled = (expression: string): boolean => expression.replace(/\[[^\]]*\]/g, '').search(doubled) >= 0

export const doubledHint = (expression: string): string =>
  `in single quotes, and without quotes, a backslash is written once: ${inSingleQuotes(expression.replace(doubled, '\\'))}`
