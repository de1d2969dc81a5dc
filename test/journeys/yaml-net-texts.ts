// YAML texts made of what is seldom written and often misread: roots in braces, blocks at the end, comments in every gap.
import fc from 'fast-check'
import { doubles, plains, singles, tagged } from '../fuzz/yaml-spellings.ts'
import { yamlTexts } from '../fuzz/yaml-texts.ts'
import { coded, MARK, mostly, oneOf, type Text, withLineEnds } from './texts.ts'

const few = fc.constantFrom('1', 'x', '"q"', "'s'", '-3', '1.5', 'true', 'null', 'a b', '[]', '{}', '123456789012')

const scalar: fc.Arbitrary<string> = oneOf(
  [6, few],
  [2, fc.constantFrom(...plains)],
  [1, fc.constantFrom(...singles)],
  [1, fc.constantFrom(...doubles)],
  [1, fc.constantFrom('"a\\/b"', '"\\/"', 'http://h/p?q=1', 'a?b', '?x', 'a,b', '!a,b x', '&x:y 1', '*gone', '<<')],
  [1, fc.constantFrom(...tagged).chain(([tag, texts]) => fc.constantFrom(...texts).map((text) => `${tag} ${text}`))],
)

const key: fc.Arbitrary<string> = oneOf(
  [8, fc.constantFrom('a', 'b', 'c', 'd', 'k1')],
  [
    1,
    fc.constantFrom(
      '"q k"',
      "'s'",
      'x_unencrypted',
      '"a\\/b"',
      '1',
      'null',
      'ü',
      '"a\\nb"',
      'a?b',
      '? e',
      '&n g',
      '<<',
    ),
  ],
)

const longKey = `k${'k'.repeat(200)}`

/** What may stand between two tokens of a flow collection. */
const gap: fc.Arbitrary<string> = oneOf(
  [10, fc.constantFrom('', ' ')],
  [2, fc.constantFrom('\n', '\n  ', '\n\n ')],
  [1, fc.constantFrom(` # c${MARK}\n  `, `# c${MARK}\n`, '\t', ` # c${MARK}\n # d${MARK}\n `)],
)

const flowEnd = fc.constantFrom('', '', '', ',')

const { flow } = fc.letrec<{ flow: string; flowMap: string; flowList: string }>((tie) => ({
  flowMap: fc
    .tuple(
      fc.array(
        fc.tuple(
          gap,
          fc.constantFrom('kv', 'kv', 'kv', 'kv', 'k', 'k:', '?k', 'k :', 'kv"'),
          gap,
          key,
          gap,
          tie('flow'),
          gap,
        ),
        { maxLength: 3 },
      ),
      flowEnd,
      gap,
    )
    .map(([items, end, last]) => `{${unique(items).map(pairText).join(',')}${items.length > 0 ? end : ''}${last}}`),
  flowList: fc
    .tuple(fc.array(fc.tuple(gap, tie('flow'), gap), { maxLength: 3 }), flowEnd, gap)
    .map(
      ([items, end, last]) => `[${items.map((item) => item.join('')).join(',')}${items.length > 0 ? end : ''}${last}]`,
    ),
  flow: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    scalar,
    tie('flowMap') as fc.Arbitrary<string>,
    tie('flowList'),
  ),
}))

function pairText([before, shape, colon, name, inner, value, after]: readonly [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
]): string {
  const bare = name.replace(/^[?&].*\s/, '')
  const space = inner === '' ? ' ' : inner
  if (shape === 'k') return before + bare + after
  if (shape === 'k:') return `${before}${bare}:${after}`
  if (shape === 'k :') return `${before}${bare}${colon}:${space}${value}${after}`
  if (shape === '?k') return `${before}? ${bare} :${space}${value}${after}`
  if (shape === 'kv"') return `${before}"${bare.replace(/["']/g, '')}":${inner}${value}${after}`
  return `${before}${bare}:${space}${value}${after}`
}

/** Of pairs with the same name the first. */
const unique = <T extends readonly string[]>(pairs: readonly T[]): T[] => {
  const seen = new Set<string>()
  return pairs.filter((pair) => !seen.has(pair[3]!) && seen.add(pair[3]!))
}

const flowRoot: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.tuple(gap, fc.constantFrom('kv', 'kv', 'kv', 'k', 'k:', '?k', 'k :'), gap, key, gap, flow, gap), {
      maxLength: 3,
    }),
    flowEnd,
    gap,
  )
  .map(([items, end, last]) => `{${unique(items).map(pairText).join(',')}${items.length > 0 ? end : ''}${last}}`)

/** Behind a value on its line. */
const behind = mostly(4, '', ` # c${MARK}`, `# c${MARK}`, `# c${MARK}`, '  ', '\t', `\t# c${MARK}`, ` #c${MARK}`)

const above = oneOf(
  [5, fc.constant('')],
  [
    1,
    fc.constantFrom(
      `# h${MARK}\n`,
      `# h${MARK}\n\n`,
      `\n# h${MARK}\n# i${MARK}\n`,
      `  # in${MARK}\n`,
      '\n',
      `# h${MARK}\n\ufeff`,
    ),
  ],
)

const blockLines = fc.array(
  fc.constantFrom(
    'x',
    'y z',
    '',
    ' lead',
    '\ttab',
    'trail ',
    '# no',
    'a: b',
    '- x',
    '---x',
    'ü 😀',
    '"q"',
    '---',
    '...',
  ),
  { maxLength: 3 },
)

