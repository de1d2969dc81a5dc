// Reads texts by the rules of docs/reference-grammar.md with other eyes than the program's, and names what SOPS would refuse in them, or,
// of encrypted values in YAML, what other readers would.
import { type CST, Parser } from 'yaml'
import type { FormatId } from '../../src/index.ts'

type Problems = string[]

/** What the reference would refuse, or see otherwise; `says` tells which comments have a say in what is encrypted. */
export function refusedByReference(format: FormatId, text: string, says: (comment: string) => boolean): string[] {
  const problems: Problems = []
  if (format === 'yaml') readYaml(text, says, problems)
  else if (format === 'json') readJson(text, problems)
  else if (format === 'dotenv') readDotenv(text, problems)
  else if (format === 'ini') readIni(text, says, problems)
  return problems
}

// ---- YAML

function readYaml(text: string, says: (comment: string) => boolean, problems: Problems): void {
  const lines = text.replace(/^\ufeff/, '').replace(/\r(?!\n)/g, '\n')
  for (const token of new Parser().parse(lines)) {
    if (token.type === 'directive') readDirective(token.source, problems)
    else if (token.type === 'document' && token.value)
      for (const found of readNode(token.value, says)) problems.push(found)
  }
}

function readDirective(source: string, problems: Problems): void {
  const words = source
    .replace(/\s#.*$/, '')
    .trim()
    .split(/\s+/)
  if (words[0] === '%YAML' && (words.length !== 2 || !/^0*1\.0*1(?:#|$)/.test(words[1]!))) problems.push(source)
  if (words[0] === '%TAG' && !/^(?:[\w;/?:@&=+$,.!~*'()[\]-]|%[0-9A-Fa-f]{2})+$/.test(words[2] ?? ''))
    problems.push(source)
}

/** Nesting can be deep: nothing recurs. */
function readNode(root: CST.Token, says: (comment: string) => boolean): Problems {
  const problems: Problems = []
  const open: (readonly [CST.Token, boolean])[] = [[root, false]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [token, flow] = next
    const source = 'source' in token ? token.source : ''
    const isDouble = token.type === 'double-quoted-scalar'
    // YAML 1.2 ends quotes at a line that is indented less: it reads another document than the reference.
    if ((isDouble || token.type === 'single-quoted-scalar') && !/^(["']).*\1$/s.test(source)) return []
    if (isDouble && /(?:^|[^\\])(?:\\\\)*\\\//.test(source)) problems.push(source)
    // At its start it is a key's indicator for the reference.
    else if (token.type === 'scalar' && flow && source.includes('?', 1)) problems.push(source)
    else if (token.type === 'flow-collection' || token.type === 'block-map' || token.type === 'block-seq') {
      const inner = token.type === 'flow-collection'
      // Behind the bracket, before any line break.
      const beside = inner ? token.items[0]?.start.find(({ type }) => type !== 'space') : undefined
      const isEmpty = inner && token.items.every(({ key, value }) => !key && !value)
      if (beside?.type === 'comment' && !isEmpty && says(beside.source)) problems.push(beside.source)
      for (const item of token.items) {
        if (item.key) {
          open.push([item.key, inner])
          readKey(item, token.type, problems)
        }
        readEncrypted(item, inner, problems)
        if (item.value) open.push([item.value, inner])
      }
    }
  }
  return problems
}

const token = /^ENC\[AES256_GCM,data:[\w+/=]*,iv:[\w+/=]+,tag:[\w+/=]+,type:(?:str|int|float|bool|time|comment)\]$/

/** An encrypted value may be plain, in quotes or a block scalar without line end, and have a tag of the user's own or `!!str`. */
function readEncrypted({ start, sep, value }: CST.CollectionItem, flow: boolean, problems: Problems): void {
  if (!value || !('source' in value) || !/ENC\[AES256_GCM,|ENC.{0,9}AES256_GCM,data/.test(value.source)) return
  if (/\sENC\[|ENC\[.*\s/.test(value.source.trim())) return
  const { source, type } = value
  const header = 'props' in value ? value.props.find((prop) => prop.type === 'block-scalar-header') : undefined
  const bare =
    type === 'block-scalar'
      ? header && 'source' in header && header.source.includes('-') && source.trim()
      : type === 'scalar'
        ? !flow && source
        : /^(["']).*\1$/.test(source) && source.slice(1, -1)
  if (!bare || !token.test(bare)) problems.push(source)
  const props = 'props' in value ? value.props : []
  for (const prop of [...start, ...(sep ?? []), ...props])
    if (prop.type === 'tag' && 'source' in prop && /^!(?:$|!(?!str$)|<tag:yaml(?!\.org,2002:str>))/.test(prop.source))
      problems.push(`${prop.source} ${source}`)
}

function readKey({ start, key, sep }: CST.CollectionItem, type: string, problems: Problems): void {
  if (type === 'block-seq' || start.some((token) => token.type === 'explicit-key-ind')) return
  const colon = sep?.find((token) => token.type === 'map-value-ind')
  if (!colon || !key || !('offset' in key)) return
  const between = sep!
    .slice(0, sep!.indexOf(colon))
    .some((token) => token.type === 'newline' || token.type === 'comment')
  const source = 'source' in key ? key.source : ''
  // The reference ends lines at all of these.
  if (between || /[\r\n\u0085\u2028\u2029]/.test(source) || [...source].length > 1024) problems.push(source || 'a key')
}

// ---- JSON and dotenv

function readJson(text: string, problems: Problems): void {
  try {
    const root: unknown = JSON.parse(text)
    if (typeof root !== 'object' || root === null || Array.isArray(root)) problems.push('no object at the root')
  } catch (error) {
    problems.push(String(error))
  }
}

function readDotenv(text: string, problems: Problems): void {
  for (const line of text.split('\n')) if (!/^(?:#.*|[^=]*=.*)?$/s.test(line)) problems.push(line)
}

// ---- INI

function readIni(text: string, says: (comment: string) => boolean, problems: Problems): void {
  const lines = text.replace(/^\ufeff/, '').split('\n')
  /** By section and key: of several lines of a key the reference keeps only the last one's comment. */
  const found = new Map<string, string | undefined>()
  let section = 0
  let above: string[] = []
  /** What is wrong with the comments of a key or header. */
  const end = (key: string, beside: string | undefined, problem?: string): void => {
    const all = beside === undefined ? above : [...above, beside]
    const isBare = all.length > 1 && /^(?:#[# ]*|;[; ]*)$/.test(all[0]!)
    found.set(`${section} ${key}`, problem ?? (isBare ? all.join('\n') : undefined))
    above = []
  }
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.trim()
    if (line === '') continue
    if (/^[#;]/.test(line)) above.push(line)
    else if (line.startsWith('[')) {
      section++
      end('', commentIn(line.slice(line.lastIndexOf(']'))))
    } else i = readKeyLine(i, line)
  }
  section++
  end('', undefined)
  for (const problem of found.values()) if (problem !== undefined) problems.push(problem)

  /** @returns the last line of the key's value. */
  function readKeyLine(at: number, line: string): number {
    const quote = /^("""|`|")/.exec(line)?.[1] ?? ''
    const close = quote === '' ? 0 : line.indexOf(quote, quote.length) + quote.length
    const name = (quote === '' ? line.split(/[=:]/)[0]! : line.slice(quote.length, close - quote.length)).trim()
    const key = name === '-' ? `- ${at}` : `k ${name}`
    const value = line
      .slice(close)
      .replace(/^[^=:]*[=:]/, '')
      .trim()
    const verbatim = /^(?:"""|`)/.exec(value)?.[0]
    if (verbatim !== undefined) return readVerbatim(key, at, value.slice(verbatim.length), verbatim)
    if (value.endsWith('\\')) {
      end(key, undefined)
      let last = at
      for (let part = value; part.endsWith('\\') && last + 1 < lines.length; part = lines[last]!.trim()) last++
      return last
    }
    const bare = value.replace(/^(["'])(?:(?!\1)[^#;])*\1/, '')
    end(key, commentIn(value), /^[^#;]*[^#;\s][#;]/.test(bare) ? value : undefined)
    return at
  }

  function readVerbatim(key: string, at: number, rest: string, quote: string): number {
    const close = rest.lastIndexOf(quote)
    if (close >= 0) {
      const behind = rest.slice(close + quote.length).trim()
      const comment = behind.replace(/^;(?:bare|double|single|lines(?: \d+\+\d+t?)+)(?=\s|$)/, '')
      end(key, undefined, says(comment) ? comment : undefined)
      return at
    }
    for (let i = at + 1; i < lines.length; i++) {
      const line = lines[i]!
      if (!line.includes(quote) || line.trimEnd().endsWith('\\')) continue
      end(key, commentIn(line.slice(line.lastIndexOf(quote) + quote.length)))
      return i
    }
    problems.push('an unclosed quote')
    return lines.length
  }
}

const commentIn = (text: string): string | undefined => /[#;].*$/.exec(text)?.[0]
