// Which packages the program and the library are made of: those that the sources import.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** `@scope/name` of `@scope/name/file.js`. */
const packageOf = (specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)[0]

const isPackage = (specifier) => !/^(?:\.|node:)/.test(specifier)

/** Not exact, and quick: most sources import none. */
const mayImport = /\b(?:from |import\()'(?!\.|node:)/

/**
 * The packages that the sources of the checkout `root` import, types aside.
 * @returns {string[]} names, sorted
 */
export function packagesOf(root) {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  const specifiers = sources
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
    .filter((text) => mayImport.test(text))
    .flatMap((text) => {
      // Without types, and without what stands in comments.
      const { outputText } = ts.transpileModule(text, {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext, verbatimModuleSyntax: true },
      })
      return ts.preProcessFile(outputText).importedFiles.map(({ fileName }) => fileName)
    })
  return [...new Set(specifiers.filter(isPackage).map(packageOf))].sort()
}
