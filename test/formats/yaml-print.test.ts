import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { yaml } from '../../src/formats/yaml.ts'
import type { Comment, Node, Tree, Value } from '../../src/tree/tree.ts'
import { bytes, entry, leaf, list, map, shownTree, text } from './yaml-support.ts'

const print = (tree: Tree, indent?: number): string => text(yaml.print(tree, indent === undefined ? {} : { indent }))
const one = (...items: Parameters<typeof map>): Tree => ({ documents: [map(...items)] })
const comment = (text: string, inline = false): Comment => ({ kind: 'comment', text, inline })
const printed = (value: Value | Node): string => print(one(entry('a', value))).slice(3, -1)

describe('values', () => {
  it.each(
    (
      [
        ['x', 'x'],
        ['', '""'],
        ['yes', '"yes"'],
        ['12:30:45', '"12:30:45"'],
        ['1', '"1"'],
        ['2024-01-02', '"2024-01-02"'],
        ['<<', '"<<"'],
        ['- x', "'- x'"],
        ["it's", "it's"],
        ["'x'", "'''x'''"],
        ['a: b', "'a: b'"],
        ['a #b', "'a #b'"],
        ['a#b', 'a#b'],
        [' x', "' x'"],
        ['x\ty', '"x\\ty"'],
        ['😀', '"\\U0001F600"'],
        ['é\u00a0', 'é\u00a0'],
        ['\x07\x85\x7f', '"\\a\\N\\x7F"'],
        ['\ufeffb', '"\\uFEFF\\x62"'],
        ['a\u2028b', '"a\\Lb"'],
        ['---', "'---'"],
        ['a,b', 'a,b'],
        ['[a', "'[a'"],
        ['null', '"null"'],
        ['=', '='],
        ['a\nb\n', '|\n    a\n    b'],
        ['a\nb', '|-\n    a\n    b'],
        ['a\n\n', '|+\n    a\n'],
        ['\n', '|4+\n'],
        [' a\nb', '|4-\n     a\n    b'],
        ['\ta\nb', '"\\ta\\nb"'],
        ['a \nb', '"a \\nb"'],
        ['a\r\nb', '"a\\r\\nb"'],
        [1n, '1'],
        [true, 'true'],
        [null, 'null'],
        [1.5, '1.5'],
        [1, '1'],
        [1e6, '1e+06'],
        [1e-5, '1e-05'],
        [-0, '-0.0'],
        [Number.NaN, '.nan'],
        [{ rfc3339: '2024-01-02T03:04:05.12+02:00' }, '2024-01-02T03:04:05.12+02:00'],
        [new Uint8Array([0xff]), '!!binary /w=='],
        [new Uint8Array([0x61]), 'a'],
      ] as [Value, string][]
    ).map(([value, expected]) => [expected, value] as [string, Value]),
  )('%s', (expected, value) => {
    expect(printed(value)).toBe(expected)
  })

  it('breaks long base64 into lines', () => {
    const data = new Uint8Array(100).fill(0xff)
    expect(printed(data)).toMatch(/^!!binary \|\n {4}\/{70}\n/)
    expect(shownTree(yaml.parse(yaml.print(one(entry('a', data)))).tree)).toEqual(shownTree(one(entry('a', data))))
  })

  it('writes double quotes where the indicator of a literal would not fit', () => {
    const tree = one(entry('l', list(map(entry('k', ' a\nb')))))
    expect(shownTree(yaml.parse(yaml.print(tree)).tree)).toEqual(shownTree(tree))
  })
})

