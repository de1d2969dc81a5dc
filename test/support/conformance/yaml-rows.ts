// A YAML stream as rows, read through the yaml package's documents (the program itself reads tokens).
import { type Document, isAlias, isMap, isScalar, isSeq, type ParsedNode, parseAllDocuments, type Scalar } from 'yaml'
import { commentText, leafRow, numberRow, type Path, type Row, type Rows, timeText } from './leaf.ts'

export function yamlRows(text: string): Rows {
  const rows: Row[] = []
  const comments: string[] = []
  const note = (text: string | null | undefined): void => {
    for (const line of text?.split('\n') ?? []) if (line.trim()) comments.push(commentText(line.trim()))
  }
  const walk = (node: unknown, path: Path, doc: Document): void => {
    if (node === null || node === undefined) {
      rows.push(path.length > 1 ? leafRow(path, 'null', '') : [path.join('/'), '{}'])
      return
    }
    const { commentBefore, comment } = node as ParsedNode
    note(commentBefore)
    note(comment)
    if (isAlias(node)) {
      // An alias counts as a copy of what it points to; the reference writes the copy.
      if (path.length > 200) throw new Error('alias to an enclosing node')
      walk(node.resolve(doc), path, doc)
    } else if (isMap(node)) {
      if (node.items.length === 0) rows.push([path.join('/'), '{}'])
      for (const { key, value } of node.items) {
        const { commentBefore, comment } = (key ?? {}) as ParsedNode
        note(commentBefore)
        note(comment)
        const name = isScalar(key) ? key.value : key
        walk(value, [...path, typeof name === 'symbol' ? String(name.description) : String(name)], doc)
      }
    } else if (isSeq(node)) {
      if (node.items.length === 0) rows.push([path.join('/'), '[]'])
      for (const [index, item] of node.items.entries()) walk(item, [...path, index], doc)
    } else if (isScalar(node)) rows.push(scalarRow(node, path))
  }
  // A kept %YAML directive must not change how plain scalars are read.
  const source = text.replace(/^%YAML[^\n]*\n/gm, '')
  const docs = parseAllDocuments(source, { intAsBigInt: true, uniqueKeys: false, version: '1.2', logLevel: 'silent' })
  for (const [index, doc] of [...(docs as Document.Parsed[])].entries()) {
    const [error] = doc.errors
    if (error) throw new Error(`not valid YAML: ${error.message}`)
    note(doc.commentBefore)
    walk(doc.contents, [`doc${index}`], doc)
    note(doc.comment)
  }
  return { rows, comments: comments.sort() }
}

function scalarRow(node: Scalar, path: Path): Row {
  const { value } = node
  if (value === null && path.length === 1) return [path.join('/'), '{}']
  if (value === null) return leafRow(path, 'null', '')
  const time = timeOf(node)
  if (time !== undefined) return leafRow(path, 'time', time)
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value)
    const text = bytes.toString()
    return Buffer.from(text).equals(bytes) ? leafRow(path, 'str', text) : leafRow(path, 'bin', bytes.toString('base64'))
  }
  if (typeof value === 'bigint' || typeof value === 'number') return numberRow(path, value)
  return leafRow(path, typeof value === 'boolean' ? 'bool' : typeof value === 'symbol' ? 'merge' : 'str', String(value))
}

/** The schema of YAML 1.2 has no time stamps: a plain one, or one with the tag, is told here from a quoted text. */
function timeOf(node: Scalar): string | undefined {
  if (node.value instanceof Date) return timeText(node.source ?? '')
  if (typeof node.value !== 'string') return undefined
  return (node.tag ? node.tag.endsWith(':timestamp') : node.type === 'PLAIN') ? timeText(node.value) : undefined
}
