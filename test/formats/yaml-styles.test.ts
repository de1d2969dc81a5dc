// Every spelling of every kind of value at every place: what an encrypted token says of it, and what it leaves to the list of losses.
import { describe, expect, it } from 'vitest'
import { yaml } from '../../src/formats/yaml.ts'
import { bytes, decryptText, differences, enc, encryptText, parseShown, returned } from './yaml-support.ts'

type Style = 'plain' | 'double' | 'escaped' | 'single' | '|' | '|-' | '|+' | '>' | '>-'
const styles: readonly Style[] = ['plain', 'double', 'escaped', 'single', '|', '|-', '|+', '>', '>-']

/** Texts that can stand without quotes. */
const plainTexts = [
  'foo',
  'a b',
  'é',
  "it's",
  'say "x"',
  'a#b',
  'a:b',
  'back\\slash',
  'ENC[x]',
  'a?b',
  '\u00a0x',
  '08:30',
  '=',
]
/** Those that SOPS would print in quotes, so that nobody reads something else. */
const disputed = ['yes', 'No', 'on', 'OFF', 'y', 'n', '1:30', '-12:30:45', '<<']
/** Those that SOPS prints in quotes because of a character. */
const special = ['😀', '😀 x', 'a\tb']
/** Texts that are something else, or nothing, without quotes. */
const quotedTexts = [
  '5432',
  '1e3',
  'true',
  '~',
  '2024-01-01',
  'a: b',
  'x # y',
  '- x',
  '{a',
  '@x',
  ' x',
  'x ',
  '\ufeffx',
  '😀: x',
]
const lines = ['x\ny', 'x\n', '\n', 'x\n\n', 'x\ny\n', ' x\ny\n', 'a\n😀']
/** Values that are no texts, as they are written. */
const typed = [
  'true',
  'True',
  'TRUE',
  'false',
  'False',
  '1',
  '-7',
  '007',
  '+7',
  '1.50',
  '1e3',
  '100000.0',
  '0.00001',
  '.inf',
  '-.inf',
]
const times = ['2024-01-01', '2024-01-02T03:04:05Z', '2024-01-02T03:04:05+01:00']
const tagged = [
  '!!float 1',
  '!!str 5',
  '!!str x',
  '!t x',
  '!t yes',
  '!t 5',
  '!t "yes"',
  "!t 'x'",
  '!t 😀',
  '&a x',
  '&a !t "x"',
]
const lossyTyped = ['0x1F', '1_000', '0o7', '+.INF', '2024-1-2', '!!int 5', '!!bool "true"', '! 5', '! yes']

const places: Readonly<Record<string, (scalar: string) => string>> = {
  entry: (scalar) => `a: ${scalar}\nz: 1\n`,
  'entry of a nested map': (scalar) => `m:\n  a: ${scalar}\nz: 1\n`,
  element: (scalar) => `l:\n- ${scalar}\n- z\n`,
  'first entry of an element': (scalar) => `l:\n  - a: ${scalar}\n    b: 1\n`,
  'end of the text': (scalar) => `z: 1\na: ${scalar}`,
  'beside a comment': (scalar) => `a: ${scalar} # c\n`,
  'flow list': (scalar) => `l: [${scalar}, z]\n`,
  'flow map': (scalar) => `{"a": ${scalar}, z: 1}\n`,
}
const isFlow = (place: string): boolean => place.startsWith('flow')

const escaped = (c: string): string =>
  c === '\n'
    ? '\\n'
    : c === '\t'
      ? '\\t'
      : c.codePointAt(0)! > 0xffff
        ? `\\U${c.codePointAt(0)!.toString(16).toUpperCase().padStart(8, '0')}`
        : c === '\ufeff'
          ? '\\uFEFF'
          : c
const double = (value: string, escapes: RegExp): string =>
  `"${value.replace(/["\\]/g, '\\$&').replace(escapes, escaped)}"`

