// What the end of a changed YAML text says of the block scalar there.
import type { Comment, Entry, Leaf, Node, Tree } from '../../../tree/tree.ts'
import { readIfSound } from './check.ts'
import type { YamlRewriting } from './place.ts'

function lastLeaf({ documents }: Tree): Leaf | undefined {
  let node: Entry | Node | undefined = documents[documents.length - 1]
  while (node !== undefined && node.kind !== 'leaf') {
    const items: readonly (Entry | Node | Comment)[] = node.kind === 'entry' ? [node.value] : node.items
    node = items.findLast((item) => item.kind !== 'comment')
  }
  return node
}

/** The text ends in a block scalar that has lost the line break its value ends with. */
function endsLiteral(text: string, next: Tree): boolean {
  const want = lastLeaf(next)?.value
  if (text === '' || typeof want !== 'string' || !want.endsWith('\n')) return false
  // A line break at the end of the text ends a line, and says nothing of empty lines behind that.
  if (/[\r\n]$/.test(text) && !/(?:^|\n)\n$/.test(want)) return false
  const read = readIfSound(text)
  return read !== undefined && lastLeaf(read.tree)?.value !== want
}

/** The changed text, with the end that the last value of `next` needs. */
export const withEnd = (text: string, next: Tree, work: YamlRewriting): string =>
  endsLiteral(text, next) ? text + work.style.eol : text
