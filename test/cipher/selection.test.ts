import { describe, expect, test } from 'vitest'
import { compileSelection } from '../../src/cipher/selection.ts'
import type { SelectionOptions } from '../../src/cipher/selection-settings.ts'
import { walk } from '../../src/cipher/walk.ts'
import type { Comment, Entry, MapNode, Node } from '../../src/tree/tree.ts'

const comment = (text: string): Comment => ({ kind: 'comment', text, inline: false })
const leaf = (value: string): Node => ({ kind: 'leaf', value })
const map = (...items: (Entry | Comment)[]): MapNode => ({ kind: 'map', items })
const entry = (key: string, value: Node | string): Entry => ({
  kind: 'entry',
  key,
  value: typeof value === 'string' ? leaf(value) : value,
})

/** Texts of the selected leaves and comments (with `#`), in walk order. */
async function selected(options: SelectionOptions, ...items: (Entry | Comment)[]): Promise<string> {
  const found: string[] = []
  const selection = await compileSelection(options)
  walk(
    { documents: [map(...items)] },
    selection,
    {
      leaf: (node, _aad, isSelected) => {
        if (isSelected) found.push(String(node.value))
        return node
      },
      comment: (node, _aad, isSelected) => {
        if (isSelected) found.push(`#${node.text}`)
        return node
      },
    },
    [],
  )
  return found.join(' ')
}

const sample = [
  comment('top'),
  entry('a', '1'),
  entry(
    'b_s',
    map(
      comment('in'),
      entry('c', '2'),
      entry('d', { kind: 'list', items: [leaf('3'), comment('li'), map(entry('e_s', '4'))] }),
    ),
  ),
  entry('f', map(entry('g_s', '5'), entry('_s', '6'))),
]

describe('paths', () => {
  test.each<[SelectionOptions, string]>([
    [{}, '#top 1 #in 2 3 #li 4 5 6'],
    [{ unencryptedSuffix: '', encryptedRegex: '' }, '#top 1 #in 2 3 #li 4 5 6'],
    [{ unencryptedSuffix: '_s' }, '#top 1'],
    [{ encryptedSuffix: '_s' }, '#in 2 3 #li 4 5 6'],
    [{ unencryptedRegex: '^(a|f)$' }, '#top #in 2 3 #li 4'],
    [{ encryptedRegex: '^(a|f)$' }, '1 5 6'],
    [{ encryptedRegex: 'b' }, '#in 2 3 #li 4'],
    [{ encryptedRegex: '(' }, ''],
    [{ unencryptedRegex: '(' }, '#top 1 #in 2 3 #li 4 5 6'],
    [{ unencryptedSuffix: '_s', encryptedRegex: '^e_s$' }, '4'],
  ])('%j', async (options, expected) => expect(await selected(options, ...sample)).toBe(expected))
})

describe('comments', () => {
  const list = (...items: (Node | Comment)[]): Node => ({ kind: 'list', items })

  test.each<[string, SelectionOptions, (Entry | Comment)[], string]>([
    [
      'marks the next item',
      { encryptedCommentRegex: 'M' },
      [entry('a', '1'), comment('M'), entry('b', '2'), entry('c', '3')],
      '2',
    ],
    [
      'and all below it',
      { encryptedCommentRegex: 'M' },
      [comment('M'), entry('b', map(comment('x'), entry('c', list(leaf('2'), leaf('3'))))), entry('d', '4')],
      '#x 2 3',
    ],
    [
      'its own text does not count',
      { encryptedCommentRegex: 'M' },
      [comment('M'), comment('note'), entry('a', '1')],
      '#note 1',
    ],
    ['an earlier marker does', { encryptedCommentRegex: 'M' }, [comment('M'), comment('M2'), entry('a', '1')], '#M2 1'],
    ['no item behind', { encryptedCommentRegex: 'M' }, [entry('a', '1'), comment('M')], ''],
    [
      'inside a list',
      { encryptedCommentRegex: 'M' },
      [entry('a', list(comment('M'), comment('n'), leaf('1'), leaf('2')))],
      '#n 1',
    ],
    ['not beyond the container', { encryptedCommentRegex: 'M' }, [entry('a', map(comment('M'))), entry('b', '2')], ''],
    [
      'left in clear',
      { unencryptedCommentRegex: 'M' },
      [comment('x'), comment('M'), comment('y'), entry('a', '1'), entry('b', '2')],
      '#x 2',
    ],
    [
      'left in clear below',
      { unencryptedCommentRegex: 'M' },
      [comment('M'), entry('a', map(comment('y'), entry('c', '1'))), entry('b', '2')],
      '2',
    ],
    ['invalid', { encryptedCommentRegex: '[' }, [comment('['), entry('a', '1')], ''],
  ])('%s', async (_, options, items, expected) => expect(await selected(options, ...items)).toBe(expected))
})

test('an invalid expression is reported', async () => {
  expect((await compileSelection({ encryptedRegex: 'a(?=b)' })).invalid).toBeTruthy()
  expect((await compileSelection({ encryptedRegex: 'a(?i:b)' })).invalid).toBeUndefined()
})
