// Recorded cases of the reference: master keys, the configuration file, variables, and how other programs call us.
import { conformanceTests } from '../support/conformance/suite.ts'

conformanceTests(['config-rules', 'env-vars', 'keys-age', 'keys-pgp', 'keys-service', 'keys-shamir', 'ecosystem'])
