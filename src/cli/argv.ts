// Parses a command line into flag values and positionals, by the rules of the reference's parser (spec/cli.md 2).

import { hasBytes } from '../system/index.ts'
import { parseBool } from '../text/bool.ts'
import { quote } from '../text/quote.ts'
import { type BoolFlag, type Flag, namesOf } from './flag.ts'
import type { FlagValues } from './invocation.ts'

type Value = string | boolean | number | readonly string[]

export interface CommandLine {
  readonly positionals: readonly string[]
  readonly values: FlagValues<Flag>
  /** Names of the flags on the command line, each as spelled. */
  readonly spelled: ReadonlySet<string>
  readonly help: boolean
}

/** Why the words cannot be parsed: a value, not an exception. `flag` is the unknown flag, for a suggestion. */
export interface UsageError {
  readonly usage: string
  readonly flag?: string
  /** The words before it that are no flags, then it and all that follows. */
  readonly words?: readonly string[]
  /** The command line is not at fault. */
  readonly kind?: 'environment'
}

export const isUsageError = (result: object): result is UsageError => 'usage' in result

/** `-h` and `--help` are flags everywhere. */
export const helpFlag: BoolFlag<'help'> = { name: 'help', aliases: ['h'], kind: 'bool', help: 'show this help' }

const integer =
  /^([+-]?)(?:0[xX]((?:_?[0-9a-fA-F])+)|0[bB]((?:_?[01])+)|0[oO]((?:_?[0-7])+)|0((?:_?[0-7])+)|(0|[1-9](?:_?[0-9])*))$/

/** Go's ParseInt with base 0 and 64 bits, or Go's words for what is wrong. */
export function parseInteger(text: string): number | 'parse error' | 'value out of range' {
  const match = integer.exec(text)
  if (!match) return 'parse error'
  const [, sign, hexadecimal, binary, octal, oldOctal, decimal] = match
  const [prefix, digits] =
    hexadecimal !== undefined
      ? ['0x', hexadecimal]
      : binary !== undefined
        ? ['0b', binary]
        : decimal !== undefined
          ? ['', decimal]
          : ['0o', (octal ?? oldOctal)!]
  const size = BigInt(prefix + digits.replaceAll('_', ''))
  const value = sign === '-' ? -size : size
  return BigInt.asIntN(64, value) === value ? Number(value) : 'value out of range'
}

const index = (flags: readonly Flag[]): ReadonlyMap<string, Flag> =>
  new Map(flags.flatMap((entry) => namesOf(entry).map((name) => [name, entry] as const)))

