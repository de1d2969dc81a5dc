// PostgreSQL connection strings: a URL, or words with values. libpq's grammar; where the reference's differs and serves something, its.
import { SopsError } from '../errors.ts'
import { isWord } from './words.ts'

interface Settings {
  readonly words: ReadonlyMap<string, string>
  /** Run-time parameters, for the server. */
  readonly parameters: Readonly<Record<string, string>>
}

interface Given {
  readonly name: string
  readonly value: string
  /** False where the name may be a piece of a password. */
  readonly mayQuote: boolean
}

const malformed = (reason: string): SopsError =>
  new SopsError('generic', `the connection string is malformed: ${reason}`)

/** @throws SopsError `generic`; the message quotes no value, since any may be a password. */
export function parseConnectionString(text: string): Settings {
  const isUrl = /^postgres(?:ql)?:\/\//.test(text)
  const given = isUrl ? fromUrl(text) : fromWords(text)
  const words = new Map<string, string>()
  const parameters: Record<string, string> = Object.create(null)
  for (const { name, value, mayQuote } of given) {
    if (isWord(name, mayQuote)) words.set(name, value)
    else parameters[name] = value
  }
  return { words, parameters }
}

/** An unquoted value ends at a blank, one in single quotes may contain blanks; a backslash escapes the next character. */
const word = /([^ \t\n\v\f\r=]*)[ \t\n\v\f\r]*=[ \t\n\v\f\r]*(?:'((?:[^'\\]|\\.)*)'|(?!')((?:[^ \t\n\v\f\r\\]|\\.)*))/sy
const blanks = /[ \t\n\v\f\r]*/y

/** The last of several counts. */
function* fromWords(text: string): Generator<Given> {
  let at = 0
  let mayQuote = true
  while (true) {
    blanks.lastIndex = at
    at += blanks.exec(text)![0].length
    if (at === text.length) return
    word.lastIndex = at
    const found = word.exec(text)
    if (!found) throw malformed('a word has no "=" with a value behind it, or a quote has no end')
    const [all, name = '', quoted, unquoted = ''] = found
    yield { name, value: (quoted ?? unquoted).replace(/\\(.)/gs, '$1'), mayQuote }
    mayQuote &&= !(/password/i.test(name) && quoted === undefined)
    at += all.length
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw malformed('a "%" without two hexadecimal digits, or bytes that are no UTF-8')
  }
}

/** The first of several counts, and the parts of the URL before its query. */
function fromUrl(text: string): readonly Given[] {
  const encode = 'in a name or password, ":", "@", "/", "?" and "#" are percent-encoded'
  const [, authority = '', path = '', query] = /^\w+:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(text)!
  if (text.includes('#') || path.includes('@')) throw malformed(encode)
  const at = authority.lastIndexOf('@')
  const [, user = '', password = ''] = /^([^:]*):?(.*)$/s.exec(authority.slice(0, Math.max(at, 0)))!
  const hosts = authority
    .slice(at + 1)
    .split(',')
    .map((host) => {
      const parts = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d*))?$/.exec(host)
      if (!parts) throw malformed(`a host with something else than a port behind it; ${encode}`)
      return { name: decoded(parts[1]!.replace(/^\[|\]$/g, '')), port: parts[2] ?? '' }
    })
  const list = (values: readonly string[]): string => (values.some((value) => value !== '') ? values.join(',') : '')
  const parts = [
    ['host', list(hosts.map(({ name }) => name))],
    ['port', list(hosts.map(({ port }) => port))],
    ['user', decoded(user)],
    ['password', decoded(password)],
    ['dbname', decoded(path)],
  ] as const
  const given = [...parts.filter(([, value]) => value !== ''), ...pairsOf(query ?? '')]
  const mayQuote = query === undefined || at >= 0 || !query.includes('@')
  return [...new Map([...given].reverse())].map(([name, value]) => ({ name, value, mayQuote }))
}

function pairsOf(query: string): [string, string][] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [, name, value] = /^([^=]*)=(.*)$/s.exec(pair.replaceAll('+', ' ')) ?? []
      if (name === undefined || value === undefined) throw malformed('a word of the query has no "="')
      // As JDBC writes it.
      return name === 'ssl' && value === 'true' ? ['sslmode', 'require'] : [decoded(name), decoded(value)]
    })
}
