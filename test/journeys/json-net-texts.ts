// JSON texts: every spelling of numbers and strings, in every layout, and the ways to be nearly JSON.
import fc from 'fast-check'
import { coded, mostly, oneOf, type Text, withLineEnds } from './texts.ts'

const numbers = fc.constantFrom(
  '1',
  '0',
  '-0',
  '-7',
  '1.0',
  '1.50',
  '-0.0',
  '1e3',
  '1E+2',
  '1e-7',
  '5e-324',
  '123456789012',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '12345678901234567890',
  '1e21',
  '100000.0',
  '1e400',
)

const strings = fc.constantFrom(
  '""',
  '"x"',
  '"a b"',
  '"ü 😀"',
  '"\\u0041"',
  '"\\ud83d\\ude00"',
  '"x\\ud800y"',
  '"\\udc00"',
  '"\\/"',
  '"a\\nb\\t"',
  '"\\u0000"',
  '"\\u2028"',
  '"\u2028"',
  '"<&>"',
  '"\\""',
  '"\\\\"',
  '"é"',
  '"true"',
  '"1"',
  '"\u007f"',
  '"{[,]}"',
  '"sops"',
)

const keys = oneOf(
  [4, fc.constantFrom('"a"', '"b"', '"c"', '"d"', '"e"', '"f"')],
  [
    2,
    fc.constantFrom('"1"', '"0"', '""', '"a\\/b"', '"ü"', '"__proto__"', '"a b"', '"x_unencrypted"', '"é"', '"sops_x"'),
  ],
  [1, fc.constantFrom('"\\u0061"', '"\\ud800"', '"a\\nb"')],
)

const gap = mostly(4, '', ' ', '\n', '\n\t', '  ', '\t\n ')

const { value, object } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 4, arbitrary: oneOf([3, numbers], [3, strings], [1, fc.constantFrom('true', 'false', 'null')]) },
    { weight: 1, arbitrary: tie('object') as fc.Arbitrary<string> },
    { weight: 1, arbitrary: tie('array') as fc.Arbitrary<string> },
  ),
  object: fc
    .tuple(fc.array(fc.tuple(gap, keys, gap, gap, tie('value'), gap), { maxLength: 4 }), gap)
    .map(
      ([members, last]) =>
        `{${members.map(([a, key, b, c, text, d]) => `${a}${key}${b}:${c}${text}${d}`).join(',')}${last}}`,
    ),
  array: fc
    .tuple(fc.array(fc.tuple(gap, tie('value'), gap), { maxLength: 4 }), gap)
    .map(([items, last]) => `[${items.map((item) => item.join('')).join(',')}${last}]`),
}))

const around = mostly(8, '', ' ', '\n', '\t')
const tail = mostly(6, '\n', '', ' \n', '\n\n', ' x', '\n{}', '\u00a0')

export const jsonNetTexts: fc.Arbitrary<Text> = coded(
  'json',
  withLineEnds(
    fc
      .tuple(around, oneOf([9, object as fc.Arbitrary<string>], [1, value as fc.Arbitrary<string>]), tail)
      .map((parts) => parts.join('')),
    '\r\n',
    '\r',
  ),
)
