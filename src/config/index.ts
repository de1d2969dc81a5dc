// Front door: the configuration file .sops.yaml: find it, load it, ask it which rule applies to a file.
export { checkConfig, ruleHints, strayHints, type Warning } from './check.ts'
export type { ExaminedRule } from './examine.ts'
export { type ConfigFile, configsAbove, findConfig, misnamedHints, nearestConfig } from './find.ts'
export type { Finding } from './finding.ts'
export { loadExaminer } from './lazy.ts'
export {
  type CheckLevel,
  type Config,
  configFromBytes,
  type Flexible,
  type IgnoredFindings,
  loadConfig,
  type Policy,
  type RawDestinationRule,
  type RawKey,
  type RawKeyGroup,
  type RawRule,
  type StoreSettings,
  type UnknownField,
} from './load.ts'
export {
  type CreationRule,
  type Destination,
  type DestinationRule,
  type MatchOptions,
  matchCreationRule,
  matchDestinationRule,
  type RuleOfFile,
  type RuleSettings,
  ruleFinder,
  ruleOf,
  ruleSubject,
} from './match.ts'
export { type RecipientNames, recipientNames } from './names.ts'
export { checkLevels } from './shape.ts'
