import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLeafCipher, decryptLeaf, encryptLeaf } from '../../src/cipher/leaf.ts'
import { type OpenTreeOptions, open } from '../../src/cipher/open.ts'
import { type SealedTree, type SealOptions, seal } from '../../src/cipher/seal.ts'
import { compileSelection } from '../../src/cipher/selection.ts'
import { sealMac, verifyMac } from '../../src/cipher/stored-mac.ts'
import type { LogLine } from '../../src/context/context.ts'
import { messageOf, SopsError } from '../../src/errors.ts'
import type { Metadata } from '../../src/metadata/metadata.ts'
import type { Comment, Entry, Leaf, ListNode, MapNode, Node, Origin, Tree, Value } from '../../src/tree/tree.ts'
import { hasTwins } from '../../src/tree/twins.ts'

const dataKey = Uint8Array.from({ length: 32 }, (_, i) => i)
const cipher = createLeafCipher(dataKey)
const all = await compileSelection({})
const plainOptions = { dataKey, selection: all, macOnlyEncrypted: false }

let offset = 0
const origin = (value: Value): Origin => ({ start: offset++, end: offset, value })
const leaf = (value: Value, spelling?: string): Leaf => ({
  kind: 'leaf',
  value,
  origin: origin(value),
  ...(spelling === undefined ? undefined : { spelling }),
})
const comment = (text: string, inline = false): Comment => ({ kind: 'comment', text, inline, origin: origin(text) })
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'kind' in value
const entry = (key: string, value: Node | Value): Entry => ({
  kind: 'entry',
  key,
  value: isNode(value) ? value : leaf(value),
})
const map = (...items: (Entry | Comment)[]): MapNode => ({ kind: 'map', items })
const list = (...items: (Node | Comment | Value)[]): ListNode => ({
  kind: 'list',
  items: items.map((item) =>
    typeof item === 'object' && item !== null && 'kind' in item ? item : leaf(item as Value),
  ),
})
const tree = (...documents: MapNode[]): Tree => ({ documents })
const enc = (text: string, aad: string, type = 'str'): string => encryptLeaf(cipher, aad, type as 'str', text)

/** Values, spellings and comments without where they came from. */
function bare(node: Tree | Node | Entry | Comment): unknown {
  if (!('kind' in node)) return node.documents.map(bare)
  if (node.kind === 'entry') return { [node.key]: bare(node.value) }
  if (node.kind === 'comment') return node.inline ? `##${node.text}` : `#${node.text}`
  if (node.kind !== 'leaf') return node.items.map(bare)
  return node.spelling === undefined ? node.value : { value: node.value, spelling: node.spelling }
}

const openAll = (t: Tree, options: Partial<OpenTreeOptions> = {}) => open(t, { ...plainOptions, ...options })
const sealAll = (t: Tree, options: Partial<SealOptions> = {}) => seal(t, { ...plainOptions, ...options })

const sample = tree(
  map(
    comment('c'),
    entry('s', 'text'),
    entry('i', 7n),
    entry('f', 1.5),
    entry('b', true),
    entry('b2', false),
    entry('n', null),
    entry('e', ''),
    entry('t', { rfc3339: '2024-01-02T03:04:05.12+02:00' }),
    entry('l', list('x', 2n, comment('lc'), map(entry('k', 'v')))),
    entry('p_unencrypted', 'plain'),
    entry('big', 1e21),
  ),
  map(entry('d2', 'second')),
)

