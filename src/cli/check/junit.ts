// Findings as JUnit XML: errors are failures. What is less is skipped: a test that passes would not be shown, and one that fails would fail jobs.
// No text stands in system-out: servers attach files that are named there.
import { shown } from '../../system/index.ts'
import { oneLine } from '../../text/quote.ts'
import { adviceOf, countsOf, type Form, type ShownFinding, sentenceOf, toldApart } from './form.ts'

const suiteName = 'sops check'

export const junitForm: Form = (findings, { now }) => {
  const { errors, warnings, notes } = countsOf(findings)
  // Servers take a report without a test for a mistake.
  const cases = findings.length > 0 ? casesOf(findings) : [`${opening(suiteName, 'nothing to report')}/>`]
  const counts = {
    name: suiteName,
    tests: cases.length,
    failures: errors,
    errors: 0,
    skipped: warnings + notes,
    time: 0,
  }
  // A date without a zone is UTC here, as Ant wrote it.
  const suite = { ...counts, timestamp: now.toISOString().slice(0, 19) }
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes(counts)}>`,
    `  <testsuite${attributes(suite)}>`,
    ...cases.map((one) => `    ${one}`),
    '  </testsuite>',
    '</testsuites>',
  ]
  return `${lines.join('\n')}\n`
}

function casesOf(findings: readonly ShownFinding[]): readonly string[] {
  const places = findings.map(({ place }) => shown(place))
  // Of tests with one name in one class servers show the first.
  const ids = findings.map(({ rule, keyPath }, i) => `${places[i]}\n${rule}${keyPath ? ` ${oneLine(keyPath)}` : ''}`)
  const names = toldApart(ids, (id, count) => `${id} (${count})`).map((id, i) => id.slice(places[i]!.length + 1))
  return findings.map((finding, i) => {
    const { level, rule, position } = finding
    const place = position ? `${places[i]}:${position.line}:${position.column}` : places[i]
    const outcome = level === 'error' ? 'failure' : 'skipped'
    const about = { ...(level === 'error' ? { type: rule } : {}), message: oneLine(sentenceOf(finding)) }
    const text = escaped(`${place} ${level} ${rule} ${adviceOf(finding)}`)
    return `${opening(places[i]!, names[i]!, places[i])}><${outcome}${attributes(about)}>${text}</${outcome}></testcase>`
  })
}

const opening = (classname: string, name: string, file?: string): string =>
  `<testcase${attributes({ classname, name, ...(file === undefined ? {} : { file }), time: 0 })}`

const attributes = (all: Readonly<Record<string, string | number>>): string =>
  Object.entries(all)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('')

const illegal = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu

/** What XML does not allow is replaced; what would end a text, steer a terminal or command a runner (`##[`, `##vso[`) is a reference. */
const escaped = (text: string): string =>
  text
    .replace(illegal, '\ufffd')
    .replace(/[&<>"\p{C}\p{DI}\p{Zl}\p{Zp}]|(?<=#)#/gu, (character) => `&#x${character.codePointAt(0)!.toString(16)};`)
