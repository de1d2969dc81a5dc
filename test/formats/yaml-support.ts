// Encrypting and decrypting trees with a transparent cipher, comments included, and short notations for trees and generated texts.
import fc from 'fast-check'
import { yaml } from '../../src/formats/yaml.ts'
import { canonical, readSpelling, type ScalarType, typeOf } from '../../src/tree/scalar.ts'
import type { Comment, Entry, Leaf, MapNode, Node, Tree, Value } from '../../src/tree/tree.ts'
import { isTimestamp, sameValue } from '../../src/tree/tree.ts'

type Item = Entry | Node | Comment

export const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')
export const text = (data: Uint8Array): string => Buffer.from(data).toString('utf8')
export const leaf = (value: Value): Leaf => ({ kind: 'leaf', value })
export const entry = (key: string, value: Node | Value): Entry => ({
  kind: 'entry',
  key,
  value: typeof value === 'object' && value !== null && 'kind' in value ? value : leaf(value as Value),
})
export const map = (...items: (Entry | Comment)[]): MapNode => ({ kind: 'map', items })
export const list = (...items: (Node | Comment)[]): Node => ({ kind: 'list', items })

export const metadata: Entry = entry(
  'sops',
  map(entry('age', list(map(entry('enc', '---\n<x>\n')))), entry('lastmodified', '2024-05-06T07:08:09Z')),
)

const prefix = 'ENC[AES256_GCM,data:'
export const enc = (plain: string | Uint8Array, type: string, iv = 'AAAA'): string =>
  `${prefix}${Buffer.from(plain as string).toString('base64')},iv:${iv},tag:AAAA,type:${type}]`

/** The source's spelling where the stored plaintext may have it, as the document layer decides. */
function spellingOf({ value, spelling }: Leaf): string | undefined {
  if (spelling === undefined || value === null || value instanceof Uint8Array) return undefined
  const read = readSpelling(typeOf(value), spelling)
  return read !== undefined && sameValue(read, value) ? spelling : undefined
}

/** Equal values at different places give different tokens, as with a real cipher. */
export function seal<X extends Item>(item: X, path = 'iv'): X {
  const at: Item = item
  if (at.kind === 'comment')
    return at.text === '' ? item : ({ ...at, text: enc(at.text, 'comment', path) } as Item as X)
  if (at.kind === 'entry')
    return { ...at, value: seal(at.value, `${path}.${Buffer.from(at.key).toString('hex')}`) } as Item as X
  if (at.kind !== 'leaf') {
    return { ...at, items: (at.items as readonly Item[]).map((inner) => seal(inner, path)) } as Item as X
  }
  const { value } = at
  if (value === null || value === '') return item
  const spelling = spellingOf(at)
  const plain = value instanceof Uint8Array ? value : (spelling ?? canonical(value))
  const { spelling: _, ...rest } = at
  return {
    ...rest,
    value: enc(plain, typeOf(value), path),
    ...(spelling === undefined ? {} : { spelling }),
  } as Item as X
}

function opened(text: string): { type: string; plain: Buffer } | undefined {
  if (!text.startsWith(prefix)) return undefined
  const data = text.slice(prefix.length).split(',')
  return { plain: Buffer.from(data[0] as string, 'base64'), type: text.slice(text.lastIndexOf(':') + 1, -1) }
}

export function open<X extends Item>(item: X): X {
  const at: Item = item
  if (at.kind === 'comment') {
    const found = opened(at.text)
    return (found ? { ...at, text: String(found.plain), inline: false } : at) as X
  }
  if (at.kind === 'entry') return { ...at, value: open(at.value) } as Item as X
  if (at.kind !== 'leaf') return { ...at, items: (at.items as readonly Item[]).map(open) } as Item as X
  const found = typeof at.value === 'string' ? opened(at.value) : undefined
  if (!found) return item
  const plain = String(found.plain)
  if (found.type === 'comment') return { kind: 'comment', text: plain, inline: false, origin: at.origin } as Item as X
  if (found.type === 'str') {
    return { ...at, value: Buffer.from(plain).equals(found.plain) ? plain : new Uint8Array(found.plain) } as Item as X
  }
  const value = readSpelling(found.type as ScalarType, plain) as Exclude<Value, null | Uint8Array>
  return { ...at, value, ...(canonical(value) === plain ? {} : { spelling: plain }) } as Item as X
}

export const isMetadata = (item: Entry | Comment): boolean => item.kind === 'entry' && item.key === 'sops'

export function encryptText(source: string, indent?: number): string {
  const parsed = yaml.parse(bytes(source))
  const documents = parsed.tree.documents.map((root) => ({ ...seal(root), items: [...seal(root).items, metadata] }))
  return text(
    yaml.rewrite(parsed, { documents }, { encrypted: true, ...(indent === undefined ? {} : { indent }) }).bytes,
  )
}

