// Generated documents: trees of every format with the keys and values that are easily lost.
import fc from 'fast-check'
import type { Comment, Entry, FormatId, Leaf, ListNode, MapNode, Node, Tree, Value } from '../../src/index.ts'

/** Texts that parsers and printers take for something else, cut, trim, escape or join. */
export const awkward: readonly string[] = [
  ...[
    '',
    ' ',
    '\t',
    '\n',
    '\r\n',
    '\r',
    'a\nb',
    'a\r\nb',
    '\n\na\n',
    ' lead',
    'trail ',
    ' both ',
    'x\n ',
    '\tx',
    '\u0000',
    'a\u0000b',
    '\u0007',
  ],
  ...[
    '\ufeff',
    'a\ufeffb',
    '\u2028',
    '\u2029',
    '\u0085',
    '\u00a0',
    '\u200b',
    '\u202eevil',
    '\u2066x\u2069',
    'ا ب',
    '\ud83d\ude00',
    '\ufffd',
  ],
  ...[
    'true',
    'True',
    'no',
    'on',
    'null',
    '~',
    'Null',
    '1',
    '007',
    '+7',
    '1.50',
    '1e3',
    '0x1F',
    '0o7',
    '1_000',
    '.5',
    '.inf',
    '.NaN',
    '12:30:45',
    '2024-01-02',
  ],
  ...[
    '- a',
    '? a',
    ': a',
    'a: b',
    'a:',
    '#x',
    'a #b',
    'a#b',
    '; x',
    'a;b',
    '&a',
    '*a',
    '!t',
    '!!str 1',
    '%TAG',
    '@x',
    '`x`',
    '"x"',
    "'x'",
    '"',
    "'",
    '"""',
    "'''",
    '"a"b',
  ],
  ...[
    '[x]',
    '{x}',
    '[',
    ']',
    '{',
    '}',
    ',',
    '|',
    '>',
    '|-\n  x',
    '---',
    '...',
    '--- x',
    '=',
    'a=b',
    '\\',
    '\\n',
    'a\\',
    '\\\\n',
    '$HOME',
    '%(x)s',
  ],
  ...[
    'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]',
    'ENC[',
    'sops',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'prototype',
  ],
]

const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...awkward) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...' \n\t"\'#:-\\`;=ab'), maxLength: 10 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 60, maxLength: 200 }) },
)

const integer: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(
    0n,
    -1n,
    7n,
    2n ** 53n,
    2n ** 53n + 1n,
    -(2n ** 53n) - 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    8n,
    9n,
    644n,
  ),
)

const finite: fc.Arbitrary<number> = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 0, 1, 1.5, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 123456789.123, 1e15, 1e16),
)

const time: fc.Arbitrary<Value> = fc
  .constantFrom(
    ...[
      '2024-01-02T03:04:05Z',
      '2024-01-02T03:04:05.12+02:00',
      '0001-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999999999Z',
      '2024-02-29T00:00:00-11:30',
    ],
  )
  .map((rfc3339) => ({ rfc3339 }))

const leaf = (value: Value): Leaf => ({ kind: 'leaf', value })
const values = (...kinds: fc.Arbitrary<Value>[]): fc.Arbitrary<Leaf> => fc.oneof(...kinds).map(leaf)

/** Maps with keys that differ. `reserved` keeps out what the format has for metadata. */
const keysOf = (key: fc.Arbitrary<string>, reserved: (key: string) => boolean): fc.Arbitrary<string[]> =>
  fc.uniqueArray(
    key.filter((name) => !reserved(name)),
    { maxLength: 6, comparator: 'IsStrictlyEqual' },
  )

const mapOf = (keys: fc.Arbitrary<string[]>, value: fc.Arbitrary<Node>): fc.Arbitrary<MapNode> =>
  keys.chain((names) =>
    fc.tuple(...names.map(() => value)).map((nodes) => ({
      kind: 'map',
      items: nodes.map((node, i): Entry => ({ kind: 'entry', key: names[i]!, value: node })),
    })),
  )

