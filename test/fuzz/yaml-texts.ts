// Generated YAML texts: every spelling of every kind of node, with comments in all places, which trees that are printed never show.
import fc from 'fast-check'
import { awkward } from './documents.ts'
import { doubles, keys, plains, remarks, singles, tagged } from './yaml-spellings.ts'

/** Behind a key or dash: a piece of the line. */
interface Decor {
  readonly tag: string
  readonly anchor: string
  /** A comment on the line, with its `#`; empty for none. */
  readonly remark: string
}

interface Entry {
  readonly above: readonly string[]
  readonly key: string
  readonly value: Part
}

type Part =
  | { readonly kind: 'scalar'; readonly text: string; readonly decor: Decor }
  | { readonly kind: 'alias'; readonly name: string; readonly decor: Decor }
  | {
      readonly kind: 'block'
      readonly header: readonly [style: string, chomp: string, digit: number, digitLast: boolean]
      readonly lines: readonly string[]
      readonly blanks: number
      readonly decor: Decor
    }
  | { readonly kind: 'map' | 'list'; readonly items: readonly Entry[]; readonly step: number; readonly decor: Decor }
  | {
      readonly kind: 'flowMap' | 'flowList'
      readonly items: readonly Entry[]
      readonly wide: boolean
      /** Keys stand on other lines than their `:`. */
      readonly apart: boolean
      readonly decor: Decor
    }

const quoted = fc.constantFrom(...awkward).map((text) => JSON.stringify(text).replaceAll('\u007f', '\\u007f'))

const decor = (weight: number): fc.Arbitrary<Decor> =>
  fc.record({
    tag: fc.constant(''),
    anchor: fc.oneof(
      { weight: 6, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.constantFrom('a', 'b', 'c-1') },
    ),
    remark: fc.oneof({ weight, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constantFrom(...remarks) }),
  })

const scalar: fc.Arbitrary<Part> = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constant(''), fc.constantFrom(...plains)) },
      { weight: 2, arbitrary: fc.tuple(fc.constant(''), fc.constantFrom(...singles)) },
      { weight: 2, arbitrary: fc.tuple(fc.constant(''), fc.constantFrom(...doubles)) },
      { weight: 2, arbitrary: fc.tuple(fc.constant(''), quoted) },
      {
        weight: 2,
        arbitrary: fc
          .constantFrom(...tagged)
          .chain(([tag, texts]) => fc.tuple(fc.constant(tag), fc.constantFrom(...texts))),
      },
    ),
    decor(4),
  )
  .map(([[tag, text], more]) => ({ kind: 'scalar', text, decor: { ...more, tag } }))

const blockLine = fc.constantFrom(
  ...[
    'x',
    'y z',
    '',
    '',
    ' lead',
    '  more',
    '\ttab',
    'trail ',
    '# no comment',
    'a: b',
    '- x',
    '---x',
    'ü 😀',
    '"q"',
    '\u202eRTL',
    'ENC[x]',
    '%x',
  ],
)

const block: fc.Arbitrary<Part> = fc
  .record({
    style: fc.constantFrom('|', '|', '>'),
    chomp: fc.constantFrom('', '-', '+'),
    digit: fc.constantFrom(0, 0, 0, 1, 2, 4, 9),
    digitLast: fc.boolean(),
    lines: fc.array(blockLine, { maxLength: 5 }),
    blanks: fc.constantFrom(0, 0, 1, 2, 3),
    decor: decor(5),
  })
  .map(({ style, chomp, digit, digitLast, lines, blanks, decor: more }) => ({
    kind: 'block',
    header: [style, chomp, digit, digitLast],
    lines,
    blanks,
    decor: more,
  }))

const alias: fc.Arbitrary<Part> = fc.record({
  kind: fc.constant('alias' as const),
  name: fc.constantFrom('a', 'b', 'c-1'),
  decor: decor(4),
})

/** Lines above an item: comments at its own column, empty ones, and comments at other columns. */
const above = fc.oneof(
  { weight: 4, arbitrary: fc.constant([] as string[]) },
  {
    weight: 2,
    arbitrary: fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...remarks) },
        { weight: 1, arbitrary: fc.constantFrom('', '  # in', ' ') },
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  },
)

