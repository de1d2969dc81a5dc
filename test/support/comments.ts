// The comments of a source file: what a reader is told, without the code, and with lines of one comment joined.
import ts from 'typescript'

export interface Comment {
  readonly text: string
  /** Of its first character, from 1. */
  readonly line: number
}

/** A `//` comment goes on in the lines below that hold nothing but another. */
export function commentsOf(name: string, source: string): Comment[] {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.ESNext)
  const code = withoutLiterals(file)
  const found: { text: string; line: number; next: number }[] = []
  for (const { 0: mark, index } of code.matchAll(/\/\/[^\n]*|\/\*.*?\*\//gs)) {
    const raw = source.slice(index, index + mark.length)
    const { line } = file.getLineAndCharacterOfPosition(index)
    const text = raw.replace(/^\/\/+|^\/\*+|\*+\/$/g, '').replace(/\s*\n\s*\*?\s*/g, ' ')
    const before = found.at(-1)
    const isAlone = source.slice(source.lastIndexOf('\n', index) + 1, index).trim() === ''
    if (before?.next === line && isAlone && raw.startsWith('//')) {
      before.text += ` ${text.trim()}`
      before.next = line + 1
    } else found.push({ text: text.trim(), line: line + 1, next: raw.startsWith('//') ? line + 1 : -1 })
  }
  return found.map(({ text, line }) => ({ text, line }))
}

/** The text with every string, template and regular expression blanked, where slashes are no comments. */
function withoutLiterals(file: ts.SourceFile): string {
  const parts: string[] = []
  let at = 0
  const visit = (node: ts.Node): void => {
    if (
      ts.isStringLiteralLike(node) ||
      ts.isRegularExpressionLiteral(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddle(node) ||
      ts.isTemplateTail(node)
    ) {
      const start = node.getStart(file)
      parts.push(file.text.slice(at, start), ' '.repeat(node.end - start))
      at = node.end
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return parts.join('') + file.text.slice(at)
}
