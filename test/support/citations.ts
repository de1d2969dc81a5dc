// Citations of docs/spec, where they are and where they lead.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './build.ts'

/** The text below each heading that has a number, by that number, and the words of the other headings. */
interface Specification {
  readonly sections: ReadonlyMap<string, string>
  readonly titles: ReadonlySet<string>
}

const specifications = new Map(
  readdirSync(join(root, 'docs/spec')).map((name) => [name, read(readFileSync(join(root, 'docs/spec', name), 'utf8'))]),
)

function read(text: string): Specification {
  const sections = new Map<string, string>()
  const titles = new Set<string>()
  for (const part of text
    .replace(/^```.*?^```/gms, '')
    .split(/^#{2,}\s+/m)
    .slice(1)) {
    const [title = '', ...lines] = part.split('\n')
    const number = /^\d+(?:\.\d+)*/.exec(title)?.[0]
    if (number === undefined) titles.add(title.toLowerCase())
    else sections.set(number, lines.join('\n'))
  }
  return { sections, titles }
}

const list = (item: string): string => `${item}(?:(?:, | and | to )${item})*`
const section = String.raw`(\d+(?:\.\d+)*)`
const paragraphs = String.raw`(?: (${list('[A-Z]')})(?![\w’']))?`
const rows = `(?:,? rows? (${list('[0-9]+')}))?`
/** `2.4`, `7.9 A to C`, `8 V`, `14, rows 8 and 17`. */
const place = new RegExp(section + paragraphs + rows, 'y')
const separator = /(?:, | and | to )(?=\d)/y

/** Reads the places cited behind a file's name, from `at` on. */
function readPlaces(text: string, at: number, { sections, titles }: Specification): { end: number; faults: string[] } {
  const faults: string[] = []
  const heading = /, ([a-z]+)/y
  heading.lastIndex = at
  const word = heading.exec(text)
  if (word && titles.has(word[1]!)) return { end: heading.lastIndex, faults }
  let end = at
  place.lastIndex = at + 1
  for (let m = text[at] === ' ' ? place.exec(text) : null; m; m = place.exec(text)) {
    end = place.lastIndex
    const [, number = '', letters = '', numbers = ''] = m
    const body = sections.get(number)
    if (body === undefined) faults.push(`no section ${number}`)
    for (const letter of letters.match(/[A-Z]/g) ?? [])
      if (!body?.includes(`**${letter}. `)) faults.push(`no paragraph ${letter} in ${number}`)
    for (const row of numbers.match(/\d+/g) ?? [])
      if (!body?.includes(`\n| ${row} |`)) faults.push(`no row ${row} in ${number}`)
    separator.lastIndex = end
    if (!separator.test(text)) break
    place.lastIndex = separator.lastIndex
  }
  if (end === at && sections.size > 0) faults.push('no section named')
  return { end, faults }
}

/** Names whose own versions and sections may stand in a comment, with these numbers. */
const named =
  /\b(?:RFC \d+|FIPS \d+|YAML|SOPS|OAuth|semver|gpg|GnuPG|OpenSSH|Node|HTTP|TLS|[Vv]ersions?)(?:(?:,| and| or| nor| to)? \(?(?:before |after |sections? )?v?\d+(?:\.\d+)*)+/g
const looksCited = /(?<![\w.:])\d+\.\d+(?:\.\d+)?(?![\w:]|\.\d)|§ ?\d|\b(?:sections?|rows?|nos?\.|chapters?) \d+/g

/**
 * What is wrong with the citations of a comment: a file that is not there, a section, paragraph or row that is not in it, or a number that
 * looks like a section and does not say of which file. `spec/` stands for docs/spec/, other paths begin at the root. A dotted number is
 * no citation in backticks, or behind a name that has versions or sections of its own.
 */
export function citationFaults(comment: string): string[] {
  const faults: string[] = []
  let rest = ''
  let at = 0
  for (const { 0: path, index } of comment.matchAll(/[\w./-]*\w\.md\b/g)) {
    if (index < at) continue
    rest += comment.slice(at, index)
    at = index + path.length
    const specification = path.startsWith('spec/') ? specifications.get(path.slice(5)) : undefined
    if (specification) {
      const places = readPlaces(comment, at, specification)
      at = places.end
      faults.push(...places.faults.map((fault) => `${path}: ${fault}`))
    } else if (path.startsWith('spec/') || path.startsWith('docs/spec/') || !existsSync(join(root, path)))
      faults.push(`${path}: no such file`)
  }
  rest = (rest + comment.slice(at)).replace(/`[^`]*`/g, '').replace(named, '')
  for (const [number] of rest.matchAll(looksCited)) faults.push(`${number}: of which file?`)
  return faults
}

/** What is wrong with the references of a file of docs/spec to its own sections and to its siblings'. */
export function referenceFaults(name: string, text: string): string[] {
  const faults: string[] = []
  for (const { 1: other, index, 0: mark } of text.matchAll(/`([a-z-]+\.md)`(?= \d)/g))
    faults.push(
      ...readPlaces(text, index + mark.length, specifications.get(other!) ?? read('')).faults.map(
        (f) => `${other}: ${f}`,
      ),
    )
  const own = specifications.get(name)!.sections
  for (const [, number] of text.matchAll(/(?<!RFC \d+ )§ ?(\d+(?:\.\d+)*)/g))
    if (!own.has(number!)) faults.push(`§${number}: no such section`)
  for (const [, number] of text.matchAll(/\((\d+\.\d+)(?: [A-Z])?\)/g))
    if (!own.has(number!)) faults.push(`(${number}): no such section`)
  return faults
}
