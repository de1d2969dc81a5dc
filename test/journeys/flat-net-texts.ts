// .env and INI texts: lines as people write them, with the syntax of every other program that reads such files.
import fc from 'fast-check'
import { coded, MARK, mostly, oneOf, type Text, withLineEnds } from './texts.ts'

const words = fc.constantFrom(
  'x',
  '1',
  'a b',
  '',
  '5432',
  '007',
  'true',
  'ü',
  '😀',
  'é',
  'http://h:1/p?q=1#f',
  'a=b',
  'a#b',
  'a;b',
  '\\n',
  'a\\nb',
  '\\',
  'a\\',
  '$HOME',
  '%(x)s',
  'ENC[x]',
  '[x]',
  '\ufeffx',
  'a\u0085',
  'a\u2028b',
  '\u00a0',
)

const quoted = fc
  .tuple(fc.constantFrom('"', "'", '`', '"""'), words, mostly(6, '', '\n', '"', "'"))
  .map(([quote, text, inner]) => quote + text + inner + quote)

const value = oneOf(
  [6, words],
  [2, quoted],
  [1, fc.constantFrom('"', "'", '`', '"""', '"a"b', '"a" b', "'y'z", ' x ', '\tx', 'x \t', 'a\rb', 'x\r')],
)

const name = oneOf(
  [8, fc.constantFrom('A', 'B', 'C', 'D1', 'e', 'f_g', 'H')],
  [2, fc.constantFrom('x_unencrypted', 'a.b', 'a-b', 'ü', 'é', 'a b', '1', '__proto__', '-')],
  [1, fc.constantFrom('a[]', 'a"b', 'a`b', '"q"', '`t`')],
)

const envLine: fc.Arbitrary<string> = oneOf(
  [
    8,
    fc
      .tuple(
        mostly(8, '', 'export ', ' ', '\t'),
        name,
        mostly(8, '=', ' = ', ' =', '= '),
        value,
        mostly(6, '', ' ', ` # c${MARK}`),
      )
      .map((parts) => parts.join('')),
  ],
  [2, fc.constantFrom(`# c${MARK}`, `#c${MARK}`, '#', `##${MARK}`, `# A=1 ${MARK}`, `# é${MARK}`)],
  [1, fc.constant('')],
  [1, mostly(4, '', ' ', '\t', ` # c${MARK}`, 'junk', '=x')],
)

const lines = (line: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.array(line, { maxLength: 6, size: 'medium' }), mostly(5, '\n', '', '\n\n', '\n \n', '\n\t'))
    .map(([all, end]) => all.join('\n') + end)

export const dotenvNetTexts: fc.Arbitrary<Text> = coded('dotenv', withLineEnds(lines(envLine), '\r\n', '\r'))

const remark = mostly(4, '', ` # c${MARK}`, ` ; c${MARK}`, '#c', ';c', '  ')

/** Of lines with the same name in a section the first: SOPS writes the value of the last over all of them. */
function distinct(text: string): string {
  const seen = new Set<string>()
  const kept = text.split('\n').filter((line) => {
    if (/^\s*\[/.test(line)) seen.clear()
    const name = /^\s*(?![;#[])([^=:]+?)\s*[=:]/.exec(line)?.[1]
    return name === undefined || (!seen.has(name) && seen.add(name))
  })
  return kept.join('\n')
}

const iniLine: fc.Arbitrary<string> = oneOf(
  [
    8,
    fc
      .tuple(mostly(5, '', ' ', '\t'), name, mostly(4, ' = ', '=', ':', ' : ', '\t=\t'), value, remark)
      .map((parts) => parts.join('')),
  ],
  [
    3,
    fc
      .tuple(
        mostly(5, '', ' '),
        fc.constantFrom(`# c${MARK}`, `; c${MARK}`, `;c${MARK}`, ';', '#', `;;; c${MARK}`, `# é${MARK}`),
      )
      .map((parts) => parts.join('')),
  ],
  [1, fc.constant('')],
  [
    2,
    fc
      .tuple(
        fc.constantFrom(
          '[s]',
          '[t]',
          '[DEFAULT]',
          '[default]',
          '[a.b]',
          '[ s ]',
          '[ü]',
          '[a]b]',
          '[s] x',
          '[remote "o"]',
        ),
        remark,
      )
      .map((parts) => parts.join('')),
  ],
  [1, fc.constantFrom('A = one \\\n  two', 'A = """x\ny"""', 'A = `x\ny`', 'junk', 'A = """x\\\ny"""', '[')],
)

export const iniNetTexts: fc.Arbitrary<Text> = coded(
  'ini',
  withLineEnds(
    fc.tuple(mostly(3, '[s]\n', ''), lines(iniLine)).map((parts) => distinct(parts.join(''))),
    '\r\n',
  ),
)