/** The value in a style, where it has one. */
function written(value: string, style: Style): string | undefined {
  const hasLines = value.includes('\n')
  // Written as it is, it always comes back escaped.
  if (value.includes('\ufeff') && style !== 'double' && style !== 'escaped') return undefined
  if (style === 'plain') return hasLines || value === '' ? undefined : value
  if (style === 'single') return hasLines ? undefined : `'${value.replaceAll("'", "''")}'`
  if (style === 'double') return double(value, /[\n\t\ufeff]/gu)
  if (style === 'escaped') return double(value, /[\n\t\ufeff]|[\u{10000}-\u{10ffff}]/gu)
  return value.endsWith('\n') === style.endsWith('-')
    ? undefined
    : `${style}\n      ${value.replace(/\n$/, '').replaceAll('\n', '\n      ')}`
}

/** A text with the scalar in the place, if it says the value there. */
function textWith(scalar: string, place: string, value?: string): string | undefined {
  const source = places[place]!(scalar)
  try {
    const said = JSON.stringify(parseShown(source))
    return value === undefined || said.includes(JSON.stringify(value)) ? source : undefined
  } catch {
    return undefined
  }
}

/** The only spellings in quotes, or without, that have no token of their own. */
function isLoss(value: string, style: Style, place: string, isReadable: boolean): boolean {
  if (style === '|+') return value !== '\n' && !value.endsWith('\n\n')
  if (style === 'single') return isFlow(place) ? isReadable : value.includes('😀') && isReadable
  return style === 'escaped' && isFlow(place) && value.includes('😀')
}

describe.each(Object.keys(places))('%s', (place) => {
  const texts = [...plainTexts, ...disputed, ...special, ...quotedTexts, ...lines]
  it.each(styles)('%s', (style) => {
    let count = 0
    for (const value of texts) {
      const scalar = written(value, style)
      const source = scalar === undefined ? undefined : textWith(scalar, place, value)
      if (source === undefined) continue
      count++
      const { again, named } = returned(source)
      expect(differences(source, again, named)).toEqual([])
      expect(parseShown(again)).toEqual(parseShown(source))
      const isReadable = written(value, 'plain') !== undefined && textWith(value, place, value) !== undefined
      const isOpen = place === 'end of the text' && /^[|>]\+?$/.test(style)
      if (!isOpen) expect([source, named.size > 0]).toEqual([source, isLoss(value, style, place, isReadable)])
      if (named.size === 0) expect(again).toBe(source)
      expect(decryptText(encryptText(again))).toBe(again)
    }
    if (!/^[|>]/.test(style) || !/flow|beside|end/.test(place)) expect(count).toBeGreaterThan(0)
  })

  it.each([...typed, ...times, ...tagged])('%s comes back', (scalar) => {
    const source = textWith(scalar, place)!
    const { again, named } = returned(source)
    if (isFlow(place) && scalar === "!t 'x'") expect(named.size).toBe(1)
    else expect({ again, named: named.size }).toEqual({ again: source, named: 0 })
  })

  it.each(lossyTyped)('%s is named', (scalar) => {
    const source = textWith(scalar, place)!
    const { again, named } = returned(source)
    expect(named.size).toBe(1)
    expect(differences(source, again, named)).toEqual([])
    expect(decryptText(encryptText(again))).toBe(again)
  })
})

describe('a token of another version', () => {
  it.each([
    [`a: ! ${enc('yes', 'str')}\n`, 'a: "yes"\n'],
    [`a: ! ${enc('2024-01-01T00:00:00Z', 'time')}\n`, 'a: 2024-01-01T00:00:00Z\n'],
    [`a: ! |-\n  ${enc('x', 'str')}\n`, 'a: |-\n  x\n'],
    [`a: [! '${enc('x', 'str')}']\n`, 'a: [x]\n'],
  ])('%j opens', (source, plain) => {
    expect(decryptText(source)).toBe(plain)
    const parsed = yaml.parse(bytes(source))
    const again = Buffer.from(yaml.rewrite(parsed, parsed.tree, { encrypted: true }).bytes).toString()
    expect(again).toBe(source.replace('! ', ''))
  })
})
