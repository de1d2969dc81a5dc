// Every flag that a command declares is one that its code reads.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { selectionSettings } from '../../src/cipher/selection-settings.ts'
import type { Command } from '../../src/cli/command.ts'
import { type CommandRow, commands, findRow, isGroup, type Row } from '../../src/cli/commands/index.ts'
import { bool, type Flag } from '../../src/cli/flag.ts'
import {
  awsProfile,
  changedKeys,
  encryptionContext,
  groupKeys,
  ignoreMac,
  newKeys,
  rootFlags,
  selectionFlagName,
  threshold,
} from '../../src/cli/flags.ts'

/** Flags without effect, and why they are there. */
const accepted: Readonly<Record<string, string>> = {
  'set --shamir-secret-sharing-threshold': 'accepted because the reference does (docs/spec/cli.md 9)',
  'unset --shamir-secret-sharing-threshold': 'accepted because the reference does (docs/spec/cli.md 9)',
}

const cli = join(import.meta.dirname, '../../src/cli')

/** A declaration at the top of a file: what it names, and the flags that it reads. */
interface Declaration {
  readonly names: readonly string[]
  readonly flags: readonly string[]
}

interface Source {
  readonly declarations: ReadonlyMap<string, Declaration>
  /** Local name to file and name there. */
  readonly imported: ReadonlyMap<string, readonly [file: string, name: string]>
}

const readers = new Set(['string', 'bool', 'int', 'list', 'given'])

/** True for `inv.string('name')` and for a list of names, which code goes through. */
const isRead = ({ parent }: ts.StringLiteralLike): boolean =>
  ts.isArrayLiteralExpression(parent) ||
  (ts.isCallExpression(parent) &&
    ts.isPropertyAccessExpression(parent.expression) &&
    readers.has(parent.expression.name.text))

/** The names that `import('…')` is asked for: `(await import('…')).name` or `const { name } = await import('…')`. */
function takenFrom(call: ts.CallExpression): readonly string[] {
  let whole: ts.Node = call
  while (ts.isAwaitExpression(whole.parent) || ts.isParenthesizedExpression(whole.parent)) whole = whole.parent
  const { parent } = whole
  if (ts.isPropertyAccessExpression(parent)) return [parent.name.text]
  return ts.isVariableDeclaration(parent) && ts.isObjectBindingPattern(parent.name)
    ? parent.name.elements.map(({ name }) => name.getText())
    : []
}

/** What the code below a node names and reads; types are no code. */
function look(node: ts.Node, file: string): Declaration {
  const names: string[] = []
  const flags: string[] = []
  const visit = (at: ts.Node): void => {
    if (ts.isTypeNode(at)) return
    const named = ts.isPropertyAccessExpression(at) ? at.name : ts.isPropertyAssignment(at) ? at.name : undefined
    if (ts.isIdentifier(at)) names.push(at.text)
    else if (ts.isStringLiteralLike(at) && isRead(at)) flags.push(at.text)
    else if (ts.isCallExpression(at) && at.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = at.arguments
      if (specifier && ts.isStringLiteralLike(specifier))
        names.push(...takenFrom(at).map((name) => `${resolve(dirname(file), specifier.text)}#${name}`))
    }
    at.forEachChild((child) => {
      if (child !== named) visit(child)
    })
  }
  visit(node)
  return { names, flags }
}

function read(file: string): Source {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const declarations = new Map<string, Declaration>()
  const imported = new Map<string, readonly [string, string]>()
  for (const statement of source.statements) {
    if (ts.isFunctionDeclaration(statement)) declarations.set(statement.name!.text, look(statement, file))
    else if (ts.isVariableStatement(statement)) {
      for (const one of statement.declarationList.declarations) declarations.set(one.name.getText(), look(one, file))
    } else if (ts.isImportDeclaration(statement) && ts.isStringLiteral(statement.moduleSpecifier)) {
      const bindings = statement.importClause?.namedBindings
      if (!bindings || !ts.isNamedImports(bindings)) continue
      const from = resolve(dirname(file), statement.moduleSpecifier.text)
      for (const { name, propertyName } of bindings.elements)
        imported.set(name.text, [from, (propertyName ?? name).text])
    }
  }
  return { declarations, imported }
}

