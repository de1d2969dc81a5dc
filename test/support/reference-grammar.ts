// Reads texts by the rules of docs/reference-grammar.md with other eyes than the program's, and names what SOPS would refuse in them.
import { type CST, Parser } from 'yaml'
import type { FormatId } from '../../src/index.ts'

type Problems = string[]

/** What the reference would refuse, or see otherwise; `says` tells which INI comments have a say in what is encrypted. */
export function refusedByReference(format: FormatId, text: string, says: (comment: string) => boolean): string[] {
  const problems: Problems = []
  if (format === 'yaml') readYaml(text, problems)
  else if (format === 'json') readJson(text, problems)
  else if (format === 'dotenv') readDotenv(text, problems)
  else if (format === 'ini') readIni(text, says, problems)
  return problems
}

// ---- YAML

function readYaml(text: string, problems: Problems): void {
  // The reference ends lines at these too; for the package they are characters like others.
  const lines = text.replace(/^\ufeff/, '').replace(/\r(?!\n)|[\u0085\u2028\u2029]/g, '\n')
  for (const token of new Parser().parse(lines)) {
    if (token.type === 'directive') readDirective(token.source, problems)
    else if (token.type === 'document' && token.value) readNode(token.value, false, problems)
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
function readNode(root: CST.Token, rootFlow: boolean, problems: Problems): void {
  const open: (readonly [CST.Token, boolean])[] = [[root, rootFlow]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [token, flow] = next
    if (token.type === 'double-quoted-scalar' && /(?:^|[^\\])(?:\\\\)*\\\//.test(token.source))
      problems.push(token.source)
    else if (token.type === 'scalar' && flow && token.source.includes('?', 1)) problems.push(token.source)
    else if (token.type === 'flow-collection' || token.type === 'block-map' || token.type === 'block-seq') {
      const inner = token.type === 'flow-collection'
      for (const item of token.items) {
        if (item.key) {
          open.push([item.key, inner])
          readKey(item, token.type, problems)
        }
        if (item.value) open.push([item.value, inner])
      }
    }
  }
}

function readKey({ start, key, sep }: CST.CollectionItem, type: string, problems: Problems): void {
  if (type === 'block-seq' || start.some((token) => token.type === 'explicit-key-ind')) return
  const colon = sep?.find((token) => token.type === 'map-value-ind')
  if (!colon || !key || !('offset' in key)) return
  const between = sep!
    .slice(0, sep!.indexOf(colon))
    .some((token) => token.type === 'newline' || token.type === 'comment')
  const source = 'source' in key ? key.source : ''
  if (between || /[\r\n]/.test(source) || [...source].length > 1024) problems.push(source || 'a key')
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
  let comments: string[] = []
  const attach = (beside = ''): void => {
    const all = beside === '' ? comments : [...comments, beside]
    if (all.length > 1 && /^(?:#[# ]*|;[; ]*)$/.test(all[0]!)) problems.push(all.join('\n'))
    comments = []
  }
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.trim()
    if (line === '') continue
    if (/^[#;]/.test(line)) comments.push(line)
    else if (line.startsWith('[')) attach(/[#;].*$/.exec(line.slice(line.lastIndexOf(']')))?.[0])
    else i = readKeyLine(i)
  }
  attach()

  /** The last line of the key's value. */
  function readKeyLine(at: number): number {
    const line = lines[at]!.trim()
    const quotedKey = /^("""|`|")/.exec(line)?.[1]
    const from = quotedKey ? line.indexOf(quotedKey, quotedKey.length) + quotedKey.length : 0
    const value = line
      .slice(from)
      .replace(/^[^=:]*[=:]/, '')
      .trim()
    const quote = /^(?:"""|`)/.exec(value)?.[0]
    if (quote !== undefined && !(quote === '"""' && value.length < 3))
      return readVerbatim(at, value.slice(quote.length), quote)
    const bare = value.replace(/^(["'])(?:(?!\1)[^#;])*\1/, '')
    if (!value.endsWith('\\') && /^[^#;]*[^#;\s][#;]/.test(bare)) problems.push(value)
    attach(value.endsWith('\\') ? '' : /[#;].*$/.exec(value)?.[0])
    let last = at
    for (let part = value; part.endsWith('\\') && last + 1 < lines.length; part = lines[last]!.trim()) last++
    return last
  }

  function readVerbatim(at: number, rest: string, quote: string): number {
    const close = rest.lastIndexOf(quote)
    if (close >= 0) {
      const behind = rest.slice(close + quote.length).trim()
      if (says(behind.replace(/^;(?:bare|double|single|lines(?: \d+\+\d+t?)+)(?=\s|$)/, ''))) problems.push(behind)
      attach()
      return at
    }
    for (let i = at + 1; i < lines.length; i++) {
      const found = lines[i]!.lastIndexOf(quote)
      if (found < 0 || lines[i]!.trimEnd().endsWith('\\')) continue
      attach(/[#;].*$/.exec(lines[i]!.slice(found + quote.length))?.[0])
      return i
    }
    problems.push('an unclosed quote')
    return lines.length
  }
}
