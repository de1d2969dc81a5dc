// Findings as a Code Quality report of GitLab.
import { fingerprintOf, type Level } from '../../check/index.ts'
import { jsonText } from '../many/report.ts'
import { adviceOf, type Form, toldApart } from './form.ts'

/** An error is what the job fails for. */
const severities: Readonly<Record<Level, string>> = { error: 'blocker', warning: 'minor', note: 'info' }

export const gitlabForm: Form = (findings) => {
  // Of equal ones GitLab shows the first.
  const fingerprints = toldApart(findings.map(fingerprintOf), (fingerprint, count) => `${fingerprint}-${count}`)
  const issues = findings.map((finding, index) => ({
    description: adviceOf(finding),
    check_name: finding.rule,
    fingerprint: fingerprints[index],
    severity: severities[finding.level],
    location: { path: finding.place, lines: { begin: finding.position?.line ?? 1 } },
  }))
  return `${jsonText(issues)}\n`
}
