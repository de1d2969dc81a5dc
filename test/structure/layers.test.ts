// The direction of imports, the absence of cycles, and process globals in one place only.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

interface Import {
  /** Path below src, or the package's name. */
  readonly target: string
  readonly kind: 'value' | 'type' | 'dynamic'
}

const src = fileURLToPath(new URL('../../src/', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'))
  .sort()
const sources = new Map(
  files.map((file) => [
    file,
    ts.createSourceFile(file, readFileSync(join(src, file), 'utf8'), ts.ScriptTarget.ESNext, true),
  ]),
)
const imports = new Map([...sources].map(([file, source]) => [file, importsOf(file, source)]))

function importsOf(file: string, source: ts.SourceFile): Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, kind: Import['kind']): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return
    const { text } = specifier
    found.push({
      target: text.startsWith('.') ? relative(src, resolve(src, dirname(file), text)).replaceAll('\\', '/') : text,
      kind,
    })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause
      const named = clause?.namedBindings
      const onlyTypes =
        clause?.isTypeOnly ||
        (clause &&
          !clause.name &&
          named &&
          ts.isNamedImports(named) &&
          named.elements.every((element) => element.isTypeOnly))
      add(node.moduleSpecifier, onlyTypes ? 'type' : 'value')
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'value')
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, 'type')
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], 'dynamic')
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** A field of an object may have any name. */
const isFieldName = ({ parent, text }: ts.Identifier): boolean =>
  ((ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) && parent.name.getText() === text) ||
  (ts.isPropertyAccessExpression(parent) && parent.name.text === text)

/** Ways to load a module that say its name to nobody but Node when it runs, so that no rule of this file could see them. */
function hiddenImports(source: ts.SourceFile): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const isDynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
    if (
      (isDynamic && !(node.arguments[0] && ts.isStringLiteralLike(node.arguments[0]))) ||
      (ts.isIdentifier(node) && /^(?:require|createRequire)$/.test(node.text) && !isFieldName(node)) ||
      (ts.isPropertyAccessExpression(node) && /^import\.meta\.resolve$/.test(node.getText(source))) ||
      ts.isExternalModuleReference(node)
    )
      found.push(node.getText(source))
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** The rooms of src, floor by floor from the ground up: imports go down, or stay in their room. */
const floors: readonly (readonly string[])[] = [
  ['runtime'],
  ['errors', 'context', 'system'],
  ['disk'],
  ['text'],
  ['tree'],
  ['cipher', 'net'],
  ['formats'],
  ['vault', 'audit', 'aws'],
  ['keys'],
  ['metadata', 'config'],
  ['publish'],
  ['groups'],
  ['file', 'keyservice'],
  ['repo'],
  ['check', 'merge'],
  ['index'],
  ['cli'],
]
const roomOf = (file: string): string => file.split('/')[0]!.replace(/\.ts$/, '')
const floorOf = (file: string): number => floors.findIndex((rooms) => rooms.includes(roomOf(file)))

/** Rooms of one floor that know each other: errors put the system's failures into words. */
const neighbours = new Set(['errors -> system', 'system -> errors', 'runtime -> errors', 'runtime -> system'])

/** `yaml` for formats/yaml.ts and everything in formats/yaml/; undefined for the shared files of the folder. */
function memberOf(folder: 'formats' | 'keys', file: string): string | undefined {
  const name = new RegExp(`^${folder}/([^/.]+)`).exec(file)?.[1]
  return name !== undefined &&
    files.includes(`${folder}/${name}.ts`) &&
    files.some((other) => isTableRow(folder, name, other))
    ? name
    : undefined
}

/** The files that list the members. */
const tables = { formats: 'formats/table.ts', keys: 'keys/table.ts' }

const isTableRow = (folder: 'formats' | 'keys', name: string, file: string): boolean =>
  file === tables[folder] &&
  imports.get(file)!.some(({ target, kind }) => target === `${folder}/${name}.ts` && kind !== 'type')

/** Same-level edges that are meant: a binary file is a JSON text around one value. */
const siblings = new Set(['binary -> json'])

