// The contract of a file format: text to tree and back, and nothing else. A format knows no keys, no metadata and no cipher.

import type { Selection } from '../cipher/index.ts'
import type { Position } from '../errors.ts'
import type { Path } from '../tree/path.ts'
import type { Entry, Leaf, LeafToken, ListNode, Node, Origin, Tree, Value } from '../tree/tree.ts'
import type { ReadingShare } from './ticks.ts'

/** The names of the formats. */
export type FormatId = 'yaml' | 'json' | 'dotenv' | 'ini' | 'binary'

/** A parsed text. `tree` nodes carry origins into `source`. */
export interface Parsed {
  readonly tree: Tree
  /** Owned by the format that parsed it: the decoded text and whatever else `rewrite` needs. */
  readonly source: unknown
}

/** How new text is laid out; `undefined` means the reference's default (spec/format.md 7.7, 8.2). */
export interface Layout {
  readonly indent?: number
  /** The user asks for a fresh layout, whatever the source looks like (`--indent`). */
  readonly fresh?: boolean
  /** The user asks for the format by its name (`--output-type`): JSON text does not stay JSON as YAML. */
  readonly named?: boolean
  /**
   * The text holds encrypted values (`ENC[…]`): tokens take the style that tells what stood there. False or absent: plain text.
   */
  readonly encrypted?: boolean
  /** Plain YAML: values and keys that readers of YAML 1.1 and 1.2 see differently are printed as the reference does. */
  readonly quoteAmbiguous?: boolean
}

/** A place of a plain text that other readers take for something else, or do not take. */
export interface Reading {
  readonly path: Path
  /** 1-based. */
  readonly line: number
  /** It is the key at the end of the path, and not its value. */
  readonly isKey: boolean
  /** What it is to whom, and what to do about it; without the value, but for `true` and `false`. */
  readonly what: string
}

/** A line that the reader passes over, and the one that it takes. */
export interface PassedOver {
  readonly path: Path
  /** 1-based. */
  readonly line: number
  readonly taken: number
}

/** What of a source's spelling does not come through encryption. */
export interface Losses {
  /** How many aliases are replaced by copies, because what they stand for is encrypted. */
  readonly aliases: number
  /** Leaves whose value decryption will spell in another way (`0x1F` as `31`). */
  readonly respelt: readonly Origin[]
  /** Empty documents that come back as `{}`; counted from 1. */
  readonly documents: readonly number[]
}

/** What stayed of a text and was printed anew all the same. */
export interface Reprint {
  /** Where it began; 1-based. Undefined for the whole text. */
  readonly line?: number
  /** Goes on after `was laid out anew: `. */
  readonly why: string
}

/** A text of which only what changed was written anew. */
export interface Rewritten {
  readonly bytes: Uint8Array
  /** Absent where every byte that had to change nothing stayed. */
  readonly reprints?: readonly Reprint[]
  /** Where the text is encrypted, and only of formats that can lose anything. */
  readonly losses?: Losses
}

/** A place of an encrypted text that was written in another way than it stood, because the reference could not read it there. */
export interface Respelling {
  /** In the text as it is written; 1-based. */
  readonly line: number
  /** What stood there, without a value. */
  readonly what: string
  /** What it is written as. */
  readonly as: string
}

/** A text for which `places` say what was written in another way. */
export interface Respelt {
  readonly bytes: Uint8Array
  readonly reprints?: readonly Reprint[]
  readonly places: readonly Respelling[]
}

/** What the caller knows of a text before it is parsed. */
export interface FormatParseOptions {
  /** The text is an encrypted file: the binary format and dotenv read the two differently. */
  readonly encrypted?: boolean
  /** Read as the reference does what is taken for layout otherwise (`Format.reading`). */
  readonly literal?: boolean
  /** The plaintext that the text was made from: where a text can be read in two ways, what did not change says the same as before. */
  readonly earlier?: Tree
  /** Told how far a long text is; a short one is read without a word. */
  readonly progress?: ReadingShare | undefined
}

