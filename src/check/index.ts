// Front door: what is wrong with the files of a repository, found without keys.
export { type Checked, type CheckedName, type CheckOptions, checkFiles } from './check.ts'
export type { FileVersion } from './checked-file.ts'
export { type Draft, type Finding, fingerprintOf, type Level } from './finding.ts'
export { type ChosenLevels, refuseUnknown } from './levels.ts'
export { type RuleId, ruleIds, rules } from './rules.ts'