const edges = [...imports].flatMap(([file, list]) =>
  list.filter(({ target }) => files.includes(target)).map((one) => ({ file, ...one })),
)

test('relative imports name existing files with their extension', () => {
  const missing = [...imports].flatMap(([file, list]) =>
    list
      .filter(({ target }) => target.endsWith('.ts') && !files.includes(target))
      .map(({ target }) => `${file} -> ${target}`),
  )
  expect(missing).toEqual([])
})

test('every import names its module by a text', () => {
  const ways = [
    'import(name)',
    "import('./a' + '.ts')",
    'createRequire',
    'require',
    'import.meta.resolve',
    "require('./a.ts')",
  ]
  const source = `${ways.slice(0, 2).join('\n')}
createRequire(url)
require('./a.ts')
import.meta.resolve('./a.ts')
import a = require('./a.ts')
import('./a.ts')`
  expect(hiddenImports(ts.createSourceFile('a.ts', source, ts.ScriptTarget.ESNext, true))).toEqual(ways)
  expect([...sources].flatMap(([file, one]) => hiddenImports(one).map((way) => `${file}: ${way}`))).toEqual([])
})

test('every file has a room', () => {
  expect(files.filter((file) => floorOf(file) < 0)).toEqual([])
})

test('imports point down the floors', () => {
  const rising = edges.filter(({ file, target }) => {
    const [from, to] = [roomOf(file), roomOf(target)]
    if (from === to || neighbours.has(`${from} -> ${to}`)) return false
    return floorOf(target) >= floorOf(file)
  })
  expect(rising.map(({ file, target }) => `${file} -> ${target}`)).toEqual([])
})

/** Rooms without a front door: values and words, of which everybody takes what he needs. */
const open = ['tree', 'text']
/** Below every room, so it cannot wait for a door that imports it. */
const under = new Set(['errors.ts -> system/errors.ts'])

test('a room is entered through its front door, the command line and dynamic imports included', () => {
  const inside = edges.filter(({ file, target }) => {
    const [from, to] = [roomOf(file), roomOf(target)]
    return from !== to && !open.includes(to) && target !== `${to}.ts` && target !== `${to}/index.ts`
  })
  expect(inside.map(({ file, target }) => `${file} -> ${target}`).filter((edge) => !under.has(edge))).toEqual([])
})

test('every exception is needed', () => {
  const files = new Set(edges.map(({ file, target }) => `${file} -> ${target}`))
  const rooms = new Set(edges.map(({ file, target }) => `${roomOf(file)} -> ${roomOf(target)}`))
  const members = new Set(
    edges.map(({ file, target }) => `${memberOf('formats', file)} -> ${memberOf('formats', target)}`),
  )
  expect([...under].filter((edge) => !files.has(edge))).toEqual([])
  expect([...neighbours].filter((edge) => !rooms.has(edge))).toEqual([])
  expect([...siblings].filter((edge) => !members.has(edge))).toEqual([])
})

test('a front door names what is behind it, and does nothing', () => {
  const doors = files.filter((file) => /^(?!cli)\w+\/index\.ts$/.test(file))
  const rooms = new Set(files.filter((file) => file.includes('/')).map(roomOf))
  expect(doors.map(roomOf)).toEqual([...rooms].filter((room) => room !== 'cli' && !open.includes(room)))
  const doing = doors.filter((file) =>
    sources.get(file)!.statements.some((one) => !ts.isExportDeclaration(one) || !one.moduleSpecifier),
  )
  expect(doing).toEqual([])
})

describe.each(['formats', 'keys'] as const)('%s', (folder) => {
  test('do not import each other', () => {
    const crossing = edges.flatMap(({ file, target }) => {
      const [from, to] = [memberOf(folder, file), memberOf(folder, target)]
      // The only shared files that know the rows: the table, the front door, and what loads a part of one when it is asked for.
      const knowing = [tables[folder], `${folder}/index.ts`, `${folder}/lazy.ts`]
      if (to === undefined || from === to || knowing.includes(file) || !file.startsWith(`${folder}/`)) return []
      return from !== undefined && siblings.has(`${from} -> ${to}`) ? [] : [`${file} -> ${target}`]
    })
    expect(crossing).toEqual([])
  })
})