const blockScalar: fc.Arbitrary<(column: number) => string> = fc
  .tuple(
    mostly(5, '', '!!binary', '!!str', '!t', '&n'),
    fc.constantFrom('|', '>'),
    mostly(2, '', '-', '+'),
    mostly(5, '', '1', '2'),
    behind,
    blockLines,
    mostly(12, '', '\n'),
  )
  .map(([tag, style, chomp, digit, remark, lines, broken]) => (column) => {
    const pad = ' '.repeat(column + (digit === '' ? 2 : Number(digit)))
    const texts = tag === '!!binary' ? ['aGk='] : lines
    const body = texts.map((line) => (line === '' ? '' : pad + line))
    return `${tag === '' ? '' : ` ${tag}`}${broken || ' '}${style}${digit}${chomp}${remark.trim() === '' ? '' : ` ${remark.trim()}`}${['', ...body].join('\n')}`
  })

type Block = (column: number) => string

const properties = mostly(6, '', ' &n', ' !!map', ' !t', ' !a,b', ' &x:y')

/** Text behind `key:` or `-` of an entry at `column`. */
const { entries } = fc.letrec<{ value: Block; entries: Block; list: Block }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    {
      weight: 6,
      arbitrary: fc.tuple(scalar, behind).map(
        ([text, remark]): Block =>
          () =>
            ` ${text}${remark}`,
      ),
    },
    { weight: 2, arbitrary: blockScalar },
    {
      weight: 2,
      arbitrary: fc.tuple(flow, behind).map(
        ([text, remark]): Block =>
          () =>
            ` ${text}${remark}`,
      ),
    },
    {
      weight: 1,
      arbitrary: behind.map(
        (remark): Block =>
          () =>
            remark,
      ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(properties, behind, tie('entries') as fc.Arbitrary<Block>, fc.constantFrom(2, 4)).map(
        ([mark, remark, inner, step]): Block =>
          (column) =>
            `${mark}${remark}\n${inner(column + step)}`,
      ),
    },
    { weight: 2, arbitrary: tie('list') },
  ),
  list: fc
    .tuple(
      properties,
      behind,
      fc.array(fc.tuple(above, tie('value') as fc.Arbitrary<Block>), { minLength: 1, maxLength: 3 }),
      fc.constantFrom(0, 2),
      above,
    )
    .map(
      ([mark, remark, items, step, foot]): Block =>
        (column) => {
          const at = Math.max(column + step, 0)
          const lines = items.map(([head, value]) => `${indented(head, at)}${' '.repeat(at)}-${value(at)}`)
          return `${mark === ' !!map' ? '' : mark}${remark}\n${lines.join('\n')}${foot === '' ? '' : `\n${indented(foot, at)}`.replace(/\n$/, '')}`
        },
    ),
  entries: fc
    .tuple(fc.array(fc.tuple(above, key, tie('value') as fc.Arbitrary<Block>), { minLength: 1, maxLength: 3 }), above)
    .map(
      ([items, foot]): Block =>
        (column) => {
          const names = new Set<string>()
          const pad = ' '.repeat(column)
          const lines = items.flatMap(([head, name, value]) => {
            if (names.has(name)) return []
            names.add(name)
            const start = indented(head, column)
            return [
              name.startsWith('? ')
                ? `${start}${pad}${name}\n${pad}:${value(column)}`
                : `${start}${pad}${name}:${value(column)}`,
            ]
          })
          return lines.join('\n') + (foot === '' ? '' : `\n${indented(foot, column)}`.replace(/\n$/, ''))
        },
    ),
}))

const indented = (lines: string, column: number): string => lines.replace(/^(?=[ #])/gm, ' '.repeat(column))

/** The end of a text: what editors leave there. */
const end = mostly(
  2,
  '\n',
  '',
  '\n\n',
  '\n  ',
  '\n \n',
  '\n\t',
  '\n\t\n',
  '\n   \n\n',
  '\n...\n',
  `\n# end${MARK}\n`,
  `\n# end${MARK}`,
  '\n---\n',
)
const start = mostly(
  5,
  '',
  '---\n',
  '%YAML 1.1\n---\n',
  `--- # first${MARK}\n`,
  '\n',
  `# top${MARK}\n\n`,
  '%YAML 1.1 x\n---\n',
  '%TAG !e! !x-\n---\n',
  '--- ',
)
const between = mostly(3, '\n---\n', `\n--- # c${MARK}\n`, '\n...\n---\n', `\n# foot${MARK}\n---\n`, '\n---\n---\n')

const block = (entries as fc.Arbitrary<Block>).map((text) => text(0))
const document = oneOf([5, block], [3, flowRoot])

const one: fc.Arbitrary<string> = fc.tuple(start, document, end).map((parts) => parts.join(''))
const several: fc.Arbitrary<string> = fc
  .tuple(start, document, fc.array(fc.tuple(between, document), { minLength: 1, maxLength: 2 }), end)
  .map(([first, root, more, last]) => first + root + more.flat().join('') + last)

/** The comments of the wide generator, numbered. */
const wide = yamlTexts.map((text) =>
  text.replace(/(#(?:| |\t)(?:c|in|first|end|x|trailing|a: b|- x))(?=[ \r\n]|$)/g, `$1${MARK}`),
)

const long: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(`{${longKey}: 1}`, `x: {${longKey}: 1}`, `x: {${longKey}: 1, b: [2]}`, `${longKey}: 1`), end)
  .map((parts) => parts.join(''))

export const yamlNetTexts: fc.Arbitrary<Text> = coded(
  'yaml',
  oneOf([17, withLineEnds(oneOf([12, one], [4, several], [1, long]), '\r\n', '\r')], [6, wide]),
)
