// The format of one of many files.
import { type FormatId, formatOfPath, sniffFormat } from '../formats/index.ts'

/** By the name; where that says nothing, or the file is called otherwise than it is, by what the text looks like. */
export function formatFor(path: string, bytes: Uint8Array): FormatId {
  const format = formatOfPath(path)
  return format === 'binary' ? (sniffFormat(bytes) ?? format) : format
}
