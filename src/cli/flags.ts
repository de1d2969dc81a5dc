// Flags as data, in groups that commands share (spec/cli.md 9). The flags of the master keys come from the key types.
import { keyTypes, keyTypesInOrder } from '../keys/index.ts'
import type { KeyDescriptor } from '../keys/types.ts'

export type FlagKind = 'bool' | 'string' | 'int' | 'list'

export interface Flag {
  readonly name: string
  /** Other spellings; one letter or longer. */
  readonly aliases?: readonly string[]
  readonly kind: FlagKind
  /** Environment variable that gives the default. */
  readonly env?: string
  readonly default?: string | number | boolean
  readonly help: string
  /** What the value is, for the help. */
  readonly value?: string
  /** A path: it may hold bytes that are no UTF-8 (system/bytes.ts). */
  readonly path?: true
  /** Heading under which the help lists it; `OPTIONS` if left out. */
  readonly section?: string
}

type Details = Omit<Flag, 'name' | 'kind' | 'help'>
const flag =
  (kind: FlagKind) =>
  (name: string, help: string, details: Details = {}): Flag => ({ name, kind, help, ...details })
export const bool: (name: string, help: string, details?: Details) => Flag = flag('bool')
export const string: (name: string, help: string, details?: Details) => Flag = flag('string')
export const int: (name: string, help: string, details?: Details) => Flag = flag('int')
export const list: (name: string, help: string, details?: Details) => Flag = flag('list')

const inSection = (section: string, flags: readonly Flag[]): readonly Flag[] =>
  flags.map((entry) => ({ ...entry, section }))

/** One row for each key type: how its keys are named on the command line. */
const keys: readonly KeyDescriptor['flag'][] = Object.values(keyTypes).map(({ flag }) => flag)

/** `age`, `pgp`, `kms`, …: flag names of the key types. */
export const keyFlagNames: readonly string[] = keys.map((key) => key.name)

export const inPlace: Flag = bool('in-place', 'write the result back to the file', { aliases: ['i'] })
export const output: Flag = string('output', 'write the result to PATH instead of stdout', {
  value: 'PATH',
  path: true,
})
export const inputType: Flag = string('input-type', 'format of the input: yaml, json, dotenv, ini or binary', {
  value: 'FORMAT',
})
export const outputType: Flag = string('output-type', 'format of the output, if not that of the input', {
  value: 'FORMAT',
})
export const types: readonly Flag[] = [inputType, outputType]
export const extract: Flag = string('extract', 'print only the value at INDEX, as in \'["db"]["port"]\'', {
  value: 'INDEX',
})
export const ignoreMac: Flag = bool('ignore-mac', 'do not check the integrity of the file')
export const filenameOverride: Flag = string('filename-override', 'take format and creation rule from this name', {
  value: 'PATH',
  path: true,
})
export const quoteAmbiguous: Flag = bool(
  'quote-ambiguous',
  'YAML: quote text that YAML 1.1 takes for something else, as SOPS does',
)
export const yes: Flag = bool('yes', 'answer every question with yes', { aliases: ['y'] })
export const idempotent: Flag = bool('idempotent', 'leave the file alone when nothing would change')
export const allowCleartext: Flag = bool('allow-cleartext', 'store values in clear where a setting of the file says so')
export const verbose: Flag = bool('verbose', 'show what is being done')

const defaultOrder = keyTypesInOrder('open')
  .map(({ id }) => id)
  .join(',')
export const decryptionOrder: Flag = string('decryption-order', `key types to try first (default: ${defaultOrder})`, {
  env: 'SOPS_DECRYPTION_ORDER',
  value: 'TYPES',
})

export const keyServices: readonly Flag[] = inSection('KEY SERVICES', [
  bool('enable-local-keyservice', 'use the keys of this machine; =false for none of them', {
    env: 'SOPS_ENABLE_LOCAL_KEYSERVICE',
    default: true,
  }),
  list('keyservice', 'also ask this key service; may be repeated', { env: 'SOPS_KEYSERVICE', value: 'URI' }),
])

/** For commands that look at files which anybody may have written. */
export const networkKeys: Flag = bool('network-keys', 'also use keys that need the network, key services and plugins', {
  env: 'SOPS_NETWORK_KEYS',
})

export const encryptionContext: Flag = string('encryption-context', 'AWS KMS encryption context, as in a:b,c:d', {
  value: 'PAIRS',
})
export const awsProfile: Flag = string('aws-profile', 'AWS profile of the keys given with --kms', { value: 'NAME' })
export const threshold: Flag = int('shamir-secret-sharing-threshold', 'key groups needed to decrypt', {
  default: 0,
  value: 'N',
})
export const showMasterKeys: Flag = bool('show-master-keys', 'show the metadata in the editor', { aliases: ['s'] })

/** Keys of a file that is made anew; with any of them the keys of the config do not count. */
export const newKeys: readonly Flag[] = inSection('MASTER KEYS', [
  ...keys.map((key) =>
    string(key.name, key.help, { value: 'KEYS', env: key.env, ...(key.alias ? { aliases: [key.alias] } : {}) }),
  ),
  awsProfile,
  encryptionContext,
  threshold,
])

/** Keys of one new group, each flag repeatable and without a variable. */
export const groupKeys: readonly Flag[] = inSection(
  'MASTER KEYS',
  keys.map((key) => list(key.name, key.help, { value: 'KEY' })),
)

export const changedKeys: readonly Flag[] = inSection(
  'ADDED AND REMOVED KEYS',
  keys.flatMap((key) => [
    string(`add-${key.name}`, `add: ${key.help}`, { value: 'KEYS' }),
    string(`rm-${key.name}`, `remove: ${key.help}`, { value: 'KEYS' }),
  ]),
)

/** The reference takes the last three in front of a command only. */
export const selection: readonly Flag[] = inSection('SELECTION', [
  string('unencrypted-suffix', 'leave values of keys with this suffix in clear', { value: 'SUFFIX' }),
  string('encrypted-suffix', 'encrypt only values of keys with this suffix', { value: 'SUFFIX' }),
  string('unencrypted-regex', 'leave values of keys that match in clear', { value: 'REGEX' }),
  string('encrypted-regex', 'encrypt only values of keys that match', { value: 'REGEX' }),
  string('unencrypted-comment-regex', 'leave values below a comment that matches in clear', { value: 'REGEX' }),
  string('encrypted-comment-regex', 'encrypt only values below a comment that matches', { value: 'REGEX' }),
  bool('mac-only-encrypted', 'protect only the encrypted values by the integrity check'),
])

/** Flags in front of a command, and all flags of the flag-only form. */
export const rootFlags: readonly Flag[] = [
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
  bool('version', 'show the version', { aliases: ['v'] }),
]

/** Root flags that commands look at (spec/cli.md 2.5); all others before a command have no effect. */
export const sharedRootFlags: ReadonlySet<string> = new Set([
  'config',
  'indent',
  'mac-only-encrypted',
  'verbose',
  'disable-version-check',
  'check-for-updates',
])

export const namesOf = (entry: Flag): readonly string[] => [entry.name, ...(entry.aliases ?? [])]

/** Names of the flags that say for whom, what of a file, and where the result goes: one that is lost may lay a secret open. */
export const decidingFlags: ReadonlySet<string> = new Set(
  [inPlace, output, extract, filenameOverride, ...newKeys, ...changedKeys, ...selection].flatMap(namesOf),
)
