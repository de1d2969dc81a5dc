import { describe, expect, test, vi } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import type { KeyRecord } from '../../src/keys/key-type.ts'
import {
  type Metadata,
  type MetadataPlacement,
  reservedIn,
  takeMetadata,
  withMetadata,
} from '../../src/metadata/metadata.ts'
import type { Comment, Entry, MapNode, Node, Tree, Value } from '../../src/tree/tree.ts'

vi.mock('../../src/keys/table.ts', async (original) => {
  const table = await original<typeof import('../../src/keys/table.ts')>()
  const check = (key: KeyRecord): void => {
    if (!/^.+:.+$/.test(String(key.fields.key_id))) throw new SopsError('generic', 'invalid key id')
  }
  return { ...table, hckms: { ...table.hckms, check } }
})

type Plain = Value | { [key: string]: Plain } | Plain[]
const isPlainMap = (plain: Plain): plain is { [key: string]: Plain } =>
  typeof plain === 'object' &&
  plain !== null &&
  !Array.isArray(plain) &&
  !(plain instanceof Uint8Array) &&
  !('rfc3339' in plain)

let offset = 0
const origin = (value: Value) => ({ start: offset++, end: offset, value })

/** A tree as if parsed: every node carries an origin. Keys that start with `#` are comments. */
function node(plain: Plain): Node {
  if (Array.isArray(plain)) return { kind: 'list', items: plain.map(node), origin: origin(null) }
  if (isPlainMap(plain)) return map(plain)
  return { kind: 'leaf', value: plain, origin: origin(plain) }
}

function map(plain: { [key: string]: Plain }): MapNode {
  const items = Object.entries(plain).map(([key, value]): Entry | Comment =>
    key.startsWith('#')
      ? { kind: 'comment', text: key.slice(1), inline: false, origin: origin(key.slice(1)) }
      : { kind: 'entry', key, value: node(value), origin: origin(null) },
  )
  return { kind: 'map', items, origin: origin(null) }
}

const tree = (...documents: { [key: string]: Plain }[]): Tree => ({ documents: documents.map(map) })

function bare(value: Node): Plain {
  if (value.kind === 'leaf') return value.value
  if (value.kind === 'list') return value.items.map((item) => (item.kind === 'comment' ? `#${item.text}` : bare(item)))
  return Object.fromEntries(
    value.items.map((item) => (item.kind === 'comment' ? [`#${item.text}`, null] : [item.key, bare(item.value)])),
  )
}

const date = '2024-05-06T07:08:09Z'
const age = { recipient: 'age1', enc: 'armour\n' }
const block = { age: [age], lastmodified: date, mac: 'ENC[x]', unencrypted_suffix: '_unencrypted', version: '3.13.2' }
const record: Metadata = {
  keyGroups: [{ keys: [{ type: 'age', fields: { recipient: 'age1' }, enc: 'armour\n' }] }],
  shamirThreshold: 0,
  lastModified: date,
  mac: 'ENC[x]',
  version: '3.13.2',
  selection: { unencryptedSuffix: '_unencrypted' },
  macOnlyEncrypted: false,
}

