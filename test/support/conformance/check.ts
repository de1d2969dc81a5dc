// Matchers of the conformance cases: each answers with what is wrong, or with nothing.
import { bytesOf, type Matcher, type TreeFormat } from './case.ts'
import { jsonRows } from './json-rows.ts'
import { inMetadata, type Row, type Rows } from './leaf.ts'
import { dotenvRows, iniRows } from './line-rows.ts'
import { yamlRows } from './yaml-rows.ts'

const readers: Readonly<Record<TreeFormat, (text: string) => Rows>> = {
  yaml: yamlRows,
  json: jsonRows,
  dotenv: dotenvRows,
  ini: iniRows,
}

/** Compares two documents: paths, order, types and values. The metadata's place and order inside the file is free, its content is not. */
export function differentTree(format: TreeFormat, want: string, got: string, comments = false): string | undefined {
  const [wanted, found] = [readers[format](want), readers[format](got)]
  const [wantedRows, foundRows] = [arranged(wanted.rows), arranged(found.rows)]
  for (let at = 0; at < Math.max(wantedRows.length, foundRows.length); at++) {
    const [a, b] = [wantedRows[at], foundRows[at]]
    if (a !== b) return `at row ${at}: want «${a ?? 'nothing'}», got «${b ?? 'nothing'}»`
  }
  if (!comments) return undefined
  const [a, b] = [JSON.stringify(wanted.comments), JSON.stringify(found.comments)]
  return a === b ? undefined : `comments: want ${a}, got ${b}`
}

function arranged(rows: readonly Row[]): string[] {
  const isMeta = ([path]: Row): boolean => inMetadata(path.split('/'))
  const metadata = rows.filter(isMeta).sort(([a], [b]) => (a < b ? -1 : 1))
  return [...rows.filter((row) => !isMeta(row)), ...metadata].map(([path, value]) => `${path} = ${value}`)
}

/** Up to here chance writes a word into the base64 of some file. */
const likely = 8

/** Random bytes as base64: the parts of ciphertext, and lines of armor. */
const random = /(?<=,?(?:data|iv|tag):)[A-Za-z0-9+/=]+|^[ \t]*[A-Za-z0-9+/=]{40,}[ \t]*$/gm

/** A short word counts only where it is text: what the values say is compared besides. */
const holds = (text: string, part: string): boolean =>
  text.includes(part) && (part.length > likely || text.replaceAll(random, '').includes(part))

export function clip(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString()
  return JSON.stringify(text.length > 400 ? `${text.slice(0, 400)}…` : text)
}

/** What is wrong with `got` (null: there is no such file); `fill` replaces the placeholders. */
export function mismatches(what: string, want: Matcher, got: Buffer | null, fill: (text: string) => string): string[] {
  if (want.absent) return got === null ? [] : [`${what}: should not exist`]
  if (got === null) return [`${what}: does not exist`]
  const text = got.toString()
  const problems: string[] = []
  if (want.exact !== undefined) {
    const exact = typeof want.exact === 'string' ? Buffer.from(fill(want.exact)) : bytesOf(want.exact)
    if (!exact.equals(got)) problems.push(`${what}: want ${clip(exact)}, got ${clip(got)}`)
  }
  for (const part of want.has ?? []) {
    if (!text.includes(fill(part))) problems.push(`${what}: lacks ${JSON.stringify(part)}; got ${clip(got)}`)
  }
  for (const part of want.lacks ?? []) {
    if (holds(text, fill(part))) problems.push(`${what}: must not contain ${JSON.stringify(part)}`)
  }
  if (want.match !== undefined && !new RegExp(want.match, 'm').test(text)) {
    problems.push(`${what}: does not match /${want.match}/; got ${clip(got)}`)
  }
  if (want.tree) {
    try {
      const problem = differentTree(want.tree.format, fill(want.tree.text), text, want.tree.comments)
      if (problem) problems.push(`${what}: ${problem}`)
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.message : error}; got ${clip(got)}`)
    }
  }
  return problems
}
