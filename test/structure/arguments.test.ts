// Arguments of a call go on the stack: a list of some 100,000 elements there is a RangeError. No list that a file or a user can make long may
// become arguments.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { parseWords } from '../../src/cli/argv.ts'
import { keysFromFlags } from '../../src/cli/settings.ts'
import { matchCreationRule } from '../../src/config/index.ts'
import { encrypt } from '../../src/file/bytes.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { documentFor } from '../../src/tree/documents.ts'
import { configOf } from '../config/support.ts'
import { fakeContext } from '../support/context.ts'

const root = join(import.meta.dirname, '../../src')
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))

/** Calls with a spread argument, as `FILE: CALLEE`. */
function spreads(name: string, text: string): string[] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const isCall = ts.isCallExpression(node) || ts.isNewExpression(node)
    if (isCall && node.arguments?.some(ts.isSpreadElement)) {
      found.push(`${name}: ${node.expression.getText(source).replace(/\s+/g, ' ')}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** Lists whose length the program itself decides. */
const short = [
  'check/git-setup.ts: git.run',
  'cli/check/fix.ts: git.run',
  'cli/check/sharers.ts: git.ask',
  'cli/git/filtered.ts: git.run',
  'cli/git/withdraw.ts: gitIn(one, io.ctx).run',
  'cli/merge/labels.ts: git.ask',
  'cli/version.ts: say',
  'cli/io.ts: say',
  'cli/io.ts: say',
  'keys/age/ssh/key.ts: wireStrings',
  'repo/candidates.ts: git.ask',
  'repo/listings.ts: git.run',
  'repo/listings.ts: git.run',
  'runtime/paths.ts: call',
  'runtime/paths.ts: call',
  'system/files-sync.ts: (call as (path: unknown, ...rest: unknown[]) => unknown)',
  'system/files.ts: (call as (path: unknown, ...rest: unknown[]) => unknown)',
]

test('only lists of a few elements are spread into the arguments of a call', () => {
  expect(spreads('a.ts', 'f(...a); new F(1, ...b); [...a]; ({ ...a })')).toEqual(['a.ts: f', 'a.ts: F'])
  expect(sources.flatMap((name) => spreads(name, readFileSync(join(root, name), 'utf8'))).sort()).toEqual(short.sort())
})

describe('no length of a list is too much', () => {
  const many = 200_000
  const words = Array.from({ length: many }, (_, i) => `${i}`)
  const comments = Array.from({ length: many }, () => '# x').join('\n')
  const ctx = fakeContext({})

  test('words', () => {
    expect(parseWords([], words, {}, 'root')).toMatchObject({ positionals: { length: many } })
  })

  test('documents', () => {
    const document = yaml.parse(Buffer.from('a: 1\n')).tree.documents[0]!
    const documents = Array.from({ length: many }, () => document)
    expect(documentFor(documents, ['a']).alsoIn.length).toBe(many - 1)
  })

  test('comments in front of an element', () => {
    const text = `- ${comments.replaceAll('\n', '\n  ')}\n  a: 1\n`
    const { tree } = yaml.parse(Buffer.from(`l:\n${text}`))
    expect(Buffer.from(yaml.print(tree, {})).toString().split('# x').length - 1).toBe(many)
  })

  test.each([
    ['flat', `pgp: "${words}"`],
    ['merged', `key_groups: [{merge: [{pgp: [${words}]}]}]`],
  ])('recipients of a rule: %s', async (_, fields) => {
    const { config, ctx } = await configOf(`creation_rules:\n  - ${fields}\n`)
    const { keyGroups } = await matchCreationRule(config, 'f.yaml', ctx)
    expect(keyGroups[0]?.keys.length).toBe(many)
  })

  test('recipients of a flag', async () => {
    const values = { string: (name: string) => (name === 'pgp' ? words.join() : ''), list: () => [], bool: () => false }
    const inv = values as unknown as Parameters<typeof keysFromFlags<''>>[0]
    const keys = await keysFromFlags<''>(inv, ctx, { prefix: '', kms: { profile: '', context: '' } })
    expect(keys.length).toBe(many)
  })

  test('recipients of a call', async () => {
    const sealed = encrypt('a: 1\n', { format: 'yaml', recipients: { pgp: words }, context: ctx, services: [] })
    await expect(sealed).rejects.not.toThrow(RangeError)
  })
})
