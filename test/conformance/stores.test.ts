// Recorded cases of the reference: binary, dotenv, INI and JSON files.
import { conformanceTests } from '../support/conformance/suite.ts'

conformanceTests(['binary', 'dotenv', 'ini', 'json-errors', 'json-values'])
