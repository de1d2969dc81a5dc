// Findings as one JSON document, as all new commands write it.
import { jsonText } from '../many/report.ts'
import { byFile, countsOf, type Form } from './form.ts'

export const jsonForm: Form = (findings) => {
  const files = [...byFile(findings)].map(([path, own]) => ({
    path,
    findings: own.map(({ rule, level, keyPath, position, message, state, fix }) => ({
      rule,
      level,
      keyPath: keyPath ?? null,
      line: position?.line ?? null,
      ...(position ? { column: position.column } : {}),
      message,
      ...(state === undefined ? {} : { state }),
      ...(fix === undefined ? {} : { fix }),
    })),
  }))
  return `${jsonText({ version: 1, command: 'check', files, summary: countsOf(findings) })}\n`
}
