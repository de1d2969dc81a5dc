// Recorded cases of the reference: master keys, the configuration file and variables.
import { conformanceTests } from '../support/conformance/suite.ts'

conformanceTests(['config-rules', 'env-vars', 'keys-age', 'keys-pgp', 'keys-service', 'keys-shamir'])
