// What a new version of a tree would say in clear that the one before did not.
import { describe, expect, test } from 'vitest'
import { newlyClear, selectedAmong } from '../../src/cipher/cleartext.ts'
import { open } from '../../src/cipher/open.ts'
import { seal } from '../../src/cipher/seal.ts'
import { compileSelection, type Selection } from '../../src/cipher/selection.ts'
import type { Stash } from '../../src/cipher/stash.ts'
import { newDataKey } from '../../src/groups/data-key.ts'
import type { Comment, Entry, MapNode, Tree, Value } from '../../src/tree/tree.ts'

const entry = (key: string, value: Value | MapNode): Entry => ({
  kind: 'entry',
  key,
  value:
    typeof value === 'object' && value !== null && 'kind' in value ? value : { kind: 'leaf', value: value as Value },
})
const comment = (text: string): Comment => ({ kind: 'comment', text, inline: false })
const tree = (...items: (Entry | Comment)[]): Tree => ({ documents: [{ kind: 'map', items }] })

const onlySecrets = await compileSelection({ encryptedRegex: '^secret' })

function stashOf(plain: Tree, selection: Selection): Stash {
  const options = { dataKey: newDataKey(), selection, macOnlyEncrypted: false }
  return open(seal(plain, options).tree, options).stash
}

const old = tree(
  entry('secret', 'long enough'),
  entry('secret_flag', true),
  entry('host', 'h'),
  entry('port', 1n),
  comment('c'),
)

describe('newlyClear', () => {
  const stash = stashOf(old, onlySecrets)
  test.each<[string, Tree, [string, string][]]>([
    ['the same', old, []],
    ['less', tree(entry('host', 'h')), []],
    ['another order', tree(entry('port', 1n), entry('host', 'h'), entry('secret', 'x')), []],
    ['another secret', tree(entry('secret', 'other'), entry('host', 'h')), []],
    ['another value', tree(entry('host', 'h2')), [['host', 'clear']]],
    ['another type', tree(entry('port', '1')), [['port', 'clear']]],
    ['a new key', tree(entry('name', 'n')), [['name', 'absent']]],
    ['a new key that is empty', tree(entry('name', ''), entry('none', null)), []],
    ['a second one of the same', tree(entry('host', 'h'), entry('host', 'h')), [['host', 'clear']]],
    ['a secret elsewhere', tree(entry('name', 'long enough')), [['name', 'encrypted']]],
    ['a copy of it', tree(entry('secret', 'long enough'), entry('name', 'long enough')), [['name', 'encrypted']]],
    ['a truth value that another secret has', tree(entry('name', true)), [['name', 'absent']]],
    ['another comment', tree(comment('d')), [['', 'clear']]],
    ['a secret as a comment', tree(comment('long enough')), [['', 'encrypted']]],
  ])('%s', (_, now, expected) => {
    const found = newlyClear(stash, now, onlySecrets)
    expect(found.map(({ path, before }) => [path.join('.'), before])).toEqual(expected)
  })

  test('what another selection leaves in clear, in a tree that did not change', async () => {
    const nothing = await compileSelection({ encryptedRegex: '^nothing$' })
    const found = newlyClear(stash, old, nothing)
    expect(found.map(({ path, before }) => [path.join('.'), before])).toEqual([
      ['secret', 'encrypted'],
      ['secret_flag', 'encrypted'],
    ])
    expect(selectedAmong(found, old, onlySecrets).size).toBe(2)
    expect(selectedAmong(found, old, nothing).size).toBe(0)
  })
})