describe('layout', () => {
  it('indents as the reference does', () => {
    const tree = one(
      entry(
        'k',
        list(
          leaf('a'),
          map(entry('b', 1n), entry('c', map(entry('d', list(leaf(2n))), entry('e', 'l\nm\n')))),
          list(leaf('x'), list(leaf('z'))),
        ),
      ),
      entry('m', map()),
      entry('o', list()),
    )
    expect(print(tree)).toBe(
      'k:\n    - a\n    - b: 1\n      c:\n        d:\n            - 2\n        e: |\n            l\n            m\n    - - x\n      - - z\nm: {}\no: []\n',
    )
    expect(print(tree, 2)).toBe(
      'k:\n  - a\n  - b: 1\n    c:\n      d:\n        - 2\n      e: |\n        l\n        m\n  - - x\n    - - z\nm: {}\no: []\n',
    )
    expect([0, 1, 10].map((n) => print(tree, n) === print(tree, n === 0 ? 4 : 2))).toEqual([true, true, true])
  })

  it('refuses a negative indentation', () => {
    expect(() => print(one(), -1)).toThrow('YAML Negative indentation not accepted')
  })

  it('quotes keys, writes long ones explicitly and tags merge keys', () => {
    const long = 'k'.repeat(129)
    expect(print(one(entry('n', 1n), entry('1', 2n), entry('a b', 3n), entry('<<', map(entry('x', 1n)))))).toBe(
      '"n": 1\n"1": 2\na b: 3\n!!merge <<:\n    x: 1\n',
    )
    expect(print(one(entry(long, 1n), entry('k\nl', map(entry('a', 1n)))))).toBe(
      `? ${long}\n: 1\n? |-\n    k\n    l\n:   a: 1\n`,
    )
  })

  it('separates documents', () => {
    expect(print({ documents: [map(entry('a', 1n)), map(), map(entry('b', 1n))] })).toBe('a: 1\n---\n{}\n---\nb: 1\n')
    expect(print({ documents: [] })).toBe('')
  })

  it('puts comments where they belong', () => {
    const tree = one(
      comment(' top'),
      comment(' beside', true),
      entry('a', 1n),
      comment(' on a map', true),
      entry('m', map(comment(' in'), entry('b', 'l\n'), comment(' end'))),
      entry('l', list(comment(' c'), leaf('x'), map(comment(' first'), entry('z', 1n)), comment(' last'))),
      entry('e', map(comment(' only'))),
      entry('f', list(comment('1'), comment('2'))),
      comment(' foot'),
    )
    const expected =
      '# top\na: 1 # beside\n# on a map\nm:\n    # in\n    b: |\n        l\n    # end\nl:\n    # c\n    - x\n    # first\n    - z: 1\n    # last\ne: {} # only\nf: [\n    #1\n    #2\n    ]\n# foot\n'
    expect(print(tree)).toBe(expected)
    expect(print({ documents: [map(comment(' c'))] })).toBe('# c\n{}\n')
    expect(print(one(comment('one\n; two'), entry('a', 1n)))).toBe('#one\n# ; two\na: 1\n')
  })

  it('prints single values', () => {
    const value = (node: Node): string => text(yaml.printValue(node))
    expect([leaf(null), leaf(5n), leaf(1.5), list(leaf('a'), map(entry('b', 1n))), list(), map()].map(value)).toEqual([
      'null\n',
      '5\n',
      '1.5\n',
      '- a\n- b: 1\n',
      '[]\n',
      '{}\n',
    ])
  })

  it('has an example that it reads', () => {
    expect(print(yaml.parse(bytes(yaml.example)).tree)).toBe(yaml.example)
  })
})

describe('recorded files', () => {
  const folder = join(import.meta.dirname, '../../fixtures/conformance/cases')
  const cases = readdirSync(folder).map((name) => join(folder, name))
  /** Texts that the reference wrote: recorded outputs of `encrypt`. */
  const outputs = cases.flatMap((path) =>
    (
      JSON.parse(readFileSync(path, 'utf8')) as {
        steps: { argv?: string[]; expect?: { stdout?: { tree?: { format: string; text: string } } } }[]
      }[]
    )
      .flatMap((one) => one.steps)
      .filter((step) => step.argv?.[0] === 'encrypt' && step.expect?.stdout?.tree?.format === 'yaml')
      .map((step) => step.expect?.stdout?.tree?.text as string)
      // A comment beside `sops:` has been moved there by the reference's printer.
      .filter((text) => !text.includes('sops: #'))
      // Recorded texts that were cut short are no longer what was written.
      .filter((text) => !/BEGIN PGP MESSAGE-----\n *(?!-)\w+:/.test(text)),
  )
  it('print as they are', () => {
    expect(outputs.length).toBeGreaterThan(50)
    for (const output of outputs) expect(print(yaml.parse(bytes(output)).tree)).toBe(output)
  })
})
