// Inputs that are made to exhaust a program: each is handled or refused in time and memory that follow from its size.
import { describe, expect, test } from 'vitest'
import { decryptToObject, type FormatId, SopsError } from '../../src/index.ts'
import { common, orReported, reseal, seal, unseal } from './sealed.ts'

/** Repetitions. Anything that is worse than linear takes minutes at the larger of them. */
const many = 8_000
const deep = 9_990
const half = 4_000

const times = (text: string, count = many): string => text.repeat(count)
const lines = (line: (i: number) => string, count = many): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('')

const kept: readonly (readonly [format: FormatId, name: string, text: string])[] = [
  ['json', 'lists 10,000 deep', `{"a":${times('[', deep)}"x"${times(']', deep)}}`],
  ['json', 'maps 10,000 deep', `${times('{"a":', deep)}"x"${times('}', deep)}`],
  ['json', 'many keys', `{${lines((i) => `"k${i}":${i},`, 1000)}"z":0}`],
  ['json', 'one key many times', `{${times('"k":"v",', 1000)}"k":"v"}`],
  ['json', 'a long fraction', `{"a": 0.${times('9')}}`],
  ['json', 'nothing but backslashes', `{"a": "${times('\\\\')}"}`],
  ['json', 'blanks', `{"a":${times(' ')}1${times(' \n')}}`],
  ['yaml', 'lists 4,000 deep', `a: ${times('[', half)}${times(']', half)}\n`],
  ['yaml', 'maps 4,000 deep', `a: ${times('{a: ', half)}x${times('}', half)}\n`],
  ['yaml', 'dashes 10,000 deep', `a:\n  ${times('- ', deep)}x\n`],
  ['yaml', 'a staircase of keys', lines((i) => `${' '.repeat(i)}a:\n`, 500)],
  ['yaml', 'many keys', lines((i) => `k${i}: ${i}\n`, 1000)],
  ['yaml', 'many comments', `${times('# c\n', 1000)}a: 1\n`],
  ['yaml', 'many comments on lines', lines((i) => `k${i}: v # c${i}\n`, 1000)],
  ['yaml', 'blank lines', `a: 1\n${times('\n')}b: 2\n`],
  ['yaml', 'quotes in quotes', `a: '${times("''")}'\n`],
  ['yaml', 'a long list on one line', `a: [${times('x, ', 400)}x]\n`],
  ['yaml', 'a long block', `a: |\n${times('  y\n')}`],
  ['yaml', 'many anchors', lines((i) => `k${i}: &a${i} ${i}\n`, 1000)],
  ['yaml', 'digits', `a: ${times('9')}\n`],
  ['yaml', 'blanks before a comment', `a: x${times(' ')}# c\n`],
  ['dotenv', 'many lines', lines((i) => `K${i}=${i}\n`, 1000)],
  ['dotenv', 'nothing but line breaks', `A=${times('\\n')}\n`],
  ['dotenv', 'nothing but carriage returns', `A=${times('\r')}\n`],
  ['dotenv', 'nothing but comments', times('#\n', 4000)],
  ['ini', 'many keys', `[s]\n${lines((i) => `k${i} = ${i}\n`, 1000)}`],
  ['ini', 'many sections', lines((i) => `[s${i}]\nk = v\n`, 800)],
  ['ini', 'one section many times', times('[s]\nk = v\n', 800)],
  ['ini', 'comments', `${times('; c\n', 1000)}[s]\nk = v\n`],
  ['ini', 'a line of semicolons', `${times(';')}\n[s]\nk = v\n`],
  ['ini', 'a value among blanks', `[s]\nk =${times(' ')}v${times(' ')}\n`],
]

test.each(kept)('%s: %s', async (format, _, text) => {
  const sealed = await seal(text, { format })
  const opened = await unseal(sealed, format)
  expect(Buffer.from(opened).toString() === text).toBe(true)
  expect(Object.keys(await decryptToObject(sealed, { format, ...common })).length).toBeGreaterThan(
    format === 'dotenv' ? -1 : 0,
  )
  expect(Buffer.compare(await unseal(await reseal(sealed, opened, format), format), opened)).toBe(0)
})

const refused: readonly (readonly [format: FormatId, name: string, text: string])[] = [
  ['json', 'deeper than that', `${times('{"a":', 20_000)}1${times('}', 20_000)}`],
  ['json', 'lists that never end', times('[', 100_000)],
  ['json', 'maps that never end', times('{"a":', 100_000)],
  ['json', 'digits', `{"a": ${times('9')}}`],
  ['json', 'digits of an exponent', `{"a": 1e${times('9')}}`],
  ['yaml', 'lists that never end', `a: ${times('[', 100_000)}`],
  ['yaml', 'dashes that never end', `a:\n  ${times('- ', 50_000)}x`],
  [
    'yaml',
    'a billion laughs',
    `a: &a [x,x,x,x,x,x,x,x,x]\n${lines((i) => `${'bcdefghi'[i]}: &${'bcdefghi'[i]} [${times(`*${'abcdefgh'[i]},`, 9)}]\n`, 8)}`,
  ],
  [
    'yaml',
    'aliases that double',
    `a0: &a0 {x: 1}\n${lines((i) => `a${i + 1}: &a${i + 1} {l: *a${i}, r: *a${i}}\n`, 25)}`,
  ],
  ['yaml', 'an alias of itself', 'a: &a [*a]\n'],
  ['dotenv', 'a long line without a sign', times('x')],
  ['ini', 'brackets that never end', times('[')],
]

test.each(refused)('%s, refused: %s', async (format, _, text) => {
  expect(await orReported(() => seal(text, { format }))).toBeInstanceOf(SopsError)
})

describe('names of JavaScript are ordinary keys', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']

  test.each<[FormatId, string, (names: readonly string[]) => string]>([
    ['json', 'nested', (keys) => `{${keys.map((key) => `"${key}": {"${key}": "${key} value"}`).join(', ')}}`],
    ['yaml', 'nested', (keys) => keys.map((key) => `${key}: {${key}: ${key} value}\n`).join('')],
    ['ini', 'nested', (keys) => keys.map((key) => `[${key}]\n${key} = ${key} value\n`).join('')],
    ['dotenv', 'flat', (keys) => keys.map((key) => `${key}=${key} value\n`).join('')],
  ])('%s', async (format, shape, document) => {
    const text = document(names)
    const sealed = await seal(text, { format })
    expect(Buffer.from(await unseal(sealed, format)).toString()).toBe(text)
    const object = await decryptToObject(sealed, { format, ...common })
    for (const name of names) {
      const value = Object.getOwnPropertyDescriptor(object, name)?.value
      const text = shape === 'flat' ? value : Object.getOwnPropertyDescriptor(value, name)?.value
      expect(text, name).toBe(`${name} value`)
    }
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['__proto__ value']).toBeUndefined()
  })
})

test.each(['(a+)+$', '(a|a)*b', '(.*)*x', '((a{1,30}){1,30}){1,30}x'])(
  'the expression %s is matched in linear time, or refused',
  async (regex) => {
    const key = `${'a'.repeat(5000)}!`
    const sealed = await orReported(() => seal(`{"${key}": "v"}`, { format: 'json', unencryptedRegex: regex }))
    if (sealed instanceof SopsError) return
    expect(Buffer.from(await unseal(sealed, 'json')).toString()).toContain(key)
  },
)
