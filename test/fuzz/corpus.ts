// Byte-level mutations of the files in fixtures/layout.
import type { FormatId } from '../../src/index.ts'
import { layoutFiles } from '../support/layout.ts'
import { numbersFrom } from './budget.ts'

/** What breaks parsers: the syntax of all formats, numbers at limits, and bytes that no text has. */
const tokens: readonly string[] = [
  ...'{}[]:,"\'`#;=|>&*!%@?-~\\\n\r\t \0\u007f',
  ...[
    '\r\n',
    '\n\n',
    '---\n',
    '...\n',
    '--- ',
    '- ',
    '? ',
    ': ',
    ' #',
    '<<: ',
    '&a ',
    '*a ',
    '!!str ',
    '!!binary ',
    '! ',
    '|-\n',
  ],
  ...[
    '>+2\n',
    '"""',
    "'''",
    '\\n',
    '\\u0000',
    '\\ud800',
    '\\x',
    '[]',
    '{}',
    '[s]\n',
    'sops:\n',
    '"sops":',
    'sops_mac=',
    '[sops]\n',
  ],
  ...[
    '__proto__',
    'constructor',
    '9223372036854775808',
    '-9223372036854775809',
    '1e400',
    '-0',
    '0x',
    '1_0',
    '.inf',
    '.nan',
    '2024-01-01',
  ],
  ...[
    '\ufeff',
    '\u2028',
    '\u0085',
    '\u00a0',
    '\u202e',
    '\ud83d\ude00',
    'ENC[AES256_GCM,data:',
    'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]',
  ],
]
const byteTokens: readonly Buffer[] = [
  ...tokens.map((token) => Buffer.from(token)),
  Buffer.from([0xff]),
  Buffer.from([0xc3]),
  Buffer.from([0xed, 0xa0, 0x80]),
]

/** `bytes` after one to four changes. */
export function mutated(bytes: Buffer, below: (limit: number) => number): Buffer {
  let result = bytes
  for (let left = 1 + below(4); left > 0; left--) {
    const at = below(result.length + 1)
    const end = Math.min(result.length, at + 1 + below(below(4) === 0 ? 200 : 8))
    const rest = (from: number): Buffer => result.subarray(from)
    const token = byteTokens[below(byteTokens.length)]!
    const changes: readonly (() => Buffer[])[] = [
      () => [result.subarray(0, at), rest(end)],
      () => [result.subarray(0, at), token, rest(at)],
      () => [result.subarray(0, at), token, rest(end)],
      () => [result.subarray(0, end), rest(at)],
      () => [result.subarray(0, at), Buffer.from([below(256)]), rest(at + 1)],
      () => {
        const from = below(result.length + 1)
        return [result.subarray(0, at), result.subarray(from, from + below(60)), rest(at)]
      },
      () => [result.subarray(0, at)],
    ]
    result = Buffer.concat(changes[below(changes.length)]!())
  }
  return result
}

export interface Mutant {
  readonly name: string
  readonly format: FormatId
  readonly bytes: Buffer
}

/**
 * Small files: what goes wrong in a large one goes wrong in them, and faster. Without the one whose values change their types, because tags
 * that encrypted values cannot keep say them (test/file/layout.test.ts).
 */
const originals = layoutFiles.filter(({ name, bytes }) => bytes.length < 6000 && name !== 'yaml/tags-standard.yaml')

/** The mutant of that number; the same every time. */
export function mutant(number: number, format?: FormatId): Mutant {
  const below = numbersFrom(number)
  const files = format === undefined ? originals : originals.filter((file) => file.format === format)
  const file = files[below(files.length)]!
  return { name: `${file.name} #${number}`, format: file.format, bytes: mutated(file.bytes, below) }
}
