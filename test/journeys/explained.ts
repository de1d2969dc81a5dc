// Where an independent reader and SOPS disagree for a reason: every class of it, and why. What no row names is a fault.
import type { TreeFormat } from '../support/conformance/case.ts'
import { timeText } from '../support/conformance/leaf.ts'
import { leafOf, ofNumber, type Plain, type PlainLeaf, type Reading } from './reading.ts'

interface Row {
  readonly why: string
  readonly when: RegExp
}

/** Texts that the reader sees otherwise as a whole. */
const texts: Readonly<Record<TreeFormat, readonly Row[]>> = {
  yaml: [
    { when: /:[,\]}]/, why: 'a colon without a blank behind it belongs to the name before it in SOPS' },
    { when: /(?:^|[\s[{,])[&*][\w-]+:/, why: 'the name of an anchor ends at a colon in SOPS, and the value begins' },
    {
      when: /[\x85\u2028\u2029]/,
      why: 'NEL, LS and PS end lines in YAML 1.1; in 1.2, which the package reads, they do not',
    },
    {
      when: /[[{,:]\s*\?[^\s,]/,
      why: 'in braces and brackets a question mark begins a key in SOPS, whatever follows it',
    },
    {
      when: /\ufeff/,
      why: 'a byte order mark inside a text is skipped at the start of a document, a character elsewhere',
    },
  ],
  json: [],
  dotenv: [
    { when: /\r(?!\n)/, why: 'a carriage return by itself ends a line in the package only' },
    { when: /=\s*(?:'[^'\n\r]*|"[^"\n\r]*|`[^`\n\r]*)$/m, why: 'quotes over several lines exist in the package only' },
  ],
  ini: [
    { when: /\ufeff/, why: 'the package takes a byte order mark inside a text for a blank' },
    { when: /[=:]\s*(?:`|""")/, why: 'back-ticks and triple quotes exist in SOPS only, and go over several lines' },
    { when: /\\\s*$/m, why: 'a line continued by a backslash exists in SOPS only' },
    { when: /^\s*[^=\n[;#]*:/m, why: 'a colon is a delimiter in SOPS only' },
    { when: /^\s*["`]/m, why: 'quoted names may hold delimiters in SOPS only' },
    { when: /^\s*-\s*=/m, why: 'the name - is a number in SOPS' },
    { when: /\r(?!\n)/, why: 'a carriage return by itself ends a line in the package only' },
    { when: /^\s*\[[^\]\n]*(?:$|\][^\n]*\])/m, why: 'a section name reaches to the last bracket of its line in SOPS' },
    {
      when: /^[^\S\n]*[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]|[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]\s*$/m,
      why: 'not the same characters are blanks at the ends of lines',
    },
  ],
}

export const isUnread = (format: TreeFormat, text: string): boolean => texts[format].some(({ when }) => when.test(text))

