// The file that was probably meant by a name that none has.
import { basename, dirname, extname } from 'node:path'
import { formatOfPath } from '../formats/index.ts'
import { readdirSync } from '../system/index.ts'
import { editDistance, nearest } from '../text/suggest.ts'

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [] : [one.name]))
  } catch {
    return []
  }
}

const stemOf = (name: string): string => basename(name, extname(name))

/**
 * The name of the file beside `path`, where there is none, that was probably meant: one like it, or of the same name with an ending.
 */
export function fileLike(path: string): string | undefined {
  const name = basename(path)
  const files = filesIn(dirname(path)).filter((file) => file !== name)
  return nearest(name, files) ?? files.find((file) => stemOf(file) === name)
}

/** True if one name becomes the other when a letter is left out, or two neighbours are swapped. A digit or another letter is another file. */
function isSlip(one: string, other: string): boolean {
  if (editDistance(one, other) !== 1) return false
  const [short, long] = one.length < other.length ? [one, other] : [other, one]
  if (short.length === long.length) return [...short].sort().join('') === [...long].sort().join('')
  const at = [...short].findIndex((letter, i) => letter !== long[i])
  return /[a-z]/i.test(long[at < 0 ? short.length : at]!)
}

/**
 * The file that was meant by a name that is hardly that of a new file: it has no ending of ours and another has one, or is one slip away.
 * `prod-b.yaml` beside `prod-a.yaml` is a new file.
 */
export function fileMeant(path: string): string | undefined {
  const name = basename(path)
  const like = fileLike(path)
  if (like === undefined) return undefined
  const gainsFormat = formatOfPath(name) === 'binary' && formatOfPath(like) !== 'binary'
  return gainsFormat || isSlip(name, like) ? like : undefined
}
