// What is known of the configurations that are for the files, each looked at once.
import { compileRegex, selectionSettings } from '../cipher/index.ts'
import { type Config, type RuleOfFile, recipientNames, ruleFinder } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import { contextAtHand, type KeyGroup } from '../keys/index.ts'
import { type Needs, needsUnder } from '../repo/index.ts'
import type { Fault } from './finding.ts'
import type { HistoryFacts } from './history/asked.ts'
import { revokedRecipients } from './history/revoked.ts'
import { type ChosenLevels, type Judge, makeJudge } from './levels.ts'
import { policyFinder } from './policy.ts'
import { type RecipientFacts, todayOf } from './recipients.ts'

/** A configuration as the check sees it; one for files without any. */
export interface ConfigView extends RecipientFacts, HistoryFacts {
  readonly config: Config | undefined
  readonly judge: Judge
  /** Expressions of it that do not compile. */
  readonly badExpressions: readonly Fault[]
  /** Undefined without a configuration. */
  readonly needs: Needs | undefined
  /** `unknown`: an expression on the way does not compile. */
  readonly ruleOf: (path: string) => Promise<RuleOfFile | undefined | 'unknown'>
}

/** @throws SopsError `generic` for a configuration that cannot be used. */
export type ConfigViewOf = (path: string) => Promise<ConfigView>

export function configViews(
  ctx: Context,
  configFor: (path: string) => Promise<Config | undefined>,
  chosen: ChosenLevels,
): ConfigViewOf {
  const quiet = contextAtHand(ctx)
  const known = new Map<Config | undefined, Promise<ConfigView>>()
  return async (path) => {
    const config = await configFor(path)
    const found = known.get(config) ?? viewOf(config, quiet, chosen)
    known.set(config, found)
    return found
  }
}

async function viewOf(config: Config | undefined, ctx: Context, chosen: ChosenLevels): Promise<ConfigView> {
  const today = todayOf(ctx)
  const groups = new Map<number, Promise<readonly KeyGroup[]>>()
  const badExpressions = config ? await badExpressionsOf(config) : []
  const find = config ? ruleFinder(config, ctx) : async () => undefined
  return {
    config,
    today,
    badExpressions,
    judge: makeJudge(config, chosen, today, ctx),
    needs: config && tolerant(needsUnder(config, ctx), badExpressions.length > 0),
    ruleOf: (path) => (badExpressions.length === 0 ? find(path) : find(path).catch(unknownRule)),
    nameOf: recipientNames(config, ctx),
    policyOf: policyFinder(config, ctx),
    revoked: revokedRecipients(config, today, ctx),
    groupsOf: (rule) => {
      const made = groups.get(rule.index) ?? rule.keyGroups()
      groups.set(rule.index, made)
      return made
    },
  }
}

function unknownRule(error: unknown): 'unknown' {
  if (error instanceof SopsError) return 'unknown'
  throw error
}

/** What rules with such expressions ask for nobody can tell; the expressions are findings themselves. */
function tolerant(needs: Needs, isBroken: boolean): Needs {
  if (!isBroken) return needs
  const none = (error: unknown): undefined => {
    if (!(error instanceof SopsError)) throw error
  }
  return {
    rule: (path) => needs.rule(path).catch(none),
    has: async (bytes, path, rule) => (await needs.has(bytes, path, rule).catch(none)) ?? false,
  }
}

async function badExpressionsOf(config: Config): Promise<readonly Fault[]> {
  const drafts: Fault[] = []
  const expressions = selectionSettings.filter(({ by }) => by !== 'suffix').map(({ field }) => field)
  for (const [index, rule] of (config.creationRules ?? []).entries())
    for (const field of ['path_regex' as const, ...expressions]) {
      const pattern = rule[field]
      const reason = pattern ? await failure(pattern, field) : undefined
      const lines = config.lines.get(rule)
      const line = lines?.fields[field] ?? lines?.line
      if (reason !== undefined)
        drafts.push({
          rule: 'bad-regex',
          message: `${field} of creation_rules[${index}] does not compile: ${reason}`,
          position: line === undefined ? undefined : { line, column: 1 },
        })
    }
  return drafts
}

const failure = (pattern: string, what: string): Promise<string | undefined> =>
  compileRegex(pattern, what).then(() => undefined, messageOf)
