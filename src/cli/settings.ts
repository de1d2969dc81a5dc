// Combines flags, environment and .sops.yaml: formats, layout, key services, and how to encrypt.

import { isAbsolute, resolve } from 'node:path'
import {
  anySetting,
  givenSettings,
  orDefault,
  type SelectionField,
  type SelectionOptions,
  selectionSettings,
} from '../cipher/index.ts'
import type { Config, CreationRule } from '../config/index.ts'
import { findConfig, loadConfig, matchCreationRule, misnamedHints, ruleHints, strayHints } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import { placeOf, SopsError } from '../errors.ts'
import type { EncryptionSettings } from '../file/index.ts'
import type { FormatId, Layout } from '../formats/index.ts'
import { formatOfPath, isFormatId, sniffFormat } from '../formats/index.ts'
import { type KeyService, localKeyService, parseDecryptionOrder } from '../groups/index.ts'
import type { KeyRanks, KeyType, MasterKey, ParseOptions, StringMap } from '../keys/index.ts'
import { keyTypesInOrder, labelOf } from '../keys/index.ts'
import { loadKeyServiceClient } from '../keyservice/index.ts'
import { dashed, type StringFlag } from './flag.ts'
import {
  type awsProfile,
  type decryptionOrder,
  type encryptionContext,
  type KeyFlagName,
  type KeyPrefix,
  type KeyServiceFlag,
  keyFlagName,
  type NewKeyFlag,
  type quoteAmbiguous,
  type SelectionFlag,
  selectionFlagName,
  type TypeFlag,
} from './flags.ts'
import type { Invocation, Io } from './invocation.ts'

export interface Formats {
  readonly input: FormatId
  readonly output: FormatId
  /** True if a flag names the output format. */
  readonly named: boolean
}

/** The formats that the flags of a command name; a command without such a flag leaves it out. */
export interface NamedFormats {
  readonly input?: string
  readonly output?: string
}

export const namedFormats = (inv: Invocation<TypeFlag>): NamedFormats => ({
  input: inv.string('input-type'),
  output: inv.string('output-type'),
})

/** Input and output format are chosen independently (spec/format.md 12.1). Unknown names count as not given. */
export function formatsOf(named: NamedFormats, path: string): Formats {
  const output = formatNamed(named.output)
  const byPath = formatOfPath(path)
  return { input: formatNamed(named.input) ?? byPath, output: output ?? byPath, named: output !== undefined }
}

const formatNamed = (name = ''): FormatId | undefined => (isFormatId(name) ? name : undefined)

/** The formats by flags and name; if these say nothing, by content. */
export function formatsFor(named: NamedFormats, path: string, bytes: Uint8Array): Formats {
  const formats = formatsOf(named, path)
  const isGuess = formatOfPath(path) === 'binary' && formatNamed(named.input) === undefined && !formats.named
  const seen = isGuess ? sniffFormat(bytes) : undefined
  return seen ? { input: seen, output: seen, named: false } : formats
}

/** The path as messages and rules see it: absolute and lexically cleaned, links not followed. */
export const absolutePath = (ctx: Context, path: string): string =>
  isAbsolute(path) ? resolve(path) : resolve(ctx.cwd, path)

/** The run that asks: its surroundings, and whether it is about one of many files. */
type Asking = Pick<Io, 'ctx' | 'many'>

/** The config file in force, or undefined if none is found: for one of many files the one that is nearest to it. */
export async function configOf(inv: Invocation<never>, { ctx, many }: Asking): Promise<Config | undefined> {
  const named = inv.root.string('config')
  if (many && named === '') return many.config()
  const file = await findConfig(ctx, named)
  return file && (await loadConfig(file, ctx))
}

/** `hints`, unless there is a file that only has the wrong name. */
function noConfigHints(inv: Invocation<never>, ctx: Context, hints: readonly string[]): readonly string[] {
  const misnamed = inv.root.string('config') === '' ? misnamedHints(ctx) : []
  return misnamed.length > 0 ? misnamed : hints
}

/** The config file of a command that does nothing without one. @throws SopsError `generic`, with these hints if none is found. */
export async function wantedConfig(inv: Invocation<never>, io: Asking, hints: readonly string[]): Promise<Config> {
  const config = await configOf(inv, io)
  if (config === undefined)
    throw new SopsError('generic', 'config file not found', { hints: noConfigHints(inv, io.ctx, hints) })
  return config
}

/** `--indent` overrides the `stores` section for every format (spec/cli.md 6). */
export function layoutOf(
  inv: Invocation<never>,
  config: Config | undefined,
  { output, named: isNamed }: Pick<Formats, 'output' | 'named'>,
): Layout {
  const named = isNamed ? { named: true } : {}
  const given = inv.root.int('indent')
  if (given !== undefined) return { indent: given, fresh: true, ...named }
  const store = output === 'binary' ? 'json_binary' : output
  const indent =
    store === 'yaml' || store === 'json' || store === 'json_binary' ? config?.stores[store]?.indent : undefined
  return indent === undefined ? named : { indent, ...named }
}

