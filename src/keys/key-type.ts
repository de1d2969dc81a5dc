// What a key type is: its data, from which every room derives its own lists, and its work, which is loaded on first use.
import type { Context, Logger } from '../context/index.ts'

/** Names and texts, such as an encryption context. */
export type StringMap = Readonly<Record<string, string>>

/** One recipient: plain data, as stored in the metadata (spec/format.md 6.1). */
export interface KeyRecord<Id extends string = string> {
  readonly type: Id
  /** The identifying fields under their metadata names: `recipient`; `fp`; `arn`, `role`, `context`, `aws_profile`; … */
  readonly fields: Readonly<Record<string, string | StringMap>>
  /** RFC 3339 as stored; undefined for age, which has none. */
  readonly createdAt?: string
  /** The wrapped data key (or Shamir share) as stored; empty until wrapped. */
  readonly enc: string
  /**
   * The file holds nothing wrapped for it: no `enc`, or only white space. That is damage, and whoever wrote the entry need not know the data
   * key, so `wrapDataKey` refuses it. Absent from keys that are yet to be wrapped for.
   */
  readonly isBare?: true
}

/** How one identifying field is stored. */
interface FieldSpec {
  readonly name: string
  /** Left out of the metadata when empty (`role`, `context`). */
  readonly omitEmpty?: boolean
  /** A map from string to string (`context`). */
  readonly map?: boolean
}

/** The shape of a `key_groups` entry that is a mapping. */
interface ConfigItem {
  /** The type's name in the reference's messages. */
  readonly type: string
  /** Strings; empty where they are left out. */
  readonly fields: readonly string[]
  /** Maps from string to string. */
  readonly maps?: readonly string[]
  /** What people write for a field: lower case, without separators. */
  readonly aliases?: StringMap
}

/** How keys of a type stand in .sops.yaml (spec/config.md 3.3, 3.4). */
export interface KeyConfig<Flat extends string = string, Group extends string = string> {
  /** The field of a creation rule. */
  readonly flat: Flat
  /** The flat field must be a list of strings. If left out, any value will do until its rule is selected. */
  readonly flatIsList?: true
  /** What messages about the flat field call the type; `flat` if left out. */
  readonly title?: string
  /** The field of a `key_groups` entry, a list. */
  readonly group: Group
  /** Elements of that list; strings if left out. */
  readonly item?: ConfigItem
  /** What people write for either field, beyond misspellings: lower case, without separators. */
  readonly aliases?: readonly string[]
}

/** The place of a type among the others, lowest first, wherever the reference has an order of its own (spec/keys.md 1.1, 1.3). */
export interface KeyRanks {
  /** Lists of the metadata, in the order in which they make up a group. The table has the same order. */
  readonly load: number
  /** Flags of a new file. */
  readonly flags: number
  /** Fields of a creation rule and of a `key_groups` entry. */
  readonly rules: number
  /** `--add-…` and `--rm-…`. */
  readonly rotate: number
  /** Flags of `groups add` (spec/cli.md 13.8; the reference forgets hckms). */
  readonly groups: number
  /** Types that are tried first without a decryption order. */
  readonly open?: number
}

/** Where the SDKs of a cloud find credentials; only their presence is reported. */
interface CredentialPlaces {
  readonly variables: readonly string[]
  /** Below the home folder. */
  readonly files: readonly string[]
}

/** The part of a key type that is plain data. */
export interface KeyDescriptor<Id extends string = string, Flat extends string = Id, Group extends string = Flat> {
  /** The identifier of the reference: the list of the metadata and the decryption order share it. */
  readonly id: Id
  /** Identifying fields in metadata, without `created_at` and `enc`. Messages of the key service number them from 1. */
  readonly fields: readonly FieldSpec[]
  /** False for age: no `created_at` is stored. */
  readonly dated: boolean
  /** Groups of `key_groups` have the list even when it is empty. */
  readonly keepsEmptyList?: true
  /** Opening needs the network; such keys are tried last unless a decryption order says otherwise. */
  readonly network: boolean
  readonly ranks: KeyRanks
  /** `--NAME` (and `--add-NAME`, `--rm-NAME`), its one-letter alias, its environment variable, and its line in the help. */
  readonly flag: { readonly name: string; readonly alias?: string; readonly env: string; readonly help: string }
  readonly config: KeyConfig<Flat, Group>
  /** The number in the choice of keys of a key service's message (spec/keys.md 10.1). */
  readonly wireNumber: number
  /** What a key service's question calls a key, and the field shown after it; the key's label if left out. */
  readonly question: { readonly title: string; readonly field?: string }
  /** The logger for keys of this type. */
  readonly logger: Logger
  /** Absent for a type that takes no credentials. */
  readonly credentials?: CredentialPlaces
  /** Variables that hold secrets: their values are never shown, and only programs that need them get them. */
  readonly secrets: readonly string[]
}

