// What a file of src exports is taken by another one: what nobody takes is the file's own.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { root } from '../support/build.ts'

/** Started from outside: the public API, what bin/sops.cjs calls, and what the packer does (scripts/leaf-functions.mjs). */
const entries = ['src/index.ts', 'src/cli/main.ts', 'src/runtime/compiling.ts'].map((file) => join(root, file))

const all = '*'
type Taken = readonly [file: string, name: string]

/** The names that a file exports itself, or hands on. */
function* exportsOf(source: ts.SourceFile): Generator<string> {
  for (const statement of source.statements) {
    if (ts.isExportDeclaration(statement)) {
      if (statement.exportClause && ts.isNamedExports(statement.exportClause))
        for (const { name } of statement.exportClause.elements) yield name.text
    } else if (ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(isExport)) {
      if (ts.isVariableStatement(statement))
        for (const { name } of statement.declarationList.declarations) yield name.getText(source)
      else yield (statement as ts.DeclarationStatement).name!.text
    }
  }
}
const isExport = ({ kind }: ts.Modifier): boolean => kind === ts.SyntaxKind.ExportKeyword

/** The names that a file takes from others, by where they are exported. */
function takenBy(source: ts.SourceFile): Taken[] {
  const taken: Taken[] = []
  const take = (specifier: ts.Node | undefined, names: readonly string[]): void => {
    if (specifier && ts.isStringLiteralLike(specifier) && specifier.text.startsWith('.'))
      for (const name of names) taken.push([resolve(dirname(source.fileName), specifier.text), name])
  }
  const listed = (list: ts.NamedImportBindings | ts.NamedExportBindings | undefined): readonly string[] =>
    list && (ts.isNamedImports(list) || ts.isNamedExports(list))
      ? list.elements.map(({ propertyName, name }) => (propertyName ?? name).text)
      : [all]
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) take(node.moduleSpecifier, listed(node.importClause?.namedBindings))
    else if (ts.isExportDeclaration(node)) take(node.moduleSpecifier, listed(node.exportClause))
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      take(node.argument.literal, [node.qualifier?.getText(source) ?? all])
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      take(node.arguments[0], [all])
    ts.forEachChild(node, visit)
  }
  visit(source)
  return taken
}

/** As `FILE: NAME`, exports that no other file takes; `files` are texts by path. */
function unused(files: ReadonlyMap<string, string>, isPublic: (file: string) => boolean): string[] {
  const sources = [...files].map(([file, text]) => ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true))
  const taken = new Set(sources.flatMap(takenBy).map((one) => one.join(': ')))
  return sources
    .filter(({ fileName }) => !isPublic(fileName) && !taken.has(`${fileName}: ${all}`))
    .flatMap((source) => [...exportsOf(source)].map((name) => `${source.fileName}: ${name}`))
    .filter((one) => !taken.has(one))
}

test('an export that nobody takes is found', () => {
  const files = {
    '/a.ts': 'export const a = 1, b = 2\nexport type C = 1\nexport { d as e } from "./b.ts"\nexport function f() {}',
    '/b.ts': 'import { a, type C } from "./a.ts"\nexport const d = 1\nexport class G {}',
    '/c.ts': 'export const x = (): typeof import("./d.ts") => import("./d.ts")\nexport type Y = import("./b.ts").G',
    '/d.ts': 'export const z = 1',
  }
  expect(unused(new Map(Object.entries(files)), (file) => file === '/c.ts')).toEqual([
    '/a.ts: b',
    '/a.ts: e',
    '/a.ts: f',
  ])
})

test('every export of src is taken by another file', () => {
  const files = ['src', 'test', 'bench', 'scripts'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /(?<!\.d)\.m?[jt]s$/.test(name))
      .map((name) => join(root, folder, name)),
  )
  const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]))
  const isPublic = (file: string): boolean => entries.includes(file) || !file.startsWith(join(root, 'src/'))
  expect(unused(texts, isPublic).map((one) => relative(root, one))).toEqual([])
})
