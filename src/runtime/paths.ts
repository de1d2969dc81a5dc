// Paths with bytes that are no UTF-8, which a text carries as lone surrogates (src/system/bytes.ts).
import path from 'node:path'

/** A NUL, which no path has, and the low byte of the surrogate. */
const encoded = (text: string): string =>
  text.replace(/[\udc00-\udcff]/gu, (c) => `\0${(c.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}`)
const decoded = (text: string): string =>
  text.replace(/\0([0-9a-f]{2})/g, (_, digits) => String.fromCharCode(0xdc00 + Number.parseInt(digits, 16)))

type Call = (...args: string[]) => string

/** The same function of paths, for one that loses lone surrogates. */
export const keepingBytes =
  (call: Call): Call =>
  (...args) => {
    const given = args.map((arg) => (typeof arg === 'string' ? encoded(arg) : arg))
    return given.some((arg, i) => arg !== args[i]) ? decoded(call(...given)) : call(...args)
  }

/** Gives node:path functions that keep such bytes, if it has others: then those are native, and take UTF-8. */
export function keepBytesInPaths(): void {
  if (path.join('\udce9') === '\udce9') return
  for (const name of ['basename', 'dirname', 'extname', 'join', 'normalize', 'relative', 'resolve'] as const)
    Object.assign(path, { [name]: keepingBytes(path[name] as Call) })
}
