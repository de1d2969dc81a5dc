// Readers that share nothing with ours: the yaml package, JSON.parse, dotenv and ini. What they read differently is said in explained.ts.
import { parse as parseDotenv } from 'dotenv'
import { parse as parseIni } from 'ini'
import { type Document, isAlias, isMap, isScalar, isSeq, type ParsedNode, parseAllDocuments, type Scalar } from 'yaml'
import type { TreeFormat } from '../support/conformance/case.ts'
import { isUnread, plainScalar, unread } from './explained.ts'
import { leafOf, ofBytes, ofNumber, type Pair, type Plain, type PlainLeaf, type Reading } from './reading.ts'

/** Bytes as text; those of other encodings one by one, so that none is lost. */
export interface Decoded {
  readonly text: string
  readonly leaf: (text: string) => PlainLeaf
}

export function decoded(bytes: Uint8Array): Decoded {
  const [a, b] = bytes
  const leaf = (text: string): PlainLeaf => leafOf('str', text)
  if (a === 0xff && b === 0xfe) return { text: Buffer.from(bytes.subarray(2)).toString('utf16le'), leaf }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), leaf }
  } catch {
    return { text: Buffer.from(bytes).toString('latin1'), leaf: (text) => ofBytes(Buffer.from(text, 'latin1')) }
  }
}

/** What the reader makes of the text; undefined where it refuses it or the text is of a kind that it reads otherwise as a whole. */
export function readSecond(format: TreeFormat, bytes: Uint8Array): Reading | undefined {
  const source = decoded(bytes)
  if (isUnread(format, source.text)) return undefined
  try {
    return readers[format](source)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Refused) return undefined
    throw error
  }
}

class Refused extends Error {}

const readers: Readonly<Record<TreeFormat, (source: Decoded) => Reading>> = {
  yaml: ({ text }) => readYaml(text),
  json: ({ text, leaf }) => ({ documents: [ofJson(text, leaf)] }),
  dotenv: readDotenv,
  ini: readIni,
}

/** Whether the package makes tokens of all of a text: names that are too long, or not on one line, are for others to judge. */
export const isTokens = (text: string): boolean =>
  [...(parseAllDocuments(endingLines(text), { logLevel: 'silent', uniqueKeys: false }) as Document.Parsed[])].every(
    ({ errors }) => errors.every(({ code }) => /^(?:KEY_OVER_1024_CHARS|MULTILINE_IMPLICIT_KEY)$/.test(code)),
  )

const endingLines = (text: string): string => text.replace(/\r(?!\n)/g, '\n')

