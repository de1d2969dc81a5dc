// Looks at every rule of a configuration without a file: what is wrong with it, and who its rules are for. Nothing is asked, started or
// looked up.

import { anySetting, compileRegex, expressionHint, selectionSettings } from '../cipher/index.ts'
import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import type { MasterKey } from '../keys/index.ts'
import { contextAtHand, keyTypesInOrder } from '../keys/index.ts'
import { inSingleQuotes } from '../text/quote.ts'
import { type StrayField, secondDocumentText, strayFields } from './check.ts'
import { doubledHint, hasDoubled } from './doubled.ts'
import { type Finding, problem, remark } from './finding.ts'
import type { Config, RawDestinationRule, RawRule } from './load.ts'
import { examineExpressions, type RuleList } from './reach.ts'
import { configShape } from './shape.ts'
import { type TriedGroup, tryKeys } from './tried-keys.ts'

/** One rule, and who can open what it is for. */
export interface ExaminedRule {
  readonly list: RuleList
  /** From 0. */
  readonly index: number
  readonly line: number | undefined
  readonly pathRegex: string | undefined
  /** The recipients that are right; for a destination rule those of its recreation_rule. */
  readonly groups: readonly (readonly MasterKey[])[]
}

export interface Examination {
  readonly findings: readonly Finding[]
  readonly rules: readonly ExaminedRule[]
}

const byLine = (a: Finding, b: Finding): number => (a.line ?? 0) - (b.line ?? 0)

/** Problems come in the order of the file. */
export async function examineConfig(config: Config, ctx: Context): Promise<Examination> {
  const quiet = contextAtHand(ctx)
  const rules: ExaminedRule[] = []
  const findings = [
    strayFields(config).map(strayField),
    rulesMissing(config),
    storeSettings(config),
    moreDocuments(config),
  ]
  for (const [index, rule] of (config.creationRules ?? []).entries()) {
    const at = `creation_rules[${index}]`
    const groups = await tryKeys(rule, quiet, lineIn(config))
    findings.push(recipients(config, rule, groups, at), await selection(config, rule, at))
    rules.push(examined('creation_rules', index, rule, groups, config))
  }
  for (const [index, rule] of (config.destinationRules ?? []).entries()) {
    const inner = rule.recreation_rule ?? {}
    const at = `destination_rules[${index}]`
    const groups = await tryKeys(inner, quiet, lineIn(config))
    findings.push(destination(config, rule, at))
    if (rule.recreation_rule !== undefined) {
      const place = `${at}.recreation_rule`
      findings.push(recipients(config, inner, groups, place), await selection(config, inner, place))
    }
    rules.push(examined('destination_rules', index, rule, groups, config))
  }
  for (const list of ['creation_rules', 'destination_rules'] as const)
    findings.push(await examineExpressions(config, list))
  return { findings: findings.flat().sort(byLine), rules }
}

const lineIn =
  ({ lines }: Config) =>
  (owner: object, field: string): number | undefined =>
    lines.get(owner)?.fields[field] ?? lines.get(owner)?.line

const examined = (
  list: RuleList,
  index: number,
  rule: RawRule | RawDestinationRule,
  groups: readonly TriedGroup[],
  { lines }: Config,
): ExaminedRule => ({
  list,
  index,
  line: lines.get(rule)?.line,
  pathRegex: rule.path_regex || undefined,
  groups: groups.map(({ keys }) => keys),
})

function strayField({ name, line, where, shape, suggestion }: StrayField): Finding {
  const place = where === '' ? '' : ` in ${where}`
  const fields = Object.keys(shape.fields)
  return problem(`unknown field ${JSON.stringify(name)}${place} is ignored`, line, [
    suggestion === undefined
      ? `make it a comment, or begin its name with x-; fields there are ${fields.join(', ') || 'none'}`
      : `did you mean ${JSON.stringify(suggestion)}?`,
  ])
}

const moreDocuments = ({ secondDocument: line }: Config): readonly Finding[] =>
  line === undefined ? [] : [problem(secondDocumentText, line, ['move what is in it above, and take out the line ---'])]

/** A configuration that sets nothing. */
function rulesMissing({ creationRules, destinationRules, stores, own, unknown }: Config): readonly Finding[] {
  const example = 'creation_rules with one rule: "creation_rules:", and below it "  - age: age1…"'
  if (creationRules !== undefined && creationRules.length === 0)
    return [problem('creation_rules has no rule, so no file can be encrypted by it', undefined, [example])]
  if (creationRules !== undefined || destinationRules !== undefined) return []
  if (Object.keys(stores).length > 0 || Object.keys(own).length > 0)
    return [remark('there are no creation_rules: encrypting needs recipients as flags', undefined, [example])]
  const known = Object.keys(configShape.fields).join(', ')
  const names = unknown.filter(({ where }) => where === '').map(({ name }) => JSON.stringify(name))
  const what = names.length === 0 ? 'it has no fields' : `none of its fields is known: ${names.join(', ')}`
  return [problem(what, unknown[0]?.line, [`the fields of a configuration are ${known}`, example])]
}

/** The smallest indent of each store that has one; a smaller one fails at output (spec/config.md 3.6). */
const smallestIndent = { yaml: 0, json: -1, json_binary: -1 } as const

function storeSettings(config: Config): readonly Finding[] {
  return Object.entries(smallestIndent).flatMap(([name, smallest]) => {
    const settings = config.stores[name as keyof typeof smallestIndent]
    if (settings?.indent === undefined || settings.indent >= smallest) return []
    const line = lineIn(config)(settings, 'indent')
    return [problem(`stores.${name}.indent is ${settings.indent}: at least ${smallest} is wanted`, line)]
  })
}

