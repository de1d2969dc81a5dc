// Findings as SARIF, for code scanning: paths are addresses relative to the top of the work tree.
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fingerprintOf, rules } from '../../check/index.ts'
import type { CheckLevel } from '../../config/index.ts'
import { bytesOf, LOST } from '../../system/index.ts'
import { jsonText } from '../many/report.ts'
import { adviceOf, type Form, type ShownFinding } from './form.ts'

/** That of package.json. */
const home = 'https://github.com/OWNER/sops-ts#readme'
const schema = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'
/** The name that code scanning knows for the top of the sources. */
const top = '%SRCROOT%'

const levels: Readonly<Record<CheckLevel, string>> = { off: 'none', info: 'note', warn: 'warning', error: 'error' }

const descriptors = rules.map(({ id, level, summary }) => ({
  id,
  shortDescription: { text: summary },
  fullDescription: { text: summary },
  help: { text: `How loud it is: --rule ${id}=LEVEL, or rules of x-sops-ts.check in .sops.yaml.` },
  defaultConfiguration: { level: levels[level], ...(level === 'off' ? { enabled: false } : {}) },
}))

const indexOf: ReadonlyMap<string, number> = new Map(rules.map(({ id }, index) => [id, index]))

export const sarifForm: Form = (findings, { version }) => {
  const driver = { name: 'sops-ts', version, informationUri: home, rules: descriptors }
  const run = {
    tool: { driver },
    columnKind: 'unicodeCodePoints',
    originalUriBaseIds: { [top]: { description: { text: 'The top of the work tree.' } } },
    results: findings.map(resultOf),
  }
  return `${jsonText({ $schema: schema, version: '2.1.0', runs: [run] })}\n`
}

const resultOf = (finding: ShownFinding): object => ({
  ruleId: finding.rule,
  ruleIndex: indexOf.get(finding.rule),
  level: finding.level,
  message: { text: messageText(adviceOf(finding)) },
  locations: [{ physicalLocation: { artifactLocation: artifactOf(finding), region: regionOf(finding) } }],
  partialFingerprints: { 'sopsCheck/v1': fingerprintOf(finding) },
})

/** Readers put arguments for `{0}` and make a link of `[text](address)`: the text has neither. */
const messageText = (text: string): string => text.replace(/[{}]/g, '$&$&').replaceAll('](', '] (')

/** Of a finding on a whole file the first line: GitHub shows no alert beside a change without one. */
const regionOf = ({ position }: ShownFinding): object =>
  position ? { startLine: position.line, startColumn: position.column } : { startLine: 1 }

function artifactOf({ place, path }: ShownFinding): object {
  if (isAbsolute(place) || place.startsWith('../')) return { uri: pathToFileURL(path).href }
  return { uri: addressOf(place), uriBaseId: top }
}

/** Each byte that means something in an address, or is none of ASCII, is percent-encoded, and so bytes that are no UTF-8 are there too. */
const addressOf = (place: string): string =>
  bytesOf(place.replaceAll(LOST, '\ufffd'))
    .toString('latin1')
    .replace(/[^\w./~!*'()-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