test('formats know no keys and keys know no formats', () => {
  const crossing = edges.filter(
    ({ file, target }) =>
      (file.startsWith('formats/') && target.startsWith('keys/')) ||
      (file.startsWith('keys/') && target.startsWith('formats/')),
  )
  expect(crossing).toEqual([])
})

test('files and programs are reached through system/ only, which knows paths and words that are no text', () => {
  const direct = [...imports].flatMap(([file, list]) =>
    list
      .filter(({ target, kind }) => kind !== 'type' && /^node:(fs(\/promises)?|child_process)$/.test(target))
      .map(({ target }) => `${file} -> ${target}`),
  )
  // runtime/ gets paths that system/ has made native.
  expect(direct.filter((edge) => !/^(?:system|runtime)\//.test(edge))).toEqual([])
})

test('no circles among modules, types included', () => {
  const next = new Map(
    files.map((file) => [
      file,
      edges.filter((edge) => edge.file === file && edge.kind !== 'dynamic').map((edge) => edge.target),
    ]),
  )
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      return
    }
    if (done.has(file)) return
    for (const target of next.get(file)!) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  expect(cycles).toEqual([])
})

/**
 * Where process globals may be touched: the edge of the command line, and the context that library users get when they bring none. The
 * build replaces `process.env.SOPS_TS_VERSION` by a text.
 */
const globalsAllowed = (file: string, node: ts.Node): boolean =>
  file === 'cli/process-host.ts' ||
  file === 'cli/executable.ts' ||
  file === 'context/process.ts' ||
  node.parent.getText() === 'process.getBuiltinModule' ||
  // Where the executable itself lies, and who runs it.
  file === 'runtime/openpgp.ts' ||
  node.parent.parent?.getText() === 'process.env.SOPS_TS_VERSION'

test('process and console are touched at the edges only', () => {
  const found: string[] = []
  for (const [file, source] of sources) {
    const visit = (node: ts.Node): void => {
      if (
        (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) &&
        (node.text === 'process' || node.text === 'console') &&
        isGlobal(node) &&
        !globalsAllowed(file, node)
      ) {
        found.push(
          `${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${node.parent.getText().slice(0, 60)}`,
        )
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
    if (imports.get(file)!.some(({ target }) => /^(node:)?(process|console)$/.test(target)))
      found.push(`${file} imports it`)
  }
  expect(found).toEqual([])
})

/** Not a property, key or member of the same name, but for one of `globalThis`. */
function isGlobal(node: ts.Identifier | ts.StringLiteralLike): boolean {
  const { parent } = node
  if (ts.isElementAccessExpression(parent)) return parent.expression === node || isGlobalThis(parent.expression)
  if (!ts.isIdentifier(node)) return false
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node || isGlobalThis(parent.expression)
  if (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent))
    return parent.name !== node
  return !ts.isQualifiedName(parent) && !ts.isImportSpecifier(parent)
}

const isGlobalThis = (node: ts.Node): boolean => ts.isIdentifier(node) && /^(?:globalThis|global)$/.test(node.text)

test('files stay readable: small, with one sentence on top', () => {
  const texts = [...sources].map(([file, source]) => ({ file, text: source.getFullText() }))
  const longerThan = (lines: number) =>
    texts.filter(({ text }) => text.split('\n').length - 1 > lines).map(({ file }) => file)
  expect(longerThan(500)).toEqual([])
  expect(longerThan(350).length, longerThan(350).join(', ')).toBeLessThanOrEqual(3)
  expect(texts.filter(({ text }) => !/^\/(\/|\*)/.test(text)).map(({ file }) => file)).toEqual([])
})

test('the command line wipes no data key by itself: what opens a file does', () => {
  const wiping = files.filter(
    (file) => file.startsWith('cli/') && /dataKey\.fill\(|\bopenFile\(/.test(sources.get(file)!.text),
  )
  expect(wiping).toEqual([])
})
