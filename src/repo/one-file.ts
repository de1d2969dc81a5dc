// One of the files of a repository, read and opened for a run over many of them.
import type { Context, LogLine } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import { loadEncrypted, type OpenFile, withOpenFile } from '../file/index.ts'
import type { KeyService } from '../groups/index.ts'
import { codeOf, readRegular, systemErrorText } from '../system/index.ts'
import { formatFor } from './format.ts'
import type { Target } from './targets.ts'

/** What a run over many files opens them with. */
export interface Opening {
  readonly context: Context
  readonly services: readonly KeyService[]
  readonly order?: readonly string[]
  readonly ignoreMac?: boolean
}

/** How each of many files is opened, and for whom its messages are. */
export async function withTarget<T>(
  { name, path }: Target,
  { context, ...opening }: Opening,
  use: (file: OpenFile, bytes: Uint8Array) => T | Promise<T>,
): Promise<T> {
  const bytes = contentOf(path, name)
  const loaded = await loadEncrypted(bytes, formatFor(path, bytes), context.watch)
  const log = (line: LogLine): void => context.log({ ...line, fields: { ...line.fields, file: name } })
  return withOpenFile(loaded, { ...opening, log, audit: { context, file: path } }, (file) => use(file, bytes))
}

const notRegular = (name: string, what: string): SopsError =>
  new SopsError('bad-input', `${name} is ${what}, and only a regular file can be one of many`, {
    hints: ['decrypt and encrypt take the bytes of anything else'],
  })

function contentOf(path: string, name: string): Uint8Array {
  try {
    return readRegular(path, (what) => notRegular(name, what))
  } catch (error) {
    throw inWords(error, name)
  }
}

/** An error of the system in words; whatever else it is stays as it is. */
function inWords(error: unknown, name: string): unknown {
  if (error instanceof SopsError || codeOf(error) === undefined) return error
  const code = codeOf(error) === 'ENOENT' ? 'no-file' : 'bad-input'
  return new SopsError(code, systemErrorText(error, 'open', name), { cause: error })
}
