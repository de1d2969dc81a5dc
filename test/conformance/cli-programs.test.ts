// Recorded cases of the reference: the commands that start other programs.
import { conformanceTests } from '../support/conformance/suite.ts'

conformanceTests(['cli-edit', 'cli-exec', 'cli-legacy', 'ecosystem'])