/** What a key does with a data key, as services call it. */
export type Operation = 'encrypt' | 'decrypt'

/** What a key string on the command line may depend on besides itself. */
export interface ParseOptions {
  /** `--encryption-context`, AWS KMS only. */
  readonly context?: StringMap
  /** `--aws-profile`. */
  readonly awsProfile?: string
}

/** Nothing here can open it: no identity, no credentials. The next key is tried. */
export interface Unavailable {
  readonly unavailable: string
  /** What might have opened it was not tried (`Context.localOnly`). */
  readonly untried?: true
}

/** A place where identities may lie, and what is there. Nothing secret. */
export interface IdentityPlace {
  /** A variable, a path, or a program. */
  readonly place: string
  /** One text per identity: a recipient, a fingerprint, or whatever else is known; empty when there is none. */
  readonly found: readonly string[]
  readonly problems: readonly string[]
}

/** How keys of a type are read from words and shown in words. */
interface KeyWords<Id extends string = string> {
  /**
   * Keys from a comma-separated string, with this type's own rules for blanks and empty parts (spec/cli.md 10).
   * May look things up (Azure key versions), hence async.
   * @throws SopsError `generic` with the reference's message.
   */
  parse(text: string, ctx: Context, options?: ParseOptions): Promise<KeyRecord<Id>[]>
  /**
   * Keys from one element of a `key_groups` entry: a string or a map, as plain data (spec/config.md 3.4). The config layer has already
   * checked the shape (string, or map of strings with `context` a map of strings).
   */
  parseGroupItem(item: string | Readonly<Record<string, string | StringMap>>, ctx: Context): Promise<KeyRecord<Id>[]>
  /** How the log names a key that was tried (spec/cli.md 17). */
  logFields(key: KeyRecord, done: 'wrap' | 'unwrap'): StringMap
  /** The key's name in messages and diffs (spec/keys.md 1.2). */
  label(key: KeyRecord): string
  /** What all spellings of one recipient have in common; the label where there is only one spelling. */
  identity?(key: KeyRecord): string
  /** Checks a key read from metadata; throws SopsError `generic` (hckms only). */
  check?(key: KeyRecord): void
  /**
   * Refuses a key that could never be wrapped for, as it is written, where `parse` takes any text as the reference does. Nothing is asked or
   * looked up. Throws SopsError `generic`.
   */
  verify?(key: KeyRecord): void
  /** True for a key that `wrap` computes, wherever it is called: nothing is asked, read or started for it. Absent: it is so for none. */
  isComputed?(key: KeyRecord): boolean
  /** Records that the user means this recipient; more may be done for it than for one that only a file names. */
  approve?(key: KeyRecord, ctx: Context): void
}

/** Wrapping and unwrapping: SDKs, programs and cryptography. */
interface KeyWork {
  /**
   * Wraps a data key or Shamir share (32 or 33 raw bytes) and returns the text stored in `enc`.
   * @throws SopsError; the message is the cause shown behind `failed to encrypt new data key with master key "…": `.
   */
  wrap(key: KeyRecord, dataKey: Uint8Array, ctx: Context): Promise<string>
  /**
   * Unwraps `enc`. "None of my identities fits" is a value, "this is mine and it is broken" is an error; the caller records both and tries
   * the next key. The caller owns and wipes the returned bytes.
   */
  unwrap(key: KeyRecord, ctx: Context): Promise<Uint8Array | Unavailable>
}

/** One row of the table. */
export interface KeyTypeRow<Id extends string = string, Flat extends string = Id, Group extends string = Flat>
  extends KeyDescriptor<Id, Flat, Group>,
    KeyWords<Id>,
    KeyWork {
  /** Every place where unwrapping looks for identities, without asking, changing or connecting to anything (`sops doctor`). Never throws. */
  places?(ctx: Context): Promise<readonly IdentityPlace[]>
  /** The files among them, as absolute paths. Never throws. */
  identityFiles?(ctx: Context): Promise<readonly string[]>
}

/** Work that is loaded on first use, so that a row can name it at no cost. */
export const loadedWork = (load: () => Promise<KeyWork>): KeyWork => ({
  wrap: async (key, dataKey, ctx) => (await load()).wrap(key, dataKey, ctx),
  unwrap: async (key, ctx) => (await load()).unwrap(key, ctx),
})
