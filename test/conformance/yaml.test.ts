// Recorded cases of the reference: YAML files, and conversions from and to them.
import { conformanceTests } from '../support/conformance/suite.ts'

conformanceTests(['yaml-values', 'yaml-comments', 'cross-format'])
