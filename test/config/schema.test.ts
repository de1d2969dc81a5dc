import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { checkConfig } from '../../src/config/index.ts'
import { configShape, type Shape } from '../../src/config/shape.ts'
import { keyTypesInOrder } from '../../src/keys/key-types.ts'
import { type Schema, violations } from '../support/json-schema.ts'
import { configOf } from './support.ts'

const root = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')

const schema = JSON.parse(read('schema/sops.yaml.json')) as Schema
const defs = schema.$defs as Record<string, Schema>

/** The part of a schema that describes objects, behind references and alternatives; for lists that of their items. */
function properties(at: Schema): Record<string, Schema> | undefined {
  if (at.$ref) return properties(defs[(at.$ref as string).replace('#/$defs/', '')]!)
  if (at.anyOf) return (at.anyOf as Schema[]).map(properties).find((found) => found !== undefined)
  if (at.items) return properties(at.items as Schema)
  if (at.additionalProperties && !at.properties) return properties(at.additionalProperties as Schema)
  return at.properties as Record<string, Schema> | undefined
}

describe('the schema', () => {
  it('knows the fields that the loader knows', () => {
    const seen = new Set<Shape>()
    const compare = (shape: Shape, at: Schema, where: string): void => {
      if (seen.has(shape)) return
      seen.add(shape)
      const inner = shape.kind === 'list' || shape.kind === 'named' ? shape.of : shape
      if (inner.kind !== 'struct') return
      const described = properties(at)
      expect(Object.keys(described ?? {}).sort(), where).toEqual(Object.keys(inner.fields).sort())
      for (const [name, field] of Object.entries(inner.fields)) compare(field, described![name]!, `${where}.${name}`)
    }
    compare(configShape, schema, '$')
    expect(seen.size).toBeGreaterThan(20)
  })

  it('describes every field', () => {
    for (const [name, def] of [['$', schema], ...Object.entries(defs)] as [string, Schema][]) {
      for (const [field, at] of Object.entries(properties(def) ?? {})) {
        if (name !== 'stores' && !String(at.$ref).endsWith('stores'))
          expect(at.description, `${name}.${field}`).toBeTypeOf('string')
      }
    }
  })

  it.each([
    [{ creation_rules: 'abc' }],
    [{ creation_rules: [{ age: 5 }] }],
    [{ creation_rules: [{ age: [5] }] }],
    [{ creation_rules: [{ mac_only_encrypted: 'true' }] }],
    [{ creation_rules: [{ shamir_threshold: '2' }] }],
    [{ creation_rules: [{ key_groups: [{ age: 'abc' }] }] }],
    [{ creation_rules: [{ key_groups: [{ merge: [{ kms: ['abc'] }] }] }] }],
    [{ stores: { yaml: { indent: 'x' } } }],
    [[]],
  ])('refuses %j', (value) => {
    expect(violations(value, schema)).not.toEqual([])
  })
})

describe('the example', () => {
  const text = read('.sops.yaml.example')
  it('loads without warnings and fits the schema', async () => {
    const { config } = await configOf(text)
    expect(checkConfig(config)).toEqual([])
    expect(config.creationRules?.length).toBeGreaterThan(10)
    expect(violations(parse(text, { merge: true }), schema)).toEqual([])
  })

  it('shows every field', () => {
    const missing: string[] = []
    const seen = new Set<Shape>()
    const look = (shape: Shape): void => {
      if (seen.has(shape)) return
      seen.add(shape)
      if (shape.kind === 'list' || shape.kind === 'named') look(shape.of)
      if (shape.kind !== 'struct') return
      for (const [name, field] of Object.entries(shape.fields)) {
        // Sections without fields have nothing to show.
        if (field.kind === 'struct' && Object.keys(field.fields).length === 0) continue
        if (!new RegExp(`^[ -]*(?:&\\w+ )?${name}:`, 'm').test(text)) missing.push(name)
        look(field)
      }
    }
    look(configShape)
    expect(missing).toEqual([])
  })
})

describe('the configurations of the conformance cases', () => {
  const refused = new Set([
    'config-rules/wrong-types',
    'config-rules/flat-strings-in-groups',
    'config-rules/syntax-error',
    'config-rules/duplicate-field',
    'config-rules/explicit-dev-null',
    'cli-filestatus/bad-config',
    'cli-help-version-completion/help-needs-no-config',
  ])
  const folder = new URL('fixtures/conformance/cases/', root)
  const cases = readdirSync(folder).flatMap((name) => {
    const group = name.replace('.json', '')
    const all = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as {
      id: string
      files?: Record<string, unknown>
    }[]
    return all.flatMap(({ id, files }) => {
      const text = files?.['.sops.yaml']
      return typeof text === 'string' && !refused.has(`${group}/${id}`) ? [[`${group}/${id}`, text] as const] : []
    })
  })

  it.each(cases)('%s loads and fits the schema', async (_, text) => {
    await configOf(text)
    expect(violations(parse(text, { merge: true, uniqueKeys: false }) ?? null, schema)).toEqual([])
  })
})

describe('the names of key fields', () => {
  it('are those of the reference, in its order', () => {
    expect(keyTypesInOrder('rules').map(({ id, config }) => [id, config.flat, config.group])).toEqual([
      ['age', 'age', 'age'],
      ['pgp', 'pgp', 'pgp'],
      ['kms', 'kms', 'kms'],
      ['gcp_kms', 'gcp_kms', 'gcp_kms'],
      ['hckms', 'hckms', 'hckms'],
      ['azure_kv', 'azure_keyvault', 'azure_keyvault'],
      ['hc_vault', 'hc_vault_transit_uri', 'hc_vault'],
    ])
  })
})
