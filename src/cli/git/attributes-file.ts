// The lines of `sops git install` in a file of attributes: how they get there, and how the file becomes again what it was. Texts here are
// Latin-1: each character is a byte of the file.

/** What an installation did to a file of attributes. */
export interface AttributesRecord {
  /** The file before it; null where there was none. */
  readonly before: string | null
  readonly after: string
  /** Lines that were added, without their ends. */
  readonly added: readonly string[]
  /** Lines that were given more attributes: as they are, and as they were. */
  readonly changed: readonly (readonly [now: string, was: string])[]
}

/** What files of sops have in every clone, and where they are to stand in clear in the work tree. */
const shown = ['diff=sopsdiffer', 'merge=sops']
const filtered = [...shown, 'filter=sops']

/** The configuration is no file of sops, though its name is like one of theirs: this is what Git says of it by itself. */
const exception = '.sops.yaml !diff !merge !filter'

/** A line without its end, and the end. */
type Line = readonly [text: string, end: string]

const linesOf = (text: string): readonly Line[] =>
  [...text.matchAll(/([^\r\n]|\r(?!\n))*(\r?\n|$)/g)].flatMap(([whole, , end = '']) =>
    whole === '' ? [] : [[whole.slice(0, whole.length - end.length), end] as const],
  )

const joined = (lines: readonly Line[]): string => lines.map(([text, end]) => text + end).join('')

const attributeOf = (word: string): string => word.replace(/^[-!]/, '').replace(/=.*$/, '')

/** The line with the words that it lacks, unless it says something else of the attribute; undefined for a line about other files. */
function completed(line: string, pattern: string, words: readonly string[]): string | undefined {
  const rest = line.trimStart()
  if (!rest.startsWith(pattern) || !/^[ \t]/.test(rest.slice(pattern.length))) return undefined
  const there = rest.slice(pattern.length).split(/[ \t\r]+/)
  if (!there.includes(words[0]!)) return undefined
  const said = new Set(there.map(attributeOf))
  const missing = words.filter((word) => !said.has(attributeOf(word)))
  return missing.length === 0 ? line : `${line.trimEnd()} ${missing.join(' ')}`
}

/** An installation: the text after it, and its record. A text that has everything is returned as it is. */
export function withAttributes(
  old: string | undefined,
  patterns: readonly string[],
  { filter, earlier }: { readonly filter: boolean; readonly earlier: AttributesRecord | undefined },
): AttributesRecord {
  const words = filter ? filtered : shown
  const lines = [...linesOf(old ?? '')]
  const changes: (readonly [now: string, was: string])[] = []
  const added: string[] = []
  for (const pattern of patterns) {
    const at = lines.findLastIndex(([text]) => completed(text, pattern, words) !== undefined)
    const [was, end] = lines[at] ?? []
    if (was === undefined || end === undefined) {
      added.push(`${pattern} ${words.join(' ')}`)
      continue
    }
    const now = completed(was, pattern, words)!
    if (now !== was) changes.push([now, was])
    lines[at] = [now, end]
  }
  const exceptionAt = lines.findLastIndex(([text]) => text === exception)
  const inserted = exceptionAt < 0 ? [...added, exception] : added
  const isCrlf = lines.length > 0 && lines.every(([, end]) => end === '\r\n' || end === '') && lines[0]![1] !== ''
  const newline = isCrlf ? '\r\n' : '\n'
  const last = lines.at(-1)
  if (inserted.length > 0 && exceptionAt < 0 && last?.[1] === '') lines[lines.length - 1] = [last[0], newline]
  const at = exceptionAt < 0 ? lines.length : exceptionAt
  const all = [...lines.slice(0, at), ...inserted.map((text): Line => [text, newline]), ...lines.slice(at)]
  return {
    before: withoutAttributes(old, earlier) ?? null,
    after: joined(all),
    ...composed(earlier, inserted, changes),
  }
}

/** What two installations together have added and changed. */
function composed(
  earlier: AttributesRecord | undefined,
  inserted: readonly string[],
  changes: AttributesRecord['changed'],
): Pick<AttributesRecord, 'added' | 'changed'> {
  const now = new Map(changes.map(([next, was]) => [was, next]))
  const all = new Map((earlier?.changed ?? []).map(([next, was]) => [now.get(next) ?? next, was]))
  const first = new Set([...(earlier?.added ?? []), ...(earlier?.changed ?? []).map(([next]) => next)])
  for (const [next, was] of changes) if (!first.has(was)) all.set(next, was)
  return {
    added: [...new Set([...(earlier?.added ?? []).map((text) => now.get(text) ?? text), ...inserted])],
    changed: [...all],
  }
}

/**
 * The file without what an installation has done to it; undefined where there was no file, and nothing but its lines is in it. What somebody
 * else has written since then stays.
 */
export function withoutAttributes(text: string | undefined, record: AttributesRecord | undefined): string | undefined {
  if (record === undefined || text === undefined) return text
  if (text === record.after) return record.before ?? undefined
  const added = new Set(record.added)
  const was = new Map(record.changed)
  const lines = linesOf(text).flatMap(([line, end]): readonly Line[] => {
    if (added.delete(line)) return []
    const old = was.get(line)
    was.delete(line)
    return [[old ?? line, end]]
  })
  if (lines.length === 0 && record.before === null) return undefined
  const [before, last] = [linesOf(record.before ?? '').at(-1), lines.at(-1)]
  // The line that was the last one had no end before others came behind it.
  if (before?.[1] === '' && last?.[0] === before[0]) lines[lines.length - 1] = [last[0], '']
  return joined(lines)
}
