// Generated texts in which every comment says something else, in all places where a comment can stand.
import fc from 'fast-check'

/** Stands for a comment while a text is put together. */
const mark = '#@'

const remark = (weight: number): fc.Arbitrary<string> =>
  fc.oneof({ weight, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constant(mark) })

/** Lines above an item or below the last one: comments at the item's column, left and right of it, and empty lines. */
const around: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 5, arbitrary: fc.constant([]) },
  {
    weight: 3,
    arbitrary: fc.array(fc.constantFrom(mark, mark, '', `<${mark}`, `>${mark}`), { minLength: 1, maxLength: 3 }),
  },
)

interface Item {
  readonly above: readonly string[]
  readonly key: string
  readonly value: Part
}

interface Collection {
  readonly kind: 'map' | 'list' | 'flowMap' | 'flowList'
  readonly items: readonly Item[]
  readonly below: readonly string[]
  /** Behind the key, dash or opening bracket. */
  readonly remark: string
  readonly behind: string
  /** Tag or anchor, on the line of the key. */
  readonly properties: string
  readonly step: number
  readonly wide: boolean
  readonly comma: boolean
}

interface Scalar {
  readonly kind: 'scalar' | 'block'
  readonly text: string
  readonly remark: string
}

type Part = Scalar | Collection

const scalar: fc.Arbitrary<Part> = fc.record({
  kind: fc.constant('scalar' as const),
  text: fc.constantFrom('1', 'x', '"y z"', "'q'", 'null', 'true', '', '1.50', '{}', '[]', '!!str 2', '&n v'),
  remark: remark(2),
})

const filled = scalar.map((part): Part => (part.kind === 'scalar' && part.text === '' ? { ...part, text: 'e' } : part))

const block: fc.Arbitrary<Part> = fc.record({
  kind: fc.constant('block' as const),
  text: fc.constantFrom('|-', '>-'),
  remark: remark(2),
})

const { root } = fc.letrec<{ part: Part; flow: Part; root: Part }>((tie) => {
  const keys = fc.constantFrom('a', 'b', 'c', 'd', '"k l"', 'x_unencrypted', 'secret')
  const collection = (kinds: readonly Collection['kind'][], value: fc.Arbitrary<Part>): fc.Arbitrary<Collection> =>
    fc.record({
      kind: fc.constantFrom(...kinds),
      items: fc.array(fc.record({ above: around, key: keys, value }), { maxLength: 4 }),
      below: around,
      remark: remark(3),
      behind: remark(4),
      properties: fc.constantFrom('', '', '', '', '&p', '!t'),
      step: fc.constantFrom(0, 1, 2, 2, 4),
      wide: fc.boolean(),
      comma: fc.boolean(),
    })
  const flowKinds = ['flowMap', 'flowList'] as const
  return {
    flow: fc.oneof({ maxDepth: 2 }, { weight: 3, arbitrary: filled }, collection(flowKinds, tie('flow'))),
    part: fc.oneof(
      { maxDepth: 3 },
      { weight: 4, arbitrary: scalar },
      { weight: 1, arbitrary: block },
      { weight: 3, arbitrary: collection(['map', 'list'], tie('part')) },
      { weight: 1, arbitrary: collection(flowKinds, tie('flow')) },
    ),
    root: fc.oneof(
      { weight: 5, arbitrary: collection(['map'], tie('part')) },
      { weight: 1, arbitrary: collection(['flowMap'], tie('flow')) },
    ),
  }
})

const pad = (column: number): string => ' '.repeat(Math.max(column, 0))

const aroundAt = (lines: readonly string[], column: number): string[] =>
  lines.map((line) =>
    line === '' ? '' : pad(line[0] === '<' ? column - 2 : line[0] === '>' ? column + 2 : column) + mark,
  )

const joined = (...words: readonly string[]): string =>
  words.flatMap((word) => (word === '' ? [] : [` ${word}`])).join('')

function unique(items: readonly Item[]): Item[] {
  const seen = new Set<string>()
  return items.filter(({ key }) => !seen.has(key) && seen.add(key))
}

/** Lines of a value; the first continues the line of its key or dash, which stands at `column`. */
function valueLines(part: Part, column: number, inList: boolean): string[] {
  if (!('items' in part)) {
    const first = joined(part.text, part.remark)
    return part.kind === 'scalar' ? [first] : [first, `${pad(column + 2)}text`]
  }
  if (part.kind === 'flowMap' || part.kind === 'flowList') return flowLines(part, column)
  const items = part.kind === 'map' ? unique(part.items) : part.items
  if (items.length === 0) return [joined(part.properties, part.kind === 'map' ? '{}' : '[]', part.remark)]
  if (inList && part.properties === '' && part.remark === '') {
    const [first = '', ...rest] = itemLines(part, column + 2)
    if (first.trim() !== '' && !first.includes(mark)) return [` ${first.trimStart()}`, ...rest]
  }
  const step = part.kind === 'list' && !inList ? part.step : Math.max(part.step, 1)
  return [joined(part.properties, part.remark), ...itemLines(part, column + step)]
}

