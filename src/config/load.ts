// Reads a configuration file and checks the type of everything in it, as the reference does for every command that has one.

import type { SelectionField } from '../cipher/index.ts'
import type { Context } from '../context/index.ts'
import { memoKeys, onceEach } from '../context/index.ts'
import { type Position, placeOf, SopsError } from '../errors.ts'
import type { FlatField, GroupField } from '../keys/index.ts'
import { readNamed, readRegular, systemErrorText } from '../system/index.ts'
import { conflictHint, conflictLine, conflictText } from '../text/conflict.ts'
import { globHint } from '../text/glob.ts'
import { tabHints } from '../text/tabs.ts'
import { type ConfigFile, openablePath } from './find.ts'
import { doctorHint } from './finding.ts'
import { type checkLevels, configShape, type StructShape, type withoutKey } from './shape.ts'

/** The value of a flexible key field, judged when its rule is selected. */
export interface Flexible {
  /** The name of its type in messages: `a text`, `a whole number`, `a list`, … */
  readonly type: string
  /** Scalars: the literal text. */
  readonly text: string
  /** Lists: their elements. */
  readonly items: readonly Flexible[]
}

/** A field that the loader does not know; the reference ignores it. */
export interface UnknownField {
  readonly name: string
  readonly line: number
  /** Where it stands: `creation_rules[0]`; empty at the top level. */
  readonly where: string
  readonly shape: StructShape
}

/** Where a mapping and its fields begin, counted from 1. */
export interface Lines {
  readonly line: number
  readonly fields: Readonly<Record<string, number>>
}

/** One entry of `key_groups`; each list is absent when it is null or not there (spec/config.md 3.4). */
export interface RawKeyGroup extends Readonly<Partial<Record<GroupField, readonly (string | RawKey)[]>>> {
  readonly merge?: readonly RawKeyGroup[]
}

/** A key written as a mapping; only `context` is a map, and only its values can be null. */
export type RawKey = Readonly<Record<string, string | Readonly<Record<string, string | null>>>>

/** A creation rule as written, types checked, keys and expressions not looked at yet (spec/config.md 3.2). */
export interface RawRule
  extends Readonly<Partial<Record<FlatField, Flexible | readonly string[]>>>,
    Readonly<Partial<Record<SelectionField, string>>> {
  readonly path_regex?: string
  readonly aws_profile?: string
  readonly key_groups?: readonly RawKeyGroup[]
  readonly shamir_threshold?: number
  readonly mac_only_encrypted?: boolean
}

/** A destination rule as written (spec/config.md 3.5). */
export interface RawDestinationRule {
  readonly path_regex?: string
  readonly s3_bucket?: string
  readonly s3_prefix?: string
  readonly gcs_bucket?: string
  readonly gcs_prefix?: string
  readonly vault_path?: string
  readonly vault_address?: string
  readonly vault_kv_mount_name?: string
  readonly vault_kv_version?: number
  readonly recreation_rule?: RawRule
  readonly omit_extensions?: boolean
}

/** Settings of one store; the meaning of `indent` is the store's (spec/config.md 3.6). */
export interface StoreSettings {
  readonly indent?: number
  /** YAML only; not in the reference, which ignores it: `Layout.quoteAmbiguous`. */
  readonly quote_ambiguous?: boolean
}

/** A recipient that the configuration gives a name. */
interface NamedRecipient {
  /** As a creation rule has it: an age recipient, a fingerprint, an ARN, … */
  readonly key: string
  /** The last day, as `2027-01-31`. */
  readonly expires?: string
}

/** How loud a finding of `sops check` is. */
export type CheckLevel = (typeof checkLevels)[number]

/** Findings that are passed over. Fields that are left out fit everything. */
export interface IgnoredFindings {
  readonly rule: string
  /** Patterns relative to the folder of the configuration. */
  readonly files?: readonly string[]
  /** Key paths as `["a"]["b"]`, or patterns for the last key of one. */
  readonly keys?: readonly string[]
  /** The last day, as `2027-01-31`. */
  readonly until?: string
  readonly why?: string
}

