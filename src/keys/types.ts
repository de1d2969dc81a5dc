// The contract of a key type: everything about one kind of master key, in one file.
import type { Context, Logger } from '../context/index.ts'

/** Type identifiers of the reference: decryption order, metadata list names and this table share them. */
export type KeyTypeId = 'kms' | 'gcp_kms' | 'hckms' | 'azure_kv' | 'hc_vault' | 'pgp' | 'age'

export type StringMap = Readonly<Record<string, string>>

/** One recipient: plain data, as stored in the metadata (spec/format.md 6.1). */
export interface MasterKey {
  readonly type: KeyTypeId
  /** The identifying fields under their metadata names: `recipient`; `fp`; `arn`, `role`, `context`, `aws_profile`; … */
  readonly fields: Readonly<Record<string, string | StringMap>>
  /** RFC 3339 as stored; undefined for age, which has none. */
  readonly createdAt?: string
  /** The wrapped data key (or Shamir share) as stored; empty until wrapped. */
  readonly enc: string
  /**
   * The file that it was read from holds nothing wrapped for it: no `enc`, or only white space. That is damage, and whoever wrote the entry
   * need not know the data key, so `wrapDataKey` refuses it. What is to be wrapped for is a key without this.
   */
  readonly isBare?: true
}

export interface KeyGroup {
  readonly keys: readonly MasterKey[]
}

/** How one identifying field is stored. */
export interface FieldSpec {
  readonly name: string
  /** Left out of the metadata when empty (`role`, `context`). */
  readonly omitEmpty?: boolean
  /** A map from string to string (`context`). */
  readonly map?: boolean
}

/** What a key string on the command line may depend on besides itself. */
export interface ParseOptions {
  /** `--encryption-context`, AWS KMS only. */
  readonly context?: StringMap
  /** `--aws-profile`. */
  readonly awsProfile?: string
}

/** Opening did not happen because nothing here can: no identity, no credentials. The next key is tried. */
export interface Unavailable {
  readonly unavailable: string
  /** What might have opened it was not tried (`Context.localOnly`). */
  readonly untried?: true
}

/** A place where identities may lie, and what is there now. Nothing secret. */
export interface IdentityPlace {
  /** A variable, a path, or a program. */
  readonly place: string
  /** One text for each identity: a recipient, a fingerprint, or what else can be told; empty when there is none. */
  readonly found: readonly string[]
  readonly problems: readonly string[]
}

export interface KeyType {
  readonly id: KeyTypeId
  /** Identifying fields in metadata, without `created_at` and `enc`. */
  readonly fields: readonly FieldSpec[]
  /** False for age: no `created_at` is stored. */
  readonly dated: boolean
  /** True when opening needs the network; such keys are tried after the others unless a decryption order says otherwise. */
  readonly network: boolean
  /** `--NAME` (and `--add-NAME`, `--rm-NAME`), its one-letter alias, its environment variable, and its line in the help. */
  readonly flag: { readonly name: string; readonly alias?: string; readonly env: string; readonly help: string }
  /** Field names in .sops.yaml: directly in a creation rule, and inside a `key_groups` entry. */
  readonly config: { readonly flat: string; readonly group: string }
  /**
   * Keys from a comma-separated string, with this type's own rules for blanks and empty parts (spec/cli.md 10).
   * May look things up (Azure key versions), hence async.
   * @throws SopsError `generic` with the reference's message.
   */
  parse(text: string, ctx: Context, options?: ParseOptions): Promise<MasterKey[]>
  /**
   * Keys from one element of a `key_groups` entry: a string or a map, as plain data (spec/config.md 3.4). The config layer has already
   * checked the shape (string, or map of strings with `context` a map of strings).
   */
  parseGroupItem(item: string | Readonly<Record<string, string | StringMap>>, ctx: Context): Promise<MasterKey[]>
  /** The logger that tells of keys of this type, and how a line about one names it, where wrapping or unwrapping was tried (spec/cli.md 17). */
  readonly logger: Logger
  logFields(key: MasterKey, done: 'wrap' | 'unwrap'): Readonly<Record<string, string>>
  /** The key's name in messages and diffs (spec/keys.md 1.2). */
  label(key: MasterKey): string
  /** What all spellings of one recipient have in common; the label where there is only one spelling. */
  identity?(key: MasterKey): string
  /** Checks a key read from metadata; throws SopsError `generic` (hckms only). */
  check?(key: MasterKey): void
  /**
   * Wraps a data key or Shamir share (32 or 33 raw bytes) and returns the text stored in `enc`.
   * @throws SopsError; the message is the cause shown behind `failed to encrypt new data key with master key "…": `.
   */
  wrap(key: MasterKey, dataKey: Uint8Array, ctx: Context): Promise<string>
  /**
   * Unwraps `enc`. "None of my identities fits" is a value, "this is mine and it is broken" is an error; the caller records both and tries
   * the next key. The caller owns and wipes the returned bytes.
   */
  unwrap(key: MasterKey, ctx: Context): Promise<Uint8Array | Unavailable>
  /** Every place where unwrapping looks for identities, without asking, changing or connecting to anything (`sops doctor`). Never throws. */
  places?(ctx: Context): Promise<readonly IdentityPlace[]>
}