const { root } = fc.letrec<{ part: Part; flow: Part; root: Part }>((tie) => {
  const entries = (value: fc.Arbitrary<Part>, maxLength: number): fc.Arbitrary<Entry[]> =>
    fc.array(fc.record({ above, key: fc.constantFrom(...keys), value }), { maxLength })
  return {
    flow: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      scalar,
      alias,
      fc.record({
        kind: fc.constantFrom('flowMap', 'flowList'),
        items: entries(tie('flow'), 4),
        wide: fc.boolean(),
        apart: fc.constantFrom(false, false, false, false, true),
        decor: decor(4),
      }) as fc.Arbitrary<Part>,
    ),
    part: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 4, arbitrary: scalar },
      { weight: 2, arbitrary: block },
      { weight: 1, arbitrary: alias },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constantFrom('map', 'list'),
          items: entries(tie('part'), 4),
          step: fc.constantFrom(0, 1, 2, 2, 3, 4),
          decor: decor(6),
        }) as fc.Arbitrary<Part>,
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constantFrom('flowMap', 'flowList'),
          items: entries(tie('flow'), 4),
          wide: fc.boolean(),
          apart: fc.constantFrom(false, false, false, false, true),
          decor: decor(4),
        }) as fc.Arbitrary<Part>,
      },
    ),
    root: fc.record({
      kind: fc.constant('map'),
      items: entries(tie('part'), 6),
      step: fc.constant(0),
      decor: fc.constant({ tag: '', anchor: '', remark: '' }),
    }) as fc.Arbitrary<Part>,
  }
})

