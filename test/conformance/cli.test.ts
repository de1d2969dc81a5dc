// Recorded cases of the reference: the commands that need nothing but files.
import { conformanceTests } from '../support/conformance/suite.ts'

conformanceTests([
  'cli-encrypt-decrypt',
  'cli-extract',
  'cli-filestatus',
  'cli-groups',
  'cli-help-version-completion',
  'cli-parsing',
  'cli-publish',
  'cli-rotate',
  'cli-set-unset',
  'cli-updatekeys',
])
