// Lines of an encrypted file whose key a later line has again: each was encrypted whole, as a comment, which no MAC counts.
import { isEncrypted } from '../../cipher/index.ts'
import { SopsError } from '../../errors.ts'
import { lineIn } from '../../text/position.ts'
import type { Comment, Tree } from '../../tree/tree.ts'
import { stringIn } from '../lines.ts'
import type { Parsed, PassedOver } from '../types.ts'
import { type IniLine, type KeyLine, lineEnd, scan } from './scan.ts'
import type { IniSource } from './splice.ts'

/**
 * The comment that stands for a whole line. The line feed, which no comment of INI text ends in, tells it from one that says the same, as
 * `; password = old`, and could be put in its place.
 */
export const commentOfLine = (line: string): string => `${line}\n`

/** What a decrypted comment is in the place of a line: the line, or a comment where it does not say that it was one. */
export const lineOfComment = (text: string): string =>
  text.endsWith('\n') ? text.slice(0, -1) : `;${text.replaceAll('\n', '\n;')}`

/** What is known to be a comment elsewhere, as a setting that was taken out, would be a line of the file here: it has to be one of that key. */
export function passedOver(parsed: Parsed, plain: Tree, atMost: number): PassedOver[] {
  const source = parsed.source as IniSource
  if (!source.sections.some(({ keys }) => keys.some(({ overridden }) => overridden.length > 0))) return []
  const opened = openedComments(plain)
  const found: PassedOver[] = []
  for (const { name, keys } of source.sections) {
    for (const line of keys) {
      const path = [stringIn(source, name), stringIn(source, line.key)]
      for (const each of line.overridden) {
        const comment = opened.get(each.start)
        const place = (at: number): number => lineIn(source.text, at)
        if (comment ? !isLineOf(comment.text, path[1]!) : isUnopened(each, line)) {
          const what = comment ? 'an encrypted comment' : 'an encrypted text that does not open'
          const message = `${what} stands in the place of a value (line ${place(each.start)})`
          throw new SopsError('cannot-decrypt-tree', message, { path, hints: ['take the line out of the file'] })
        }
        if (!comment && each.value.text === line.value.text) continue
        if (found.length < atMost) found.push({ path, line: place(each.start), taken: place(line.start) })
      }
    }
  }
  return found
}

/** An encrypted text in the place of a value that is encrypted, or would be if it were not empty, and not that value's own. */
const isUnopened = ({ value }: IniLine, { value: taken }: KeyLine): boolean =>
  isEncrypted(value.text) && value.text !== taken.text && (taken.text === '' || isEncrypted(taken.text))

/** By place: the comments that were encrypted. */
function openedComments({ documents }: Tree): Map<number, Comment> {
  const found = new Map<number, Comment>()
  for (const section of documents[0]?.items ?? []) {
    if (section.kind !== 'entry' || section.value.kind !== 'map') continue
    for (const item of section.value.items) {
      if (item.kind !== 'comment' || !item.origin) continue
      if (isEncrypted(String(item.origin.value)) && !isEncrypted(item.text)) found.set(item.origin.start, item)
    }
  }
  return found
}

/** Whether the text, put in the place of a line, is one of this key and nothing more. */
function isLineOf(comment: string, key: string): boolean {
  const text = comment.endsWith('\n') ? comment.slice(0, -1) : comment
  try {
    const [section, ...more] = scan(text, 0)
    const [line] = section!.keys
    return (
      more.length + section!.trailing.length === 0 &&
      section!.keys.length === 1 &&
      line!.key === key &&
      line!.start === 0 &&
      line!.overridden.length === 0 &&
      lineEnd(line!) === text.length
    )
  } catch {
    return false
  }
}
