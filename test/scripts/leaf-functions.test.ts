// The functions that the executable's runtime is told of: found by how they stand in the text, so compared with what the compiler finds.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { namesOf, tellingFunctions } from '../../scripts/leaf-functions.mjs'
import { root } from '../support/build.ts'

const isFunction = (node: ts.Expression | undefined): boolean =>
  node !== undefined && (ts.isArrowFunction(node) || ts.isFunctionExpression(node))

function functionsOf(path: string, text: string): string[] {
  const { statements } = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true)
  return statements.flatMap((statement) => {
    // Overloads have no body.
    if (ts.isFunctionDeclaration(statement)) return statement.body ? [statement.name!.text] : []
    if (!ts.isVariableStatement(statement)) return []
    return statement.declarationList.declarations
      .filter(({ initializer }) => isFunction(initializer))
      .map(({ name }) => name.getText())
  })
}

const sources = ['cipher', 'file', 'formats', 'metadata', 'text', 'tree'].flatMap((room) =>
  readdirSync(join(root, 'src', room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(root, 'src', room, name)),
)

test('misses none', () => {
  const missed = sources.flatMap((path) => {
    const text = readFileSync(path, 'utf8')
    const names = new Set(namesOf(text))
    return functionsOf(path, text)
      .filter((name) => !names.has(name))
      .map((name) => `${path}: ${name}`)
  })
  expect(sources.length).toBeGreaterThan(100)
  expect(missed).toEqual([])
})

const told = tellingFunctions('/checkout')

test('tells those of the rooms where leaves are', () => {
  const text = 'export function open(): void {\n  const inner = () => 1\n}\nconst two = 2\n'
  expect(told(text, '/checkout/src/cipher/open.ts')).toBe(`${text}
import { mayRunPerLeaf as __told } from '../runtime/compiling.ts'
__told([open].filter((one) => typeof one === 'function'))
`)
})

test.each([
  ['another room', '/checkout/src/cli/main.ts', 'export function run(): void {}\n'],
  ['a source without functions', '/checkout/src/tree/tree.ts', 'export const two = 2\n'],
])('leaves %s as it is', (_, path, text) => {
  expect(told(text, path)).toBe(text)
})