/** Writes one document; aliases only of anchors that stand before them. */
function write(document: Part): string[] {
  const anchors = new Set<string>()
  const pad = (column: number): string => ' '.repeat(Math.max(column, 0))
  const properties = ({ tag, anchor }: Decor): string => {
    if (anchor !== '') anchors.add(anchor)
    return (tag === '' ? '' : ` ${tag}`) + (anchor === '' ? '' : ` &${anchor}`)
  }
  const tail = (remark: string): string => (remark === '' ? '' : ` ${remark}`)
  const spread = (text: string, column: number): string[] =>
    text.split('\n').map((line, i) => (i === 0 ? line : pad(column) + line))

  const unique = (items: readonly Entry[]): Entry[] => {
    const seen = new Set<string>()
    return items.filter(({ key }) => {
      const bare = key.replace(/^(\? |&k1 |!!str )/, '').replace(/^(["'])(.*)\1$/, '$2')
      return !seen.has(bare) && seen.add(bare)
    })
  }

  /** Lines; the first continues the line that a key or dash at `column` began. */
  function behind(part: Part, column: number, inList: boolean): string[] {
    const { decor: own } = part
    switch (part.kind) {
      case 'scalar': {
        const [first = '', ...rest] = spread(`${properties(own)}${part.text === '' ? '' : ` ${part.text}`}`, column + 1)
        if (rest.length === 0) return [first + tail(own.remark)]
        return [first, ...rest.slice(0, -1), `${rest[rest.length - 1]}${tail(own.remark)}`]
      }
      case 'alias':
        return [(anchors.has(part.name) ? ` *${part.name}` : ` ${part.name}`) + tail(own.remark)]
      case 'block': {
        const [style, chomp, digit, digitLast] = part.header
        const size = digit > 0 ? digit : inList ? 2 : 3
        const marks = digit === 0 ? chomp : digitLast ? `${chomp}${digit}` : `${digit}${chomp}`
        const lines = digit > 0 ? part.lines : part.lines.map((line) => line.replace(/^[ \t]+/, ''))
        const body = lines.map((line) => (line === '' ? '' : pad(Math.max(column, 0) + size) + line))
        return [`${properties(own)} ${style}${marks}${tail(own.remark)}`, ...body, ...Array(part.blanks).fill('')]
      }
      case 'map':
      case 'list': {
        const items = part.kind === 'map' ? unique(part.items) : part.items
        const marks = properties(own)
        if (items.length === 0) return [`${marks} ${part.kind === 'map' ? '{}' : '[]'}${tail(own.remark)}`]
        if (inList && marks === '' && own.remark === '' && items[0]!.above.length === 0) {
          const [first = '', ...rest] = block(part.kind, items, column + 2)
          return [` ${first.trimStart()}`, ...rest]
        }
        const step = part.kind === 'list' && !inList ? part.step : Math.max(part.step, 1)
        return [marks + tail(own.remark), ...block(part.kind, items, column + step)]
      }
      default: {
        const isMap = part.kind === 'flowMap'
        const items = isMap ? unique(part.items).filter(({ key }) => !/^[?&!]/.test(key)) : part.items
        const [open, close] = isMap ? ['{', '}'] : ['[', ']']
        const marks = properties(own)
        const lines: string[] = [`${marks} ${open}`]
        items.forEach((item, i) => {
          const [first = '', ...rest] = behind(item.value, column + 2, false)
          const key = !isMap ? '' : part.apart ? `${item.key}\n${pad(column + 1)}:` : `${item.key}:`
          const comma = i < items.length - 1 ? ',' : ''
          const remark = item.value.decor.remark
          const last = rest.length > 0 ? rest[rest.length - 1]! : first
          // A remark hides a comma behind it.
          const cut = remark !== '' && last.endsWith(` ${remark}`) ? last.slice(0, -remark.length - 1) : last
          const ended = cut + comma + (part.wide && cut !== last ? ` ${remark}` : '')
          const text = rest.length > 0 ? [key + first, ...rest.slice(0, -1), ended] : [key + ended]
          if (part.wide) {
            for (const line of item.above) lines.push(line === '' ? '' : pad(column + 2) + line)
            lines.push(pad(column + 2) + text[0]!.trimStart(), ...text.slice(1))
          } else {
            lines[lines.length - 1] += (i > 0 ? ' ' : '') + text[0]!.trimStart()
            lines.push(...text.slice(1))
          }
        })
        if (part.wide) lines.push(pad(column + 1) + close)
        else lines[lines.length - 1] += close
        lines[lines.length - 1] += tail(own.remark)
        return lines
      }
    }
  }

  function block(kind: 'map' | 'list', items: readonly Entry[], column: number): string[] {
    return items.flatMap(({ above: lines, key, value }) => {
      const heads = lines.map((line) => (line === '' || line === ' ' ? line : pad(column) + line))
      const isExplicit = key.startsWith('? ')
      const [first = '', ...rest] = behind(value, column, kind === 'list')
      if (kind === 'list') return [...heads, `${pad(column)}-${first}`, ...rest]
      if (isExplicit) return [...heads, pad(column) + key, `${pad(column)}:${first}`, ...rest]
      return [...heads, `${pad(column)}${key}:${first}`, ...rest]
    })
  }

  return document.kind === 'map' ? block('map', unique(document.items), 0) : []
}

/** Texts of one to three documents. Some are refused by the parser; most are not. */
export const yamlTexts: fc.Arbitrary<string> = fc
  .record({
    documents: fc.array(
      fc.record({ root, head: above, foot: above, marker: fc.constantFrom('---', '--- # c', '...\n---') }),
      {
        minLength: 1,
        maxLength: 3,
        size: 'small',
      },
    ),
    starts: fc.constantFrom('', '', '---\n', '%YAML 1.1\n---\n', '--- # first\n', '\n'),
    eol: fc.constantFrom('\n', '\n', '\n', '\r\n', '\r'),
    mark: fc.constantFrom('', '', '', '\ufeff'),
    end: fc.constantFrom('\n', '\n', '\n', '', '\n\n', '\n...\n', '\n# end\n', '\n\n# end'),
  })
  .map(({ documents, starts, eol, mark, end }) => {
    const texts = documents.map(({ root: map, head, foot, marker }, i) =>
      [...(i > 0 ? [marker] : []), ...head, ...write(map), ...foot].join('\n'),
    )
    return mark + (starts + texts.join('\n') + end).replaceAll('\n', eol)
  })
