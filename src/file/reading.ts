// How far the reading of a long text is, in MiB, for somebody who waits for it.
import type { Watch } from '../context/index.ts'
import type { ReadingShare } from '../formats/index.ts'

const mebibyte = 2 ** 20

/** Bytes of a text from which reading it takes long. */
const longText = 2 * mebibyte

/** `what` is being done with the text; undefined where nobody watches, and for a short text. */
export function readingProgress(
  what: string,
  { length }: Uint8Array,
  watch: Watch | undefined,
): ReadingShare | undefined {
  if (!watch || length < longText) return undefined
  const total = Math.ceil(length / mebibyte)
  return (share) => watch({ what, done: Math.floor(share * total), total, unit: 'MiB', long: true })
}