/** Defaults from the environment (spec/cli.md 2.4). Only a bad boolean, or bytes that are not UTF-8, is an error. */
export function environmentValues(
  flags: readonly Flag[],
  env: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, Value> | UsageError {
  const values = new Map<string, Value>()
  for (const { name, kind, path, env: variable, readsEnv } of flags) {
    const text = variable === undefined || readsEnv !== undefined ? undefined : env[variable]
    if (text === undefined) continue
    if (!path && hasBytes(text)) return { usage: `${variable}: ${noText}`, kind: 'environment' }
    if (kind === 'bool') {
      const value = text === '' ? false : parseBool(text)
      if (value === undefined) {
        const usage = `could not parse ${text} as bool value for flag ${name}: ${variable} must be true or false`
        return { usage, kind: 'environment' }
      }
      values.set(name, value)
    } else if (kind === 'list')
      values.set(
        name,
        text.split(',').map((part) => part.trim()),
      )
    else values.set(name, text)
  }
  return values
}

/** Never shows the bytes: they may be a secret value. */
const noText = 'it has bytes that are no UTF-8'

/** The value of one flag from its text, or the reference's complaint about it. */
function readValue(entry: Flag, spelling: string, text: string): Value | UsageError {
  if (!entry.path && hasBytes(text)) return { usage: `invalid value for flag -${spelling}: ${noText}` }
  if (entry.kind === 'bool') {
    return parseBool(text) ?? { usage: `invalid boolean value ${quote(text)} for -${spelling}: parse error` }
  }
  if (entry.kind !== 'int') return text
  const value = parseInteger(text)
  return typeof value === 'number' ? value : { usage: `invalid value ${quote(text)} for flag -${spelling}: ${value}` }
}

/** The reference refuses two spellings of one flag in one call. */
function doubleSpelling(flags: readonly Flag[], spelled: ReadonlySet<string>): UsageError | undefined {
  for (const entry of flags) {
    const [first, second] = namesOf(entry).filter((name) => spelled.has(name))
    if (second !== undefined) return { usage: `Cannot use two forms of the same flag: ${second} ${first}` }
  }
  return undefined
}

function accessors(flags: readonly Flag[], values: ReadonlyMap<string, Value>): FlagValues<Flag> {
  const defaults = new Map(flags.map((entry) => [entry.name, entry.default]))
  const read = (name: string): Value | undefined => values.get(name) ?? defaults.get(name)
  return {
    string: (name) => {
      const value = read(name)
      return typeof value === 'string' ? value : ''
    },
    bool: (name) => read(name) === true,
    int: (name) => {
      const value = read(name)
      return typeof value === 'number' ? value : undefined
    },
    list: (name) => {
      const value = read(name)
      return typeof value === 'object' ? value : []
    },
    given: (name) => values.has(name),
  }
}

/**
 * Parses `words`. At the `root` the first word that is not a flag ends the flags. For a command, flags may stand anywhere before `--`. Two
 * traps of the reference are left out: there a boolean flag reorders the words behind it, and an unknown flag behind a file is taken for a
 * file. Here a boolean never touches the next word, and an unknown flag is always an error.
 */
export function parseWords(
  flags: readonly Flag[],
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  level: 'root' | 'command',
): CommandLine | UsageError {
  const known = [...flags, helpFlag]
  const byName = index(known)
  const fromEnvironment = environmentValues(known, env)
  if (isUsageError(fromEnvironment)) return fromEnvironment
  const values = new Map<string, Value>()
  const spelled = new Set<string>()
  const positionals: string[] = []
  let rest: readonly string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    const negativeNumber = positionals.length > 0 && /^-\d/.test(word)
    if (word.length < 2 || word[0] !== '-' || negativeNumber) {
      positionals.push(word)
      if (level === 'command') continue
      rest = words.slice(at + 1)
      break
    }
    if (word === '--') {
      rest = words.slice(at + 1)
      break
    }
    const body = word.slice(word[1] === '-' ? 2 : 1)
    if (body === '' || body[0] === '-' || body[0] === '=') return { usage: `bad flag syntax: ${word}` }
    const equals = body.indexOf('=')
    const spelling = equals < 0 ? body : body.slice(0, equals)
    const entry = byName.get(spelling)
    if (!entry) {
      const usage = `flag provided but not defined: -${spelling}`
      return { usage, flag: spelling, words: [...positionals, ...words.slice(at)] }
    }
    let text = equals < 0 ? undefined : body.slice(equals + 1)
    if (text === undefined && entry.kind === 'bool') text = 'true'
    if (text === '' && entry.optional !== undefined) return { usage: `${word} ${entry.optional}` }
    if (text === undefined && entry.optional !== undefined) text = ''
    if (text === undefined) {
      text = words[++at]
      if (text === undefined) return { usage: `flag needs an argument: -${spelling}` }
    }
    const value = readValue(entry, spelling, text)
    if (typeof value === 'object' && 'usage' in value) return value
    const earlier = values.get(entry.name)
    values.set(entry.name, entry.kind === 'list' ? [...(Array.isArray(earlier) ? earlier : []), text] : value)
    spelled.add(spelling)
  }
  const double = doubleSpelling(known, spelled)
  if (double) return double
  const parsed = accessors(known, new Map([...fromEnvironment, ...values]))
  return { positionals: [...positionals, ...rest], values: parsed, spelled, help: parsed.bool('help') }
}
