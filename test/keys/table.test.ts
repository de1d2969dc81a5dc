// The orders of the reference (spec/keys.md 1.1, 1.3, spec/cli.md 13.8), and what no two key types may share.
import { describe, expect, test } from 'vitest'
import { keyTypes, keyTypesInOrder } from '../../src/keys/key-types.ts'
import { secretVariables } from '../../src/system/secrets.ts'

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

test('every variable that holds a secret of one is known as such', () => {
  expect(secretVariables().toSorted()).toEqual([
    'AWS_CONTAINER_AUTHORIZATION_TOKEN',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SECRET_KEY',
    'AWS_SESSION_TOKEN',
    'AZURE_CLIENT_CERTIFICATE_PASSWORD',
    'AZURE_CLIENT_SECRET',
    'AZURE_PASSWORD',
    'GOOGLE_CREDENTIALS',
    'GOOGLE_OAUTH_ACCESS_TOKEN',
    'HUAWEICLOUD_SDK_SECURITY_TOKEN',
    'HUAWEICLOUD_SDK_SK',
    'IDENTITY_HEADER',
    'PGPASSWORD',
    'SOPS_AGE_KEY',
    'SOPS_PGP_KEY',
    'VAULT_HEADERS',
    'VAULT_TOKEN',
  ])
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

test('only age computes what it wraps, where no plugin is needed', () => {
  const ofAge = (recipient: string): boolean | undefined =>
    keyTypes.age.isComputed?.({ type: 'age', fields: { recipient }, enc: '' })
  expect(types.filter((type) => type.isComputed).map(({ id }) => id)).toEqual(['age'])
  expect(ofAge('age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun')).toBe(true)
  expect(ofAge('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN')).toBe(true)
  expect(ofAge('age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t')).toBe(false)
  expect(ofAge('anything')).toBe(false)
})
