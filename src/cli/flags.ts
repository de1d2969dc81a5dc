// Flags that commands share, in groups (spec/cli.md 9). The flags of the master keys come from the key types.
import { type SelectionField, type SelectionSetting, selectionSettings } from '../cipher/index.ts'
import { formatIds } from '../formats/index.ts'
import type { KeyDescriptor } from '../keys/index.ts'
import { keyTypes, keyTypesInOrder } from '../keys/index.ts'
import {
  type BoolFlag,
  bool,
  type Flag,
  type IntFlag,
  int,
  type ListFlag,
  list,
  namesOf,
  type StringFlag,
  string,
} from './flag.ts'

/** The flags below a heading of their own. */
export const inSection = <F extends Flag>(section: string, flags: readonly F[]): readonly F[] =>
  flags.map((entry) => ({ ...entry, section }))

/** Prefix of a key type's flag that adds or removes recipients. */
export type KeyPrefix = '' | 'add-' | 'rm-'

/** Name of a key type's flag. Only `keyFlagName` makes one, since the table of key types decides which there are. */
export type KeyFlagName<Prefix extends KeyPrefix = ''> = string & { readonly ofKeyType: Prefix }

/** `age`, `add-age`, `rm-pgp`, … */
export const keyFlagName = <Prefix extends KeyPrefix>(
  prefix: Prefix,
  { flag }: Pick<KeyDescriptor, 'flag'>,
): KeyFlagName<Prefix> => `${prefix}${flag.name}` as KeyFlagName<Prefix>

const keys: readonly Pick<KeyDescriptor, 'flag'>[] = Object.values(keyTypes)

export const inPlace: BoolFlag<'in-place'> = bool('in-place', 'write the result back to the file', { aliases: ['i'] })
export const output: StringFlag<'output'> = string('output', 'write the result to PATH instead of stdout', {
  value: 'PATH',
  path: true,
})
export const inputType: StringFlag<'input-type'> = string(
  'input-type',
  'format of the input: yaml, json, dotenv, ini or binary',
  { value: 'FORMAT', values: formatIds },
)
const outputType: StringFlag<'output-type'> = string('output-type', 'format of the output, if not that of the input', {
  value: 'FORMAT',
  values: formatIds,
})
export type TypeFlag = typeof inputType | typeof outputType
export const types: readonly TypeFlag[] = [inputType, outputType]
export const extract: StringFlag<'extract'> = string(
  'extract',
  'print only the value at INDEX, as in \'["db"]["port"]\'',
  { value: 'INDEX' },
)
export const ignoreMac: BoolFlag<'ignore-mac'> = bool('ignore-mac', 'do not check the integrity of the file')
export const filenameOverride: StringFlag<'filename-override'> = string(
  'filename-override',
  'take format and creation rule from this name',
  { value: 'PATH', path: true },
)
export const quoteAmbiguous: BoolFlag<'quote-ambiguous'> = bool(
  'quote-ambiguous',
  'YAML: quote text that YAML 1.1 takes for something else, as SOPS does',
)
export const yes: BoolFlag<'yes'> = bool('yes', 'answer every question with yes', { aliases: ['y'] })
export const idempotent: BoolFlag<'idempotent'> = bool('idempotent', 'leave the file alone when nothing would change')
export const allowCleartext: BoolFlag<'allow-cleartext'> = bool(
  'allow-cleartext',
  'store values in clear where a setting of the file says so',
)
export const verbose: BoolFlag<'verbose'> = bool('verbose', 'show what is being done')
export const background: BoolFlag<'background'> = bool(
  'background',
  'start the command and return at once (deprecated)',
)
export const user: StringFlag<'user'> = string('user', 'run the command as this user', { value: 'NAME' })

const defaultOrder = keyTypesInOrder('open')
  .map(({ id }) => id)
  .join(',')
export const decryptionOrder: StringFlag<'decryption-order'> = string(
  'decryption-order',
  `key types to try first (default: ${defaultOrder})`,
  { env: 'SOPS_DECRYPTION_ORDER', value: 'TYPES', values: keyTypesInOrder('load').map(({ id }) => id) },
)

export type KeyServiceFlag = BoolFlag<'enable-local-keyservice'> | ListFlag<'keyservice'>
export const keyServices: readonly KeyServiceFlag[] = inSection('KEY SERVICES', [
  bool('enable-local-keyservice', 'use the keys of this machine; =false for none of them', {
    env: 'SOPS_ENABLE_LOCAL_KEYSERVICE',
    default: true,
  }),
  list('keyservice', 'also ask this key service; may be repeated', { env: 'SOPS_KEYSERVICE', value: 'URI' }),
])

/** For commands that read files which anybody may have written. */
export const networkKeys: BoolFlag<'network-keys'> = bool(
  'network-keys',
  'also use keys that need the network, key services and plugins',
  { env: 'SOPS_NETWORK_KEYS', readsEnv: 'command' },
)

export const encryptionContext: StringFlag<'encryption-context'> = string(
  'encryption-context',
  'AWS KMS encryption context, as in a:b,c:d',
  { value: 'PAIRS' },
)
export const awsProfile: StringFlag<'aws-profile'> = string('aws-profile', 'AWS profile of the keys given with --kms', {
  value: 'NAME',
})
export const threshold: IntFlag<'shamir-secret-sharing-threshold'> = int(
  'shamir-secret-sharing-threshold',
  'key groups needed to decrypt',
  { default: 0, value: 'N' },
)
export const idleThreshold: IntFlag<'shamir-secret-sharing-threshold'> = int(
  'shamir-secret-sharing-threshold',
  'no effect, taken because SOPS takes it; see groups add',
  { default: 0, value: 'N' },
)
export const showMasterKeys: BoolFlag<'show-master-keys'> = bool(
  'show-master-keys',
  'show the metadata in the editor',
  { aliases: ['s'] },
)

