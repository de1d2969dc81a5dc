// The fields of .sops.yaml and their types: one table for the loader, its messages and the suggestions for misspelt names.

import { selectionSettings } from '../cipher/index.ts'
import type { KeyConfig } from '../keys/index.ts'
import { keyTypesInOrder } from '../keys/index.ts'
import { listKind, mapKind, textKind, wholeNumberKind } from '../tree/kinds.ts'

/** What a value may be; `type` is the type's name in the reference's messages (spec/config.md 2). */
export type Shape =
  | { readonly kind: 'string' | 'int' | 'bool' }
  /** A flexible key field: any value, judged when its rule is selected (spec/config.md 3.3). */
  | { readonly kind: 'any' }
  /** A map from string to string. */
  | { readonly kind: 'strings' }
  | { readonly kind: 'list'; readonly of: Shape }
  /** A text, or a list of texts. */
  | { readonly kind: 'texts' }
  /** One of a few words. */
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  /** A span of whole days, as `90d`. */
  | { readonly kind: 'days' }
  /** A day, as `2027-01-31`. */
  | { readonly kind: 'day' }
  /** A map whose names are the author's own. */
  | { readonly kind: 'named'; readonly of: Shape }
  | StructShape

/** The shape of a map with known fields. */
export interface StructShape {
  readonly kind: 'struct'
  readonly type: string
  readonly fields: Readonly<Record<string, Shape>>
  /** Names people write for a field, beyond misspellings of its own; compared without case and separators. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Other fields are usual here and mean nothing, such as anchors kept at the top level. */
  readonly open?: boolean
  /** For this program alone: what it does not know, or misses, is an error. */
  readonly strict?: {
    /** Fields that must be there. */
    readonly required: readonly string[]
    /** The field that a text in place of the map stands for. */
    readonly short?: string
  }
}

const text: Shape = { kind: 'string' }
const int: Shape = { kind: 'int' }
const bool: Shape = { kind: 'bool' }
const any: Shape = { kind: 'any' }
const list = (of: Shape): Shape => ({ kind: 'list', of })
const struct = (
  type: string,
  fields: Record<string, Shape>,
  aliases: Readonly<Record<string, string>> = {},
  open = false,
): StructShape => ({ kind: 'struct', type: `config.${type}`, fields, aliases, open })

/** The fields and aliases of the key types, in the order of keys within a group. */
const keyConfigs: readonly KeyConfig[] = keyTypesInOrder('rules').map(({ config }) => config)

const aliasesOf = (field: 'flat' | 'group'): Record<string, string> =>
  Object.fromEntries(keyConfigs.flatMap((config) => (config.aliases ?? []).map((alias) => [alias, config[field]])))

const textsAnd = (texts: readonly string[], maps: readonly string[] = []): Record<string, Shape> =>
  Object.fromEntries([...texts.map((name) => [name, text]), ...maps.map((name) => [name, { kind: 'strings' }])])

const itemShape = ({ item }: KeyConfig): Shape =>
  item === undefined ? text : struct(item.type, textsAnd(item.fields, item.maps), item.aliases)

const groupFields: Record<string, Shape> = {}
const keyGroup = struct('keyGroup', groupFields, aliasesOf('group'))
groupFields['merge'] = list(keyGroup)
for (const config of keyConfigs) groupFields[config.group] = list(itemShape(config))

const creationRule = struct(
  'creationRule',
  {
    path_regex: text,
    ...Object.fromEntries(keyConfigs.map(({ flat, flatIsList }) => [flat, flatIsList ? list(text) : any])),
    aws_profile: text,
    key_groups: list(keyGroup),
    shamir_threshold: int,
    ...textsAnd(selectionSettings.map(({ field }) => field)),
    mac_only_encrypted: bool,
  },
  {
    ...aliasesOf('flat'),
    filenameregex: 'path_regex',
    filename: 'path_regex',
    path: 'path_regex',
    regex: 'path_regex',
    groups: 'key_groups',
    threshold: 'shamir_threshold',
    shamirsecretsharingthreshold: 'shamir_threshold',
    profile: 'aws_profile',
  },
)

