// Every place of the sources that writes to stderr, read from their syntax: log lines, and what is written past the log.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from './build.ts'

/** A message as the source builds it. */
export interface Message {
  readonly file: string
  /** `warning`, or all that an expression may give. */
  readonly levels: readonly string[]
  readonly logger: string
  /** `…` for what is put in. */
  readonly text: string
}

/** A call that writes to stderr without the log. */
export interface Write {
  readonly file: string
  readonly call: string
}

const src = join(root, 'src')
const sources: readonly ts.SourceFile[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'))
  .sort()
  .map((file) => ts.createSourceFile(file, readFileSync(join(src, file), 'utf8'), ts.ScriptTarget.ESNext, true))

/** What a name stands for at a place: the nearest declaration around it, `parameter` if that is one. */
function meaning(name: string, at: ts.Node): ts.Expression | 'parameter' | undefined {
  for (let scope: ts.Node | undefined = at.parent; scope; scope = scope.parent) {
    if (ts.isFunctionLike(scope) && scope.parameters.some((one) => one.name.getText() === name)) return 'parameter'
    const lists = ts.isBlock(scope) || ts.isSourceFile(scope) ? scope.statements : []
    for (const statement of lists) {
      if (!ts.isVariableStatement(statement)) continue
      const found = statement.declarationList.declarations.find((one) => one.name.getText() === name)
      if (found?.initializer) return found.initializer
    }
  }
  return undefined
}

/** The fixed words of an expression. */
function words(expression: ts.Expression): string {
  if (ts.isStringLiteralLike(expression)) return expression.text
  if (ts.isTemplateExpression(expression))
    return expression.head.text + expression.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
  if (ts.isBinaryExpression(expression) && expression.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return words(expression.left) + words(expression.right)
  if (ts.isParenthesizedExpression(expression)) return words(expression.expression)
  if (ts.isIdentifier(expression)) {
    const found = meaning(expression.text, expression)
    if (found !== undefined && found !== 'parameter') return words(found)
  }
  return '…'
}

function levelsOf(expression: ts.Expression): string[] {
  if (ts.isStringLiteral(expression)) return [expression.text]
  if (ts.isConditionalExpression(expression))
    return [expression.whenTrue, expression.whenFalse].flatMap(levelsOf).sort()
  // The only variable one: left-out.ts.
  return ['advice', 'warning']
}

/** The value of a property, also where it is written in short. */
function property(literal: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  for (const one of literal.properties) {
    if (one.name?.getText() !== name) continue
    if (ts.isPropertyAssignment(one)) return one.initializer
    if (ts.isShorthandPropertyAssignment(one)) return one.name
  }
  return undefined
}

const visitAll = (visit: (node: ts.Node, file: string) => void): void => {
  for (const source of sources) {
    const each = (node: ts.Node): void => {
      visit(node, source.fileName)
      ts.forEachChild(node, each)
    }
    each(source)
  }
}

interface Helper {
  /** What a call of it begins with: its file too, unless others can import it. */
  readonly call: string
  /** The argument that is the message. */
  readonly at: number
  readonly line: Omit<Message, 'text'>
}

/** The function that a message is handed to as a parameter, if it is. */
function helperAround(node: ts.Node, message: ts.Expression, line: Helper['line']): Helper | undefined {
  if (!ts.isIdentifier(message) || meaning(message.text, message) !== 'parameter') return undefined
  for (let at: ts.Node | undefined = node; at; at = at.parent) {
    if (!ts.isFunctionLike(at)) continue
    const declared = ts.isVariableDeclaration(at.parent) ? at.parent : at
    const name = declared.name?.getText()
    if (name === undefined) return undefined
    const statement = ts.isVariableDeclaration(declared) ? declared.parent.parent : declared
    const isExported = statement.getText().startsWith('export ')
    return {
      call: isExported ? name : `${line.file} ${name}`,
      at: at.parameters.findIndex((one) => one.name.getText() === message.text),
      line,
    }
  }
  return undefined
}

/** Every log line of the sources; one whose message is handed to a function stands for each call of that. */
export function messages(): Message[] {
  const found: Message[] = []
  const helpers = new Map<string, Helper>()
  visitAll((node, file) => {
    if (!ts.isObjectLiteralExpression(node)) return
    const [level, logger, message] = ['level', 'logger', 'message'].map((name) => property(node, name))
    if (!level || !message || !logger) return
    const line = { file, levels: levelsOf(level), logger: words(logger) }
    const helper = helperAround(node, message, line)
    if (helper === undefined) found.push({ ...line, text: words(message) })
    else helpers.set(helper.call, helper)
  })
  visitAll((node, file) => {
    if (!ts.isCallExpression(node)) return
    const name = node.expression.getText()
    const helper = helpers.get(`${file} ${name}`) ?? helpers.get(name)
    const text = helper && node.arguments[helper.at]
    if (text) found.push({ ...helper.line, file, text: words(text) })
  })
  return found
}

/** Every call that writes past the log. */
export function writes(): Write[] {
  const found: Write[] = []
  visitAll((node, file) => {
    if (!ts.isCallExpression(node)) return
    const call = node.expression.getText()
    const says = /^say(?:Part|Lines)?$/.test(call) && /\bstderr$/.test(node.arguments[0]?.getText() ?? '')
    if (says || /\bstderr(?:\(\))?\.write$|^io\.tell$|^console\./.test(call)) found.push({ file, call })
  })
  return found
}