export function decryptText(source: string): string {
  const parsed = yaml.parse(bytes(source))
  const documents = parsed.tree.documents.map((root) => ({
    ...open(root),
    items: open(root).items.filter((item) => !isMetadata(item)),
  }))
  return text(yaml.rewrite(parsed, { documents }).bytes)
}

/** What comes back of a text that is encrypted and decrypted, and which of its leaves, by their number, are named as losses. */
export function returned(source: string): { again: string; named: ReadonlySet<number> } {
  const parsed = yaml.parse(bytes(source))
  const sealed = { documents: parsed.tree.documents.map((root) => seal(root)) }
  const lost = new Set<unknown>(yaml.rewrite(parsed, sealed, { encrypted: true }).losses?.respelt)
  const named = leavesOf(parsed.tree).flatMap((found, i) => (lost.has(found.origin) ? [i] : []))
  return { again: decryptText(encryptText(source)), named: new Set(named) }
}

const leavesOf = ({ documents }: Tree): Leaf[] => {
  const found: Leaf[] = []
  const visit = (item: Item): void => {
    if (item.kind === 'leaf') found.push(item)
    else if (item.kind === 'entry') visit(item.value)
    else if (item.kind !== 'comment') for (const inner of item.items) visit(inner)
  }
  for (const root of documents) visit(root)
  return found
}

/** Where two texts differ, other than in the leaves of these numbers and what stands directly beside them. */
export function differences(source: string, again: string, except: ReadonlySet<number>): string[] {
  const pieces = (text: string): string[] => {
    let at = 0
    const found: string[] = []
    for (const { origin } of leavesOf(yaml.parse(bytes(text)).tree)) {
      found.push(text.slice(at, origin!.start), text.slice(origin!.start, origin!.end))
      at = origin!.end
    }
    return [...found, text.slice(at)]
  }
  const [before, after] = [pieces(source), pieces(again)]
  if (before.length !== after.length) return ['the number of leaves']
  const isExcepted = (i: number): boolean =>
    i % 2 === 1 ? except.has((i - 1) / 2) : except.has(i / 2 - 1) || except.has(i / 2)
  return before.flatMap((piece, i) =>
    piece === after[i] || isExcepted(i) ? [] : [`${JSON.stringify(piece)} became ${JSON.stringify(after[i])}`],
  )
}

const plainValue = (value: Value): unknown => {
  if (typeof value === 'bigint') return `int ${value}`
  if (typeof value === 'number') return `float ${Object.is(value, -0) ? '-0' : value}`
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  return value !== null && isTimestamp(value) ? `time ${value.rfc3339}` : value
}

/** A tree as plain data: maps are `{ map: […] }` of `{ key: value }` and `#comment` / `~comment` (inline). */
export function shown(item: Item): unknown {
  if (item.kind === 'leaf') return plainValue(item.value)
  if (item.kind === 'comment') return `${item.inline ? '~' : '#'}${item.text}`
  if (item.kind === 'entry') return { [item.keyType ? `(${item.keyType})${item.key}` : item.key]: shown(item.value) }
  return item.kind === 'map' ? { map: item.items.map(shown) } : item.items.map(shown)
}
export const shownTree = (tree: Tree): unknown[] => tree.documents.map(shown)
export const parseShown = (source: string): unknown[] => shownTree(yaml.parse(bytes(source)).tree)

/** The tree without the order of comments within their containers and without their inline flag: what a comment's encryption depends on. */
export function settled(item: Item): unknown {
  if (item.kind === 'leaf') return plainValue(item.value)
  if (item.kind === 'comment') return `#${item.text}`
  if (item.kind === 'entry') return { [item.key]: settled(item.value) }
  const items = item.items as readonly Item[]
  const comments = items.filter((i) => i.kind === 'comment').map((i) => settled(i) as string)
  return { kind: item.kind, items: items.filter((i) => i.kind !== 'comment').map(settled), comments: comments.sort() }
}

/** Draws from a list of choices. */
export type Draw = (size: number) => number

const scalars = [
  'x',
  'some words',
  '1',
  '-7',
  '007',
  '1.50',
  '1e3',
  'true',
  'True',
  'yes',
  'on',
  '12:30:45',
  'null',
  '~',
  '""',
  "''",
  '"x"',
  "'x'",
  '"a b # c"',
  "'it''s'",
  '"x\\ty"',
  '2024-01-02',
  '2024-01-02T03:04:05Z',
  '"1"',
  "'yes'",
  'ENC[x]',
  'x#y',
  'a:b',
  '-x',
  '"😀"',
  '😀',
  '"é"',
  '.inf',
  '100000.0',
  '"\\n"',
  '"a\\nb\\n"',
  '0.00001',
  '"<<"',
  '+5',
  '&a q',
  '!!str 5',
  '!t z',
  'a\tb',
]
/** Spellings whose value is kept but whose exact text is not. */
const lossyScalars = ['1_000', '0x1F', '! w', '!!int 5', '"\\u00e9"', '2024-1-2', '"a\n    b"', 'a\n    b']
const flowScalars = [
  'x',
  '1',
  '"x"',
  "'x'",
  'yes',
  "'yes'",
  'true',
  '1.5',
  '12:30',
  'a b',
  '"a, b"',
  "'a, b'",
  '~',
  '007',
  'True',
]
const headers = ['|', '|-', '|+', '>', '>-', '|2', '>+']

