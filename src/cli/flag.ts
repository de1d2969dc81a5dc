// A flag as data. The parser, the help, completion and the types of a command's options all derive from it.

type FlagKind = 'bool' | 'string' | 'int' | 'list'

interface FlagOf<Name extends string, Kind extends FlagKind> {
  readonly name: Name
  /** Other spellings, of one letter or more. */
  readonly aliases?: readonly string[]
  readonly kind: Kind
  /** Environment variable that gives the default. */
  readonly env?: string
  /** The command reads that variable itself, when it needs it: the parser leaves it alone. */
  readonly readsEnv?: 'command'
  /** The value may be left out, which gives `''`; it then stands behind `=` only. What is wrong with a `=` and nothing behind it. */
  readonly optional?: string
  readonly default?: string | number | boolean
  readonly help: string
  /** Stands for the value in the help. */
  readonly value?: string
  /** All that the value may be. */
  readonly values?: readonly string[]
  /** A path, which may hold bytes that are not UTF-8 (system/bytes.ts). */
  readonly path?: true
  /** Heading of the help that lists it; `OPTIONS`, or `GLOBAL OPTIONS` at the root, if left out. */
  readonly section?: string
}

export type BoolFlag<Name extends string = string> = FlagOf<Name, 'bool'>
export type StringFlag<Name extends string = string> = FlagOf<Name, 'string'>
export type IntFlag<Name extends string = string> = FlagOf<Name, 'int'>
export type ListFlag<Name extends string = string> = FlagOf<Name, 'list'>
export type Flag = BoolFlag | StringFlag | IntFlag | ListFlag

type Details = Omit<Flag, 'name' | 'kind' | 'help'>
type Maker<Kind extends FlagKind> = <Name extends string>(
  name: Name,
  help: string,
  details?: Details,
) => FlagOf<Name, Kind>
const maker =
  <Kind extends FlagKind>(kind: Kind): Maker<Kind> =>
  (name, help, details = {}) => ({ name, kind, help, ...details })
export const bool: Maker<'bool'> = maker('bool')
export const string: Maker<'string'> = maker('string')
export const int: Maker<'int'> = maker('int')
export const list: Maker<'list'> = maker('list')

/** Names of the flags of one kind. */
export type NameOf<F extends Flag, Kind extends FlagKind> = Extract<F, { readonly kind: Kind }>['name']

/** Every spelling of a flag or a command, its name first. */
export const namesOf = (entry: { readonly name: string; readonly aliases?: readonly string[] }): readonly string[] => [
  entry.name,
  ...(entry.aliases ?? []),
]

/** A flag's name as typed. */
export const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`)
