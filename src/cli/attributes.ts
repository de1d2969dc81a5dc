// Patterns of .gitattributes: those that mean exactly the files of a regular expression, and how they are written.
import { SopsError } from '../errors.ts'
import { bytesOf } from '../system/index.ts'

/** A part of what an expression matches: characters, or any number of them, at least `least`, of one name or `across` folders. */
type Part =
  | { readonly kind: 'text'; readonly glob: string }
  | { readonly kind: 'wild'; readonly least: number; readonly across: boolean }
  | { readonly kind: 'start' | 'end' }
type Parts = readonly Part[]

/** More alternatives than this are better said by hand. */
const mostAlternatives = 32

/** Raised for what patterns cannot say. */
class Unsaid extends Error {}

const unsaid = (): never => {
  throw new Unsaid()
}

const product = (left: readonly Parts[], right: readonly Parts[]): readonly Parts[] =>
  left.length * right.length > mostAlternatives
    ? unsaid()
    : left.flatMap((before) => right.map((after) => [...before, ...after]))

/** A character of a name, as a pattern that means only it. */
const literal = (character: string): Parts => [{ kind: 'text', glob: character.replace(/[*?[\]\\]/, '\\$&') }]

/** Reads the part of RE2 that patterns can say; anything else is `Unsaid`. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): readonly Parts[] {
    const found = this.#alternatives()
    return this.#at === this.#text.length ? found : unsaid()
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #alternatives(): readonly Parts[] {
    let found = this.#sequence()
    while (this.#take('|')) found = [...found, ...this.#sequence()]
    return found.length > mostAlternatives ? unsaid() : found
  }

  #sequence(): readonly Parts[] {
    let found: readonly Parts[] = [[]]
    while (this.#at < this.#text.length && !/[|)]/.test(this.#text[this.#at]!)) found = product(found, this.#repeated())
    return found
  }

  #repeated(): readonly Parts[] {
    const across = this.#take('.')
    if (across || this.#take('[^/]')) {
      const least = this.#take('*') ? 0 : this.#take('+') ? 1 : undefined
      // A lone point may be a slash, and git's `?` is a byte, not a character.
      if (least === undefined) return unsaid()
      // What is as short as possible matches the same names.
      this.#take('?')
      return [[{ kind: 'wild', least, across }]]
    }
    const one = this.#one()
    if (this.#take('?')) return [[], ...one]
    return /[*+{]/.test(this.#text[this.#at] ?? '') ? unsaid() : one
  }

  #one(): readonly Parts[] {
    if (this.#take('^')) return [[{ kind: 'start' }]]
    if (this.#take('$')) return [[{ kind: 'end' }]]
    if (this.#take('(?:') || (!this.#text.startsWith('(?', this.#at) && this.#take('('))) {
      const found = this.#alternatives()
      return this.#take(')') ? found : unsaid()
    }
    const [, set] = /^(\[[\w.-]+\])/.exec(this.#text.slice(this.#at)) ?? []
    if (set !== undefined) {
      this.#at += set.length
      return [[{ kind: 'text', glob: set }]]
    }
    const escaped = this.#take('\\')
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)
    if (character === '\0' || /[\r\n]/.test(character)) return unsaid()
    if (escaped ? /[\w\s]/.test(character) : /[*+?{}[\]()]/.test(character)) return unsaid()
    this.#at += character.length
    return [literal(character)]
  }
}

const anything: Part = { kind: 'wild', least: 0, across: true }

/** The parts without anchors, with what stands for a missing one; neighbours that match anything become one. */
function unanchored(parts: Parts): Parts {
  const isStart = parts[0]?.kind === 'start'
  const isEnd = parts.at(-1)?.kind === 'end'
  const inner = parts.slice(isStart ? 1 : 0, isEnd ? -1 : undefined)
  const merged: Part[] = []
  for (const part of [...(isStart ? [] : [anything]), ...inner, ...(isEnd ? [] : [anything])]) {
    const last = merged.at(-1)
    if (part.kind === 'start' || part.kind === 'end') return unsaid()
    if (part.kind === 'wild' && last?.kind === 'wild') {
      merged[merged.length - 1] = { kind: 'wild', least: last.least + part.least, across: last.across || part.across }
    } else merged.push(part)
  }
  return merged
}

function globsOf(parts: Parts): readonly string[] {
  let globs: readonly string[] = ['']
  for (const part of unanchored(parts)) {
    globs = globs.flatMap((glob) => {
      if (part.kind === 'text') return [glob + part.glob]
      if (part.kind !== 'wild') return unsaid()
      if (part.least > 1) return unsaid()
      const within = `${glob}${part.least > 0 ? '?*' : '*'}`
      if (!part.across) return [within]
      const isFolder = glob === '' || glob.endsWith('/')
      return part.least === 0 && isFolder ? [`${glob}**/*`] : [within, `${glob}*/**/*`]
    })
    if (globs.length > mostAlternatives) return unsaid()
  }
  return globs
}

/** The pattern in the form that people write: one name for any folder, a slash in front for this folder. */
function usual(glob: string): string {
  const [, name] = /^\*\*\/([^/]*)$/.exec(glob) ?? []
  if (name !== undefined) return name
  return glob.includes('/') ? glob : `/${glob}`
}

/**
 * Patterns that together match exactly the paths that the expression (RE2, found anywhere in the path) matches; undefined if there are none
 * for it, or it matches every file.
 */
export function patternsOf(expression: string): readonly string[] | undefined {
  try {
    const patterns = new Reader(expression).whole().flatMap(globsOf).map(usual)
    return patterns.includes('*') ? undefined : [...new Set(patterns)]
  } catch (error) {
    if (error instanceof Unsaid) return undefined
    throw error
  }
}

/** The pattern for a folder, in the attributes of the folder that `prefix` starts from: `''`, or `a/b/`. */
export function patternIn(prefix: string, pattern: string): string {
  if (prefix === '') return pattern
  const folder = prefix.replace(/[*?[\]\\]/g, '\\$&')
  if (pattern.startsWith('/')) return folder + pattern.slice(1)
  return pattern.includes('/') ? folder + pattern : `${folder}**/${pattern}`
}

/** @throws SopsError `generic` for what git would not take as a pattern. */
export function refusePattern(pattern: string): void {
  const reason =
    pattern.trim() === ''
      ? 'is empty'
      : pattern.startsWith('!')
        ? 'begins with "!", which .gitattributes does not have'
        : pattern.startsWith('[attr]')
          ? 'begins with "[attr]", which defines something else there'
          : undefined
  if (reason === undefined) return
  throw new SopsError('generic', `the pattern ${JSON.stringify(pattern)} ${reason}`, {
    hints: ["patterns are written as in .gitignore: sops git install '*.secret.yaml' 'secrets/**'"],
  })
}

/** The pattern at the beginning of a line of attributes, its bytes as Latin-1. */
export function patternText(pattern: string): string {
  const bytes = Buffer.from(bytesOf(pattern)).toString('latin1')
  if (!/[\s"\x00-\x1f\x7f]|^#/.test(bytes)) return bytes
  const octal = (c: string): string => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`
  return `"${bytes.replace(/["\\]/g, '\\$&').replace(/[\x00-\x1f\x7f]/g, octal)}"`
}
