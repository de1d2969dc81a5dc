// Recognises the format of an encrypted file from its content, for names that say nothing (`a.json.enc`, git's temporary files).
import type { FormatId } from './types.ts'

/** The marks that every writer of the format leaves; other programs tell encrypted files by them, too (docs/callers.md). */
const marks: readonly (readonly [RegExp, FormatId])[] = [
  [/^sops_(?:mac|version|lastmodified)=/m, 'dotenv'],
  [/^\[sops\]\s*$/m, 'ini'],
  [/^(?:sops|"sops"|'sops'):(?:\s|$)/m, 'yaml'],
]

const inFlow = /^\s*\{(?:[\s\S]*[,\n])?\s*(?:sops|"sops"|'sops')\s*:\s*\{/

/**
 * The format whose metadata the bytes carry; undefined when they are not an encrypted file of any. JSON with nothing but a `data` string
 * beside its metadata is the envelope of a binary file.
 */
export function sniffFormat(bytes: Uint8Array): FormatId | undefined {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = whole.subarray(0, 3).toString('hex') === 'efbbbf' ? whole.subarray(3) : whole
  const start = text.subarray(0, 64).toString('latin1').trimStart()
  if (/^\{\s*["}]/.test(start) && text.includes('"sops"')) {
    if (isEnvelope(text)) return 'binary'
    return isFlow(text) ? 'yaml' : 'json'
  }
  const head = text.toString('latin1')
  if (start.startsWith('{')) return inFlow.test(head) ? 'yaml' : undefined
  return marks.find(([mark]) => mark.test(head))?.[1] ?? (isIndented(head) ? 'yaml' : undefined)
}

/** So much of a text tells whether it is JSON. */
const enough = 2 ** 16

const quoted = /"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"/g

/** Braces, and between them what only YAML has: other quotes, words without any, comments. A text that is cut off or in conflict is none. */
function isFlow(text: Buffer): boolean {
  const [bare = '', cut] = text.subarray(0, enough).toString('latin1').replace(quoted, '').split('"')
  if (cut !== undefined && text.length <= enough) return false
  if (/^[<=>|]{7}/m.test(bare)) return false
  return /['#&*!A-Za-z_]/.test(bare.replaceAll(/\b(?:true|false|null)\b|\d[eE]/g, ''))
}

/** A YAML text whose first line of content is indented, and the key of the metadata as far. */
function isIndented(text: string): boolean {
  const first = /^(?:[ \t]*(?:#.*)?\r?\n|---[ \t]*\r?\n|%.*\r?\n)*( +)\S/.exec(text)
  return first !== null && new RegExp(`^${first[1]}(?:sops|"sops"|'sops'):(?:\\s|$)`, 'm').test(text)
}

/** True when `sops` is the only member after a first one called `data` that is empty or encrypted. */
function isEnvelope(text: Buffer): boolean {
  const start = text.subarray(0, 256).toString('latin1')
  const data = /^\s*\{\s*"data"\s*:\s*"(ENC\[)?/.exec(start)
  if (!data) return false
  const end = data[1] ? text.indexOf(']"') + 2 : data[0].length + 1
  return /^\s*,\s*"sops"\s*:/.test(text.subarray(end, end + 256).toString('latin1'))
}