const read = (change: { [key: string]: Plain | undefined }): Metadata => {
  const fields = Object.entries({ ...block, ...change }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return takeMetadata(tree({ a: 'x', sops: Object.fromEntries(fields) }), 'nested').metadata
}

describe('taking', () => {
  test('the record, and the data without the block, in every document', () => {
    const source = tree({ sops: block, a: 'x', nested: { sops: 'data' }, sops_x: 'y' }, { b: 'z', sops: 'anything' })
    const taken = takeMetadata(source, 'nested')
    expect(taken.metadata).toEqual(record)
    expect(taken.tree.documents.map(bare)).toEqual([{ a: 'x', nested: { sops: 'data' }, sops_x: 'y' }, { b: 'z' }])
    expect(taken.tree.documents[0]!.items[0]).toBe(source.documents[0]!.items[1])
  })

  test('flat names', () => {
    const flat = {
      A: '1',
      sops: 'data',
      sops_age__list_0__map_recipient: 'age1',
      sops_age__list_0__map_enc: 'armour\n',
      sops_lastmodified: date,
      sops_mac: 'ENC[x]',
      sops_unencrypted_suffix: '_unencrypted',
      sops_version: '3.13.2',
    }
    const taken = takeMetadata(tree(flat), 'flat')
    expect(taken.metadata).toEqual(record)
    expect(bare(taken.tree.documents[0]!)).toEqual({ A: '1', sops: 'data' })
  })

  test.each(['armour\\n', 'armour\n'])('a section, line breaks as %j', (enc) => {
    const section = {
      '#note': null,
      age__list_0__map_recipient: 'age1',
      age__list_0__map_enc: enc,
      lastmodified: date,
      mac: 'ENC[x]',
      unencrypted_suffix: '_unencrypted',
      version: '3.13.2',
    }
    const taken = takeMetadata(tree({ DEFAULT: {}, sops: section }), 'section')
    expect(taken.metadata).toEqual(record)
    expect(bare(taken.tree.documents[0]!)).toEqual({ DEFAULT: {} })
  })

  test.each<[string, Plain | undefined, keyof Metadata, unknown]>([
    ['version', 1.16, 'version', '1.16'],
    ['version', true, 'version', '1'],
    ['version', null, 'version', ''],
    ['version', undefined, 'version', ''],
    ['version', 3n, 'version', '3'],
    ['mac', null, 'mac', ''],
    ['lastmodified', '2024-05-06T07:08:09.5+02:00', 'lastModified', '2024-05-06T07:08:09.5+02:00'],
    ['lastmodified', { rfc3339: date }, 'lastModified', date],
    ['shamir_threshold', 2n, 'shamirThreshold', 2],
    ['shamir_threshold', '2', 'shamirThreshold', 2],
    ['shamir_threshold', '0x2', 'shamirThreshold', 2],
    ['shamir_threshold', '010', 'shamirThreshold', 8],
    ['shamir_threshold', '', 'shamirThreshold', 0],
    ['shamir_threshold', null, 'shamirThreshold', 0],
    ['shamir_threshold', true, 'shamirThreshold', 1],
    ['shamir_threshold', 2.9, 'shamirThreshold', 2],
    ['shamir_threshold', '2.000000', 'shamirThreshold', 2],
    ['mac_only_encrypted', 'true', 'macOnlyEncrypted', true],
    ['mac_only_encrypted', 'T', 'macOnlyEncrypted', true],
    ['mac_only_encrypted', 'False', 'macOnlyEncrypted', false],
    ['mac_only_encrypted', '', 'macOnlyEncrypted', false],
    ['mac_only_encrypted', 0n, 'macOnlyEncrypted', false],
    ['mac_only_encrypted', -1n, 'macOnlyEncrypted', true],
    ['mac_only_encrypted', 0.5, 'macOnlyEncrypted', true],
    ['unencrypted_suffix', '', 'selection', { unencryptedSuffix: '_unencrypted' }],
    ['unencrypted_suffix', '_x', 'selection', { unencryptedSuffix: '_x' }],
    ['unknown', ['x'], 'version', '3.13.2'],
    ['pgp', null, 'keyGroups', record.keyGroups],
    ['pgp', {}, 'keyGroups', record.keyGroups],
    ['key_groups', [{ age: [{ recipient: 'other' }] }], 'keyGroups', record.keyGroups],
    ['age', age, 'keyGroups', record.keyGroups],
    ['age', [null], 'keyGroups', [{ keys: [{ type: 'age', fields: { recipient: '' }, enc: '', isBare: true }] }]],
  ])('%s: %o', (name, value, field, expected) => expect(read({ [name]: value })[field]).toEqual(expected))

  test('names in any case, the exact one first', () => {
    expect(read({ version: undefined, Version: 'v', AGE: [], LastModified: 'x', MAC: 'y' })).toMatchObject({
      version: 'v',
      lastModified: date,
      mac: 'ENC[x]',
    })
  })

  test('keys of a group in the order of their lists', () => {
    const at = { created_at: date, enc: 'e' }
    const metadata = read({
      pgp: [{ fp: 'F', ...at }],
      hc_vault: [{ vault_address: 'v', engine_path: 'e', key_name: 'k', ...at }],
      azure_kv: [{ vault_url: 'u', name: 'n', version: '1', ...at }],
      hckms: [{ key_id: 'r:u', ...at }],
      gcp_kms: [{ resource_id: 'g', ...at }],
      kms: [
        { arn: 'b', context: { k: 5n, l: true, m: null }, ...at },
        { arn: 'a', role: 'r', aws_profile: 'p', ...at },
      ],
    })
    expect(metadata.keyGroups[0]!.keys.map((key) => key.type)).toEqual([
      'kms',
      'kms',
      'gcp_kms',
      'hckms',
      'azure_kv',
      'hc_vault',
      'pgp',
      'age',
    ])
    expect(metadata.keyGroups[0]!.keys[0]).toEqual({
      type: 'kms',
      fields: { arn: 'b', role: '', context: { k: '5', l: '1', m: '' }, aws_profile: '' },
      createdAt: date,
      enc: 'e',
    })
  })

  const failure = (source: Tree, placement: MetadataPlacement): string => {
    try {
      takeMetadata(source, placement)
    } catch (error) {
      expect(error).toMatchObject({ code: 'generic', exitCode: 1 })
      return (error as Error).message
    }
    throw new Error('no failure')
  }

  test.each<[string, Tree, MetadataPlacement, string]>([
    ['none', tree({ a: 'x' }), 'nested', 'sops metadata not found'],
    ['no document', { documents: [] }, 'nested', 'sops metadata not found'],
    ['only in the second document', tree({ a: 'x' }, { sops: block }), 'nested', 'sops metadata not found'],
    ['no flat names', tree({ a: 'x', SOPS_mac: 'x' }), 'flat', 'sops metadata not found'],
    ['an empty section', tree({ sops: { '#c': null } }), 'section', 'sops metadata not found'],
    ['null', tree({ sops: null }), 'nested', 'Found sops entry that is not a mapping'],
    ['text', tree({ sops: 'x' }), 'nested', 'Found sops entry that is not a mapping'],
    ['list', tree({ sops: [] }), 'nested', 'Found sops entry that is not a mapping'],
    [
      'twice',
      { documents: [{ kind: 'map', items: [...map({ sops: block }).items, ...map({ sops: block }).items] }] },
      'nested',
      'more than one sops entry',
    ],
    ['an empty mapping', tree({ sops: {} }), 'nested', 'lastmodified in the metadata is missing or empty'],
    ['flat names that clash', tree({ sops_age: 'x', sops_age__list_0: 'y' }), 'flat', 'Type mismatch'],
    ['a list with holes', tree({ sops_age__list_1__map_enc: 'y' }), 'flat', 'Incomplete list'],
  ])('%s', (_, source, placement, message) => expect(failure(source, placement)).toContain(message))

  test('an empty mapping counts as none where asked', () => {
    expect(() => takeMetadata(tree({ sops: {} }), 'nested', { emptyIsAbsent: true })).toThrow('sops metadata not found')
  })

  // Each line has everything wrong that the lines below it have: the first failure wins.
  test.each<[{ [key: string]: Plain | undefined }, string]>([
    [
      { mac: ['x'], lastmodified: '', age: [], unencrypted_regex: 'x' },
      'mac in the metadata must be a text, not a list',
    ],
    [{ version: { a: 'x' } }, 'version in the metadata must be a text, not a map'],
    [{ version: { rfc3339: date } }, 'version in the metadata must be a text, not a time'],
    [{ shamir_threshold: 'two' }, 'shamir_threshold in the metadata must be a whole number'],
    [{ shamir_threshold: '2.5' }, 'shamir_threshold in the metadata must be a whole number'],
    [{ shamir_threshold: [] }, 'shamir_threshold in the metadata must be a whole number'],
    [{ mac_only_encrypted: 'yes' }, 'mac_only_encrypted in the metadata must be true or false'],
    [{ mac_only_encrypted: [] }, 'mac_only_encrypted in the metadata must be true or false'],
    [{ age: 'x' }, 'age[0] in the metadata must be a map'],
    [{ age: [age, 'x'] }, 'age[1] in the metadata must be a map'],
    [{ age: [{ recipient: ['x'] }] }, 'age[0].recipient in the metadata must be a text'],
    [{ kms: [{ arn: 'x', context: 'c' }] }, 'kms[0].context in the metadata must be a map'],
    [{ key_groups: 'x' }, 'key_groups[0] in the metadata must be a map'],
    [{ lastmodified: '', age: [], unencrypted_regex: 'x' }, 'lastmodified in the metadata is missing or empty'],
    [{ lastmodified: '2024-05-06', age: [] }, 'lastmodified in the metadata is no time in RFC 3339: "2024-05-06"'],
    [{ lastmodified: undefined }, 'lastmodified in the metadata is missing or empty'],
    [{ age: [], unencrypted_regex: 'x' }, 'No keys found in file'],
    [{ age: undefined, key_groups: [] }, 'No keys found in file'],
    [{ pgp: [{ fp: 'x' }], unencrypted_regex: 'x' }, 'pgp[0].created_at in the metadata is missing or empty'],
    [{ age: undefined, key_groups: [{}, { pgp: [{ fp: 'x' }] }] }, 'key_groups[1].pgp[0].created_at in the metadata'],
    [{ hckms: [{ key_id: 'x', created_at: date }] }, 'invalid key id'],
    [{ unencrypted_regex: 'x' }, 'Cannot use more than one of encrypted_suffix'],
  ])('%o', (change, message) => expect(() => read(change)).toThrow(message))
})

describe('reserved entries', () => {
  test.each<[Tree, MetadataPlacement, number]>([
    [tree({ sops: 'x' }), 'nested', 1],
    [tree({ sops: 'x' }), 'section', 1],
    [tree({ sops: 'x' }), 'flat', 0],
    [tree({ sops_x: 'x' }), 'flat', 1],
    [tree({ sops_x: 'x', a: { sops: 'x' } }), 'nested', 0],
    [tree({}, { sops: 'x' }), 'nested', 2],
    [{ documents: [] }, 'nested', 0],
  ])('%#', (source, placement, expected) => expect(reservedIn(source, placement)).toBe(expected))
})

const grouped: Metadata = {
  ...record,
  keyGroups: [
    {
      keys: [
        {
          type: 'kms',
          fields: { arn: 'a', role: '', context: { z: '1', b: '2' }, aws_profile: '' },
          createdAt: date,
          enc: 'e',
        },
        { type: 'pgp', fields: { fp: 'F' }, createdAt: date, enc: 'line\nline' },
      ],
    },
    {
      keys: [
        {
          type: 'hc_vault',
          fields: { vault_address: 'v', engine_path: 'p', key_name: 'k' },
          createdAt: date,
          enc: 'f',
        },
      ],
    },
  ],
  shamirThreshold: 2,
  selection: { encryptedRegex: 'a\nb' },
  macOnlyEncrypted: true,
}

describe('writing afresh', () => {
  test('nested, in byte order, in every document', () => {
    const written = withMetadata(tree({ a: 'x' }, {}), grouped, 'nested')
    const sops = {
      encrypted_regex: 'a\nb',
      key_groups: [
        {
          age: [],
          hc_vault: [],
          kms: [{ arn: 'a', aws_profile: '', context: { b: '2', z: '1' }, created_at: date, enc: 'e' }],
          pgp: [{ created_at: date, enc: 'line\nline', fp: 'F' }],
        },
        { age: [], hc_vault: [{ created_at: date, enc: 'f', engine_path: 'p', key_name: 'k', vault_address: 'v' }] },
      ],
      lastmodified: date,
      mac: 'ENC[x]',
      mac_only_encrypted: true,
      shamir_threshold: 2n,
      version: '3.13.2',
    }
    // As text, since the order of keys counts.
    const text = (plain: unknown) => JSON.stringify(plain, (_, v) => (typeof v === 'bigint' ? Number(v) : v))
    expect(text(written.documents.map(bare))).toBe(text([{ a: 'x', sops }, { sops }]))
  })

  test('flat', () => {
    const written = withMetadata(tree({ A: '1' }), grouped, 'flat')
    expect(Object.entries(bare(written.documents[0]!) as object)).toEqual([
      ['A', '1'],
      ['sops_encrypted_regex', 'a\nb'],
      ['sops_key_groups__list_0__map_kms__list_0__map_arn', 'a'],
      ['sops_key_groups__list_0__map_kms__list_0__map_aws_profile', ''],
      ['sops_key_groups__list_0__map_kms__list_0__map_context__map_b', '2'],
      ['sops_key_groups__list_0__map_kms__list_0__map_context__map_z', '1'],
      ['sops_key_groups__list_0__map_kms__list_0__map_created_at', date],
      ['sops_key_groups__list_0__map_kms__list_0__map_enc', 'e'],
      ['sops_key_groups__list_0__map_pgp__list_0__map_created_at', date],
      ['sops_key_groups__list_0__map_pgp__list_0__map_enc', 'line\nline'],
      ['sops_key_groups__list_0__map_pgp__list_0__map_fp', 'F'],
      ['sops_key_groups__list_1__map_hc_vault__list_0__map_created_at', date],
      ['sops_key_groups__list_1__map_hc_vault__list_0__map_enc', 'f'],
      ['sops_key_groups__list_1__map_hc_vault__list_0__map_engine_path', 'p'],
      ['sops_key_groups__list_1__map_hc_vault__list_0__map_key_name', 'k'],
      ['sops_key_groups__list_1__map_hc_vault__list_0__map_vault_address', 'v'],
      ['sops_lastmodified', date],
      ['sops_mac', 'ENC[x]'],
      ['sops_mac_only_encrypted', 'true'],
      ['sops_shamir_threshold', '2'],
      ['sops_version', '3.13.2'],
    ])
  })

  test('a section, line breaks escaped', () => {
    const written = withMetadata(tree({ DEFAULT: {} }), record, 'section')
    expect(bare(written.documents[0]!)).toMatchObject({
      sops: { age__list_0__map_enc: 'armour\\n', lastmodified: date },
    })
  })

  test.each<MetadataPlacement>(['nested', 'section', 'flat'])('%s reads back', (placement) => {
    for (const metadata of [record, grouped]) {
      const taken = takeMetadata(withMetadata(tree({ a: 'x' }), metadata, placement), placement)
      expect(taken.metadata).toEqual(metadata)
      expect(bare(taken.tree.documents[0]!)).toEqual({ a: 'x' })
    }
  })
})

describe('writing over the block before', () => {
  const entryOf = (t: Tree, key: string, document = 0): Entry =>
    t.documents[document]!.items.find((item) => item.kind === 'entry' && item.key === key) as Entry
  const fieldOf = (entry: Entry, key: string): Node =>
    ((entry.value as MapNode).items.find((item) => item.kind === 'entry' && item.key === key) as Entry).value

  test.each<MetadataPlacement>(['nested', 'section', 'flat'])(
    '%s: nothing changed, every node is the same',
    (placement) => {
      const fresh = withMetadata(tree({ a: 'x' }), grouped, placement).documents[0]!
      const previous = tree(bare(fresh) as never, bare(fresh) as never)
      const taken = takeMetadata(previous, placement)
      const next = withMetadata(taken.tree, taken.metadata, placement, previous)
      expect(next.documents.map((d) => d.items)).toEqual(previous.documents.map((d) => d.items))
      next.documents.forEach((d, i) => {
        d.items.forEach((item, j) => {
          expect(item).toBe(previous.documents[i]!.items[j])
        })
      })
    },
  )

  test('old layouts say the same in another way', () => {
    const old = {
      sops: {
        shamir_threshold: '0',
        kms: [],
        pgp: null,
        Age: { recipient: 'age1', enc: 'armour\n' },
        lastmodified: { rfc3339: date },
        mac: 'ENC[x]',
        version: 3.7,
        unencrypted_suffix: '_unencrypted',
        encrypted_suffix: '',
        mac_only_encrypted: false,
        custom: { a: 'x' },
        '#comment': null,
      },
      a: 'x',
    }
    const previous = tree(old)
    const taken = takeMetadata(previous, 'nested')
    const next = withMetadata(taken.tree, taken.metadata, 'nested', previous)
    expect(next.documents[0]!.items[0]).toBe(previous.documents[0]!.items[0])
    expect(next.documents[0]!.items[1]).toBe(previous.documents[0]!.items[1])
  })

  test('only what differs changes, and keeps its place', () => {
    const previous = tree({ a: 'x', sops: { ...block, custom: 'kept' }, b: 'y' })
    const taken = takeMetadata(previous, 'nested')
    const next = withMetadata(taken.tree, { ...taken.metadata, mac: 'ENC[new]' }, 'nested', previous)
    expect(Object.keys(bare(next.documents[0]!) as object)).toEqual(['a', 'sops', 'b'])
    const [before, after] = [entryOf(previous, 'sops'), entryOf(next, 'sops')]
    expect(after.origin).toBe(before.origin)
    expect(fieldOf(after, 'age')).toBe(fieldOf(before, 'age'))
    expect(fieldOf(after, 'custom')).toBe(fieldOf(before, 'custom'))
    const mac = fieldOf(before, 'mac')
    expect(fieldOf(after, 'mac')).toEqual({ kind: 'leaf', value: 'ENC[new]', origin: mac.origin })
  })

  test('new data entries come before the block at the end, removed ones do not matter', () => {
    const previous = tree({ a: 'x', sops: block, b: 'y', c: 'z' })
    const { metadata, tree: data } = takeMetadata(previous, 'nested')
    const [a, b, c] = data.documents[0]!.items
    const added: Entry = { kind: 'entry', key: 'new', value: { kind: 'leaf', value: 'n' } }
    const keys = (...items: (Entry | Comment)[]) =>
      Object.keys(
        bare(
          withMetadata({ documents: [{ kind: 'map', items }] }, metadata, 'nested', previous).documents[0]!,
        ) as object,
      )
    expect(keys(a!, c!, added)).toEqual(['a', 'sops', 'c', 'new'])
    expect(keys(b!)).toEqual(['sops', 'b'])
    expect(keys(a!, added)).toEqual(['a', 'new', 'sops'])
  })

  const second = { type: 'age', fields: { recipient: 'age2' }, enc: 'second' } as const
  const lists = (keys: Metadata['keyGroups'][number]['keys']) => {
    const previous = tree({ sops: { ...block, age: [age, { recipient: 'age2', enc: 'second' }] } })
    const taken = takeMetadata(previous, 'nested')
    const next = withMetadata(taken.tree, { ...taken.metadata, keyGroups: [{ keys }] }, 'nested', previous)
    const items = (t: Tree) => (fieldOf(entryOf(t, 'sops'), 'age') as { items: readonly Node[] }).items
    return { before: items(previous), after: items(next) }
  }
  const first = record.keyGroups[0]!.keys[0]!

  test('a recipient removed, added, wrapped anew', () => {
    const removed = lists([second])
    expect(removed.after).toHaveLength(1)
    expect(removed.after[0]).toBe(removed.before[1])
    const added = lists([first, second, { ...second, fields: { recipient: 'age3' } }])
    expect(added.after.slice(0, 2)).toEqual(added.before)
    expect(added.after[0]).toBe(added.before[0])
    expect(added.after[2]).not.toHaveProperty('origin')
    const wrapped = lists([{ ...first, enc: 'new' }, second])
    expect(wrapped.after[0]!.origin).toBe(wrapped.before[0]!.origin)
    expect(bare(wrapped.after[0]!)).toEqual({ recipient: 'age1', enc: 'new' })
    expect(wrapped.after[1]).toBe(wrapped.before[1])
  })

  test('another order is written afresh', () => {
    const { after } = lists([second, first])
    expect(after.map((item) => item.origin)).toEqual([undefined, undefined])
  })

  test('from one group to several and back', () => {
    const previous = tree({ sops: block })
    const taken = takeMetadata(previous, 'nested')
    const next = withMetadata(taken.tree, grouped, 'nested', previous)
    expect(Object.keys(bare(entryOf(next, 'sops').value) as object)).toEqual([
      'encrypted_regex',
      'key_groups',
      'lastmodified',
      'mac',
      'mac_only_encrypted',
      'shamir_threshold',
      'version',
    ])
    const back = withMetadata(taken.tree, record, 'nested', next)
    expect(bare(entryOf(back, 'sops').value)).toEqual(block)
  })

  test('flat: scattered entries keep their places, new ones follow their neighbour', () => {
    const flat = {
      sops_version: '3.7.0',
      A: '1',
      sops_age__list_0__map_enc: 'armour\n',
      sops_age__list_0__map_recipient: 'age1',
      '#c': null,
      sops_lastmodified: date,
      sops_mac: 'ENC[x]',
      sops_custom: 'kept',
      sops_encrypted_regex: '',
      B: '2',
    }
    const previous = tree(flat)
    const taken = takeMetadata(previous, 'flat')
    const keyGroups = [{ keys: [first, second] }]
    const next = withMetadata(taken.tree, { ...taken.metadata, keyGroups, mac: 'ENC[new]' }, 'flat', previous)
    expect(Object.keys(bare(next.documents[0]!) as object)).toEqual(
      [
        'sops_version',
        'A',
        'sops_age__list_0__map_enc',
        'sops_age__list_0__map_recipient',
        'sops_age__list_1__map_enc',
        'sops_age__list_1__map_recipient',
        '#c',
        'sops_lastmodified',
        'sops_mac',
        'sops_custom',
        'sops_encrypted_regex',
        'B',
        'sops_unencrypted_suffix',
      ]
        .filter((key) => key !== 'sops_unencrypted_suffix')
        .toSpliced(9, 0, 'sops_unencrypted_suffix'),
    )
    expect(entryOf(next, 'sops_version')).toBe(entryOf(previous, 'sops_version'))
    expect(entryOf(next, 'sops_mac')).toMatchObject({
      origin: entryOf(previous, 'sops_mac').origin,
      value: { value: 'ENC[new]' },
    })
  })

  test('a section whose line breaks are real keeps them', () => {
    const previous = tree({
      sops: {
        age__list_0__map_enc: 'armour\n',
        age__list_0__map_recipient: 'age1',
        lastmodified: date,
        mac: 'ENC[x]',
        shamir_threshold: '2.000000',
        unencrypted_suffix: '_unencrypted',
        version: '3.13.0',
      },
    })
    const taken = takeMetadata(previous, 'section')
    expect(withMetadata(taken.tree, taken.metadata, 'section', previous).documents[0]!.items[0]).toBe(
      previous.documents[0]!.items[0],
    )
  })

  test('documents without a block get that of the first', () => {
    const previous = tree({ sops: block }, { b: 'x', sops: block }, { d: 'x' }, {})
    const taken = takeMetadata(previous, 'nested')
    expect(taken.others).toEqual([{ number: 3, block: 'missing', reason: 'has no sops block' }])
    const next = withMetadata(taken.tree, taken.metadata, 'nested', previous)
    for (let i = 0; i < 4; i++) expect(bare(entryOf(next, 'sops', i).value)).toEqual(block)
  })

  test.each<[string, { [key: string]: Plain }, string]>([
    ['another recipient', { ...block, age: [{ ...age, recipient: 'other' }] }, 'another file'],
    ['another data key', { ...block, age: [{ ...age, enc: 'other' }] }, 'another file'],
    ['one recipient more', { ...block, age: [age, { ...age, recipient: 'other' }] }, 'another file'],
    ['another MAC', { ...block, mac: 'ENC[other]' }, 'another version'],
    ['another date', { ...block, lastmodified: '2001-02-03T04:05:06Z' }, 'another version'],
    ['another setting', { ...block, unencrypted_suffix: '_plain' }, 'other settings'],
    ['no time', { mac: 'stale' }, 'an entry sops that is no metadata'],
  ])('a later block with %s is not written over', (_, other, reason) => {
    const previous = tree({ sops: block }, { b: 'x', sops: block }, { c: 'x', sops: other })
    const taken = takeMetadata(previous, 'nested')
    expect(taken.others).toEqual([{ number: 3, block: 'different', reason: expect.stringContaining(reason) }])
    expect(() => withMetadata(taken.tree, taken.metadata, 'nested', previous)).toThrow(
      `document 3 ${taken.others[0]!.reason}`,
    )
  })
})
