// Comments of an encrypted file that stand in clear: what they hold, nobody has encrypted.
import { bytesOf } from '../system/index.ts'
import type { Comment, Item, Tree } from '../tree/tree.ts'
import type { SealedVersion } from './checked-file.ts'
import type { Fault } from './finding.ts'
import { privateKeysIn } from './private-keys.ts'

/** Private keys, also those of which each line is a comment of its own. */
export function checkComments({ file: { format, parsed, tree } }: Pick<SealedVersion, 'file'>): readonly Fault[] {
  const comments = commentsIn(tree)
  const texts = comments.map(({ text }) => bytesOf(`${text}\n`))
  const indexAt = (at: number): number => {
    let [index, end] = [0, texts[0]!.length]
    while (end <= at) end += texts[++index]!.length
    return index
  }
  return privateKeysIn(Buffer.concat(texts)).map(({ at, what }): Fault => {
    const { origin } = comments[indexAt(at)]!
    const position = origin && format.positionOf?.(parsed, origin)
    return { rule: 'private-key', message: `holds ${what} in clear, in a comment`, position }
  })
}

/** In the order of the text. */
function commentsIn(tree: Tree): readonly Comment[] {
  const found: Comment[] = []
  const waiting: Item[] = [...tree.documents].reverse()
  for (let item = waiting.pop(); item; item = waiting.pop()) {
    if (item.kind === 'comment') found.push(item)
    else if (item.kind === 'entry') waiting.push(item.value)
    else if (item.kind !== 'leaf') for (const inner of item.items.toReversed()) waiting.push(inner)
  }
  return found
}
