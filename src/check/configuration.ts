// What is wrong with the creation rules themselves, seen from the files that there are.
import type { Config } from '../config/index.ts'
import { inSingleQuotes } from '../text/quote.ts'
import type { ConfigView } from './config-view.ts'
import type { Fault } from './finding.ts'

/** Counts for each rule of a configuration whether it is the first to match a file. */
interface RuleUse {
  see(path: string, around: ConfigView): Promise<void>
  /** For each configuration that was seen, what is to be said of it. */
  drafts(): readonly { readonly config: Config; readonly around: ConfigView; readonly drafts: readonly Fault[] }[]
}

export function ruleUse(): RuleUse {
  const used = new Map<ConfigView, Set<number>>()
  return {
    see: async (path, around) => {
      const seen = used.get(around) ?? new Set()
      used.set(around, seen)
      // Once all are in use there is nothing left to find.
      if (seen.size === (around.config?.creationRules ?? []).length) return
      const rule = await around.ruleOf(path)
      if (rule !== undefined && rule !== 'unknown') seen.add(rule.index)
    },
    drafts: () =>
      [...used].flatMap(([around, seen]) =>
        around.config ? [{ config: around.config, around, drafts: unusedDrafts(around.config, seen) }] : [],
      ),
  }
}

function unusedDrafts({ creationRules = [], lines }: Config, used: ReadonlySet<number>): readonly Fault[] {
  return creationRules.flatMap((rule, index) => {
    if (used.has(index)) return []
    const places = lines.get(rule)
    const line = places?.fields.path_regex ?? places?.line
    const pattern = rule.path_regex ? `path_regex ${inSingleQuotes(rule.path_regex)}` : 'without path_regex'
    return {
      rule: 'unused-rule' as const,
      message: `creation_rules[${index}], ${pattern}, is not the first rule to match any file`,
      position: line === undefined ? undefined : { line, column: 1 },
    }
  })
}
