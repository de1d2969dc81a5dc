// What is said in one place of src only, so that it cannot come to differ.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'

const src = join(import.meta.dirname, '../../src')
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'))
  .sort()
  .map((file) => ({
    file,
    source: ts.createSourceFile(file, readFileSync(join(src, file), 'utf8'), ts.ScriptTarget.ESNext, true),
  }))

/** Names and texts of the code, without its comments. */
function* wordsIn(node: ts.Node): Generator<string> {
  if (ts.isIdentifier(node) || ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node)) yield node.text
  const children: ts.Node[] = []
  node.forEachChild((child) => void children.push(child))
  for (const child of children) yield* wordsIn(child)
}

const words = new Map(sources.map(({ file, source }) => [file, [...wordsIn(source)]]))

test.each([
  ['the default suffix', /^_unencrypted$/, 'cipher/selection-settings.ts'],
  ['the list of selection settings', /^unencrypted[-_]?comment[-_]?regex$/i, 'cipher/selection-settings.ts'],
  ['how an encrypted value begins', /^ENC\[AES256_GCM,/, 'cipher/token.ts'],
  ['the name of a kind of values', /^a whole number$/, 'tree/kinds.ts'],
  ['the text of a missing file', /^no such file or directory$/, 'system/errors.ts'],
])('%s is in one file', (_, pattern, file) => {
  expect([...words].filter(([, list]) => list.some((word) => pattern.test(word))).map(([name]) => name)).toEqual([file])
})

test('no two exported types have one name', () => {
  const places = new Map<string, string[]>()
  for (const { file, source } of sources) {
    for (const statement of source.statements) {
      if (
        !ts.isInterfaceDeclaration(statement) &&
        !ts.isTypeAliasDeclaration(statement) &&
        !ts.isClassDeclaration(statement)
      )
        continue
      const isExported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
      const name = statement.name?.text
      if (isExported && name !== undefined) places.set(name, [...(places.get(name) ?? []), file])
    }
  }
  expect(Object.fromEntries([...places].filter(([, files]) => files.length > 1))).toEqual({})
})