function itemLines(part: Collection, column: number): string[] {
  const isMap = part.kind === 'map'
  const lines = (isMap ? unique(part.items) : part.items).flatMap(({ above, key, value }) => {
    const [first = '', ...rest] = valueLines(value, column, !isMap)
    return [...aroundAt(above, column), `${pad(column)}${isMap ? `${key}:` : '-'}${first}`, ...rest]
  })
  return [...lines, ...aroundAt(part.below, column)]
}

function flowLines(part: Collection, column: number): string[] {
  const isMap = part.kind === 'flowMap'
  const items = isMap ? unique(part.items) : part.items
  const [open, close] = isMap ? ['{', '}'] : ['[', ']']
  const lines = [joined(part.properties, `${open}${part.wide ? joined(part.remark) : ''}`)]
  items.forEach(({ above, key, value }, i) => {
    const inner = valueLines(value, column + 2, false)
    const own = 'items' in value ? value.behind : value.remark
    const last = inner.length - 1
    // A comment would hide the comma behind it.
    if (own !== '' && inner[last]!.endsWith(` ${own}`)) inner[last] = inner[last]!.slice(0, -own.length - 1)
    inner[last] += i < items.length - 1 || part.comma ? ',' : ''
    if (part.wide) inner[last] += joined(own)
    const [first = '', ...rest] = inner
    const text = isMap ? `${key}:${first}` : first.trimStart()
    if (part.wide) lines.push(...aroundAt(above, column + 2), pad(column + 2) + text)
    else lines[lines.length - 1] += (i > 0 ? ' ' : '') + text
    lines.push(...rest)
  })
  if (part.wide) lines.push(...aroundAt(part.below, column + 2), pad(column + 1) + close)
  else lines[lines.length - 1] += close
  lines[lines.length - 1] += joined(part.behind)
  return lines
}

const documentLines = (part: Part): string[] =>
  part.kind === 'map'
    ? itemLines(part, 0)
    : flowLines(part as Collection, -1).map((line, i) => (i === 0 ? line.trimStart() : line))

/** Every comment says something else. */
function numbered(text: string, introducers = '#'): string {
  let count = 0
  return text.replaceAll(mark, () => {
    count++
    return `${introducers[count % introducers.length]} c${count}.`
  })
}

const end = fc.constantFrom('\n', '\n', '\n', '', '\n\n', `\n${mark}\n`, `\n\n${mark}\n`, `\n${mark}`)

/** YAML of one or two documents. Some texts are refused by the parser; most are not. */
export const commentedYaml: fc.Arbitrary<string> = fc
  .record({
    start: fc.constantFrom('', '', '', '---\n', `--- ${mark}\n`, `${mark}\n---\n`, `${mark}\n\n`),
    documents: fc.array(root, { minLength: 1, maxLength: 2, size: 'small' }),
    between: fc.constantFrom('---', `--- ${mark}`, `${mark}\n---\n${mark}\n`),
    end,
    eol: fc.constantFrom('\n', '\n', '\n', '\r\n'),
  })
  .map(({ start, documents, between, end: last, eol }) => {
    const texts = documents.map((part) => documentLines(part).join('\n'))
    return numbered(start + texts.join(`\n${between}\n`) + last).replaceAll('\n', eol)
  })

const iniLines = (isIni: boolean): fc.Arbitrary<string[]> => {
  const key = fc.constantFrom('a', 'b', 'c', 'x_unencrypted')
  const value = fc.constantFrom('1', 'x y', '"q"', '')
  const line = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(key, value, isIni ? remark(2) : fc.constant(''))
        .map(([name, text, own]) => (isIni ? `${name} = ${text}${joined(own)}` : `${name}=${text}`)),
    },
    { weight: 3, arbitrary: fc.constant(mark) },
    { weight: 1, arbitrary: fc.constant('') },
    ...(isIni
      ? [
          {
            weight: 2,
            arbitrary: fc.tuple(fc.constantFrom('s', 't'), remark(3)).map(([name, own]) => `[${name}]${joined(own)}`),
          },
        ]
      : []),
  )
  return fc.array(line, { minLength: 1, maxLength: 10 })
}

export const commentedIni: fc.Arbitrary<string> = fc
  .tuple(iniLines(true), fc.constantFrom('\n', ''))
  .map(([lines, last]) => numbered(lines.join('\n') + last, '#;'))

export const commentedDotenv: fc.Arbitrary<string> = fc
  .tuple(iniLines(false), fc.constantFrom('\n', ''))
  .map(([lines, last]) => numbered(lines.join('\n') + last))
