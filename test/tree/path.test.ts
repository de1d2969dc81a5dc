// Path syntax and lookup as `--extract` has them (spec/cli.md 12).
import { describe, expect, it } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import { formatPath, nodeAt, parsePath } from '../../src/tree/path.ts'
import type { MapNode, Node, Value } from '../../src/tree/tree.ts'

const parse = (text: string) => parsePath(text, 'bad-extract-path', 'error parsing --extract path: ')
const leaf = (value: Value): Node => ({ kind: 'leaf', value })

describe('parsePath', () => {
  it.each([
    ['["a"]["b"][0]', ['a', 'b', 0]],
    [`['a']`, ['a']],
    ['', []],
    ['["a]', ['']],
    ['[+0]', [0]],
    ['[00]', [0]],
    ['["a.b"]', ['a.b']],
    ['["a]b"]', ['a]b']],
    ['["it\'s"]', ["it's"]],
  ])('reads %s', (text, steps) => {
    expect(parse(text)).toEqual(steps)
  })

  it.each([
    ['a', "component a doesn't end with ]"],
    ['["a"', `component "a" doesn't end with ]`],
    ['["a"]x', `component "a"]x doesn't end with ]`],
    ['["a"] [0]', `component "a"]  doesn't end with ]`],
    ['[x]', 'component [x] is neither a key in quotes nor a whole number'],
    ['[1.5]', 'component [1.5] is neither a key in quotes nor a whole number'],
    ['[]', 'component [] is neither a key in quotes nor a whole number'],
    ['["]', 'has no key between its quotes'],
    ['[-1]', 'is a negative index'],
  ])('refuses %s with exit 91', (text, reason) => {
    const error = (() => {
      try {
        return parse(text)
      } catch (caught) {
        return caught
      }
    })()
    expect(error).toBeInstanceOf(SopsError)
    expect((error as SopsError).exitCode).toBe(91)
    expect((error as SopsError).message).toContain(reason)
  })

  it('formats a path as the user writes it', () => {
    expect(formatPath(parse('["a"][0]'))).toBe('["a"][0]')
  })
})

describe('nodeAt', () => {
  const root: MapNode = {
    kind: 'map',
    items: [
      { kind: 'comment', text: ' c', inline: false },
      { kind: 'entry', key: 'a', value: leaf('x') },
      { kind: 'entry', key: '1', keyType: 'int', value: leaf('numeric key') },
      {
        kind: 'entry',
        key: 'l',
        value: {
          kind: 'list',
          items: [{ kind: 'comment', text: ' in', inline: true }, leaf(1n), { kind: 'map', items: [] }],
        },
      },
    ],
  }

  it.each([
    ['["a"]', leaf('x')],
    ['["l"][1]', leaf(1n)],
    ['["l"][2]', { kind: 'map', items: [] }],
  ])('finds %s', (text, node) => {
    expect(nodeAt(root, parse(text))).toEqual(node)
  })

  it('gives a record for an index into a map and for a comment in a list', () => {
    const record = (names: [string, string], values: [Value, Value]) => ({
      kind: 'map',
      items: names.map((key, i) => ({ kind: 'entry', key, value: leaf(values[i]!) })),
    })
    expect(nodeAt(root, parse('[1]'))).toEqual(record(['key', 'value'], ['a', 'x']))
    expect(nodeAt(root, parse('[1]'), true)).toEqual(record(['Key', 'Value'], ['a', 'x']))
    expect(nodeAt(root, parse('["l"][0]'))).toEqual(record(['value', 'inline'], [' in', true]))
  })

  it.each([
    ['["zz"]', "error truncating tree: component ['zz'] not found"],
    ['["1"]', "error truncating tree: component ['1'] not found"],
    ['["l"][5]', 'error truncating tree: component [5] accesses out of bounds'],
    ['["a"][0]', 'error truncating tree: component [0] is integer, but tree part is not a slice'],
    ['["l"]["k"]', "error truncating tree: component ['k'] is a key, but the tree part is a list"],
  ])('refuses %s', (text, message) => {
    expect(() => nodeAt(root, parse(text))).toThrow(message)
  })
})