function nested(keys: fc.Arbitrary<string[]>, scalar: fc.Arbitrary<Leaf>): fc.Arbitrary<MapNode> {
  const { map } = fc.letrec<{ node: Node; map: MapNode; list: ListNode }>((tie) => ({
    node: fc.oneof({ maxDepth: 3, withCrossShrink: true }, scalar, tie('map'), tie('list')),
    map: mapOf(keys, tie('node')),
    list: fc.array(tie('node'), { maxLength: 4 }).map((items): ListNode => ({ kind: 'list', items })),
  }))
  return map
}

const isWellFormed = (value: string): boolean => !/\p{Surrogate}/u.test(value)

/** What YAML allows in a text, escaped or not. */
const yamlText = text.filter(isWellFormed)

const comment = (content: fc.Arbitrary<string>): fc.Arbitrary<Comment> =>
  content.map((line) => ({ kind: 'comment', text: line, inline: false }))

const commentLine = yamlText.filter((line) => line !== '' && !/[\p{Cc}\u2028\u2029\ufeff]/u.test(line))

/** The same document with comments above some of its top-level entries. */
const withComments = (document: fc.Arbitrary<MapNode>, comments: fc.Arbitrary<Comment>): fc.Arbitrary<MapNode> =>
  fc.tuple(document, fc.array(fc.option(comments, { freq: 2 }), { maxLength: 6 })).map(([map, above]) => ({
    ...map,
    items: map.items.flatMap((item, i) => {
      const remark = above[i]
      return remark ? [remark, item] : [item]
    }),
  }))

const one = (document: fc.Arbitrary<MapNode>): fc.Arbitrary<Tree> => document.map((map) => ({ documents: [map] }))

const isSops = (key: string): boolean => key === 'sops'

const line = text.filter((value) => isWellFormed(value) && !value.includes('\n'))

/** What dotenv can say: no line break in names, and a backslash before `n` is a line break. */
const dotenvKey = line.filter((key) => !/^#|=/.test(key))
const dotenvValue = text.filter((value) => isWellFormed(value) && !value.includes('\\n'))

const iniKey = fc.oneof(
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,8}$/),
  fc.constantFrom('a b', 'a=b', 'a:b', '__proto__', 'constructor', 'ü', 'a"b', 'a`b', '\u202ex'),
)
const iniSection = fc.oneof(
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,8}$/),
  fc.constantFrom('a b', 'a.b', '__proto__', 'constructor', 'ü', 'remote "origin"'),
)

/** Trees of each format, as its printer takes them. */
export const trees: Readonly<Record<Exclude<FormatId, 'binary'>, fc.Arbitrary<Tree>>> = {
  json: one(
    nested(
      keysOf(text.filter(isWellFormed), isSops),
      values(text.filter(isWellFormed), integer, finite, fc.boolean(), fc.constant(null)),
    ),
  ),
  yaml: fc
    .array(
      withComments(
        nested(
          keysOf(yamlText, isSops),
          values(
            yamlText,
            integer,
            finite,
            fc.constantFrom(NaN, Infinity, -Infinity),
            fc.boolean(),
            fc.constant(null),
            time,
          ),
        ),
        comment(commentLine),
      ),
      { minLength: 1, maxLength: 2 },
    )
    .map((documents) => ({ documents })),
  dotenv: one(
    withComments(
      mapOf(
        keysOf(dotenvKey, (key) => key.startsWith('sops_')),
        values(dotenvValue),
      ),
      comment(line),
    ),
  ),
  ini: one(
    mapOf(
      keysOf(iniSection, (key) => isSops(key) || /^default$/i.test(key)),
      mapOf(
        keysOf(iniKey, () => false),
        values(line),
      ),
    ),
  ),
}