/** Keys of a new file; with any of them the keys of the config are ignored. */
export type NewKeyFlag = StringFlag<KeyFlagName> | typeof awsProfile | typeof encryptionContext | typeof threshold
export const newKeys: readonly NewKeyFlag[] = inSection<NewKeyFlag>('MASTER KEYS', [
  ...keys.map((key) => {
    const { help, env, alias } = key.flag
    return string(keyFlagName('', key), help, { value: 'KEYS', env, ...(alias ? { aliases: [alias] } : {}) })
  }),
  awsProfile,
  encryptionContext,
  threshold,
])

/** Keys of one new group, each flag repeatable and without a variable. */
export const groupKeys: readonly ListFlag<KeyFlagName>[] = inSection(
  'MASTER KEYS',
  keys.map((key) => list(keyFlagName('', key), key.flag.help, { value: 'KEY' })),
)

type ChangedKeyFlag = StringFlag<KeyFlagName<'add-'> | KeyFlagName<'rm-'>>
export const changedKeys: readonly ChangedKeyFlag[] = inSection(
  'ADDED AND REMOVED KEYS',
  keys.flatMap((key) => {
    const { help } = key.flag
    return [
      string(keyFlagName('add-', key), `add: ${help}`, { value: 'KEYS' }),
      string(keyFlagName('rm-', key), `remove: ${help}`, { value: 'KEYS' }),
    ]
  }),
)

type Dashed<Name extends string> = Name extends `${infer Word}_${infer Rest}` ? `${Word}-${Dashed<Rest>}` : Name
type SelectionFlagName = Dashed<SelectionField>

/** `unencrypted-suffix`, … */
export const selectionFlagName = ({ field }: SelectionSetting): SelectionFlagName =>
  field.replaceAll('_', '-') as SelectionFlagName

const selectedBy = {
  suffix: { which: 'of keys with this suffix', value: 'SUFFIX' },
  regex: { which: 'of keys that match', value: 'REGEX' },
  comment: { which: 'below a comment that matches', value: 'REGEX' },
} as const

/** The reference takes the last three in front of a command only. */
export type SelectionFlag = StringFlag<SelectionFlagName> | BoolFlag<'mac-only-encrypted'>
export const selection: readonly SelectionFlag[] = inSection<SelectionFlag>('SELECTION', [
  ...selectionSettings.map((setting) => {
    const { which, value } = selectedBy[setting.by]
    const help = setting.encrypts ? `encrypt only values ${which}` : `leave values ${which} in clear`
    return string(selectionFlagName(setting), help, { value })
  }),
  bool('mac-only-encrypted', 'protect only the encrypted values by the integrity check'),
])

/** Root flags that commands read (spec/cli.md 2.5); in front of a command all others have no effect. */
export type SharedRootFlag =
  | StringFlag<'config'>
  | IntFlag<'indent'>
  | BoolFlag<'mac-only-encrypted' | 'verbose' | 'disable-version-check' | 'check-for-updates'>

export const sharedRootFlags: ReadonlySet<string> = new Set<SharedRootFlag['name']>([
  'config',
  'indent',
  'mac-only-encrypted',
  'verbose',
  'disable-version-check',
  'check-for-updates',
])

/** Flags in front of a command; the flag-only form has no others. */
export type RootFlag =
  | SharedRootFlag
  | BoolFlag<'decrypt' | 'encrypt' | 'rotate' | 'licenses' | 'version'>
  | StringFlag<'set'>
  | typeof inPlace
  | typeof extract
  | TypeFlag
  | typeof showMasterKeys
  | typeof ignoreMac
  | typeof allowCleartext
  | typeof quoteAmbiguous
  | typeof output
  | typeof filenameOverride
  | typeof decryptionOrder
  | NewKeyFlag
  | ChangedKeyFlag
  | SelectionFlag
  | KeyServiceFlag
export const rootFlags: readonly RootFlag[] = [
  bool('decrypt', 'decrypt FILE to stdout', { aliases: ['d'] }),
  bool('encrypt', 'encrypt FILE to stdout', { aliases: ['e'] }),
  bool('rotate', 'give FILE a new data key', { aliases: ['r'] }),
  string('set', 'set one value, as in \'["a"]["b"] "value"\'', { value: 'INDEX-VALUE' }),
  bool('disable-version-check', 'show only this version', { env: 'SOPS_DISABLE_VERSION_CHECK' }),
  bool('check-for-updates', 'with --version: look up the newest release'),
  inPlace,
  extract,
  ...types,
  showMasterKeys,
  ignoreMac,
  allowCleartext,
  quoteAmbiguous,
  string('config', 'configuration file, instead of searching for .sops.yaml', {
    env: 'SOPS_CONFIG',
    value: 'PATH',
    path: true,
  }),
  int('indent', 'indentation of new text', { value: 'N' }),
  verbose,
  output,
  filenameOverride,
  decryptionOrder,
  ...newKeys,
  ...changedKeys,
  ...selection,
  ...keyServices,
  bool('licenses', 'show the licences of what this program is made of'),
  bool('version', 'show the version', { aliases: ['v'] }),
]

/** Names of the flags that decide who can read what, and where the result goes: losing one may expose a secret. */
export const decidingFlags: ReadonlySet<string> = new Set(
  [inPlace, output, extract, filenameOverride, ...newKeys, ...changedKeys, ...selection].flatMap(namesOf),
)
