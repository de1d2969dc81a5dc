// Which leaves are encrypted: the six settings, evaluated over the keys of a path and the comments above it (spec/format.md 5).
import { messageOf } from '../errors.ts'

/** Empty and absent mean the same. Files have at most one of them; all are evaluated, in this order. */
export interface SelectionOptions {
  readonly unencryptedSuffix?: string
  readonly encryptedSuffix?: string
  readonly unencryptedRegex?: string
  readonly encryptedRegex?: string
  readonly unencryptedCommentRegex?: string
  readonly encryptedCommentRegex?: string
}

/** One bit for each setting that fits something; sets of them are joined with `|`. */
export type Hits = number

const hit = {
  unencryptedSuffix: 1,
  encryptedSuffix: 2,
  unencryptedRegex: 4,
  encryptedRegex: 8,
  unencryptedCommentRegex: 16,
  encryptedCommentRegex: 32,
} as const satisfies Record<keyof SelectionOptions, Hits>

export const selectionSettings: readonly (keyof SelectionOptions)[] = Object.keys(hit) as (keyof SelectionOptions)[]

type Test = (text: string) => boolean

interface Rule {
  readonly bit: Hits
  readonly test: Test
  /** What a hit means; `wins` = without a hit the opposite holds. */
  readonly encrypts: boolean
}

export interface Selection {
  /** Path and comment rules that are set, in the order of evaluation. */
  readonly keyRules: readonly Rule[]
  readonly commentRules: readonly Rule[]
  /** Why a regular expression is not valid; it then matches nothing, as in the reference. */
  readonly invalid: string | undefined
}

const never: Test = () => false

/** Compiles the settings. Regular expressions are RE2; the engine is loaded only when one is set. */
export async function compileSelection(options: SelectionOptions): Promise<Selection> {
  const keyRules: Rule[] = []
  const commentRules: Rule[] = []
  let invalid: string | undefined
  for (const name of selectionSettings) {
    const text = options[name]
    if (text === undefined || text === '') continue
    let test: Test
    if (name.endsWith('Suffix')) test = (key) => key.endsWith(text)
    else {
      try {
        test = await compileRegex(text)
      } catch (error) {
        test = never
        invalid ??= messageOf(error)
      }
    }
    const rule = { bit: hit[name], test, encrypts: name.startsWith('encrypted') }
    if (name.endsWith('CommentRegex')) commentRules.push(rule)
    else keyRules.push(rule)
  }
  return { keyRules, commentRules, invalid }
}

/** A search with RE2's meaning. @throws when the expression is not valid RE2. */
export async function compileRegex(expression: string): Promise<Test> {
  const words = wordsTest(expression)
  if (words !== undefined) return words
  const { RE2JS } = await import('re2js')
  const regex = RE2JS.compile(expression)
  return (text) => regex.test(text)
}

/** `^(data|stringData)$` and the like, by far the most frequent, need no engine: words, with or without anchors around all of them. */
function wordsTest(expression: string): Test | undefined {
  const m = /^(\^?)(?:([\w-]+)|\(([\w-]+(?:\|[\w-]+)*)\))(\$?)$/.exec(expression)
  if (m === null) return undefined
  const words = (m[2] ?? m[3]!).split('|')
  if (m[1] !== '' && m[4] !== '') return (text) => words.includes(text)
  if (m[1] !== '') return (text) => words.some((word) => text.startsWith(word))
  if (m[4] !== '') return (text) => words.some((word) => text.endsWith(word))
  return (text) => words.some((word) => text.includes(word))
}

function hits(rules: readonly Rule[], text: string): Hits {
  let found = 0
  for (const rule of rules) if (rule.test(text)) found |= rule.bit
  return found
}

/** What one element of a path fits. */
export const keyHits = (selection: Selection, key: string): Hits => hits(selection.keyRules, key)

/** What one comment's text fits. */
export const commentHits = (selection: Selection, text: string): Hits => hits(selection.commentRules, text)

/**
 * Whether a leaf or comment is encrypted, given everything its path and its active comments fit.
 * `own` is what the comment that is being decided fits itself; `encryptedCommentRegex` does not look at it.
 */
export function isSelected(selection: Selection, found: Hits, own: Hits = 0): boolean {
  let result = true
  for (const rule of selection.keyRules) result = decide(rule, (found & rule.bit) !== 0, result)
  for (const rule of selection.commentRules) {
    const seen = rule.encrypts ? found : found | own
    result = decide(rule, (seen & rule.bit) !== 0, result)
  }
  return result
}

const decide = (rule: Rule, fits: boolean, before: boolean): boolean => (rule.encrypts ? fits : fits ? false : before)

/** True when the text of an encrypted comment would itself be taken for a marker that leaves things in clear (spec/format.md 5.1). */
export const looksLikeMarker = (selection: Selection, text: string): boolean =>
  (commentHits(selection, text) & hit.unencryptedCommentRegex) !== 0
