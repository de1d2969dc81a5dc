// Copies printed in the place of aliases whose anchors no longer say the same.
import type { Item, Node } from '../../../tree/tree.ts'
import type { YAlias, YCollection } from '../parse/nodes.ts'
import { printFlow } from '../print/flow.ts'
import { columnUnder, printItems, printLeaf } from '../print/print.ts'
import { isEncrypted, writeEncrypted } from '../scalar/spelling.ts'
import { blanksBefore, lineEnd, skipBlanks } from './edits.ts'
import { putScalar, siteOf, type YamlRewriting } from './place.ts'

export function expandAlias(work: YamlRewriting, around: YCollection, alias: YAlias, to: Node): void {
  const { edits, style } = work
  work.needsReading = true
  const { text } = edits
  if (to.kind === 'leaf') {
    const site = siteOf(work, around, undefined)
    const { value } = to
    if (isEncrypted(value)) putScalar(work, alias, writeEncrypted(around.flow ? "'" : '', value, site))
    else if (around.flow) putScalar(work, alias, { head: printFlow(to) })
    else putScalar(work, alias, printLeaf(to, site.column, site.outer, style))
    return
  }
  const eol = lineEnd(text, alias.end)
  const isAlone = skipBlanks(text, alias.end) === eol
  const isEmpty = !(to.items as readonly Item[]).some((item) => item.kind !== 'comment')
  if (around.flow || isEmpty || (around.kind === 'list' && !isAlone)) {
    edits.replace(alias.start, alias.end, printFlow(to))
    return
  }
  const trim = (lines: string) => lines.slice(0, -style.eol.length)
  if (around.kind === 'list') {
    edits.replace(alias.start, eol, trim(printItems(to, around.column + 2, style, true)))
    return
  }
  edits.replace(blanksBefore(text, alias.start), alias.end, '')
  edits.replace(eol, eol, style.eol + trim(printItems(to, columnUnder(to, around.column, style), style)))
}