/** A format: text to tree and back, without keys, metadata or ciphers. */
export interface Format {
  readonly id: FormatId
  /**
   * How metadata is placed in the tree (spec/format.md 6.3): `nested` = one top-level entry `sops` holding a map; `section` = one top-level
   * entry `sops` holding flat keys; `flat` = top-level entries with the prefix `sops_`.
   */
  readonly metadata: 'nested' | 'section' | 'flat'
  /**
   * Text to tree.
   * @throws SopsError `parse` with a position; the message is the reference's where scripts may match it.
   */
  parse(bytes: Uint8Array, options?: FormatParseOptions): Parsed
  /**
   * Whether `parse` would give this very tree, its origins aside; false also where that is not easily told. Only where telling it costs much
   * less than to parse.
   */
  says?(bytes: Uint8Array, tree: Tree, options?: Omit<FormatParseOptions, 'earlier'>): boolean
  /**
   * The source text with what differs between `parsed.tree` and `next` changed, and every other byte kept. `next` was made from
   * `parsed.tree`: a node that carries an origin is the node of that place; entries, list items and comments may be missing (removed), new
   * (no origin: printed), or have another value. A node whose value (a comment: text) equals `origin.value` is left exactly as it stands,
   * even if it changed its kind (an encrypted comment stored as a list element).
   * @throws SopsError `cannot-emit` when a new value cannot be written in this format.
   */
  rewrite(parsed: Parsed, next: Tree, layout?: Layout): Rewritten
  /**
   * The tree as a fresh text in the reference's layout; origins are ignored. Used for other formats, new nodes and new files.
   * @throws SopsError `cannot-emit`.
   */
  print(tree: Tree, layout?: Layout): Uint8Array
  /**
   * One value by itself, as `--extract` prints it (spec/format.md 12.4); strings never get here.
   * @throws SopsError `cannot-emit` where the format has no single values.
   */
  printValue(value: Node, layout?: Layout): Uint8Array
  /** The exact text, in whole lines, of a top-level entry that came from `parsed`; undefined where it shares its lines. */
  textOf(parsed: Parsed, entry: Entry): string | undefined
  /** The exact token text of an encrypted leaf, for reuse in another version of the file. */
  token?(parsed: Parsed, leaf: Leaf): LeafToken | undefined
  /**
   * The encrypted text that was parsed, with what the reference would refuse or read in another way written so that both read the same
   * (docs/reference-grammar.md); undefined where it reads as it stands. Formats in which nothing differs have no such method.
   */
  respell?(parsed: Parsed, selection: Selection): Respelt | undefined
  /**
   * Of a text that can be read in two ways: as `layout`, or `literal` as by the reference, which may have written it and mean that
   * (`FormatParseOptions.literal`).
   */
  reading?(parsed: Parsed): 'layout' | 'literal' | undefined
  /** What people should know about how the text is read: what is layout here and data to the reference, another encoding. */
  notices?(parsed: Parsed): readonly string[]
  /** Where in the text a node of it stands. Binary files have no such places. */
  positionOf?(parsed: Parsed, origin: Origin): Position
  /** Finds the lines of many places of the text, from 0; lines end with a line feed. */
  lineFinder?(parsed: Parsed): (offset: number) => number
  /**
   * Where the comment of an entry begins that would become a part of another comment if the entry were removed. Only where a comment
   * has no place of its own.
   */
  strandedComment?(parsed: Parsed, entry: Entry): number | undefined
  /** True for a list of the text whose comments stay where they are when its elements change: they stand between brackets, or behind them. */
  keepsComments?(parsed: Parsed, list: ListNode): boolean
  /**
   * Of an opened file: the first lines that count nowhere, since a later one has the same key. Only where the format has such lines.
   * @throws SopsError `cannot-decrypt-tree` where the text that was opened there is not a line of that key.
   */
  passedOver?(parsed: Parsed, plain: Tree, atMost: number): readonly PassedOver[]
  /** Where other readers see something else in a plain text than the reference. */
  readings?(parsed: Parsed): readonly Reading[]
  /** The empty documents of a plain text, counted from 1, that a fresh text has in another way. */
  unusualDocuments?(parsed: Parsed): readonly number[]
  /** Only where the format knows nothing but text: what a value that stands there in clear reads back as. */
  clearText?(value: Value): string | Uint8Array
  /** What `edit` shows for a file that does not exist yet (spec/cli.md 6). */
  readonly example: string
}
