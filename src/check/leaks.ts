// Decrypted values that stand in clear in another file, as they are or as base64. No value, nor anything made from one, is in what is said.
import { positionIn } from '../text/position.ts'
import { quote } from '../text/quote.ts'
import type { Fault } from './finding.ts'
import { makeSearch, type Sought } from './search.ts'
import { commonWords } from './words.ts'

/** A value that must stand nowhere else. The owner wipes `bytes`. */
export interface Secret {
  /** Of its file, absolute. */
  readonly path: string
  readonly name: string
  readonly keyPath: string
  readonly bytes: Uint8Array
}

/** In bytes; shorter ones are in every text. */
const shortestSecret = 12

/** False for what is no secret wherever it stands: short texts, words of everyday language, and one character again and again. */
export const isTelling = (bytes: Uint8Array): boolean =>
  bytes.length >= shortestSecret &&
  !commonWords.has(Buffer.from(bytes).toString('latin1').toLowerCase()) &&
  new Set(bytes).size > 2

/** Secrets in files that are not theirs. */
type LeakSearch = (file: { readonly path: string; readonly bytes: Uint8Array }) => readonly Fault[]

interface Form {
  readonly secret: Secret
  readonly isBase64: boolean
}

export function leakSearch(secrets: readonly Secret[]): LeakSearch {
  const search = makeSearch(distinct(secrets).flatMap(formsOf))
  return ({ path, bytes }) => {
    const found = new Map<string, Fault>()
    for (const { at, is } of search(bytes)) {
      const { secret, isBase64 } = is
      const id = JSON.stringify([secret.path, secret.keyPath])
      if (secret.path === path || found.has(id)) continue
      found.set(id, {
        rule: 'leaked-value',
        position: positionIn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), at),
        message: `has the value of ${secret.keyPath} of ${quote(secret.name)} in clear${isBase64 ? ', as base64' : ''}`,
      })
    }
    return [...found.values()]
  }
}

/** One of those with the same value. */
const distinct = (secrets: readonly Secret[]): readonly Secret[] => [
  ...new Map(
    secrets.map((secret) => [Buffer.from(secret.bytes).toString('latin1'), secret] as const).reverse(),
  ).values(),
]

/** As it is, and as it stands within base64: what goes before it decides which of three ways. */
function formsOf(secret: Secret): readonly Sought<Form>[] {
  const { bytes } = secret
  const plain = [{ bytes, is: { secret, isBase64: false } }]
  const line = longestLine(bytes)
  const encoded = [0, 1, 2].map((before) => ({
    bytes: Buffer.from(base64Within(bytes, before)),
    is: { secret, isBase64: true },
  }))
  return [...plain, ...(line ? [{ bytes: line, is: { secret, isBase64: false } }] : []), ...encoded]
}

/** Characters of base64 that only these bytes decide, with so many bytes before them. */
function base64Within(bytes: Uint8Array, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes])
    .toString('base64')
    .replace(/=+$/, '')
  const start = before === 0 ? 0 : before + 1
  const shared = (before + bytes.length) % 3
  return text.slice(start, shared === 0 ? text.length : text.length - 1)
}

/** Of several lines one that tells: a text that is set in has other line starts. */
function longestLine(bytes: Uint8Array): Uint8Array | undefined {
  const lines = Buffer.from(bytes).toString('latin1').split(/\r?\n/)
  if (lines.length < 2) return undefined
  const longest = lines.filter((line) => !line.startsWith('-----')).sort((a, b) => b.length - a.length)[0] ?? ''
  const found = Buffer.from(longest.trim(), 'latin1')
  return found.length >= 2 * shortestSecret ? found : undefined
}
