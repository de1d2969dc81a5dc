// The fields of .sops.yaml and their types: one table for the loader, its messages and the suggestions for misspelt names.

/** What a value may be; `type` is the type's name in the reference's messages (spec/config.md 2). */
export type Shape =
  | { readonly kind: 'string' | 'int' | 'bool' }
  /** A flexible key field: any value, judged when its rule is selected (spec/config.md 3.3). */
  | { readonly kind: 'any' }
  /** A map from string to string. */
  | { readonly kind: 'strings' }
  | { readonly kind: 'list'; readonly of: Shape }
  | StructShape

export interface StructShape {
  readonly kind: 'struct'
  readonly type: string
  readonly fields: Readonly<Record<string, Shape>>
  /** Names people write for a field, beyond misspellings of its own; compared without case and separators. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Other fields are usual here and mean nothing, such as anchors kept at the top level. */
  readonly open?: boolean
}

const text: Shape = { kind: 'string' }
const int: Shape = { kind: 'int' }
const bool: Shape = { kind: 'bool' }
const any: Shape = { kind: 'any' }
const list = (of: Shape): Shape => ({ kind: 'list', of })
const struct = (
  type: string,
  fields: Record<string, Shape>,
  aliases: Record<string, string> = {},
  open = false,
): StructShape => ({ kind: 'struct', type: `config.${type}`, fields, aliases, open })

const keyAliases = { gpg: 'pgp', awskms: 'kms', gcp: 'gcp_kms', azurekv: 'azure_keyvault', azure: 'azure_keyvault' }

const groupFields: Record<string, Shape> = {}
const keyGroup = struct('keyGroup', groupFields, {
  ...keyAliases,
  hcvaulttransituri: 'hc_vault',
  hcvaulturi: 'hc_vault',
  hcvaulturis: 'hc_vault',
  vault: 'hc_vault',
})
Object.assign(groupFields, {
  merge: list(keyGroup),
  age: list(text),
  pgp: list(text),
  kms: list(
    struct(
      'kmsKey',
      { arn: text, role: text, context: { kind: 'strings' }, aws_profile: text },
      { profile: 'aws_profile', encryptioncontext: 'context' },
    ),
  ),
  gcp_kms: list(struct('gcpKmsKey', { resource_id: text }, { id: 'resource_id', name: 'resource_id' })),
  hckms: list(struct('hckmsKey', { key_id: text }, { id: 'key_id' })),
  azure_keyvault: list(
    struct(
      'azureKVKey',
      { vaultUrl: text, key: text, version: text },
      { url: 'vaultUrl', vault: 'vaultUrl', name: 'key' },
    ),
  ),
  hc_vault: list(text),
})

const creationRule = struct(
  'creationRule',
  {
    path_regex: text,
    age: any,
    pgp: any,
    kms: any,
    aws_profile: text,
    gcp_kms: any,
    hckms: list(text),
    azure_keyvault: any,
    hc_vault_transit_uri: any,
    key_groups: list(keyGroup),
    shamir_threshold: int,
    unencrypted_suffix: text,
    encrypted_suffix: text,
    unencrypted_regex: text,
    encrypted_regex: text,
    unencrypted_comment_regex: text,
    encrypted_comment_regex: text,
    mac_only_encrypted: bool,
  },
  {
    ...keyAliases,
    hcvault: 'hc_vault_transit_uri',
    hcvaulturi: 'hc_vault_transit_uri',
    hcvaulturis: 'hc_vault_transit_uri',
    hcvaulttransit: 'hc_vault_transit_uri',
    vault: 'hc_vault_transit_uri',
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
  },
  { rules: 'creation_rules', destinations: 'destination_rules', store: 'stores' },
  true,
)

/** A shape's name in the reference's messages. */
export function typeName(shape: Shape): string {
  switch (shape.kind) {
    case 'struct':
      return shape.type
    case 'list':
      return `[]${typeName(shape.of)}`
    case 'strings':
      return 'map[string]*string'
    case 'any':
      return 'interface {}'
    default:
      return shape.kind
  }
}