/** What `sops check` goes by. Patterns are relative to the folder of the configuration. */
interface CheckSettings {
  /** By rule id. */
  readonly rules?: Readonly<Record<string, CheckLevel>>
  /** Files that must be encrypted whatever the path of their rule says. */
  readonly require?: readonly string[]
  /** Files that need not be encrypted. */
  readonly exclude?: readonly string[]
  /** Kinds of Kubernetes objects that hold secrets, besides `Secret`. */
  readonly kinds?: readonly string[]
  readonly ignore?: readonly IgnoredFindings[]
}

/** What is asked of some files. Of several for one file, later ones win field by field. Ages are days. */
export interface Policy {
  /** Patterns relative to the folder of the configuration. */
  readonly files: readonly string[]
  /** Narrows `value_max_age`: as in `IgnoredFindings`. */
  readonly keys?: readonly string[]
  readonly min_recipients?: number
  /** Names of `recipients`, or recipients. */
  readonly required_recipients?: readonly string[]
  readonly data_key_max_age?: number
  readonly value_max_age?: number
}

/** What only this program reads: the top-level key `x-sops-ts`. */
interface OwnSettings {
  readonly check?: CheckSettings
  readonly filter?: {
    /** What the filter of Git does with a plaintext where no key opens its earlier version; by default it fails. */
    readonly without_key?: (typeof withoutKey)[number]
  }
  /** Files that must have the same keys, by the name of the group. */
  readonly groups?: Readonly<Record<string, readonly string[]>>
  readonly policy?: readonly Policy[]
  /** Who may not open anything any more, by name or recipient, from which day on. */
  readonly revoked?: readonly { readonly who: string; readonly at: string }[]
  /** Days in which values that a revoked recipient has seen may still stand. */
  readonly revoke_grace?: number
  /** By name. */
  readonly recipients?: Readonly<Record<string, NamedRecipient>>
}

/** A configuration file as it was read: the types of its fields hold, keys and expressions are not looked at yet. */
export interface Config {
  readonly file: ConfigFile
  /** Undefined when the field is absent or null: the file counts as "no config". */
  readonly creationRules: readonly RawRule[] | undefined
  readonly destinationRules: readonly RawDestinationRule[] | undefined
  readonly stores: {
    readonly yaml?: StoreSettings
    readonly json?: StoreSettings
    readonly json_binary?: StoreSettings
    readonly ini?: StoreSettings
    readonly dotenv?: StoreSettings
  }
  readonly own: OwnSettings
  /** Unknown fields, in the order of the file. */
  readonly unknown: readonly UnknownField[]
  /** The line, from 1, of a second document with any content; undefined if there is none. It is not read, as in the reference. */
  readonly secondDocument?: number | undefined
  /** Of the rules, key groups, keys and settings above. */
  readonly lines: ReadonlyMap<object, Lines>
}

interface RawConfig {
  readonly creation_rules?: readonly RawRule[]
  readonly destination_rules?: readonly RawDestinationRule[]
  readonly stores?: Config['stores']
  readonly 'x-sops-ts'?: OwnSettings
}

/** Bytes read at most from a pipe or a device. */
const maximumSize = 16 * 1024 * 1024

async function readConfigFile(file: ConfigFile, ctx: Context): Promise<Uint8Array> {
  const path = openablePath(file.path, ctx)
  const refuse = (what: string): SopsError =>
    new SopsError('generic', `could not read config file: ${file.path} is ${what}, and no regular file`, {
      hints: ['a file of another kind is read when it is named, with --config or SOPS_CONFIG'],
    })
  try {
    if (file.found === true) return readRegular(path, refuse)
    const message = `waiting for the configuration from ${file.path}`
    const onWait = (): void => ctx.log({ level: 'warning', logger: 'CONFIG', message })
    return await readNamed(path, { maximum: maximumSize, onWait })
  } catch (error) {
    if (error instanceof SopsError) throw error
    const reason = systemErrorText(error, 'open', file.path)
    throw new SopsError('generic', `could not read config file: ${reason}`, {
      hints: [
        '--config and SOPS_CONFIG name the configuration: correct the name, or leave them out to search for .sops.yaml',
      ],
      cause: error,
    })
  }
}

