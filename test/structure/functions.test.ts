// How long, how wide and how deep a function may be.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const src = join(import.meta.dirname, '../../src')
const limits = { lines: 80, parameters: 5, nesting: 4 }

/** Functions that are over a limit, and why that is right. */
const exceptions: Readonly<Record<string, string>> = {
  'cipher/seal.ts opener': 'what becomes of a stored leaf, case by case, with all that the MAC counts in sight',
  'cli/process-host.ts processHost': 'one record of all that a process has',
  'formats/json/scan.ts scan': 'its parts share the offset; every character of a text goes through them',
}

interface Measured {
  /** File and name. */
  readonly name: string
  readonly lines: number
  readonly parameters: number
  /** How many conditions, loops and the like are inside one another. */
  readonly nesting: number
}

const nests = (node: ts.Node): boolean =>
  ts.isIfStatement(node)
    ? // `else if` goes on with the same question.
      !(ts.isIfStatement(node.parent) && node.parent.elseStatement === node)
    : ts.isIterationStatement(node, false) || ts.isSwitchStatement(node) || ts.isTryStatement(node)

/** Functions inside a function begin anew. */
function nestingIn(node: ts.Node): number {
  let deepest = 0
  node.forEachChild((child) => {
    if (!ts.isFunctionLike(child)) deepest = Math.max(deepest, nestingIn(child) + (nests(child) ? 1 : 0))
  })
  return deepest
}

function nameOf(node: ts.SignatureDeclaration): string {
  const named = node.name ?? (node.parent as Partial<ts.NamedDeclaration>).name
  return named?.getText() ?? '(anonymous)'
}

function functionsOf(file: string, text: string): Measured[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const lineOf = (offset: number): number => source.getLineAndCharacterOfPosition(offset).line
  const found: Measured[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      found.push({
        name: `${file} ${nameOf(node)}`,
        lines: lineOf(node.getEnd()) - lineOf(node.getStart()) + 1,
        parameters: node.parameters.length,
        nesting: nestingIn(node.body as ts.Node),
      })
    }
    node.forEachChild(visit)
  }
  visit(source)
  return found
}

const functions = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.generated.ts'))
  .flatMap((file) => functionsOf(file.replaceAll('\\', '/'), readFileSync(join(src, file), 'utf8')))

const over = (measure: keyof typeof limits): string[] =>
  functions
    .filter((one) => one[measure] > limits[measure])
    .map((one) => `${one.name}: ${one[measure]}`)
    .sort()

describe('functions', () => {
  it.each(Object.keys(limits) as (keyof typeof limits)[])('stay within their limit of %s', (measure) => {
    expect(over(measure).filter((found) => exceptions[found.replace(/: \d+$/, '')] === undefined)).toEqual([])
  })

  it('name no exception that is none', () => {
    const all = new Set(Object.keys(limits).flatMap((measure) => over(measure as keyof typeof limits)))
    const names = new Set([...all].map((found) => found.replace(/: \d+$/, '')))
    expect(Object.keys(exceptions).filter((name) => !names.has(name))).toEqual([])
  })

  it('are measured as they stand', () => {
    const text = `function f(a, b) {\n  if (a) {\n    for (;;) if (b) return\n  } else if (b) while (a) b()\n}\n`
    expect(functionsOf('x.ts', text)).toEqual([{ name: 'x.ts f', lines: 5, parameters: 2, nesting: 3 }])
  })
})