/** Values that the package reads by rules that SOPS does not have. */
const values: Readonly<Record<'dotenv' | 'ini', readonly Row[]>> = {
  dotenv: [
    { when: /^\s|\s$/, why: 'the package trims values, SOPS keeps blanks' },
    { when: /#/, why: 'the package ends values at #, SOPS has no comments behind values' },
    { when: /["'`]/, why: 'the package takes quotes off, SOPS keeps them' },
    { when: /\\n/, why: 'SOPS reads \\n as a line break in every value, the package in double quotes' },
    { when: /^$/, why: 'the package may read the next line as the value of an empty one' },
  ],
  ini: [
    {
      when: /[;#]/,
      why: 'the package ends values at ; and #, quoted or not, and SOPS does with a blank before it (README)',
    },
    { when: /\\/, why: 'the package knows escapes, SOPS does not' },
    { when: /^(["']).*\1./, why: 'quotes that end inside a value' },
    { when: /^'.*"|^"(?!.*"$)|.+".*"$/, why: 'the package reads quoted values as JSON' },
    { when: /^$/, why: 'a name without a value is true in the package' },
    { when: /^(["'])$/, why: 'a lonely quote' },
    { when: /^'(?:true|false|null|-?\d|[[{])/, why: 'the package reads what single quotes hold as JSON' },
    { when: /\t/, why: 'the package reads quoted values as JSON, which has no tabs' },
  ],
}

/** Names that the package does not read as SOPS does: it skips those of other characters, and makes lists of those with brackets. */
const names: Readonly<Record<'dotenv' | 'ini', RegExp>> = {
  dotenv: /^(?![\w.-]+$)|^__proto__$/,
  ini: /\[\]$|[;#\\"']|^__proto__$/,
}

export const unread: { readonly values: typeof values; readonly names: typeof names } = { values, names }

interface Spelling {
  readonly why: string
  readonly when: RegExp
  readonly read: (text: string) => PlainLeaf
}

const int = (value: bigint): PlainLeaf =>
  BigInt.asIntN(64, value) === value ? leafOf('int', String(value)) : ofNumber(Number(value))

const based = (text: string, base: string): PlainLeaf => {
  const digits = text.replaceAll('_', '')
  const negative = digits.startsWith('-')
  const value = BigInt(base + digits.replace(/^[+-]?0?[xXoObB]?/, '0'))
  const signed = negative ? -value : value
  return BigInt.asIntN(64, signed) === signed ? leafOf('int', String(signed)) : leafOf('any', text)
}

const float = (text: string): PlainLeaf => {
  const value = Number(text.replaceAll('_', ''))
  return Number.isFinite(value) ? ofNumber(value) : leafOf('str', text)
}

/** Plain scalars by SOPS's table, which is neither YAML 1.1 nor 1.2 (spec/format.md 7.4). The first row that fits decides. */
const spellings: readonly Spelling[] = [
  { why: 'nothing is null', when: /^(?:|~|null|Null|NULL)$/, read: () => leafOf('null', '') },
  {
    why: 'booleans are those of 1.2',
    when: /^(?:true|True|TRUE|false|False|FALSE)$/,
    read: (text) => leafOf('bool', text.toLowerCase()),
  },
  { why: 'not a number', when: /^\.(?:nan|NaN|NAN)$/, read: () => leafOf('float', 'NaN') },
  {
    why: 'infinities',
    when: /^[-+]?\.(?:inf|Inf|INF)$/,
    read: (text) => leafOf('float', text.startsWith('-') ? '-Infinity' : 'Infinity'),
  },
  {
    why: 'time stamps are a type in 1.1; which dates there are is not asked here',
    when: /^\d{4}-\d\d?-\d\d?(?:[Tt ].*)?$/,
    read: (text) => leafOf(timeText(text) === undefined ? 'str' : 'any', text),
  },
  {
    why: 'floats that start with a point keep single underscores only',
    when: /^\.[\d_]*__|^\._|_$|^_/,
    read: (text) => (/^[-+]?0|^[-+]?\d[\d_]*_$/.test(text) ? leafOf('any', text) : leafOf('str', text)),
  },
  { why: 'base 16', when: /^[-+]?0[xX][\da-fA-F_]*[\da-fA-F][\da-fA-F_]*$/, read: (text) => based(text, '0x') },
  { why: 'base 8 of 1.2', when: /^[-+]?0[oO][0-7_]*[0-7][0-7_]*$/, read: (text) => based(text, '0o') },
  { why: 'base 2 of 1.1', when: /^[-+]?0[bB][01_]*[01][01_]*$/, read: (text) => based(text, '0b') },
  { why: 'base 8 of 1.1', when: /^[-+]?0[0-7_]*[0-7][0-7_]*$/, read: (text) => based(text, '0o') },
  {
    why: 'integers, with underscores as in 1.1',
    when: /^[-+]?[1-9][\d_]*$|^[-+]?0$/,
    read: (text) => int(BigInt(text.replace(/^\+|_/g, ''))),
  },
  {
    why: 'floats, with underscores as in 1.1',
    when: /^[-+]?(?:\.\d[\d_]*|\d[\d_]*(?:\.[\d_]*)?)(?:[eE][-+]?\d[\d_]*)?$/,
    read: float,
  },
]

export const plainScalar = (text: string): PlainLeaf =>
  spellings.find(({ when }) => when.test(text))?.read(text) ?? leafOf('str', text)

/**
 * What a plaintext shows of a file. A carriage return at the end of a .env value (SOPS takes it for data) is shown as it is, and is layout
 * when the text is read.
 */
export const asShown = (format: TreeFormat, reading: Reading): Reading =>
  format !== 'dotenv' ? reading : { ...reading, documents: reading.documents.map(withoutReturns) }

const withoutReturns = (plain: Plain): Plain =>
  plain.kind !== 'map'
    ? plain
    : {
        ...plain,
        pairs: plain.pairs.map((pair) =>
          pair.value.kind === 'leaf' && pair.value.text.endsWith('\r')
            ? { ...pair, value: leafOf('any', pair.value.text) }
            : pair,
        ),
      }
