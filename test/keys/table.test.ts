// The orders of the reference (spec/keys.md 1.1, 1.3, spec/cli.md 13.8), and what no two key types may share.
import { describe, expect, test } from 'vitest'
import { keyTypes, keyTypesInOrder } from '../../src/keys/index.ts'

const types = Object.values(keyTypes)

test.each([
  ['load', ['kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault', 'pgp', 'age']],
  ['flags', ['kms', 'gcp_kms', 'hckms', 'azure_kv', 'pgp', 'hc_vault', 'age']],
  ['rules', ['age', 'pgp', 'kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault']],
  ['rotate', ['kms', 'pgp', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault', 'age']],
  ['groups', ['pgp', 'kms', 'gcp_kms', 'hckms', 'hc_vault', 'azure_kv', 'age']],
  ['open', ['age', 'pgp']],
] as const)('the order %s', (order, ids) => {
  expect(keyTypesInOrder(order).map(({ id }) => id)).toEqual(ids)
})

test('the table has the order in which groups are loaded', () => {
  expect(Object.keys(keyTypes)).toEqual(keyTypesInOrder('load').map(({ id }) => id))
})

const places = (['load', 'flags', 'rules', 'rotate', 'groups', 'open'] as const).map((order): [string, unknown[]] => [
  `a place in the order ${order}`,
  types.flatMap(({ ranks }) => ranks[order] ?? []),
])

describe('no two types share', () => {
  test.each([
    ['an identifier', types.map(({ id }) => id)],
    ['a number on the wire', types.map(({ wireNumber }) => wireNumber)],
    ['a flag', types.flatMap(({ flag }) => [flag.name, flag.alias ?? []].flat())],
    ['a variable', types.map(({ flag }) => flag.env)],
    ['a field of a rule', types.map(({ config }) => config.flat)],
    ['a field of a group', types.map(({ config }) => config.group)],
    ['a name that people write', types.flatMap(({ config }) => config.aliases ?? [])],
    ...places,
  ])('%s', (_, all) => {
    expect(new Set(all).size).toBe(all.length)
  })
})
