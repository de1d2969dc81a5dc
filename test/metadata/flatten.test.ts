import { describe, expect, test } from 'vitest'
import { flatten, unflatten } from '../../src/metadata/flatten.ts'
import type { MapNode, Node, Value } from '../../src/tree/tree.ts'

type Plain = Value | { [key: string]: Plain } | Plain[]
const node = (plain: Plain): Node =>
  Array.isArray(plain)
    ? { kind: 'list', items: plain.map(node) }
    : typeof plain === 'object' && plain !== null && !(plain instanceof Uint8Array)
      ? {
          kind: 'map',
          items: Object.entries(plain).map(([key, value]) => ({ kind: 'entry', key, value: node(value as Plain) })),
        }
      : { kind: 'leaf', value: plain }

test('depth first, values as text, no trace of empty containers', () => {
  const tree = node({
    age: [{ enc: 'e\n', recipient: 'r' }, { enc: 'f' }],
    groups: [{ hc_vault: [], kms: [{ context: { 'k.1': 'v' }, aws_profile: '' }] }],
    mac_only_encrypted: true,
    shamir_threshold: 2n,
    nothing: {},
  }) as MapNode
  expect(flatten(tree)).toEqual([
    ['age__list_0__map_enc', 'e\n'],
    ['age__list_0__map_recipient', 'r'],
    ['age__list_1__map_enc', 'f'],
    ['groups__list_0__map_kms__list_0__map_context__map_k.1', 'v'],
    ['groups__list_0__map_kms__list_0__map_aws_profile', ''],
    ['mac_only_encrypted', 'true'],
    ['shamir_threshold', '2'],
  ])
})

test('element 10 follows 9, in both directions', () => {
  const tree = node({ age: Array.from({ length: 12 }, (_, i) => ({ enc: String(i) })) }) as MapNode
  const flat = flatten(tree)
  expect(flat[10]).toEqual(['age__list_10__map_enc', '10'])
  expect(unflatten([...flat].reverse())).toEqual(tree)
})

test('an index that is no number is 0', () => {
  expect(unflatten([['a__list_x', 'v']])).toEqual(node({ a: ['v'] }))
})

describe('refused', () => {
  test.each([
    [
      [
        ['a', '1'],
        ['a', '2'],
      ],
      'Duplicate value',
    ],
    [
      [
        ['a', '1'],
        ['a__map_b', '2'],
      ],
      'Type mismatch',
    ],
    [
      [
        ['a__map_b', '1'],
        ['a', '2'],
      ],
      'Type mismatch',
    ],
    [
      [
        ['a__map_b', '1'],
        ['a__list_0', '2'],
      ],
      'Type mismatch',
    ],
    [
      [
        ['a__list_0', '1'],
        ['a__map_b', '2'],
      ],
      'Type mismatch',
    ],
    [[['a__list_1', '1']], 'Incomplete list'],
    [
      [
        ['a__list_0', '1'],
        ['a__list_-1', '1'],
      ],
      'Incomplete list',
    ],
  ] as [[string, string][], string][])('%j', (items, message) => expect(() => unflatten(items)).toThrow(message))

  test('two values of one flat name', () => {
    expect(() => flatten(node({ a__map_b: 'x', a: { b: 'y' } }) as MapNode)).toThrow('duplicate')
  })
})

test('names of prototypes are ordinary', () => {
  expect(
    unflatten([
      ['__proto__', 'v'],
      ['constructor__map___proto__', 'w'],
    ]),
  ).toEqual({
    kind: 'map',
    items: [
      { kind: 'entry', key: '__proto__', value: { kind: 'leaf', value: 'v' } },
      {
        kind: 'entry',
        key: 'constructor',
        value: { kind: 'map', items: [{ kind: 'entry', key: '__proto__', value: { kind: 'leaf', value: 'w' } }] },
      },
    ],
  })
})
