// A key of a path that is not there, and the one that was probably meant. Keys stand in clear in every encrypted file.
import { shellWord } from '../text/quote.ts'
import { nearest } from '../text/suggest.ts'
import { isEntryOf } from '../tree/edit.ts'
import { formatPath, type Path, type Step } from '../tree/path.ts'
import type { Comment, Entry, MapNode, Node } from '../tree/tree.ts'

/** Next steps for a path of `root` that leads nowhere. */
export function nearKeyHints(root: MapNode, path: Path): readonly string[] {
  let node: Node = root
  for (const [depth, step] of path.entries()) {
    const instead = (other: Step): string => shellWord(formatPath(path.with(depth, other)))
    if (node.kind === 'leaf') return []
    if (node.kind === 'list' && typeof step === 'string')
      return /^\d+$/.test(step) ? [`the number of an element stands without quotes: ${instead(Number(step))}`] : []
    if (node.kind === 'list') {
      const item: Node | Comment | undefined = node.items[Number(step)]
      if (item === undefined || item.kind === 'comment') return []
      node = item
      continue
    }
    const entry: Entry | undefined = node.items.find(isEntryOf(step))
    if (entry === undefined) {
      const names = node.items.flatMap((item) => (item.kind === 'entry' ? [item.key] : []))
      const word = String(step)
      const near = names.find((name) => name.toLowerCase() === word.toLowerCase()) ?? nearest(word, names)
      return near === undefined ? [] : [`did you mean ${instead(near)}?`]
    }
    node = entry.value
  }
  return []
}