/** `layoutOf` for plain text that goes to other programs. */
export function plainLayoutOf(
  inv: Invocation<typeof quoteAmbiguous>,
  config: Config | undefined,
  formats: Formats,
): Layout {
  return {
    ...layoutOf(inv, config, formats),
    quoteAmbiguous: inv.bool('quote-ambiguous') || config?.stores.yaml?.quote_ambiguous === true,
  }
}

/** The local key service, unless disabled, then the remote ones in the order given. */
export async function servicesOf(
  inv: Invocation<KeyServiceFlag>,
  { ctx, many }: Asking,
): Promise<readonly KeyService[]> {
  const remote = inv.list('keyservice')
  const make = async (own: Context): Promise<readonly KeyService[]> => [
    ...(inv.bool('enable-local-keyservice') ? [localKeyService(own)] : []),
    ...(remote.length > 0 ? (await loadKeyServiceClient()).remoteKeyServices(remote, own) : []),
  ]
  return many ? many.services(make, ctx) : make(ctx)
}

/** @throws SopsError `duplicate-decryption-key-type`. */
export const orderOf = (inv: Invocation<typeof decryptionOrder>): { order?: string[] } => {
  const text = inv.string('decryption-order')
  return text === '' ? {} : { order: parseDecryptionOrder(text) }
}

/** Settings that mean nothing for a binary file, in the order of the reference's warnings; of the sixth it says nothing (spec/config.md 5). */
const binaryWarnings: readonly SelectionField[] = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'encrypted_regex',
  'unencrypted_regex',
  'encrypted_comment_regex',
]

/**
 * Combines flags, their variables and the creation rule for `path`, in the reference's order of checks (spec/config.md 7).
 * @throws SopsError `generic`, `conflicting-parameters` or `bad-encryption-context`.
 */
export async function encryptionSettings(
  inv: Invocation<NewKeyFlag | SelectionFlag>,
  ctx: Context,
  config: Config | undefined,
  path: string,
  input: FormatId,
): Promise<EncryptionSettings> {
  const kms = kmsWords(inv)
  const kmsContext = inv.legacy ? keyParseOptions(kms, ctx, true).context : undefined
  const options = kmsContext ? { kmsContext, refuses: true } : { refuses: true }
  const rule = config?.creationRules ? await matchCreationRule(config, path, ctx, options) : undefined
  const { selection, macOnlyEncrypted } = chosenSelection(inv, ctx, rule, input)
  const place = rule && `creation_rules[${rule.index}] in ${config!.file.path}`
  const selectedBy = selectionPlace(inv, selection, place)
  const flagKeys = await keysFromFlags(inv, ctx, { prefix: '', kms })
  if (flagKeys.length > 0) {
    // Between the brackets the reference prints memory addresses.
    const message = `Master keys available:  [${flagKeys.map(labelOf).join(' ')}]`
    ctx.log({ level: 'debug', logger: 'CMD', message })
  }
  if (flagKeys.length === 0 && rule === undefined) {
    throw new SopsError(
      'generic',
      'config file not found, or has no creation rules, and no keys provided through command line options',
      {
        hints: [
          ...(config
            ? ruleHints(config)
            : noConfigHints(inv, ctx, ['add a creation rule to .sops.yaml; sops keygen shows how to write one'])),
          'or name a recipient as a flag, for example --age age1…',
        ],
      },
    )
  }
  return {
    keyGroups: flagKeys.length > 0 ? [{ keys: flagKeys }] : rule!.keyGroups,
    shamirThreshold: inv.int('shamir-secret-sharing-threshold') || (rule?.shamirThreshold ?? 0),
    selection,
    macOnlyEncrypted,
    ...(selectedBy === undefined ? undefined : { selectedBy }),
    recipientHints:
      flagKeys.length > 0
        ? [`the recipients are those of ${keySources(inv, ctx, '').join(' and ')}`]
        : recipientHints(config!, rule!.index),
  }
}

/** Next steps where a creation rule names no recipients. */
export const recipientHints = (config: Config, index: number): readonly string[] => [
  ...strayHints(config, `creation_rules[${index}]`),
  `the recipients are those of creation_rules[${index}] in ${config.file.path}`,
]

/** Where the one setting of a selection is said. */
function selectionPlace(
  inv: Invocation<SelectionFlag>,
  selection: SelectionOptions,
  rule: string | undefined,
): string | undefined {
  const [setting] = givenSettings(selection)
  if (!setting) return undefined
  const flag = selectionFlagName(setting)
  if (inv.string(flag)) return `--${flag}`
  return rule && `${setting.field} of ${rule}`
}

