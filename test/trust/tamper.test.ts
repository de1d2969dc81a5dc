// Changes sealed files in every place: the result is an error, or every protected value as it was. What the format itself leaves open
// (SECURITY.md) is listed by what `protectedPart` leaves out.
import { describe, expect, test } from 'vitest'
import {
  type Comment,
  type Entry,
  type FormatId,
  loadEncrypted,
  loadFormat,
  type MapNode,
  type Node,
  openFile,
  SopsError,
  type Tree,
  type Value,
} from '../../src/index.ts'
import { canonical } from '../../src/tree/scalar.ts'
import { isLong, numbersFrom, seed, timeout } from '../fuzz/budget.ts'
import { openService, orReported, seal } from '../fuzz/sealed.ts'

const samples: Readonly<Record<FormatId, string>> = {
  yaml: `# top
s: text
i: 7
f: 1.50
b: true
t: 2024-01-02T03:04:05Z
n: null
e: ""
m: {}
l:
  - a
  # inner
  - k: "v"
p_unencrypted: clear
---
s: second
`,
  json: '{"s": "text", "i": 7, "f": 1.50, "b": true, "n": null, "e": "", "l": ["a", {"k": "v"}], "p_unencrypted": "clear"}\n',
  dotenv: '#top\nS=text\nI=7\n\nE=\np_unencrypted=clear\n',
  ini: '; top\n[s]\nk = v\n; inner\nl = "w"\ne =\n\n[t]\nk = v2\np_unencrypted = clear\n',
  binary: 'payload \u0000 of a file\n',
}

/**
 * What nobody without the data key can change unnoticed: every encrypted value at its keys, in order, and all values, clear ones included,
 * as one text. Left out, because the format does not protect it: types, comments, empty and null values, names of clear values, layout,
 * nesting of lists, and where one map, list or document among others ends.
 */
function protectedPart(tree: Tree): { encrypted: readonly string[]; all: string } {
  const encrypted: string[] = []
  let all = ''
  const visit = (node: Node | Entry | Comment, path: readonly string[]): void => {
    if (node.kind === 'entry') visit(node.value, [...path, node.key])
    if (node.kind === 'map' || node.kind === 'list') for (const item of node.items) visit(item, path)
    if (node.kind !== 'leaf' || node.value === null || node.value === '') return
    const text = textOf(node.value)
    all += text
    if (!path.some((key) => key.endsWith('_unencrypted'))) encrypted.push(`${path.join('/')} = ${text}`)
  }
  for (const document of tree.documents) visit(document, [])
  return { encrypted, all }
}

const textOf = (value: Exclude<Value, null>): string =>
  Buffer.from(value instanceof Uint8Array ? value : canonical(value)).toString('latin1')

interface Sample {
  readonly format: FormatId
  readonly sealed: Buffer
  readonly opened: string
}

async function sampleOf(format: FormatId): Promise<Sample> {
  const sealed = Buffer.from(await seal(samples[format], { format }))
  return { format, sealed, opened: await open(sealed, format) }
}

async function open(bytes: Uint8Array, format: FormatId): Promise<string> {
  const { plain } = await openFile(await loadEncrypted(bytes, format), { services: [openService] })
  return JSON.stringify(protectedPart(plain))
}

/** What a changed file gives away, or undefined when it is refused or says the same. */
async function fooled({ format, opened }: Sample, changed: Uint8Array): Promise<string | undefined> {
  const result = await orReported(() => open(changed, format))
  return result instanceof SopsError || result === opened ? undefined : `${result} instead of ${opened}`
}

const formats: readonly FormatId[] = ['yaml', 'json', 'dotenv', 'ini', 'binary']

async function problemsOf(sample: Sample, changes: Iterable<readonly [name: string, Uint8Array]>): Promise<string[]> {
  const problems: string[] = []
  let count = 0
  for (const [name, changed] of changes) {
    count++
    const problem = await fooled(sample, changed).catch((error: unknown) => `defect: ${String(error)}`)
    if (problem !== undefined) problems.push(`${name}: ${problem}`)
  }
  if (isLong) console.log(`${sample.format}: ${count} changed files`)
  return problems
}

const bits = Array.from({ length: 8 }, (_, i) => 1 << i)

