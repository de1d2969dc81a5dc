// Which leaves are encrypted: the six settings, evaluated over the keys of a path and the comments above it (spec/format.md 5).
import { messageOf, SopsError } from '../errors.ts'
import { compileRegex, type Test } from './expression.ts'
import { type SelectionOptions, selectionSettings } from './selection-settings.ts'

/** One bit for each setting that fits something; sets of them are joined with `|`. */
export type Hits = number

/** One setting, compiled. */
interface Rule {
  readonly bit: Hits
  readonly test: Test
  /** What a hit means. Without one, a rule that encrypts leaves in clear, the other kind decides nothing. */
  readonly encrypts: boolean
}

/** The selection settings, compiled: which leaves and comments are encrypted. */
export interface Selection {
  /** Path and comment rules that are set, in the order of evaluation. */
  readonly keyRules: readonly Rule[]
  readonly commentRules: readonly Rule[]
  /** Why a regular expression is not valid; it then matches nothing, as in the reference. */
  readonly invalid: string | undefined
}

const never: Test = () => false

/**
 * Compiles the settings. Regular expressions are RE2; the engine is loaded only when one is set.
 * @throws SopsError `generic` for an expression that is too large: one that never matches could leave in clear what it should find.
 */
export async function compileSelection(options: SelectionOptions): Promise<Selection> {
  const keyRules: Rule[] = []
  const commentRules: Rule[] = []
  let invalid: string | undefined
  for (const [at, { name, field, by, encrypts }] of selectionSettings.entries()) {
    const text = options[name]
    if (text === undefined || text === '') continue
    let test: Test
    if (by === 'suffix') test = (key) => key.endsWith(text)
    else {
      try {
        test = await compileRegex(text, `the ${field}`)
      } catch (error) {
        if (error instanceof SopsError) throw error
        test = never
        invalid ??= messageOf(error)
      }
    }
    const rule = { bit: 1 << at, test, encrypts }
    if (by === 'comment') commentRules.push(rule)
    else keyRules.push(rule)
  }
  return { keyRules, commentRules, invalid }
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
  selection.commentRules.some((rule) => !rule.encrypts && rule.test(text))
