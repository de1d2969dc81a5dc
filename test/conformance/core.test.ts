// Recorded cases of the reference: single leaves, metadata, selection rules and tampered files.
import { conformanceTests } from '../support/conformance/suite.ts'

conformanceTests(['leaf-vectors', 'metadata', 'selection', 'tamper'])
