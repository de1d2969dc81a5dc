// Recorded cases of the reference: the commands, one group each.
import { conformanceTests } from '../support/conformance/suite.ts'

conformanceTests([
  'cli-encrypt-decrypt',
  'cli-edit',
  'cli-extract',
  'cli-exec',
  'cli-filestatus',
  'cli-groups',
  'cli-help-version-completion',
  'cli-legacy',
  'cli-parsing',
  'cli-publish',
  'cli-rotate',
  'cli-set-unset',
  'cli-updatekeys',
])