const sources = new Map(
  readdirSync(cli, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [join(cli, name), read(join(cli, name))] as const),
)

/** Where flags are declared and nothing is read, and where each command leads to all others. */
const [declaring, table] = [join(cli, 'flags.ts'), join(cli, 'commands/index.ts')]

/** Every declaration that the entries lead to, as `file#name`, and the names of flags that are read there. */
function reach(entries: readonly string[]): { readonly ids: ReadonlySet<string>; readonly flags: ReadonlySet<string> } {
  const ids = new Set<string>()
  const flags = new Set<string>()
  const queue = [...entries]
  for (const id of queue) {
    if (ids.has(id)) continue
    ids.add(id)
    const [file = '', name = ''] = id.split('#')
    const source = sources.get(file)
    const found = file === declaring || file === table ? undefined : source?.declarations.get(name)
    if (!source || !found) continue
    for (const flag of found.flags) flags.add(flag)
    for (const used of found.names)
      queue.push(used.includes('#') ? used : (source.imported.get(used)?.join('#') ?? `${file}#${used}`))
  }
  return { ids, flags }
}

/** Flags whose names are made of the key types', and so stand nowhere. */
const ofKeyTypes = new Set<string>([...newKeys, ...changedKeys, ...groupKeys].map(({ name }) => name))
for (const { name } of [awsProfile, encryptionContext, threshold]) ofKeyTypes.delete(name)

/** Likewise of the table of settings. */
const ofSelection = new Set<string>(selectionSettings.map(selectionFlagName))

/** Flags that no code reads which the entries lead to. */
function unread(flags: readonly Flag[], entries: readonly string[]): string[] {
  const reached = reach(entries)
  const readsKeys = reached.ids.has(`${declaring}#keyFlagName`)
  const readsSelection = reached.ids.has(`${declaring}#selectionFlagName`)
  return flags
    .map(({ name }) => name)
    .filter((name) => !reached.flags.has(name))
    .filter((name) => !(readsKeys && ofKeyTypes.has(name)) && !(readsSelection && ofSelection.has(name)))
}

const leaves = (row: Row): readonly (readonly [name: string, row: CommandRow])[] =>
  isGroup(row) ? row.subcommands.map((one) => [`${row.name} ${one.name}`, one]) : [[row.name, row]]

/** Where the command is declared. */
async function idOf(command: Command): Promise<string> {
  for (const file of sources.keys()) {
    if (![join(cli, 'commands'), join(cli, 'commands/git')].includes(dirname(file))) continue
    const name = Object.entries(await import(file)).find(([, value]) => value === command)?.[0]
    if (name !== undefined) return `${file}#${name}`
  }
  throw new Error('a command of no file')
}

const runner = `${join(cli, 'main.ts')}#runCommand`

describe('a flag is read by its command, or named with the reason', () => {
  it.each(commands.flatMap(leaves))('%s', async (name, row) => {
    const command = await row.load()
    const found = unread(command.flags, [runner, await idOf(command)]).map((flag) => `${name} --${flag}`)
    expect(found).toEqual(Object.keys(accepted).filter((flag) => flag.startsWith(`${name} --`)))
  })

  it('in front of a command', async () => {
    const legacy = ['decrypt', 'encrypt', 'rotate', 'set', 'edit'].map((name) => findRow<Row>(commands, name))
    const ids = legacy.map(async (row) => idOf(await (row as CommandRow).load()))
    expect(unread(rootFlags, [join(cli, 'main.ts#main'), ...(await Promise.all(ids))])).toEqual([])
  })
})

it('sees a flag that nobody reads', () => {
  const idle = bool('idle', '')
  expect(unread([idle, ignoreMac], [`${join(cli, 'commands/set.ts')}#set`])).toEqual(['idle'])
})