describe.each(formats)('%s', (format) => {
  test(
    'every byte changed, one at a time',
    async () => {
      const sample = await sampleOf(format)
      const below = numbersFrom(seed)
      function* changes(): Generator<readonly [string, Uint8Array]> {
        const { sealed } = sample
        // YAML takes longest to read; `npm run fuzz` changes its every byte, too.
        const step = format === 'yaml' && !isLong ? 5 : 1
        for (let at = 0; at < sealed.length; at += step) {
          const context = JSON.stringify(sealed.toString('latin1', Math.max(0, at - 12), at + 4))
          const flips = isLong ? [...bits, 1 + below(255), 1 + below(255)] : [1 + below(127)]
          for (const flip of flips) {
            const other = Buffer.from(sealed)
            other[at] = other[at]! ^ flip
            yield [`byte ${at} ^ ${flip} ${context}`, other]
          }
          if (!isLong) continue
          yield [`without byte ${at} ${context}`, Buffer.concat([sealed.subarray(0, at), sealed.subarray(at + 1)])]
          yield [`cut at ${at} ${context}`, sealed.subarray(0, at)]
          for (const token of ['\n', ' ', '"', '#', '\\', ',', ']', '}', '\r\n'])
            yield [`${JSON.stringify(token)} before ${at} ${context}`, inserted(sealed, at, token)]
        }
      }
      expect(await problemsOf(sample, changes())).toEqual([])
    },
    timeout,
  )

  test('every line deleted, doubled, moved, swapped with another', async () => {
    const sample = await sampleOf(format)
    const lines = sample.sealed.toString().split(/(?<=\n)/)
    function* changes(): Generator<readonly [string, Uint8Array]> {
      for (const [at, line] of lines.entries()) {
        const rest = lines.toSpliced(at, 1)
        yield [`without line ${line}`, Buffer.from(rest.join(''))]
        yield [`twice line ${line}`, Buffer.from(lines.toSpliced(at, 0, line).join(''))]
        for (let to = 0; to <= rest.length; to += isLong || to === at + 1 ? 1 : 5)
          yield [`at ${to} line ${line}`, Buffer.from(rest.toSpliced(to, 0, line).join(''))]
        for (let to = at + 2; to < lines.length; to += isLong ? 1 : 7)
          yield [`for ${lines[to]} line ${line}`, Buffer.from(lines.with(at, lines[to]!).with(to, line).join(''))]
      }
    }
    expect(await problemsOf(sample, changes())).toEqual([])
  })

  test('every field of the metadata replaced, and fields added', async () => {
    const sample = await sampleOf(format)
    const { parse, print, metadata } = await loadFormat(format)
    const { tree } = parse(sample.sealed, { encrypted: true })
    const changes: [string, Uint8Array][] = []
    for (const [name, next] of metadataChanges(tree, metadata)) {
      const printed = await orReported(() => print(next, { encrypted: true }))
      if (!(printed instanceof SopsError)) changes.push([name, printed])
    }
    expect(changes.length).toBeGreaterThan(50)
    expect(await problemsOf(sample, changes)).toEqual([])
  })

  test('every entry and element deleted, doubled, moved, swapped, renamed', async () => {
    const sample = await sampleOf(format)
    const { parse, print } = await loadFormat(format)
    const { tree } = parse(sample.sealed, { encrypted: true })
    const changes: [string, Uint8Array][] = []
    for (const [name, next] of treeChanges(tree)) {
      const printed = await orReported(() => print(next, { encrypted: true }))
      if (!(printed instanceof SopsError)) changes.push([name, printed])
    }
    expect(changes.length).toBeGreaterThan(10)
    expect(await problemsOf(sample, changes)).toEqual([])
  })

  test('every part of every encrypted value emptied, shortened, lengthened, taken from another', async () => {
    const sample = await sampleOf(format)
    const text = sample.sealed.toString()
    const tokens = [...text.matchAll(/ENC\[AES256_GCM,data:([^,]*),iv:([^,]*),tag:([^,]*),type:([a-z]*)\]/g)]
    expect(tokens.length).toBeGreaterThan(1)
    const types = ['str', 'int', 'float', 'bool', 'time', 'comment', 'bytes', 'other']
    const problems = await problemsOf(sample, tokenChanges())
    expect(problems).toEqual([])

    function* tokenChanges(): Generator<readonly [string, Uint8Array]> {
      for (const token of tokens) {
        const parts = token.slice(1)
        for (const [at, part] of parts.entries()) {
          const others = at === 3 ? types : tokens.map((other) => other[at + 1]!)
          for (const other of ['', part.slice(4), `${part}AAAA`, part.slice(0, -4), 'A=B=', ...others]) {
            const next = parts.with(at, other)
            const written = `ENC[AES256_GCM,data:${next[0]},iv:${next[1]},tag:${next[2]},type:${next[3]}]`
            yield [`${token[0]} as ${written}`, replaced(text, token.index, token[0].length, written)]
          }
        }
        for (const other of [...tokens.map(([whole]) => whole), '', 'null', '~', 'ENC[]', 'text', '7'])
          yield [`${token[0]} as ${other}`, replaced(text, token.index, token[0].length, other)]
      }
    }
  })
})

const inserted = (bytes: Buffer, at: number, token: string): Buffer =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(token), bytes.subarray(at)])

const replaced = (text: string, at: number, length: number, other: string): Buffer =>
  Buffer.from(text.slice(0, at) + other + text.slice(at + length))

type Container = Extract<Node, { items: unknown }>
type Item = Container['items'][number]

