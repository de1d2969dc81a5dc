// Warnings of documents that a result leaves out: only YAML holds several, and the reference drops the rest silently.
import type { Context } from '../context/index.ts'
import type { FormatId } from '../formats/index.ts'
import { documentsText, laterDocuments } from '../tree/documents.ts'
import type { Tree } from '../tree/tree.ts'

/** `what` names the result that the first document alone became: `the environment`. */
export function warnOfLeftOut({ documents }: Tree, what: string, log: Context['log']): void {
  const later = laterDocuments(documents)
  if (later.length === 0) return
  log({ level: 'warning', logger: 'CMD', message: `only document 1 is in ${what}: ${documentsText(later)} left out` })
}

/** The same for a text in another format (spec/format.md 12). */
export function warnOfOneDocument(tree: Tree, output: FormatId, log: Context['log']): void {
  if (output === 'json' || output === 'dotenv') warnOfLeftOut(tree, `the ${output} output`, log)
  const later = laterDocuments(tree.documents)
  const empty = tree.documents.flatMap((_, at) => (at > 0 && !later.includes(at + 1) ? [at + 1] : []))
  if (output !== 'yaml' && empty.length > 0)
    log({
      level: 'advice',
      logger: 'CMD',
      message: `${output} holds one document: the empty ${documentsText(empty)} left out`,
    })
  if (output !== 'ini' || later.length === 0) return
  const message = `ini holds one document: the sections of ${documentsText([1, ...later])} became one`
  log({ level: 'warning', logger: 'CMD', message })
}
