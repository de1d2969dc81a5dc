// Front door: what is wrong with the files of a repository, found without keys.
export { type CheckedName, type CheckOptions, checkFiles } from './check.ts'
export type { CheckedFile } from './checked-file.ts'
export { type CheckFinding, type Fault, fingerprintOf, type Level } from './finding.ts'
export { checkGitSetup } from './git-setup.ts'
export { isTelling, leakSearch, type Secret } from './leaks.ts'
export { type ChosenLevels, refuseUnknown } from './levels.ts'
export { type RuleId, ruleIds, rules } from './rules.ts'