/** Every tree that is one change of items away. */
function* treeChanges(tree: Tree): Generator<readonly [string, Tree]> {
  const places = [...tree.documents].flatMap((document) => containersIn(document))
  for (const place of places) {
    const items: readonly Item[] = place.items
    for (const [at, item] of items.entries()) {
      const name = item.kind === 'entry' ? item.key : `element ${at}`
      yield [`without ${name}`, withItems(tree, new Map([[place, items.toSpliced(at, 1)]]))]
      yield [`twice ${name}`, withItems(tree, new Map([[place, items.toSpliced(at, 0, item)]]))]
      yield [`last ${name}`, withItems(tree, new Map([[place, [...items.toSpliced(at, 1), item]]]))]
      if (item.kind === 'entry') {
        const renamed = { ...item, key: `${item.key}_unencrypted` }
        yield [`renamed ${name}`, withItems(tree, new Map([[place, items.with(at, renamed)]]))]
        yield [`inside itself ${name}`, withItems(tree, new Map([[place, items.with(at, wrapped(item))]]))]
      }
      for (const [to, other] of items.entries()) {
        if (to <= at || other.kind === 'comment' || item.kind === 'comment') continue
        const [one, two] = item.kind === 'entry' && other.kind === 'entry' ? swapped(item, other) : [other, item]
        yield [`swapped ${name} and ${to}`, withItems(tree, new Map([[place, items.with(at, one).with(to, two)]]))]
      }
      for (const other of places) {
        if (other === place || other.kind !== place.kind) continue
        const moved = new Map([
          [place, items.toSpliced(at, 1)],
          [other, [...other.items, item]],
        ])
        yield [`elsewhere ${name}`, withItems(tree, moved)]
      }
    }
  }
}

/** Two entries with each other's values. */
const swapped = (one: Entry, two: Entry): [Entry, Entry] => [
  { ...one, value: two.value },
  { ...two, value: one.value },
]

const wrapped = (entry: Entry): Entry => ({ ...entry, value: { kind: 'map', items: [entry] } })

function containersIn(node: Node): Container[] {
  if (node.kind === 'leaf') return []
  const children: readonly Item[] = node.items
  return [node, ...children.flatMap((item) => (item.kind === 'comment' ? [] : containersIn(nodeIn(item))))]
}

const nodeIn = (item: Entry | Node): Node => (item.kind === 'entry' ? item.value : item)

function withItems(tree: Tree, next: ReadonlyMap<Container, readonly Item[]>): Tree {
  const change = <T extends Node>(node: T): T => {
    if (node.kind === 'leaf') return node
    const items = (next.get(node) ?? node.items).map((item) => {
      if (item.kind === 'comment') return item
      return item.kind === 'entry' ? { ...item, value: change(item.value) } : change(item)
    })
    return { ...node, items } as T
  }
  return { documents: tree.documents.map((document): MapNode => change(document)) }
}

const leaf = (value: Value): Node => ({ kind: 'leaf', value })

/** What a field of the metadata may be made to say. */
const fieldValues: readonly Node[] = [
  ...[
    null,
    '',
    'x',
    '2',
    '1.5',
    'true',
    '2024-01-02T03:04:05Z',
    '.*',
    '^s$',
    '(',
    '_unencrypted',
    '3.13.2',
    true,
    false,
  ].map(leaf),
  ...[0n, 1n, 2n, -1n, 2n ** 62n, 0.5].map(leaf),
  { kind: 'list', items: [] },
  { kind: 'map', items: [] },
  { kind: 'list', items: [leaf(null), leaf('x')] },
]

const fieldNames: readonly string[] = [
  ...['unencrypted_suffix', 'encrypted_suffix', 'unencrypted_regex', 'encrypted_regex', 'unencrypted_comment_regex'],
  ...[
    'encrypted_comment_regex',
    'mac_only_encrypted',
    'mac',
    'lastmodified',
    'version',
    'shamir_threshold',
    'key_groups',
  ],
  ...['age', 'pgp', 'kms', 'gcp_kms', 'azure_kv', 'hc_vault', 'hckms', '__proto__', 'constructor'],
]

/** Every tree whose metadata has one field more, less or another. */
function* metadataChanges(tree: Tree, kind: 'nested' | 'section' | 'flat'): Generator<readonly [string, Tree]> {
  const document = tree.documents[0]!
  const prefix = kind === 'flat' ? 'sops_' : ''
  const block = document.items.find((item): item is Entry => item.kind === 'entry' && item.key === 'sops')?.value
  const top = kind === 'flat' ? document : (block as MapNode)
  const inside = containersIn(top).filter((place) => place !== top)
  const change = (place: Container, items: readonly Item[]): Tree => withItems(tree, new Map([[place, items]]))
  for (const name of fieldNames) {
    const key = prefix + name
    const at = top.items.findIndex((item) => item.kind === 'entry' && item.key === key)
    if (at >= 0) yield [`without ${name}`, change(top, top.items.toSpliced(at, 1))]
    for (const value of fieldValues) {
      const entry: Entry = { kind: 'entry', key, value }
      const shown = `${name} ${JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part))}`
      yield [shown, change(top, at >= 0 ? top.items.with(at, entry) : [...top.items, entry])]
      if (at >= 0) yield [`second ${shown}`, change(top, [...top.items, entry])]
    }
  }
  for (const place of inside) {
    const items: readonly Item[] = place.items
    for (const [at, item] of items.entries()) {
      for (const value of fieldValues) {
        const next = item.kind === 'entry' ? { ...item, value } : value
        yield [`inner ${at} of ${place.kind}`, change(place, items.with(at, next))]
      }
    }
  }
}
