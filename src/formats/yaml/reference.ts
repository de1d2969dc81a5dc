// What this reader takes and the reference's does not, and how it is written so that both read the same (docs/reference-grammar.md).
import type { Respelling } from '../types.ts'
import { outsideTags } from './octets.ts'
import { isBreak } from './text.ts'

type ConstructId = 'solidus' | 'question' | 'key' | 'version' | 'prefix'

/** A place of a text at which the reference would give up. */
export interface Refusal {
  readonly construct: ConstructId
  readonly start: number
  readonly end: number
}

interface Construct {
  readonly what: string
  readonly as: string
  /** What is written in the place of the text of a refusal. */
  readonly write: (text: string) => string
}

const outside = new RegExp(outsideTags, 'gu')

const constructs: Readonly<Record<ConstructId, Construct>> = {
  solidus: { what: '"\\/" in double quotes', as: '"/"', write: () => '/' },
  question: {
    what: 'a text with "?" and without quotes in a flow collection',
    as: 'a text in quotes',
    write: (text) => `'${text.replaceAll("'", "''")}'`,
  },
  key: {
    what: 'a flow map\'s key of more than 1024 characters or on another line than its ":"',
    as: 'a key with "? " before it',
    write: () => '? ',
  },
  version: { what: 'what follows the version of a %YAML line', as: 'that line without it', write: () => '' },
  prefix: {
    what: 'a %TAG prefix with characters that no URI has',
    as: 'their octets',
    write: (text) => text.replace(outside, encodeURIComponent),
  },
}

/** The text with every refused place written in a way that both take, and the lines of `text` at which that happened. */
export function respellText(text: string, refused: readonly Refusal[]): { text: string; places: Respelling[] } {
  const places: Respelling[] = []
  const parts: string[] = []
  let line = 1
  let counted = 0
  let copied = 0
  for (const { construct, start, end } of [...refused].sort((a, b) => a.start - b.start || a.end - b.end)) {
    for (; counted < start; counted++) {
      const c = text.charCodeAt(counted)
      if (isBreak(c) && !(c === 13 && text.charCodeAt(counted + 1) === 10)) line++
    }
    const { what, as, write } = constructs[construct]
    parts.push(text.slice(copied, start), write(text.slice(start, end)))
    copied = end
    places.push({ line, what, as })
  }
  parts.push(text.slice(copied))
  return { text: parts.join(''), places }
}
