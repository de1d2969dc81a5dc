// Where a path leads to something else than its words say.
import { describe, expect, it } from 'vitest'
import { type Landing, landingsOf } from '../../src/tree/landing.ts'
import { parsePath } from '../../src/tree/path.ts'
import type { MapNode, Node } from '../../src/tree/tree.ts'

const leaf = (value: string | null): Node => ({ kind: 'leaf', value })
const comment = { kind: 'comment', text: ' c', inline: true } as const
const entry = (key: string, value: Node) => ({ kind: 'entry', key, value }) as const
const root: MapNode = {
  kind: 'map',
  items: [
    comment,
    entry('n', leaf('5')),
    entry('nothing', leaf(null)),
    entry('m', { kind: 'map', items: [comment, entry('k', leaf('x'))] }),
    // In words: - x #c, - y, #c, - [z #c]
    entry('l', {
      kind: 'list',
      items: [comment, leaf('x'), leaf('y'), comment, { kind: 'list', items: [comment, leaf('z')] }],
    }),
    entry('plain', { kind: 'list', items: [leaf('a'), leaf('b')] }),
    entry('last', { kind: 'list', items: [leaf('a'), comment] }),
  ],
}

describe('landingsOf', () => {
  it.each<[string, readonly Landing[]]>([
    ['["n"]', []],
    ['["m"]["k"]', []],
    ['["zz"]["y"]', []],
    ['["plain"][1]', []],
    ['["plain"][2]', []],
    ['["last"][0]', []],
    ['["l"][0]', [{ kind: 'comment', at: ['l', 0], meant: ['l', 1] }]],
    ['["l"][0]["deeper"]', [{ kind: 'comment', at: ['l', 0], meant: ['l', 1] }]],
    ['["l"][1]', [{ kind: 'shifted', at: ['l', 1], meant: ['l', 2], index: 0, comment: 0 }]],
    ['["l"][2]', [{ kind: 'shifted', at: ['l', 2], meant: ['l', 4], index: 1, comment: 0 }]],
    ['["l"][3]', [{ kind: 'comment', at: ['l', 3], meant: ['l', 5] }]],
    [
      '["l"][4][0]',
      [
        { kind: 'shifted', at: ['l', 4], meant: ['l', 5], index: 2, comment: 0 },
        { kind: 'comment', at: ['l', 4, 0], meant: ['l', 4, 1] },
      ],
    ],
    ['["l"][5]', []],
    ['["l"][6]', [{ kind: 'behind', at: ['l', 6], to: ['l', 5] }]],
    ['["last"][1]', [{ kind: 'comment', at: ['last', 1], meant: ['last', 2] }]],
    ['["plain"][9]["k"]', [{ kind: 'behind', at: ['plain', 9], to: ['plain', 2] }]],
    ['["new"][0]', []],
    ['["new"][3]', [{ kind: 'behind', at: ['new', 3], to: ['new', 0] }]],
    ['["n"]["x"]', [{ kind: 'value', at: ['n'], becomes: 'map' }]],
    ['["n"]["x"]["y"]', [{ kind: 'value', at: ['n'], becomes: 'map' }]],
    ['["n"][0]', [{ kind: 'value', at: ['n'], becomes: 'list' }]],
    [
      '["plain"][1][2]',
      [
        { kind: 'value', at: ['plain', 1], becomes: 'list' },
        { kind: 'behind', at: ['plain', 1, 2], to: ['plain', 1, 0] },
      ],
    ],
    ['["nothing"]["x"]', []],
    ['[0]', []],
    ['["m"][0]', []],
  ])('%s', (text, found) => {
    expect(landingsOf(root, parsePath(text, 'generic', ''))).toEqual(found)
  })
})
