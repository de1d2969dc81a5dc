// `set` and `unset` on a tree (spec/cli.md 12.2, 12.3).
import { describe, expect, it } from 'vitest'
import { isMissing, setAt, unsetAt } from '../../src/tree/edit.ts'
import type { Path } from '../../src/tree/path.ts'
import type { MapNode, Node } from '../../src/tree/tree.ts'

/** Plain objects and arrays as nodes, and back. */
const node = (value: unknown): Node =>
  Array.isArray(value)
    ? { kind: 'list', items: value.map(node) }
    : typeof value === 'object' && value !== null
      ? { kind: 'map', items: Object.entries(value).map(([key, v]) => ({ kind: 'entry', key, value: node(v) })) }
      : { kind: 'leaf', value: value as string }
const plain = (n: Node): unknown =>
  n.kind === 'leaf'
    ? n.value
    : n.kind === 'list'
      ? n.items.map((item) => plain(item as Node))
      : Object.fromEntries(n.items.flatMap((item) => (item.kind === 'entry' ? [[item.key, plain(item.value)]] : [])))

const start = { a: 1, m: { x: 'y', l: ['p', 'q'] } }

describe('setAt', () => {
  it.each<[Path, unknown, unknown]>([
    [['a'], 2, { ...start, a: 2 }],
    [['m', 'x'], 'z', { a: 1, m: { x: 'z', l: ['p', 'q'] } }],
    [['m', 'l', 0], 'z', { a: 1, m: { x: 'y', l: ['z', 'q'] } }],
    [['m', 'l', 9], 'z', { a: 1, m: { x: 'y', l: ['p', 'q', 'z'] } }],
    [['n', 'o', 3, 'k'], 'z', { ...start, n: { o: [{ k: 'z' }] } }],
    [['a', 'b'], 'z', { ...start, a: { b: 'z' } }],
    [['m', 'l', 1, 'deep'], 'z', { a: 1, m: { x: 'y', l: ['p', { deep: 'z' }] } }],
    [['m'], { new: true }, { a: 1, m: { new: true } }],
  ])('sets %j to %j', (path, value, result) => {
    expect(plain(setAt(node(start) as MapNode, path, node(value)))).toEqual(result)
  })

  it('keeps every untouched node, and the place in the text of a replaced leaf', () => {
    const origin = { start: 3, end: 4, value: 1 }
    const root: MapNode = {
      kind: 'map',
      items: [
        { kind: 'entry', key: 'a', value: { kind: 'leaf', value: 1, origin } },
        { kind: 'entry', key: 'b', value: node({ c: 'd' }) },
      ],
    }
    const next = setAt(root, ['a'], { kind: 'leaf', value: 2 })
    expect(next.items[0]).toMatchObject({ value: { value: 2, origin } })
    expect(next.items[1]).toBe(root.items[1])
  })

  it('refuses a key step on a list, an index into a map, and an empty path', () => {
    expect(() => setAt(node(start) as MapNode, ['m', 0], node(1))).toThrow('["m"] is a map, and [0] is an index')
    expect(() => setAt(node(start) as MapNode, ['m', 'l', 'k'], node(1))).toThrow('is a list')
    expect(() => setAt(node(start) as MapNode, [], node(1))).toThrow('path is empty')
  })
})

describe('unsetAt', () => {
  it.each<[Path, unknown]>([
    [['a'], { m: start.m }],
    [['m', 'l', 0], { a: 1, m: { x: 'y', l: ['q'] } }],
    [['m'], { a: 1 }],
  ])('removes %j', (path, result) => {
    expect(plain(unsetAt(node(start) as MapNode, path))).toEqual(result)
  })

  it.each<[Path, string, boolean]>([
    [['zz'], 'Key not found: zz', true],
    [['m', 'zz'], 'Key not found: zz', true],
    [['m', 'l', 9], 'Index 9 out of bounds', true],
    [['a', 'x'], 'Unsupported type: ', false],
    [['m', 'l', 'k'], 'is a list', false],
  ])('reports %j', (path, message, missing) => {
    try {
      unsetAt(node(start) as MapNode, path)
      expect.unreachable()
    } catch (error) {
      expect(String(error)).toContain(message)
      expect(isMissing(error)).toBe(missing)
    }
  })
})
