import { describe, expect, test } from 'vitest'
import { loadFormat } from '../../src/formats/table.ts'
import { documentFor, documentsText, documentWith, laterDocuments } from '../../src/tree/documents.ts'
import { type Path, parsePath } from '../../src/tree/path.ts'
import type { MapNode } from '../../src/tree/tree.ts'

const documentsOf = async (text: string): Promise<readonly MapNode[]> =>
  (await loadFormat('yaml')).parse(Buffer.from(text)).tree.documents
const pathOf = (text: string): Path => parsePath(text, 'generic', '')

/** The number of the document, or the message of the refusal. */
const tried = (find: () => { readonly at: number }): number | string => {
  try {
    return find().at + 1
  } catch (error) {
    return (error as Error).message
  }
}

const text = `a: 1
db: {user: u}
l: [1]
n: 1
---
a: 2
b: 3
db: {user: v, pass: w}
l: [1, {k: 1}]
n: {k: 1}
only: {k: 1}
---
c: 1
x: 1
---
x: 2
y: {k: 1}
---
y: {k: 2}
`

describe('which document a path means', () => {
  test.each<[string, number | string, number | string]>([
    // path, where it is taken, where it is set
    ['["a"]', 1, 1],
    ['["b"]', 2, 2],
    ['["c"]', 3, 3],
    ['["x"]', '["x"] can be meant in documents 3 and 4', '["x"] can be meant in documents 3 and 4'],
    ['["new"]', 1, 1],
    ['["new"]["k"]', 1, 1],
    ['["db"]["user"]', 1, 1],
    ['["db"]["pass"]', 2, 2],
    ['["db"]["new"]', 1, 1],
    ['["only"]["k"]', 2, 2],
    ['["only"]["new"]', 1, 2],
    ['["y"]["new"]', 1, '["y"] can be meant in documents 4 and 5'],
    ['["n"]["k"]', 2, 2],
    ['["l"][0]', 1, 1],
    ['["l"][1]', '["l"][1] can be meant in documents 1 and 2', '["l"][1] can be meant in documents 1 and 2'],
    [
      '["l"][1]["k"]',
      '["l"][1]["k"] can be meant in documents 1 and 2',
      '["l"][1]["k"] can be meant in documents 1 and 2',
    ],
    ['["l"][7]', 1, 1],
    ['["a"][0]', 1, 1],
    ['', 1, 1],
  ])('%s', async (index, taken, set) => {
    const documents = await documentsOf(text)
    expect(tried(() => documentWith(documents, pathOf(index)))).toBe(taken)
    expect(tried(() => documentFor(documents, pathOf(index)))).toBe(set)
  })

  test('and which others have it too', async () => {
    const documents = await documentsOf(text)
    expect(documentWith(documents, pathOf('["a"]'))).toEqual({ at: 0, found: ['a'], alsoIn: [2] })
    expect(documentFor(documents, pathOf('["only"]["new"]'))).toEqual({ at: 1, found: ['only'], alsoIn: [] })
  })
})

test('documents without entries are not missed', async () => {
  expect(laterDocuments(await documentsOf('a: 1\n---\n# c\n---\nb: 1\n---\n'))).toEqual([3])
})

test.each([
  [[2], 'document 2'],
  [[2, 3], 'documents 2 and 3'],
  [[2, 3, 5], 'documents 2, 3 and 5'],
])('%j is %s', (numbers, words) => expect(documentsText(numbers)).toBe(words))