function chosenSelection(
  inv: Invocation<SelectionFlag>,
  ctx: Context,
  rule: CreationRule | undefined,
  input: FormatId,
): { selection: SelectionOptions; macOnlyEncrypted: boolean } {
  const selection: { -readonly [K in keyof SelectionOptions]: SelectionOptions[K] } = {}
  for (const setting of selectionSettings) {
    const value = inv.string(selectionFlagName(setting)) || rule?.selection[setting.name]
    if (value) selection[setting.name] = value
  }
  if (input === 'binary') {
    const given = givenSettings(selection)
    for (const { field, by } of binaryWarnings.flatMap((wanted) => given.filter((one) => one.field === wanted))) {
      const why = by === 'comment' ? 'never produces comments' : 'produces one key that should always be encrypted'
      const message = `Using an ${field.replaceAll('_', ' ')} does not make sense with the input store (the binary store ${why}) and will be ignored.`
      ctx.log({ level: 'warning', logger: 'CMD', message })
    }
    return { selection: {}, macOnlyEncrypted: false }
  }
  if (Object.keys(selection).length > 1) {
    throw new SopsError('conflicting-parameters', `Error: cannot use more than one of ${anySetting} in the same file`)
  }
  return {
    selection: orDefault(selection),
    macOnlyEncrypted:
      inv.bool('mac-only-encrypted') || inv.root.bool('mac-only-encrypted') || (rule?.macOnlyEncrypted ?? false),
  }
}

/** What the flags say of AWS KMS keys; `''` for those not given. */
export interface KmsWords {
  readonly profile: string
  readonly context: string
}

export const kmsWords = (inv: Invocation<typeof awsProfile | typeof encryptionContext>): KmsWords => ({
  profile: inv.string('aws-profile'),
  context: inv.string('encryption-context'),
})

export interface KeyFlagOptions<Prefix extends KeyPrefix> {
  /** The prefix of each flag's name. */
  readonly prefix: Prefix
  readonly kms: KmsWords
  /** By default `flags`. */
  readonly order?: keyof KeyRanks
  /** Ignore a bad encryption context with a warning, instead of refusing it (rotate). */
  readonly lenientContext?: boolean
}

/** Master keys from the key flags, in the reference's order. */
export async function keysFromFlags<Prefix extends KeyPrefix>(
  inv: Invocation<StringFlag<KeyFlagName<Prefix>>>,
  ctx: Context,
  options: KeyFlagOptions<Prefix>,
): Promise<MasterKey[]> {
  const { prefix, kms, order = 'flags', lenientContext = false } = options
  const parseOptions = keyParseOptions(kms, ctx, lenientContext)
  const keys: (readonly MasterKey[])[] = []
  for (const type of keyTypesInOrder(order)) {
    const text = inv.string(keyFlagName(prefix, type))
    if (text) keys.push(await named(keySource(text, type, prefix, ctx), type.parse(text, ctx, parseOptions)))
  }
  return keys.flat()
}

/** What gave the keys, as messages call it: the flag, or its variable. */
function keySource(text: string, type: KeyType, prefix: KeyPrefix, { env }: Context): string {
  const variable = type.flag.env
  return prefix === '' && env[variable] === text ? variable : dashed(keyFlagName(prefix, type))
}

/** The flags and variables that gave keys. */
export const keySources = <Prefix extends KeyPrefix>(
  inv: Invocation<StringFlag<KeyFlagName<Prefix>>>,
  ctx: Context,
  prefix: Prefix,
): readonly string[] =>
  keyTypesInOrder('flags').flatMap((type) => {
    const text = inv.string(keyFlagName(prefix, type))
    return text === '' ? [] : [keySource(text, type, prefix, ctx)]
  })

/** The result, or a failure that names what gave the value. */
export async function named<T>(source: string, result: T | Promise<T>): Promise<T> {
  try {
    return await result
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    const { code, message, hints, details } = error
    throw new SopsError(code, `${message} (${source})`, { ...placeOf(error), hints, details, cause: error })
  }
}

export function keyParseOptions({ profile, context: text }: KmsWords, ctx: Context, lenient: boolean): ParseOptions {
  const context = contextOf(text)
  if (context === 'bad') {
    const message = 'Encryption context contains a non-string value, context will not be used'
    ctx.log({ level: 'warning', logger: 'AWSKMS', message })
    if (!lenient)
      throw new SopsError('bad-encryption-context', 'Error: Invalid KMS encryption context format', {
        hints: ['--encryption-context takes pairs: Name:value,Other:value'],
      })
  }
  return { ...(context && context !== 'bad' ? { context } : {}), ...(profile ? { awsProfile: profile } : {}) }
}

/** `k:v,k:v`; parts are not trimmed, later duplicates win (spec/cli.md 10). */
function contextOf(text: string): StringMap | 'bad' | undefined {
  if (text === '') return undefined
  const context: Record<string, string> = Object.create(null)
  for (const part of text.split(',')) {
    const pair = part.split(':')
    if (pair.length !== 2) return 'bad'
    context[pair[0]!] = pair[1]!
  }
  return context
}