/**
 * The configuration that these bytes are, as another version of the file has them. Nothing is remembered.
 * @throws SopsError `generic` with the reference's text: YAML syntax, types.
 */
export async function configFromBytes(bytes: Uint8Array, file: ConfigFile): Promise<Config> {
  const { decodeConfig } = await import('./decode.ts')
  const refuse = (reasons: readonly string[], hints: readonly string[], cause?: SopsError): SopsError => {
    const line = conflictLine(bytes)
    const [reason, ...more] = line === undefined ? reasons : [conflictText(line)]
    return new SopsError('generic', [`error loading config: Could not unmarshal config file: ${reason}`, ...more], {
      ...(line === undefined && cause ? placeOf(cause) : {}),
      hints: [
        ...(line === undefined
          ? [...hints, ...(cause ? [...tabHints(bytes, cause.position), ...quoteHints(bytes, cause.position)] : [])]
          : [conflictHint]),
        `the configuration is ${file.path}`,
        doctorHint,
      ],
      cause,
    })
  }
  let decoded: ReturnType<typeof decodeConfig>
  try {
    decoded = decodeConfig(bytes, configShape)
  } catch (error) {
    throw error instanceof SopsError ? refuse(error.lines, error.hints, error) : error
  }
  const { data, errors, unknown, lines, secondDocument } = decoded
  if (errors.length > 0)
    throw refuse(
      errors.map((text, at) => (at === 0 ? `yaml: ${text}` : `  ${text}`)),
      misfitHints(errors),
    )
  // The shape is what makes these types true.
  const raw = (data ?? {}) as RawConfig
  return {
    file,
    creationRules: raw.creation_rules,
    destinationRules: raw.destination_rules,
    stores: raw.stores ?? {},
    own: raw['x-sops-ts'] ?? {},
    unknown,
    lines,
    secondDocument,
  }
}

/** Of an expression that YAML does not take as it is written. */
function quoteHints(bytes: Uint8Array, position: Position | undefined): readonly string[] {
  const line =
    position &&
    Buffer.from(bytes)
      .toString('utf8')
      .split(/\r\n?|\n/)[position.line - 1]
  const [, name, star, quoted] = /^[\s-]*(\w*regex)\s*:\s*(?:(\*.*?)|"(.*)")\s*$/.exec(line ?? '') ?? []
  if (name === undefined) return []
  if (star !== undefined) return [globHint(name, star)]
  return [`in double quotes a backslash has a meaning of its own in YAML: write '${quoted}', in single quotes`]
}

function misfitHints(errors: readonly string[]): readonly string[] {
  const wanted: readonly (readonly [RegExp, string])[] = [
    [/: a list is wanted/, 'a list has one line for each element, which begins with "- "'],
    [/: a map is wanted/, 'fields are written one a line, each as "name: value"'],
    [/already defined/, 'a field can be given once: join the two'],
  ]
  return wanted.filter(([about]) => errors.some((text) => about.test(text))).map(([, hint]) => hint)
}

const loaded = memoKeys<Promise<Config>>('configurations')

/**
 * Reads and type-checks the file, once per run and path. Keys and expressions are checked when a rule is selected.
 * @throws SopsError `generic` with the reference's text: unreadable file, YAML syntax, types.
 */
export const loadConfig = (file: ConfigFile, ctx: Context): Promise<Config> =>
  onceEach(ctx, loaded, file.path, async () => configFromBytes(await readConfigFile(file, ctx), file))
