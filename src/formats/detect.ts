// Recognises the format of an encrypted file from its content, for names that say nothing (`a.json.enc`, git's temporary files).
import type { FormatId } from './types.ts'

/** The marks that every writer of the format leaves; other programs tell encrypted files by them, too (docs/callers.md). */
const marks: readonly (readonly [RegExp, FormatId])[] = [
  [/^sops_(?:mac|version|lastmodified)=/m, 'dotenv'],
  [/^\[sops\]\s*$/m, 'ini'],
  [/^(?:sops|"sops"|'sops'):(?:\s|$)/m, 'yaml'],
  [/^\s*\{(?:[\s\S]*,)?\s*(?:sops|"sops"|'sops'):\s*\{/, 'yaml'],
]

/**
 * The format whose metadata the bytes carry; undefined when they are not an encrypted file of any. JSON with nothing but a `data` string
 * beside its metadata is the envelope of a binary file.
 */
export function sniffFormat(bytes: Uint8Array): FormatId | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = text.subarray(0, 64).toString('latin1').trimStart()
  if (start.startsWith('{') && /^\{\s*["}]/.test(start)) {
    if (!text.includes('"sops"')) return undefined
    return isEnvelope(text) ? 'binary' : 'json'
  }
  const head = text.toString('latin1')
  return marks.find(([mark]) => mark.test(head))?.[1]
}

/** True when `sops` is the only member after a first one called `data` that is empty or encrypted. */
function isEnvelope(text: Buffer): boolean {
  const start = text.subarray(0, 256).toString('latin1')
  const data = /^\s*\{\s*"data"\s*:\s*"(ENC\[)?/.exec(start)
  if (!data) return false
  const end = data[1] ? text.indexOf(']"') + 2 : data[0].length + 1
  return /^\s*,\s*"sops"\s*:/.test(text.subarray(end, end + 256).toString('latin1'))
}
