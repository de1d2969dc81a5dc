// A value that the format of its file cannot hold, and a file whose name says another format than its text has.
import type { Context } from '../context/index.ts'
import { nestingHint, placeOf, SopsError } from '../errors.ts'
import type { OpenFile } from '../file/index.ts'
import { type Format, type FormatId, formatOfPath } from '../formats/index.ts'
import { reservedIn } from '../metadata/index.ts'
import { inSingleQuotes } from '../text/quote.ts'
import { landingsOf, listOfComment } from '../tree/landing.ts'
import { formatPath, nodeAt, type Path } from '../tree/path.ts'
import type { MapNode, Tree } from '../tree/tree.ts'

/** Next steps for a value at `path` of `root`, as it was before. */
function placeHint(format: FormatId, root: MapNode, path: Path): string {
  if (format !== 'ini' || path.length > 1)
    return `${format} holds one text for each key: set the parts of the value under names of their own, or one text that holds them all`
  const shown = (steps: Path): string => inSingleQuotes(formatPath(steps))
  return isThere(root, path)
    ? `${formatPath(path)} is a section: name a key of it, as in ${shown([...path, 'key'])}`
    : `a key outside of all sections is in the section DEFAULT: ${shown(['DEFAULT', ...path])}`
}

function isThere(root: MapNode, path: Path): boolean {
  try {
    nodeAt(root, path)
    return true
  } catch {
    return false
  }
}

/**
 * `write`, for a value in a file that is changed in place.
 * @throws SopsError of `write`; without the advice to choose another format, which would leave a file that its name does not fit.
 */
export function withinFormat<T>(format: FormatId, root: MapNode, path: Path, write: () => T): T {
  try {
    return write()
  } catch (error) {
    if (!(error instanceof SopsError) || error.code !== 'cannot-emit' || !error.hints.includes(nestingHint)) throw error
    throw new SopsError(error.code, error.message, {
      ...placeOf(error),
      hints: [placeHint(format, root, path)],
      cause: error,
    })
  }
}

/** Warns where a file was written in place in another format than its name says. JSON is YAML too. */
export function warnOfMisnamed(path: string, format: FormatId, ctx: Context): void {
  const named = formatOfPath(path)
  if (named === format || named === 'binary' || (named === 'yaml' && format === 'json')) return
  const message = `the file now holds ${format}, and its name says ${named}: rename it, or name the format with each command (--input-type ${format} --output-type ${format})`
  ctx.log({ level: 'warning', logger: 'CMD', message })
}

/** Nothing is encrypted already here: a name is taken. @throws SopsError `already-encrypted`. */
export function mustBeFree(plain: Tree, output: Format, steps: Path): void {
  if (reservedIn(plain, output.metadata) === 0) return
  throw new SopsError('already-encrypted', `${formatPath(steps)}: the file keeps its metadata under this name`, {
    hints: ['choose another name for the value'],
  })
}

/** A binary file is what its `data` holds. @throws SopsError `generic`. */
export function mustHoldData({ documents: [first] }: Tree, output: Format): void {
  if (output.id !== 'binary' || first?.items.some((item) => item.kind === 'entry' && item.key === 'data')) return
  throw new SopsError('generic', 'the whole file is its one value, ["data"]: without it nothing is left', {
    hints: ['to change it: sops edit FILE'],
  })
}

/** Text between brackets keeps its comments, so that none can be removed or give way to a value. @throws SopsError `generic`. */
export function refuseFixedComment(
  root: MapNode,
  path: Path,
  { format, parsed }: Pick<OpenFile, 'format' | 'parsed'>,
): void {
  const list = listOfComment(root, path)
  if (list === undefined || format.keepsComments?.(parsed, list) !== true) return
  const landing = landingsOf(root, path).find(({ kind }) => kind === 'comment')
  const meant = landing?.kind === 'comment' ? formatPath(landing.meant) : ''
  throw new SopsError('generic', `${formatPath(path)} is a comment: comments count among the elements of a list`, {
    hints: [`without them it is ${meant}`, 'to change the comment: sops edit FILE'],
  })
}