const destinationRule = struct(
  'destinationRule',
  {
    path_regex: text,
    s3_bucket: text,
    s3_prefix: text,
    gcs_bucket: text,
    gcs_prefix: text,
    vault_path: text,
    vault_address: text,
    vault_kv_mount_name: text,
    vault_kv_version: int,
    recreation_rule: creationRule,
    omit_extensions: bool,
  },
  { filenameregex: 'path_regex', path: 'path_regex', reencryptionrule: 'recreation_rule', vaultaddr: 'vault_address' },
)

/** A part of `x-sops-ts`. */
const own = (type: string, fields: Record<string, Shape>, strict: StructShape['strict'] = { required: [] }): Shape => ({
  ...struct(type, fields),
  strict,
})

const texts: Shape = { kind: 'texts' }
const days: Shape = { kind: 'days' }
const day: Shape = { kind: 'day' }

/** How loud a finding of `sops check` is; `off` is none at all. */
export const checkLevels = ['off', 'info', 'warn', 'error'] as const

/** What `sops check` goes by. */
const checkSettings = own('checkSettings', {
  rules: { kind: 'named', of: { kind: 'choice', of: checkLevels } },
  require: texts,
  exclude: texts,
  kinds: texts,
  ignore: list(
    own('ignoredFinding', { rule: text, files: texts, keys: texts, until: day, why: text }, { required: ['rule'] }),
  ),
})

const policy = own(
  'policy',
  {
    files: texts,
    keys: texts,
    min_recipients: int,
    required_recipients: texts,
    data_key_max_age: days,
    value_max_age: days,
  },
  { required: ['files'] },
)

/** What the filter of Git does with a plaintext where no key opens its earlier version. */
export const withoutKey = ['fail', 'fresh'] as const

const filterSettings = own('filterSettings', { without_key: { kind: 'choice', of: withoutKey } })

/** What only this program reads; the reference takes it for somebody else's (spec/config.md 2). */
const ownSettings = own('xSopsTs', {
  check: checkSettings,
  filter: filterSettings,
  groups: { kind: 'named', of: texts },
  policy: list(policy),
  revoked: list(own('revokedRecipient', { who: text, at: day }, { required: ['who', 'at'] })),
  revoke_grace: days,
  recipients: {
    kind: 'named',
    of: own('namedRecipient', { key: text, expires: day }, { required: ['key'], short: 'key' }),
  },
})

const indented = (type: string, more: Record<string, Shape> = {}): Shape => struct(type, { indent: int, ...more })

/** The whole file. */
export const configShape: StructShape = struct(
  'configFile',
  {
    creation_rules: list(creationRule),
    destination_rules: list(destinationRule),
    stores: struct(
      'StoresConfig',
      {
        yaml: indented('YAMLStoreConfig', { quote_ambiguous: bool }),
        json: indented('JSONStoreConfig'),
        json_binary: indented('JSONBinaryStoreConfig'),
        ini: struct('INIStoreConfig', {}),
        dotenv: struct('DotenvStoreConfig', {}),
      },
      { yml: 'yaml', env: 'dotenv', binary: 'json_binary' },
    ),
    'x-sops-ts': ownSettings,
  },
  { rules: 'creation_rules', destinations: 'destination_rules', store: 'stores' },
  true,
)

/** What messages say is wanted. */
export function wantedOf(shape: Shape): string {
  switch (shape.kind) {
    case 'struct':
      return shape.strict?.short === undefined ? mapKind : `${textKind} or ${mapKind}`
    case 'strings':
    case 'named':
      return mapKind
    case 'day':
      return 'a day like 2027-01-31'
    case 'list':
      return listKind
    case 'texts':
      return `${textKind} or ${listKind}`
    case 'choice':
      return shape.of.join(', ')
    case 'days':
      return 'a number of days like 90d'
    case 'int':
      return `${wholeNumberKind} of 64 bits`
    case 'bool':
      return 'true or false'
    default:
      return textKind
  }
}