function recipients(config: Config, rule: RawRule, groups: readonly TriedGroup[], at: string): readonly Finding[] {
  const lineOf = lineIn(config)
  const failures = groups.flatMap((group) =>
    group.failures.map(({ field, line, error }) => problem(`${at}.${field}: ${error.message}`, line, error.hints)),
  )
  const isEmpty = ({ keys, failures: wrong }: TriedGroup): boolean => keys.length === 0 && wrong.length === 0
  const some = 'name at least one, for example "age: age1…"; sops keygen makes one'
  const empty = rule.key_groups?.length
    ? groups.flatMap((group, i) =>
        isEmpty(group) ? [problem(`${at}.key_groups[${i}] has no recipients`, lineOf(rule, 'key_groups'), [some])] : [],
      )
    : groups.some(isEmpty)
      ? [problem(`${at} has no recipients, so files cannot be encrypted by it`, lineOf(rule, ''), [some])]
      : []
  return [...failures, ...empty, ...idleKeys(config, rule, at), ...threshold(config, rule, groups.length, at)]
}

/** Key fields beside `key_groups` count for nothing. */
function idleKeys(config: Config, rule: RawRule, at: string): readonly Finding[] {
  if (!rule.key_groups?.length) return []
  const idle = keyTypesInOrder('rules')
    .map((type) => type.config.flat)
    .filter((flat) => rule[flat] !== undefined)
  return idle.map((flat) =>
    problem(`${at}.${flat} is ignored, since the rule has key_groups`, lineIn(config)(rule, flat), [
      'move its recipients into one of the key_groups',
    ]),
  )
}

function threshold(config: Config, rule: RawRule, groups: number, at: string): readonly Finding[] {
  const wanted = rule.shamir_threshold ?? 0
  const line = lineIn(config)(rule, 'shamir_threshold')
  const place = `${at}.shamir_threshold`
  if (wanted < 0) return [problem(`${place} is ${wanted}: a number of key groups is wanted`, line)]
  if (wanted > groups) {
    const are = groups === 1 ? 'there is one key group' : `there are ${groups} key groups`
    return [problem(`${place} is ${wanted}, and ${are}`, line, [`at most ${groups}, or leave it out`])]
  }
  if (wanted === 1 && groups > 1)
    return [
      problem(`${place} is 1, and with ${groups} key groups at least 2 are needed: encrypting fails`, line, [
        'for recipients of which any one opens a file, put all into one key group',
      ]),
    ]
  return []
}

/** What decides which values are encrypted: at most one setting, and one that compiles. */
async function selection(config: Config, rule: RawRule, at: string): Promise<readonly Finding[]> {
  const lineOf = lineIn(config)
  const set = selectionSettings.filter(({ field }) => rule[field])
  const findings =
    set.length > 1
      ? [
          problem(
            `${at} has ${set.map(({ field }) => field).join(' and ')}: cannot use more than one of ${anySetting} for the same rule`,
            lineOf(rule, set[1]!.field),
            ['keep one of them'],
          ),
        ]
      : []
  for (const { field, by } of set) {
    if (by === 'suffix') continue
    try {
      await compileRegex(rule[field]!, `${field} of ${at}`)
    } catch (error) {
      const isOurs = error instanceof SopsError
      const text = isOurs ? error.message : `${field} of ${at} does not compile: ${messageOf(error)}`
      const hints = isOurs ? error.hints : [expressionHint(field, rule[field]!, messageOf(error))]
      findings.push(problem(text, lineOf(rule, field), hints))
    }
  }
  return [
    ...findings,
    ...set.flatMap(({ field, by }) =>
      by === 'suffix'
        ? []
        : [
            ...backslashes(rule[field]!, field, at, lineOf(rule, field)),
            ...commas(rule[field]!, field, at, lineOf(rule, field)),
          ],
    ),
  ]
}

/** Keys have no backslashes as a rule, and those that are doubled in quotes for what needs one are easily left so. */
const backslashes = (expression: string, field: string, at: string, line: number | undefined): readonly Finding[] =>
  hasDoubled(expression)
    ? [
        remark(`${field} of ${at}, ${inSingleQuotes(expression)}, wants a backslash in the text`, line, [
          doubledHint(expression),
        ]),
      ]
    : []

/** A list of words, as other settings take one, is one text here. */
const commas = (expression: string, field: string, at: string, line: number | undefined): readonly Finding[] =>
  /^[^\\^$.|?*+()[\]{}]+$/.test(expression) && /[^,],\s*[^,\s]/.test(expression)
    ? [
        remark(
          `${field} of ${at}, ${inSingleQuotes(expression)}, fits what has this very text in it, with its commas`,
          line,
          [
            `for any of these words: ${inSingleQuotes(
              `^(${expression
                .split(',')
                .map((word) => word.trim())
                .join('|')})$`,
            )}`,
          ],
        ),
      ]
    : []

/** Where `publish` uploads to: one place. */
function destination(config: Config, rule: RawDestinationRule, at: string): readonly Finding[] {
  const lineOf = lineIn(config)
  const fields = (['s3_bucket', 'gcs_bucket', 'vault_path'] as const).filter((field) => rule[field])
  const places = 's3_bucket, gcs_bucket or vault_path'
  if (fields.length === 0) return [problem(`${at} has no destination`, lineOf(rule, ''), [`name one: ${places}`])]
  if (fields.length === 1) return []
  return [
    problem(`${at} has ${fields.join(' and ')}: one destination is wanted`, lineOf(rule, fields[1]!), ['keep one']),
  ]
}