/** YAML-ish text: maps, lists, flow collections, block scalars, comments in good and odd places. */
export function yamlText(draw: Draw, lossy: boolean): string {
  const out: string[] = []
  let keys = 0
  const chance = (percent: number): boolean => draw(100) < percent
  const pick = <X>(choices: readonly X[]): X => choices[draw(choices.length)] as X
  const pad = (n: number): string => ' '.repeat(Math.max(0, n))
  const scalar = (): string => (lossy && chance(10) ? pick(lossyScalars) : pick(scalars))
  const beside = (): string => (chance(20) ? ` # c${draw(99)}` : '')
  const comments = (column: number): void => {
    // Deeper ones are text of a block scalar above, which may be folded.
    const columns = lossy ? [-2, -1, 1, 2] : [-2, -1]
    while (chance(15)) out.push(`${pad(column + (chance(15) ? pick(columns) : 0))}# o${draw(99)}`)
    if (chance(10)) out.push('')
  }
  const flow = (depth: number): string => {
    const kind = draw(10)
    if (depth > 2 || kind < 6) return pick(flowScalars)
    const items = Array.from(
      { length: draw(4) },
      (_, i) => (kind < 8 ? '' : `${pick(['k', 'k k'])}${i}: `) + flow(depth + 1),
    )
    return kind < 8 ? `[${items.join(pick([', ', ',', ',  ']))}]` : `{${items.join(', ')}}`
  }
  const block = (lead: string, column: number): void => {
    const header = pick(headers)
    out.push(`${lead} ${header}${beside()}`)
    const count = 1 + draw(lossy || !header.startsWith('>') ? 3 : 1)
    for (let i = 0; i < count; i++) out.push(pad(column) + pick(['text', 'k: v', '# no comment', i > 0 ? '  in' : 'x']))
    if (chance(30)) out.push('')
  }
  function value(lead: string, column: number, inList: boolean, depth: number): void {
    const kind = draw(100)
    const step = pick([2, 2, 2, 4])
    const compact = (fill: (at: number) => void): void => {
      const from = out.length
      fill(column + 2)
      while (out.length > from && /^ *(?:#.*)?$/.test(out[from] as string)) out.splice(from, 1)
      out[from] = `${lead} ${(out[from] ?? 'x').trimStart()}`
    }
    if (depth > 3 || kind < 50) out.push(`${lead} ${scalar()}${beside()}`)
    else if (kind < 60) out.push(`${lead} ${flow(0)}${beside()}`)
    else if (kind < 72) block(lead, inList ? column + 2 : column + 2)
    else if (inList && kind < 86) compact((at) => entries(at, depth + 1))
    else if (inList) compact((at) => elements(at, depth + 1))
    else {
      out.push(lead + beside())
      if (kind < 86) entries(column + step, depth + 1)
      else elements(chance(40) ? column : column + step, depth + 1)
    }
  }
  function entries(column: number, depth: number): void {
    for (let i = 1 + draw(4); i > 0; i--) {
      comments(column)
      const key = pick(['k', 'key ', '"q', "'s", 'k.x']).trimEnd() + keys++
      value(`${pad(column)}${key}${/^["']/.test(key) ? key[0] : ''}:`, column, false, depth)
    }
    if (chance(20)) comments(column)
  }
  function elements(column: number, depth: number): void {
    for (let i = 1 + draw(3); i > 0; i--) {
      comments(column)
      value(`${pad(column)}-`, column, true, depth)
    }
    if (chance(20)) comments(column)
  }
  if (chance(10)) out.push('---', 'first: 1')
  entries(0, 0)
  if (chance(15)) {
    out.push('---', 'second: 1')
    entries(0, 0)
  }
  if (chance(5)) out.push('...')
  // What `+` keeps at the end of a text without a final line break cannot be told apart.
  const joined = out.join('\n') + (chance(15) && !/[|>]2?\+/.test(out.join('\n')) ? '' : '\n')
  return chance(10) ? joined.replaceAll('\n', '\r\n') : joined
}

/** Generated texts; about one in a hundred does not parse. */
export const yamlTexts = (lossy: boolean): fc.Arbitrary<string> =>
  fc.infiniteStream(fc.nat(99_999)).map((numbers) => yamlText((size) => (numbers.next().value as number) % size, lossy))
