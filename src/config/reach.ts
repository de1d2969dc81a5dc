// Which rules can never apply: their expression finds no path, or none that an earlier rule leaves.

import { compileRegex, expressionHint, loadCoverage, type Witness } from '../cipher/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { globHint, looksLikeGlob, pathOfGlob } from '../text/glob.ts'
import { inSingleQuotes, quote } from '../text/quote.ts'
import { doubledHint, hasDoubled } from './doubled.ts'
import { type Finding, problem, remark } from './finding.ts'
import type { Config, RawDestinationRule, RawRule } from './load.ts'

export type RuleList = 'creation_rules' | 'destination_rules'

/** What no path is, or hardly any: creation rules see clean ones, destination rules what the user wrote (spec/config.md 4.1, 4.2). */
const noPath: Readonly<Record<RuleList, string>> = {
  creation_rules: '[\\n\\x00\\\\]|^$|//|/$|(^|/)\\.\\.?(/|$)',
  destination_rules: '[\\n\\x00\\\\]|^$|/$',
}

/** States of automata to look at for one file. */
const effort = 30_000
/** Earlier rules that are looked at together. */
const mostTogether = 8

/** The finding on an expression by itself. */
async function ownFinding(at: string, pattern: string, line: number | undefined): Promise<Finding[]> {
  const place = `path_regex of ${at}`
  let test: (text: string) => boolean
  try {
    test = await compileRegex(pattern, place)
  } catch (error) {
    if (error instanceof SopsError) return [problem(error.message, line, error.hints)]
    const reason = messageOf(error)
    return [problem(`${place} does not compile: ${reason}`, line, [expressionHint('path_regex', pattern, reason)])]
  }
  if (!looksLikeGlob(pattern)) return []
  const hints = [globHint('path_regex', pattern)]
  const path = pathOfGlob(pattern)
  return test(path)
    ? [remark(`${place}, ${inSingleQuotes(pattern)}, reads like a glob`, line, hints)]
    : [problem(`${place}, ${inSingleQuotes(pattern)}, does not match ${quote(path)}`, line, hints)]
}

/** How it comes that a rule never applies; undefined if it may. */
type Cover = (pattern: string, earlier: readonly string[]) => Promise<'no path' | readonly number[] | undefined>

async function makeCover(list: RuleList): Promise<Cover> {
  const { witness } = await loadCoverage()
  const budget = { states: effort }
  const pathOf = async (pattern: string, others: readonly string[]): Promise<Witness> => {
    const limit = { states: Math.min(budget.states, 2000) }
    const before = limit.states
    const path = await witness(pattern, [noPath[list], ...others], limit)
    budget.states -= before - limit.states
    return path
  }
  return async (pattern, earlier) => {
    const path = await pathOf(pattern, [])
    if (path === 'none') return 'no path'
    // Only a rule that takes this path can take all of them.
    const rivals: number[] = []
    for (const [i, other] of earlier.entries())
      if (path === 'unknown' || (await compileRegex(other))(path.text)) rivals.push(i)
    for (const i of rivals) if (earlier[i] === pattern || (await pathOf(pattern, [earlier[i]!])) === 'none') return [i]
    const together = rivals.length > 0 && earlier.length > 1 && earlier.length <= mostTogether
    return together && (await pathOf(pattern, earlier)) === 'none' ? earlier.map((_, i) => i) : undefined
  }
}

const compiles = (pattern: string): Promise<boolean> =>
  compileRegex(pattern).then(
    () => true,
    () => false,
  )

/** Absolute paths are those of files outside the folder of the configuration. */
const outside = '^/'
/** The folder of the configuration, as a shell names it. */
const here = /^\^?\\?\.\\?\//

/** What is wrong with the expressions of a list of rules, and with their order. */
export async function examineExpressions(config: Config, list: RuleList): Promise<Finding[]> {
  const rules: readonly (RawRule | RawDestinationRule)[] =
    (list === 'creation_rules' ? config.creationRules : config.destinationRules) ?? []
  const findings: (Finding | readonly Finding[])[] = []
  const cover = await makeCover(list)
  const earlier: { readonly pattern: string; readonly index: number }[] = []
  for (const [index, rule] of rules.entries()) {
    const at = `${list}[${index}]`
    const pattern = rule.path_regex ?? ''
    const lines = config.lines.get(rule)
    const line = lines?.fields.path_regex ?? lines?.line
    const own = pattern === '' ? [] : await ownFinding(at, pattern, line)
    findings.push(own)
    if (!(await compiles(pattern))) continue
    const covered = await cover(
      pattern,
      earlier.map((one) => one.pattern),
    )
    earlier.push({ pattern, index })
    if (own.some(({ kind }) => kind === 'problem')) continue
    if (covered === 'no path') findings.push(impossible(at, pattern, line))
    else if (covered)
      findings.push(
        shadowed(
          at,
          covered.map((i) => earlier[i]!),
          list,
          line,
        ),
      )
    else if (list === 'creation_rules' && pattern.startsWith(outside)) findings.push(absolute(at, pattern, line))
    else if (list === 'creation_rules' && here.test(pattern)) findings.push(dotted(at, pattern, line))
  }
  return findings.flat()
}

const impossible = (at: string, pattern: string, line: number | undefined): Finding =>
  problem(`${at} never applies: no path matches its path_regex, ${inSingleQuotes(pattern)}`, line, [
    hasDoubled(pattern) ? doubledHint(pattern) : relative,
  ])

const relative =
  'a path is that below the folder of the configuration, as in secrets/app.yaml: without ./ or / in front'

const absolute = (at: string, pattern: string, line: number | undefined): Finding =>
  remark(
    `${at} applies only outside the folder of the configuration: its path_regex, ${inSingleQuotes(pattern)}, begins with a slash`,
    line,
    [relative],
  )

const dotted = (at: string, pattern: string, line: number | undefined): Finding =>
  problem(
    `path_regex of ${at}, ${inSingleQuotes(pattern)}, reads like a path with ./ in front, which no path has`,
    line,
    [`write ${inSingleQuotes(pattern.replace(here, '^'))}`, relative],
  )

function shadowed(
  at: string,
  by: readonly { readonly pattern: string; readonly index: number }[],
  list: RuleList,
  line: number | undefined,
): Finding {
  const [first] = by
  const names = by.map(({ index }) => `${list}[${index}]`).join(' and ')
  const takes =
    first !== undefined && by.length === 1 && first.pattern === ''
      ? `${names} has no path_regex, so it takes every file`
      : `${names} ${by.length === 1 ? 'takes' : 'take'} every file that it could`
  return problem(`${at} never applies: ${takes}`, line, [
    'the first rule that matches is used: put the narrower one first',
  ])
}