describe('MAC and walk', () => {
  const macs = [
    '74656B92265CFD6719346118A774FBA8FC35F5C81398A836ED70C70D728A79504DB7129D4DE0C974DA90C854A24934BE9972C508552AAEE59CE72F6B20EB7725',
    'B8340A10BBC38B49062C8BF00EF5F76CB963CD7AD6F21A3340014D9EA6FB24D6319B550C0C853A75B6E7A9F0119DFA0D7F778FEE204A2735B6AF099DA68D7610',
  ]
  test.each([false, true])('the tree of the specification, mac_only_encrypted %s', async (macOnlyEncrypted) => {
    const options = {
      dataKey,
      macOnlyEncrypted,
      selection: await compileSelection({ unencryptedSuffix: '_unencrypted' }),
    }
    const sealed = seal(sample, options)
    expect(sealed.mac).toBe(macs[Number(macOnlyEncrypted)])
    expect([sealed.leaves, sealed.encrypted]).toEqual([12, 11])
    const opened = open(sealed.tree, options)
    expect(opened.mac).toBe(sealed.mac)
    expect(opened.tree).toEqual(sample)
  })

  test('containers nest 10 000 deep', () => {
    let deep: Node = leaf('x')
    for (let i = 0; i < 5000; i++) deep = list(map(entry('k', deep)))
    const sealed = sealAll(tree(map(entry('a', deep))))
    const opened = openAll(sealed.tree)
    expect(opened.mac).toBe(sealed.mac)
    const again = sealAll(opened.tree, { stash: opened.stash })
    expect([again.mac, again.encrypted]).toEqual([sealed.mac, 1])
  })

  test('additional data is the path', () => {
    const sealed = sealAll(
      tree(
        map(
          comment('r'),
          entry('a', map(comment('m'), entry('b', 'x'))),
          entry('l', list('y', list('z'), comment('lc'), map(entry('k', 'w')))),
          entry('x:y', 'q'),
        ),
      ),
    )
    const texts: string[] = []
    JSON.stringify(sealed.tree, (_, v) => {
      if (typeof v === 'string' && v.startsWith('ENC[') && !texts.includes(v)) texts.push(v)
      return v
    })
    const aads = [':', 'a:', 'a:b:', 'l:', 'l:', 'l:', 'l:k:', 'x:y:']
    expect(aads.map((aad, i) => Buffer.from(decryptLeaf(cipher, texts[i]!, aad).bytes).toString())).toEqual([
      'r',
      'm',
      'x',
      'y',
      'z',
      'lc',
      'w',
      'q',
    ])
  })

  test('a file of the reference: strings, numbers, comments', () => {
    const stored = tree(
      map(
        comment(
          'ENC[AES256_GCM,data:C3kH8w==,iv:LYoWUN3VgFkVK8CIC7n+CByTC42DsyzWhK/nApGEJns=,tag:hfoTIeyFmwN5yLoa35CLvw==,type:comment]',
        ),
        entry(
          's',
          'ENC[AES256_GCM,data:AWS+Fg==,iv:ShotR9++fffrd5HCgBpEtG2Q+F55qbZYfle09lZZpUM=,tag:wJkuwaAXpS176zm4qfYqJA==,type:str]',
        ),
        comment(
          'ENC[AES256_GCM,data:+eJjVw==,iv:WcZwK6XluhHqvX6v0ibkAA+9ylj9x2bHcynZysdhAqw=,tag:15OaMohJqM0egr04POEU4A==,type:comment]',
          true,
        ),
        entry(
          'n',
          'ENC[AES256_GCM,data:Pg==,iv:MM8UI7+Qid7KETLlAyyBxWtZUw8iXjoNhlCfXM2H/5g=,tag:V8LaJ7cK46ygT6Bqz8oJTg==,type:int]',
        ),
        entry(
          'f',
          'ENC[AES256_GCM,data:VSF2,iv:mcq75Z82/VLr7p2f2q8uq90C6NB9pvZWzdPRwNefcI8=,tag:MGAL9CK5wCLhO/7RoSlhnw==,type:float]',
        ),
        entry(
          'b',
          'ENC[AES256_GCM,data:sWfWtQ==,iv:GregwzH903FhsVW9z/Poe2caerDAvL080BUnsIiDFfM=,tag:UIWL13sCC4TChD0yqmPIdA==,type:bool]',
        ),
        entry('z', null),
        entry('e', ''),
        entry(
          'm',
          map(
            comment(
              'ENC[AES256_GCM,data:/OHXeWA=,iv:h4JNd/61c/p9Sej+fMJs3vTybWRlCTTtHeL5EaIVwhQ=,tag:TSar2bfJEFTmKJehs/Gngw==,type:comment]',
            ),
            entry(
              'l',
              list(
                'ENC[AES256_GCM,data:Pg==,iv:xKrNOpAT0PxFrlCb/gHmuMoS4GcUVtWXwFFNYg7z1q4=,tag:n8F0K/sOJ5W/XTPEXxN1EA==,type:str]',
                map(
                  entry(
                    'k',
                    'ENC[AES256_GCM,data:8A==,iv:DI9XvMjX2RJRYXWM4s1i4Oh/aDSNGS5yMn7fOaEKdtc=,tag:CRn811nk5D2DaVnwF8sDGg==,type:int]',
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
    )
    const opened = openAll(stored)
    expect(bare(opened.tree)).toEqual([
      [
        '# top',
        { s: 'text' },
        '## inl',
        { n: 7n },
        { f: 2.5 },
        { b: true },
        { z: null },
        { e: '' },
        { m: ['# in m', { l: ['a', [{ k: 1n }]] }] },
      ],
    ])
    const again = sealAll(opened.tree, { stash: opened.stash })
    expect(again.tree).toEqual(stored)
    expect(again.mac).toBe(opened.mac)
  })
})

describe('opening', () => {
  const failure = (t: Tree): SopsError => {
    try {
      openAll(t)
    } catch (error) {
      return error as SopsError
    }
    throw new Error('opened')
  }

  test.each<[string, Entry, string[], string]>([
    [
      'not encrypted',
      entry('a', 'sesame'),
      ['a'],
      "Could not decrypt value: Input string does not match sops' data format",
    ],
    ['wrong path', entry('a', map(entry('b', enc('x', 'a:')))), ['a', 'b'], 'Could not decrypt value: '],
    ['integer', entry('a', 5n), ['a'], 'Expected encrypted value as string, but got a whole number'],
    ['float', entry('a', 5.5), ['a'], 'Expected encrypted value as string, but got a number'],
    ['boolean', entry('a', list(true)), ['a'], 'Expected encrypted value as string, but got a boolean'],
    [
      'time',
      entry('a', { rfc3339: '2024-01-02T03:04:05Z' }),
      ['a'],
      'Expected encrypted value as string, but got a time',
    ],
    ['bytes', entry('a', Uint8Array.of(255)), ['a'], "does not match sops' data format"],
    [
      'unreadable plaintext',
      entry('a', enc('sesame', 'a:', 'int')),
      ['a'],
      'Could not decrypt value: plaintext is not a valid int',
    ],
    [
      'unknown type',
      entry('a', enc('x', 'a:').replace(':str', ':Int')),
      ['a'],
      'Could not decrypt value: Unknown datatype',
    ],
    [
      'time that cannot be written',
      entry('a', enc('2024-01-02T03:04:05+24:00', 'a:', 'time')),
      ['a'],
      'a time cannot be written as bytes',
    ],
    ['list string that fails', entry('a', list(enc('x', 'b:', 'comment'))), ['a'], 'Could not decrypt value: '],
    ['key that is no string', { ...entry('1', 'x'), keyType: 'int' }, [], 'Tree contains a non-string key (int): 1'],
  ])('%s', (_, item, path, message) => {
    const error = failure(tree(map(item)))
    expect([error.code, error.exitCode, error.path]).toEqual(['cannot-decrypt-tree', 25, path])
    expect(error.message).toContain(
      `Error decrypting tree: Error walking tree: ${message.startsWith('does') ? '' : message}`,
    )
    expect(error.message).toContain(message)
    expect(error.message).not.toContain('sesame')
  })

  test('a comment of a number', () => {
    const error = failure(tree(map(comment(enc('5', ':', 'int')))))
    expect(error.message).toContain('an encrypted comment holds a whole number, not a text')
  })

  test('comments that cannot be decrypted are kept with a warning', () => {
    const lines: LogLine[] = []
    const stored = tree(
      map(comment(' clear'), comment(enc('x', 'other:', 'comment')), comment(''), entry('a', list(comment('in list')))),
    )
    expect(openAll(stored, { log: (line) => lines.push(line) }).tree).toEqual(stored)
    expect(lines.map((line) => [line.level, line.logger, line.message.slice(0, 43)])).toEqual(
      Array(3).fill(['warning', 'SOPS', 'Found possibly unencrypted comment in file.']),
    )
  })

  test('comments wherever they are stored', () => {
    const stored = tree(
      map(
        comment(enc('as str', ':', 'str'), true),
        entry('l', list(enc('c1', 'l:', 'comment'), enc('x', 'l:'), comment(enc('c2', 'l:', 'comment')), comment(''))),
      ),
    )
    const opened = openAll(stored)
    expect(bare(opened.tree)).toEqual([['##as str', { l: ['#c1', 'x', '#c2', '#'] }]])
    expect(opened.mac).toBe(sealAll(tree(map(entry('l', list('x'))))).mac)
    const again = sealAll(opened.tree, { stash: opened.stash }).tree.documents[0]!.items[1] as Entry
    const items = (again.value as ListNode).items
    // The comment that was a list element stays one, with the text its place has.
    expect(items[0]).toMatchObject({ kind: 'leaf', value: (items[0] as Leaf).origin!.value })
  })

  test('spellings', () => {
    const stored = tree(
      map(
        entry('i', enc('007', 'i:', 'int')),
        entry('f', enc('1.50', 'f:', 'float')),
        entry('b', enc('TRUE', 'b:', 'bool')),
        entry('t', enc('2024-01-02T3:04:05Z', 't:', 'time')),
        entry('y', enc('hello', 'y:').replace(':str', ':bytes')),
      ),
    )
    const opened = openAll(stored)
    expect(bare(opened.tree)).toEqual([
      [
        { i: { value: 7n, spelling: '007' } },
        { f: { value: 1.5, spelling: '1.50' } },
        { b: { value: true, spelling: 'TRUE' } },
        { t: { value: { rfc3339: '2024-01-02T03:04:05Z' }, spelling: '2024-01-02T3:04:05Z' } },
        { y: 'hello' },
      ],
    ])
    expect(opened.mac).toBe(
      sealAll(
        tree(
          map(
            entry('i', 7n),
            entry('f', 1.5),
            entry('b', true),
            entry('t', { rfc3339: '2024-01-02T03:04:05Z' }),
            entry('y', 'hello'),
          ),
        ),
      ).mac,
    )
  })

  test('bytes stay bytes where asked', () => {
    const sealed = sealAll(tree(map(entry('data', Buffer.from('plain')))))
    const value = (opened: Tree) => ((opened.documents[0]!.items[0] as Entry).value as Leaf).value
    expect(value(openAll(sealed.tree).tree)).toBe('plain')
    const opened = openAll(sealed.tree, { bytes: true })
    expect(value(opened.tree)).toEqual(Uint8Array.from(Buffer.from('plain')))
    expect(
      sealAll(tree(map(entry('data', 'plain'))), { stash: opened.stash }).tree.documents[0]!.items[0],
    ).toMatchObject({
      value: { value: value(sealed.tree) },
    })
  })

  test('what is not selected stays the same object', async () => {
    const selection = await compileSelection({ encryptedRegex: '^secret$' })
    const stored = tree(map(comment('c'), entry('a', list(enc('x', 'a:'), 5n)), entry('secret', enc('s', 'secret:'))))
    const opened = open(stored, { ...plainOptions, selection })
    expect(opened.tree.documents[0]!.items.slice(0, 2)).toEqual(stored.documents[0]!.items.slice(0, 2))
    expect(opened.tree.documents[0]!.items[1]).toBe(stored.documents[0]!.items[1])
  })
})

describe('sealing', () => {
  test.each<[string, Entry, string[], string]>([
    [
      'key that is no string',
      entry('m', map({ ...entry('1', 'x'), keyType: 'int' })),
      ['m'],
      'Tree contains a non-string key (int): 1',
    ],
    ['unsigned integer', entry('u', 2n ** 63n), ['u'], '64 bits'],
    ['time offset', entry('t', { rfc3339: '2024-01-02T03:04:05+24:00' }), ['t'], '24 hours'],
  ])('%s', (_, item, path, message) => {
    let error: unknown
    try {
      sealAll(tree(map(item)))
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(SopsError)
    expect(error).toMatchObject({ code: 'cannot-encrypt-tree', exitCode: 23, path })
    expect(messageOf(error)).toMatch(/^Error encrypting tree: Error walking tree: /)
    expect(messageOf(error)).toContain(message)
  })

  test('spellings are kept where they read back as the same value', () => {
    const plain = tree(
      map(
        entry('a', leaf(7n, '007')),
        entry('b', leaf(31n, '0x1f')),
        entry('c', leaf(511n, '0777')),
        entry('d', leaf(1.5, '1.50')),
        entry('e', leaf(1000, '1e3')),
        entry('f', leaf(Number.POSITIVE_INFINITY, '.inf')),
        entry('g', leaf(true, 'TRUE')),
        entry('h', leaf({ rfc3339: '2024-01-02T00:00:00Z' }, '2024-01-02')),
        entry('i', leaf(-0, '0.0')),
        entry('j', leaf(Number.NaN, '.nan')),
      ),
    )
    const sealed = sealAll(plain)
    const texts = sealed.tree.documents[0]!.items.map((item) => {
      const { key, value } = item as Entry & { value: Leaf }
      return [Buffer.from(decryptLeaf(cipher, value.value as string, `${key}:`).bytes).toString(), value.spelling]
    })
    expect(texts).toEqual([
      ['007', '007'],
      ['31', undefined],
      ['511', undefined],
      ['1.50', '1.50'],
      ['1e3', '1e3'],
      ['+Inf', undefined],
      ['TRUE', 'TRUE'],
      ['2024-01-02T00:00:00Z', undefined],
      ['-0', undefined],
      ['NaN', undefined],
    ])
    expect(openAll(sealed.tree).mac).toBe(sealed.mac)
  })

  test('a clear marker that would not be read back', async () => {
    const selection = await compileSelection({ unencryptedCommentRegex: 'ENC' })
    expect(() => seal(tree(map(comment('x'), entry('a', 'y'))), { ...plainOptions, selection })).toThrow(
      'unencrypted_comment_regex',
    )
  })

  test('a marker block in a list opens again', async () => {
    const selection = await compileSelection({ encryptedCommentRegex: 'MARK' })
    const options = { ...plainOptions, selection }
    const plain = tree(map(entry('l', list(comment(' MARK'), comment(' note'), 'x', 'y'))))
    const sealed = seal(plain, options)
    expect(open(sealed.tree, options).tree).toEqual(plain)
    expect(open(sealed.tree, options).mac).toBe(sealed.mac)
    // As the reference stores it: the encrypted comment is a list element.
    const items = ((sealed.tree.documents[0]!.items[0] as Entry).value as ListNode).items
    const asElements = tree(
      map(entry('l', list(comment(' MARK'), leaf((items[1] as Comment).text), items[2] as Leaf, 'y'))),
    )
    expect(bare(open(asElements, options).tree)).toEqual([[{ l: ['# MARK', '# note', 'x', 'y'] }]])
    expect(open(asElements, options).mac).toBe(sealed.mac)
  })
})

describe('stash', () => {
  const texts = (t: Tree): Value[] => {
    const found: Value[] = []
    const visit = (node: Node | Entry | Comment): void => {
      if (node.kind === 'leaf') found.push(node.value)
      else if (node.kind === 'comment') found.push(node.text)
      else if (node.kind === 'entry') visit(node.value)
      else node.items.forEach(visit)
    }
    t.documents.forEach(visit)
    return found
  }
  const iv = (text: unknown): string => /iv:([^,]+)/.exec(String(text))![1]!

  test('equal elements keep their own texts, a new one takes the last', () => {
    const sealed = sealAll(tree(map(entry('l', list('x', 'x', 'y')))))
    const { stash } = openAll(sealed.tree)
    const [a, b, c] = texts(sealed.tree)
    expect(a).not.toBe(b)
    expect(texts(sealAll(tree(map(entry('l', list('x', 'z', 'x', 'y', 'x')))), { stash }).tree)).toEqual([
      a,
      expect.any(String),
      b,
      c,
      b,
    ])
  })

  test('type, path and spelling must be the same', () => {
    const sealed = sealAll(tree(map(entry('a', '1'), entry('b', leaf(1.5, '1.50')), comment('c'))))
    const { stash } = openAll(sealed.tree)
    const before = texts(sealed.tree)
    const after = texts(
      sealAll(tree(map(entry('a', 1n), entry('b', 1.5), entry('x', '1'), entry('c', map(comment('c'))))), { stash })
        .tree,
    )
    for (const text of after) expect(before.map(iv)).not.toContain(iv(text))
  })

  test('NaN is never remembered', () => {
    const sealed = sealAll(tree(map(entry('a', Number.NaN))))
    const opened = openAll(sealed.tree)
    expect(texts(sealAll(opened.tree, { stash: opened.stash }).tree)).not.toEqual(texts(sealed.tree))
  })

  test('a new data key reuses nonces, each once', () => {
    const sealed = sealAll(tree(map(entry('l', list('x', 'x')), entry('f', leaf(1.5, '1.50')))))
    const { stash } = openAll(sealed.tree)
    const fresh = randomBytes(32)
    const next = texts(
      sealAll(tree(map(entry('l', list('x', 'x', 'x')), entry('f', leaf(1.5)))), { stash, dataKey: fresh }).tree,
    )
    const before = texts(sealed.tree)
    expect([iv(next[0]), iv(next[1]), iv(next[3])]).toEqual([iv(before[0]), iv(before[1]), iv(before[2])])
    expect(new Set(next.map(iv)).size).toBe(4)
    for (const text of next) expect(before).not.toContain(text)
    expect(Buffer.from(decryptLeaf(createLeafCipher(fresh), next[3] as string, 'f:').bytes).toString()).toBe('1.5')
  })

  test('source tokens come along', () => {
    const sealed = sealAll(tree(map(entry('a', 'x'))))
    const { stash, tree: opened } = openAll(sealed.tree, { tokenText: (o) => `'${String(o.value)}'` })
    const [item] = sealAll(opened, { stash }).tree.documents[0]!.items
    const value = texts(sealed.tree)[0] as string
    expect((item as Entry).value).toMatchObject({ value, token: { value, text: "'x'" } })
  })
})

describe('round trips', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.constant({ rfc3339: '2024-01-02T03:04:05+05:30' }),
    fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => Uint8Array.of(255, ...bytes)),
  )
  const commentNode = fc.record({ kind: fc.constant('comment' as const), text: fc.string(), inline: fc.boolean() })
  const key = fc.oneof(fc.constantFrom('a', 'b_unencrypted', 'c', '__proto__', ''), fc.string())
  const { document } = fc.letrec<{ node: Node; document: MapNode }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      value.map((v): Node => ({ kind: 'leaf', value: v })),
      tie('document'),
      fc.array(fc.oneof(tie('node'), commentNode), { maxLength: 4 }).map((items): Node => ({ kind: 'list', items })),
    ),
    document: fc
      .array(fc.oneof(commentNode, fc.record({ kind: fc.constant('entry' as const), key, value: tie('node') })), {
        maxLength: 4,
      })
      .map((items): MapNode => ({ kind: 'map', items })),
  }))
  const settings = fc.constantFrom(
    {},
    { unencryptedSuffix: '_unencrypted' },
    { encryptedSuffix: '_unencrypted' },
    { encryptedRegex: '^[ab]' },
    { unencryptedRegex: 'a' },
    { encryptedCommentRegex: '[a-m]' },
    { unencryptedCommentRegex: '^[a-m]' },
  )

  /** Undefined where an entry has nothing that the MAC counts beside one of the same key that has some. */
  function sealedOrRefused(documents: MapNode[], options: SealOptions): SealedTree | undefined {
    try {
      return seal({ documents }, options)
    } catch (error) {
      if (hasTwins({ documents }) && String(error).includes('nothing that the MAC covers')) return undefined
      throw error
    }
  }

  test('open undoes seal, with the same MAC; sealing again with the stash changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { maxLength: 3 }),
        settings,
        fc.boolean(),
        async (documents, setting, macOnlyEncrypted) => {
          const options = { dataKey, selection: await compileSelection(setting), macOnlyEncrypted }
          const sealed = sealedOrRefused(documents, options)
          if (!sealed) return
          const opened = open(sealed.tree, options)
          expect(opened.tree).toEqual({ documents })
          expect(opened.mac).toBe(sealed.mac)
          const again = seal(opened.tree, { ...options, stash: opened.stash })
          expect(again).toEqual(sealed)
          const rotated = seal(opened.tree, { ...options, stash: opened.stash, dataKey: randomBytes(32) })
          expect(rotated.mac).toBe(sealed.mac)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('stored MAC', () => {
  const mac = 'AB'.repeat(64)
  const metadata = (change: Partial<Metadata>): Metadata => ({
    keyGroups: [],
    shamirThreshold: 0,
    lastModified: '2024-05-06T07:08:09Z',
    mac: sealMac(mac, '2024-05-06T07:08:09Z', dataKey),
    version: '3.13.2',
    selection: {},
    macOnlyEncrypted: false,
    ...change,
  })

  test.each(['2024-05-06T07:08:09Z', '2024-05-06T07:08:09.75Z', '2024-05-06T07:08:09+00:00'])('%s', (lastModified) => {
    expect(() => verifyMac(metadata({ lastModified }), dataKey, mac)).not.toThrow()
  })

  test.each<[string, Partial<Metadata>, string, string]>([
    ['another', {}, 'CD'.repeat(64), 'MAC mismatch. File has the MAC of other values'],
    ['absent', { mac: '' }, mac, 'MAC mismatch. File has no MAC'],
    ['another time', { lastModified: '2024-05-06T07:08:10Z' }, mac, 'Cannot decrypt MAC: '],
    ['another zone', { lastModified: '2024-05-06T09:08:09+02:00' }, mac, 'Cannot decrypt MAC: '],
    ['malformed', { mac: 'x' }, mac, 'Cannot decrypt MAC: '],
    ['another type', { mac: enc('5', '2024-05-06T07:08:09Z', 'int') }, mac, 'MAC mismatch'],
    ['not a MAC', { mac: enc('sesame', '2024-05-06T07:08:09Z') }, mac, 'MAC mismatch'],
  ])('%s', (_, change, computed, message) => {
    let error: unknown
    try {
      verifyMac(metadata(change), dataKey, computed)
    } catch (caught) {
      error = caught
    }
    expect(error).toMatchObject({ code: 'mac-mismatch', exitCode: 51 })
    expect(messageOf(error)).toContain(message)
    const told = JSON.stringify([messageOf(error), error, (error as SopsError).stack])
    expect(told).not.toMatch(/sesame|(?:AB){8}|(?:CD){8}/)
  })

  test('the previous text is kept only when it says the same', () => {
    const previous = sealMac(mac, '2024-05-06T07:08:09Z', dataKey)
    expect(sealMac(mac, '2024-05-06T07:08:09Z', dataKey, previous)).toBe(previous)
    expect(sealMac(mac, '2024-05-06T07:08:10Z', dataKey, previous)).not.toBe(previous)
    expect(sealMac('CD'.repeat(64), '2024-05-06T07:08:09Z', dataKey, previous)).not.toBe(previous)
    expect(sealMac(mac, '2024-05-06T07:08:09Z', randomBytes(32), previous)).not.toBe(previous)
  })

  test('a data key AES cannot use', () => {
    expect(() => sealMac(mac, '2024-05-06T07:08:09Z', new Uint8Array(5))).toThrow('Could not encrypt MAC')
  })
})
