// How loud a finding is: what the command line says, else the configuration, else the rule; and whether it is passed over.
import type { CheckLevel, Config } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { filesFitting } from '../repo/index.ts'
import { quote } from '../text/quote.ts'
import { nearest } from '../text/suggest.ts'
import type { Fault, Level } from './finding.ts'
import { keysFitting } from './fitting.ts'
import { defaultLevels, isRuleId, type RuleId, ruleIds } from './rules.ts'

/** By rule, as the command line has them. */
export type ChosenLevels = Readonly<Partial<Record<RuleId, CheckLevel>>>

/** The level of something that was found in a file; undefined where it is switched off or passed over. */
export type Judge = (path: string, draft: Fault) => Level | undefined

const byCheckLevel: Readonly<Record<Exclude<CheckLevel, 'off'>, Level>> = {
  info: 'note',
  warn: 'warning',
  error: 'error',
}
const order: readonly Level[] = ['note', 'warning', 'error']
const quieter = (a: Level, b: Level): Level => (order.indexOf(a) < order.indexOf(b) ? a : b)

/**
 * Judges by one configuration, or without any.
 * @param today as `2027-01-31`.
 * @throws SopsError `generic` for ids of rules that are none.
 */
export function makeJudge(config: Config | undefined, chosen: ChosenLevels, today: string, ctx: Context): Judge {
  const set = levelsIn(config)
  const isIgnored = ignoring(config, today, ctx)
  return (path, draft) => {
    const wish = chosen[draft.rule] ?? set[draft.rule]
    const usual = wish ?? defaultLevels[draft.rule]
    if (usual === 'off' || isIgnored(path, draft)) return undefined
    const level = byCheckLevel[usual]
    if (draft.level === undefined) return level
    // What a rule turns down itself stays so; what it turns up yields to a wish.
    return wish === undefined ? draft.level : quieter(level, isTurnedUp(draft) ? level : draft.level)
  }
}

function isTurnedUp({ rule, level }: Fault): boolean {
  const usual = defaultLevels[rule]
  return usual === 'off' || (level !== undefined && order.indexOf(level) > order.indexOf(byCheckLevel[usual]))
}

function levelsIn(config: Config | undefined): ChosenLevels {
  const rules = config?.own.check?.rules ?? {}
  for (const id of Object.keys(rules)) refuseUnknown(id, `x-sops-ts.check.rules in ${config?.file.path}`)
  return rules
}

/** @throws SopsError `generic`. */
export function refuseUnknown(id: string, where: string): asserts id is RuleId {
  if (isRuleId(id)) return
  const meant = nearest(id, ruleIds)
  throw new SopsError('generic', `${where}: ${quote(id)} is no rule of sops check`, {
    hints: [meant === undefined ? `the rules are ${ruleIds.join(', ')}` : `did you mean ${meant}?`],
  })
}

function ignoring(config: Config | undefined, today: string, ctx: Context): (path: string, draft: Fault) => boolean {
  if (config === undefined) return () => false
  const entries = (config.own.check?.ignore ?? []).map(({ rule, files, keys, until }) => {
    refuseUnknown(rule, `x-sops-ts.check.ignore in ${config.file.path}`)
    return {
      rule,
      isOver: until !== undefined && until < today,
      fitsFile: files ? filesFitting(files, config, ctx) : () => true,
      fitsKey: keys ? keysFitting(keys) : undefined,
    }
  })
  return (path, { rule, keyPath }) =>
    entries.some(
      (entry) =>
        entry.rule === rule &&
        !entry.isOver &&
        entry.fitsFile(path) &&
        (entry.fitsKey === undefined || (keyPath !== undefined && entry.fitsKey(keyPath))),
    )
}