function readYaml(text: string): Reading {
  // The directive must not change how scalars are read; a carriage return ends a line, and a comma may be in a tag, in YAML 1.1.
  const source = endingLines(text)
    .replace(/^%YAML[^\r\n]*/gm, (line) => `#${line.slice(1)}`)
    .replace(/(?<=[\s:,[{-]\s*)(!\w*),(?=\w)/g, '$1_')
  const options = { intAsBigInt: true, uniqueKeys: false, version: '1.2', logLevel: 'silent' } as const
  const documents = [...(parseAllDocuments(source, options) as Document.Parsed[])]
  let copies = false
  for (const { errors } of documents) if (errors[0]) throw new Refused(errors[0].message)
  return { documents: documents.map((document) => node(document.contents ?? null, document, 0)), copies }

  function node(found: unknown, document: Document, depth: number): Plain {
    if (depth > 200) throw new Refused('an alias to an enclosing node')
    if (found === null || found === undefined) return depth === 0 ? { kind: 'map', pairs: [] } : leafOf('null', '')
    if (isAlias(found)) {
      copies = true
      const target = found.resolve(document)
      if (target === undefined) throw new Refused('an alias of nothing')
      return node(target, document, depth + 1)
    }
    if (isMap(found)) {
      const pairs = found.items.map(({ key, value }): Pair => {
        const [start, end] = [rangeOf(key)?.[0], (rangeOf(value) ?? rangeOf(key))?.[2]]
        const span = start === undefined || end === undefined ? {} : { span: [start, end] as const }
        return { ...keyOf(key), value: node(value, document, depth + 1), ...span }
      })
      return { kind: 'map', pairs }
    }
    if (isSeq(found)) {
      return {
        kind: 'list',
        items: found.items.map((item) => {
          const range = rangeOf(item)
          return { value: node(item, document, depth + 1), ...(range ? { span: [range[0], range[2]] as const } : {}) }
        }),
      }
    }
    if (!isScalar(found)) throw new Refused('no node')
    const leaf = endsOpen(found, source) ? leafOf('str', String(found.value).replace(/\n$/, '')) : scalar(found)
    if (depth === 0 && leaf.type === 'null') return { kind: 'map', pairs: [] }
    const [start, end] = rangeOf(found) ?? []
    return start === undefined || end === undefined ? leaf : { ...leaf, range: [start, end] }
  }
}

/** A block whose last line ends with the text, without a line end: the package adds one, SOPS does not. */
function endsOpen({ type, tag, range, value }: Scalar, text: string): boolean {
  if ((type !== 'BLOCK_LITERAL' && type !== 'BLOCK_FOLDED') || tag !== undefined || value === '') return false
  if ((range?.[1] ?? 0) < text.length) return false
  // Blanks on the last line are its text where they go beyond the indentation.
  return !/[\r\n][ \t]*$/.test(text) || (/[ \t]$/.test(text) && /(?:^|\n)[ \t]+\n$/.test(String(value)))
}

const rangeOf = (found: unknown): readonly [number, number, number] | undefined =>
  ((found as ParsedNode | null)?.range ?? undefined) as readonly [number, number, number] | undefined

function keyOf(key: unknown): { key: string; anyKey?: boolean } {
  if (!isScalar(key)) return { key: '', anyKey: true }
  const leaf = scalar(key)
  return leaf.type === 'str' ? { key: leaf.text } : { key: leaf.text, anyKey: true }
}

function scalar(found: Scalar): PlainLeaf {
  const { tag, type, source = '', value } = found
  // A block of nothing but blanks: the package takes them for indentation.
  if (type?.startsWith('BLOCK') && /^\s*$/.test(source + String(value))) return leafOf('any', String(value))
  if (tag === undefined)
    return type === 'PLAIN' || type === undefined ? plainScalar(source) : leafOf('str', String(value))
  if (value instanceof Uint8Array) return ofBytes(value)
  if (tag === '!') return type === 'PLAIN' ? plainScalar(source) : leafOf('str', String(value))
  if (/^tag:yaml\.org,2002:(?!str$)/.test(tag)) return leafOf('any', source)
  return leafOf('str', source)
}

/** A JSON text as a value: every member, in order, and every number with its digits (spec/format.md 8.1). */
export function ofJson(text: string, leaf = (value: string): PlainLeaf => leafOf('str', value)): Plain {
  JSON.parse(text)
  let members = 0
  const marked = text.replace(/"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[\d.eE+-]*/g, (token, colon) => {
    if (!token.startsWith('"')) return `"n${token}"`
    return colon === undefined ? `"s${token.slice(1)}` : `"${members++}k${token.slice(1)}`
  })
  return visit(JSON.parse(marked))

  function visit(value: unknown): Plain {
    if (typeof value === 'string') return value.startsWith('n') ? numberOf(value.slice(1)) : leaf(value.slice(1))
    if (typeof value === 'boolean') return leafOf('bool', String(value))
    if (value === null) return leafOf('null', '')
    if (Array.isArray(value)) return { kind: 'list', items: value.map((item) => ({ value: visit(item) })) }
    const pairs = Object.entries(value as object).map(([key, item]): Pair => {
      const name = key.slice(key.indexOf('k') + 1)
      return {
        key: leaf(name).type === 'str' ? leaf(name).text : '',
        anyKey: leaf(name).type !== 'str',
        value: visit(item),
      }
    })
    return { kind: 'map', pairs }
  }
}

export function numberOf(text: string): PlainLeaf {
  if (!/^-?\d+$/.test(text)) return ofNumber(Number(text))
  const whole = BigInt(text)
  return BigInt.asIntN(64, whole) === whole ? leafOf('int', String(whole)) : ofNumber(Number(text))
}

/** The lines say which names there are, the package what they are worth. */
function readDotenv({ text, leaf }: Decoded): Reading {
  const values = parseDotenv(text)
  const lines = text.split(/\r\n|\r|\n/)
  const names = lines.map((line) => line.slice(0, line.indexOf('=')))
  const bare = names.map((name) => name.trim().replace(/^export\s+/, ''))
  let next = 0
  const pairs = lines.flatMap((line, i): Pair[] => {
    const name = names[i]!
    const start = next
    next += line.length + (/^\r\n/.test(text.slice(next + line.length, next + line.length + 2)) ? 2 : 1)
    if (line === '' || line.startsWith('#')) return []
    if (!line.includes('=')) throw new Refused('a line without a name')
    const again = bare.indexOf(bare[i]!, i + 1) > 0
    const raw = line.slice(name.length + 1)
    return [
      { ...pairOf('dotenv', name, raw, again ? undefined : values[name], leaf), span: [start, start + line.length] },
    ]
  })
  return { documents: [{ kind: 'map', pairs }] }
}

/** Section by section, since the package makes one of those with the same name and several of those with dots. */
function readIni({ text, leaf }: Decoded): Reading {
  const sections: { name: string; lines: string[]; spans: [number, number][] }[] = [
    { name: 'DEFAULT', lines: [], spans: [] },
  ]
  // Comments above a key are its own, and go with it.
  let [start, next] = [0, 0]
  for (const line of text.split('\n')) {
    next += line.length + 1
    const header = /^\s*\[(.*)\]/.exec(line)
    if (/^\s*(?:[;#]|$)/.test(line)) continue
    if (header) sections.push({ name: header[1]!, lines: [], spans: [] })
    else {
      sections.at(-1)!.lines.push(line)
      sections.at(-1)!.spans.push([start, next - 1])
    }
    start = next
  }
  const [first, ...headed] = sections
  const hasOne = first!.lines.length === 0 && headed.some(({ name }) => name === 'DEFAULT')
  const documents = (hasOne ? headed : sections).map(({ name, lines, spans }): Pair => {
    const values = parseIni(lines.join('\n'))
    const keys = lines.map((line) => line.split('=')[0]!.trim())
    const last = new Map(keys.map((key, i) => [key, i]))
    const pairs = keys.flatMap((key, i): Pair[] => {
      if (keys.indexOf(key) !== i) return []
      if (!lines[i]!.includes('=')) throw new Refused('a line without a delimiter')
      const line = lines[last.get(key)!]!
      const span = spans[last.get(key)!]!
      return [{ ...pairOf('ini', key, line.slice(line.indexOf('=') + 1).trim(), values[key], leaf), span }]
    })
    return {
      key: leaf(name).text,
      value: { kind: 'map', pairs },
      ...(/^\S(?:.*\S)?$/.test(name) && leaf(name).type === 'str' ? {} : { anyKey: true }),
    }
  })
  return { documents: [{ kind: 'map', pairs: documents }] }
}

function pairOf(
  format: 'dotenv' | 'ini',
  name: string,
  raw: string,
  value: unknown,
  leaf: (text: string) => PlainLeaf,
): Pair {
  const key = leaf(name)
  const named = { key: key.text, ...(key.type === 'str' && !unread.names[format].test(name) ? {} : { anyKey: true }) }
  const isAny = named.anyKey || value === undefined || unread.values[format].some(({ when }) => when.test(raw))
  return { ...named, value: isAny ? leafOf('any', raw) : leaf(String(value)) }
}
