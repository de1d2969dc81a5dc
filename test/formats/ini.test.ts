// The INI format: the reference's reading rules, its layout, and rewriting that keeps every other byte.
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { parse as parseIni } from 'ini'
import { describe, expect, test } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import { ini } from '../../src/formats/ini.ts'
import type { Comment, Entry, Leaf, MapNode, Node, Tree, Value } from '../../src/tree/tree.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8')
const str = (b: Uint8Array): string => Buffer.from(b).toString('utf8')
const leaf = (value: Value): Leaf => ({ kind: 'leaf', value })
const entry = (key: string, value: Node | Value): Entry => ({
  kind: 'entry',
  key,
  value: typeof value === 'object' && value !== null && 'kind' in value ? value : leaf(value as Value),
})
const note = (text: string): Comment => ({ kind: 'comment', text, inline: false })
const map = (...items: (Entry | Comment)[]): MapNode => ({ kind: 'map', items })
const doc = (...items: (Entry | Comment)[]): Tree => ({ documents: [map(...items)] })
const sections = (tree: Tree): Entry[] => tree.documents[0]!.items as Entry[]
const itemsOf = (section: Entry): readonly (Entry | Comment)[] => (section.value as MapNode).items

type Shape = [string, ...(string | [string, Value])[]]
const shape = (tree: Tree): Shape[] =>
  sections(tree).map((s) => [
    s.key,
    ...itemsOf(s).map((i): string | [string, Value] =>
      i.kind === 'comment' ? `#${i.text}` : [i.key, (i.value as Leaf).value],
    ),
  ])
const read = (text: string): Shape[] => shape(ini.parse(bytes(text)).tree)
/** Without the DEFAULT section when it is empty. */
const readNamed = (text: string): Shape[] => read(text).filter((s, i) => i > 0 || s.length > 1)

const token = (value: Value | string, type = 'str'): string =>
  `ENC[AES256_GCM,data:${Buffer.from(value as string).toString('base64')},iv:aXY=,tag:dGFn,type:${type}]`
const open = (text: string): Value => {
  const match = /^ENC\[AES256_GCM,data:([^,]*),/.exec(text)
  if (!match) throw new Error(`not encrypted: ${text}`)
  const data = Buffer.from(match[1]!, 'base64')
  return Buffer.from(data.toString('utf8')).equals(data) ? data.toString('utf8') : new Uint8Array(data)
}

type Pick = (section: string, key: string | undefined) => boolean
const all: Pick = () => true
const mapTree = (tree: Tree, pick: Pick, value: (v: Value, type: string) => Value): Tree =>
  doc(
    ...sections(tree).map((s) => ({
      ...s,
      value: {
        ...(s.value as MapNode),
        items: itemsOf(s).map((i) => {
          if (!pick(s.key, i.kind === 'entry' ? i.key : undefined)) return i
          if (i.kind === 'comment') return i.text === '' ? i : { ...i, text: String(value(i.text, 'comment')) }
          const old = i.value as Leaf
          return old.value === '' ? i : { ...i, value: { ...old, value: value(old.value, 'str') } }
        }),
      },
    })),
  )
const metadata = (): Entry =>
  entry(
    'sops',
    map(entry('mac', token('mac')), entry('unencrypted_suffix', '_unencrypted'), entry('version', '3.13.2')),
  )
const metadataText = `[sops]\nmac                = ${token('mac')}\nunencrypted_suffix = _unencrypted\nversion            = 3.13.2\n`
const encrypt = (plain: Uint8Array, pick = all): Uint8Array => {
  const parsed = ini.parse(plain)
  const tree = mapTree(parsed.tree, pick, (v, type) => token(v, type))
  return ini.rewrite(parsed, doc(...sections(tree), metadata()), { encrypted: true }).bytes
}
const decrypt = (encrypted: Uint8Array, pick = all): Uint8Array => {
  const parsed = ini.parse(encrypted, { encrypted: true })
  const data = doc(...sections(parsed.tree).filter((s) => s.key !== 'sops'))
  return ini.rewrite(
    parsed,
    mapTree(data, pick, (v) => open(v as string)),
  ).bytes
}
const encryptedText = (plain: string, pick = all): string => str(encrypt(bytes(plain), pick))

describe('parse', () => {
  test.each<[string, Shape[]]>([
    ['', []],
    [
      'a = 1\n[s]\nb=2\n',
      [
        ['DEFAULT', ['a', '1']],
        ['s', ['b', '2']],
      ],
    ],
    ['[s]\n[s]\n', [['s'], ['s']]],
    ['[DEFAULT]\na=1', [['DEFAULT', ['a', '1']]]],
    ['\uFEFF[ s ]\n\t a :  x y \t\n', [[' s ', ['a', 'x y']]]],
    ['[s] ; c\n', [['s', '#c']]],
    ['[a]b]\n', [['a]b']]],
    ['# a\n; b\n[s] ; c\n', [['s', '#a\n; b\n; c']]],
    ['[s]\n# a\n\n  ;; b  \nk = v # c\nl = w\n', [['s', ['k', 'v'], '#a\n;; b\n# c', ['l', 'w']]]],
    ['[s]\n;;; x\nk = v\n', [['s', ['k', 'v'], '#x']]],
    ['[s]\n;;;;\n; x\nk = v\n', [['s', ['k', 'v'], '#;;;;\n; x']]],
    ['[s]\n;\nk = v\n', [['s', ['k', 'v'], '#']]],
    ['[s]\nk = v\n; end\n', [['s', ['k', 'v'], '#end']]],
    ['; only\n', [['DEFAULT', '#only']]],
    [
      '[s]\na = "x"\nb = \'y\'\nc = "a"b"\nd = \'z\nf = ""\n',
      [['s', ['a', 'x'], ['b', 'y'], ['c', '"a"b"'], ['d', "'z"], ['f', '']]],
    ],
    [
      '[s]\na = here#there\nb = "x # y"\nc = x ;y\nd = "q" # n\n',
      [['s', ['a', 'here#there'], ['b', 'x # y'], ['c', 'x'], '#y', ['d', 'q'], '#n']],
    ],
    ['[s]\na = `x # "y` ; dropped\nb = """one `two` """\n', [['s', ['a', 'x # "y'], '#dropped', ['b', 'one `two` ']]]],
    ['[s]\nk = """one\n  two\n"""; c\nl = x\n', [['s', ['k', 'one\n  two\n'], '#c', ['l', 'x']]]],
    ['[s]\nk = `one\ntwo`\n', [['s', ['k', 'one\ntwo']]]],
    ['[s]\nk = one \\\n  two \\\n\nl = x\n', [['s', ['k', 'one two '], ['l', 'x']]]],
    ['[s]\nk = one \\\nl = x\n', [['s', ['k', 'one l = x']]]],
    ['[s]\n`k=1` = 4\n"k:2": 5\n"""k"3""" = 6\n', [['s', ['k=1', '4'], ['k:2', '5'], ['k"3', '6']]]],
    [
      '[s]\n- = x\n- = y\n[t]\n- = z\n',
      [
        ['s', ['#1', 'x'], ['#2', 'y']],
        ['t', ['#1', 'z']],
      ],
    ],
    ['[s]\r\na = 1\r\n; c\r\nb = 2 ; d\r\n', [['s', ['a', '1'], ['b', '2'], '#c\n; d']]],
    [
      '[s]\na = 1\n; data\n[sops] ; meta\nmac = x\n',
      [
        ['s', ['a', '1'], '#data'],
        ['sops', ['mac', 'x']],
      ],
    ],
  ])('%j', (text, expected) => expect(readNamed(text)).toEqual(expected))

  test('DEFAULT comes first, always', () => expect(read('[s]\n')[0]).toEqual(['DEFAULT']))

  test('of equal keys the last value counts, at the first place; the others become comments', () => {
    expect(readNamed('[s]\n; one\na = 1 ; x\nb = 2\n; two\na = 3\n')).toEqual([
      ['s', ['a', '3'], '#two', ['b', '2'], '#one', '#a = 1 ; x\n'],
    ])
  })

  test('bytes that are not UTF-8 stay bytes, and only they', () => {
    const { tree } = ini.parse(Buffer.from('[s]\na = \xff\xfe\nb = \xc3\xbc\n', 'latin1'))
    expect(shape(tree)[1]).toEqual(['s', ['a', new Uint8Array([255, 254])], ['b', 'ü']])
  })

  test.each([
    ['[s]\nsecretword\n', 'key-value delimiter not found', 2],
    ['[s\na = 1\n', 'unclosed section', 1],
    ['[]\n', 'empty section name', 1],
    ['[s]\n\n = secretword\n', 'empty key name', 3],
    ['[s]\na = """secretword\n', 'missing closing key quote', 2],
    ['[s]\na = `secretword\n', 'missing closing key quote', 2],
    ['[s]\n`secretword = 1\n', 'missing closing key quote', 2],
  ])('refuses %j', (text, message, line) => {
    let error: unknown
    try {
      ini.parse(bytes(text))
    } catch (e) {
      error = e
    }
    expect(error).toBeInstanceOf(SopsError)
    expect(error).toMatchObject({ code: 'parse', position: { line } })
    expect((error as Error).message).toContain(message)
    expect((error as Error).message).not.toContain('secretword')
  })

  test('agrees with the ini package where the grammars agree', () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
    const value = fc.stringMatching(/^[A-Za-z][A-Za-z0-9:/_@%+]{0,12}$/)
    const pairs = fc.uniqueArray(fc.tuple(key, value), { selector: ([k]) => k, minLength: 1 })
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, pairs), { selector: ([k]) => k }), (list) => {
        fc.pre(
          list.flatMap(([, p]) => p).every(([k, v]) => ![k, v].some((x) => /^(true|false|null|__proto__)$/.test(x))),
        )
        const text = list.map(([s, p]) => `[${s}]\n; c\n${p.map(([k, v]) => `${k} = "${v}"\n`).join('\n')}`).join('\n')
        const ours = sections(ini.parse(bytes(text)).tree).slice(1)
        const plain = Object.fromEntries(
          ours.map((s) => [
            s.key,
            Object.fromEntries(
              itemsOf(s)
                .filter((i) => i.kind === 'entry')
                .map((e) => [e.key, (e.value as Leaf).value]),
            ),
          ]),
        )
        expect(plain).toEqual(JSON.parse(JSON.stringify(parseIni(text))))
      }),
    )
  })
})

const layouts: Record<string, string> = {
  empty: '',
  'only blank lines': '\n\n',
  'aligned keys': '[s]\nhost      = a\nport      = 1\n\n\n[t]\nx=1\n',
  'no final newline': '[s]\na = 1\nb = 2',
  'blanks at the end without newline': '[s]\na = 1\n  ',
  crlf: '; c\r\n[s] ; i\r\na = 1 ; x\r\n\r\n[t]\r\nc : 2\r\n',
  'crlf without final newline': '[s]\r\na = 1',
  bom: '\uFEFF[s]\na = 1\n',
  'keys before sections': '\n; c\n top : 1\n\n[s]\nk=v\n',
  'comment blocks': '# a\n\n;; b\n  # c\n[s]   ;;  inline\n\n#   x\n#\n# y\nk = v ; z\n\n',
  'a header comment': '[s]\t# c\t \nk = v # d  \n  [t] ; e\n',
  'bare first lines': ';;;;\n; text\n;\n; more\n[s]\n#\n# note\na = 1\n# ;\nb = 1\n',
  'trailing comments': '[s]\na = 1\n\n; the end\n  # more\n',
  'comments only': '; one\n# two\n',
  quotes: '[s]\na = "x"\nb = \'y\'\nc = `z`\nd = """w"""\ne = "a"b"\nf = \'z\ng="1";c\nh = "it\'s"\n',
  hashes: '[s]\nsecret = here#there\nb = "x # y" ; c\nc = \'p;q\'\nd = a;b;c # d\ne = `#`\nf = `"q"`\n',
  'back-ticks inside': '[s]\na = x`y\nb = "`"\nc = """`#`"""\n',
  'several lines': '[s]\nk = """one\n\n  two """ ; c\nl = `a\nb`\nm = """\nx\n"""\n',
  continuation: '[s]\nk = one \\\n  two \\\n\tthree\nm = \\\n  b\nn = x\\\ny\n',
  'special keys': '[s]\n`k=1` = 4\n"k:2" : 5\n"""t"""=6\n- = a\n-=b\n',
  'empty values': '[s]\na =\nb=\nc = ""\nd = ; c\n[t]\n',
  duplicates: '[s]\n; one\na = 1 ; x\nb = 2\n; two\na = 3\n  a : "4" # z\n',
  'duplicates over lines': '[s]\na = """x\ny"""\na = `z`\na =\n',
  'wire guard':
    '[Interface]\nDNS = 1.1.1.1\nDNS = 8.8.8.8\n\n[Peer]\n# alice\nPublicKey = aGk=\n\n[Peer]\n# bob\nPublicKey = aG8=\n',
  'junk behind a quote': '[s]\na = `x` junk\n; above\nb = `y` more junk\n',
  'look-alikes':
    '[s]\n; ENC[AES256_GCM,data:eA==,iv:aXY=,tag:dGFn,type:str]\na = ENC[AES256_GCM,data:eA==,iv:aXY=,tag:dGFn,type:str]\n',
  'DEFAULT twice': 'a = 1\n[DEFAULT]\na = 2\n[default]\na = 3\n',
  'values in quotes with backslash': '[s]\na = "x\\y"\nb = x\\y\nc = `z\\`\n',
}

describe('rewrite', () => {
  test('encrypts in place and appends the metadata', () => {
    expect(encryptedText('; top\n[s]\n# a\n# b\nlong_key = "x y"\nk        =  1 ; n\n')).toBe(
      `; ${token('top', 'comment')}\n[s]\n# ${token('a\n# b', 'comment')}\n#\nlong_key = "${token('x y')}"\nk        =  ${token('1')} ; ${token('n', 'comment')}\n\n${metadataText}`,
    )
  })

  test.each(Object.entries(layouts))('decrypting gives back the bytes: %s', (_, text) => {
    const encrypted = encrypt(bytes(text))
    expect(str(decrypt(encrypted))).toBe(text)
  })

  test.each(Object.entries(layouts))('nothing stays plain: %s', (_, text) => {
    const left = encryptedText(text)
      .replace(metadataText.replaceAll('\n', text.includes('\r\n') ? '\r\n' : '\n').trimEnd(), '')
      .replaceAll(/ENC\[[^\]]*\]/g, 'ENC')
      .replaceAll(/^(\s*)(\[.*?\]|`[^`]*`|"[^"]*"|"""[^"]*"""|[^=:#;[]*)/gm, '$1')
    expect(left).not.toMatch(/ENC[^\s"'`]|(?<!ENC[`"' ]* ;)\b(?!ENC\b)(?!bare|lines)[a-z]{2,}/)
  })

  test.each(Object.entries(layouts))('what is not selected stays: %s', (name, text) => {
    const pick: Pick = (_section, key) => key !== undefined && key !== 'a'
    const encrypted = encrypt(bytes(text), pick)
    if (name !== 'wire guard') expect(str(decrypt(encrypted, pick))).toBe(text)
  })

  test('the reference reads the same values', () => {
    for (const text of Object.values(layouts)) {
      const plain = readNamed(text).map((s) => s.filter((i) => typeof i !== 'string' || !i.startsWith('#')))
      const parsed = ini.parse(encrypt(bytes(text)), { encrypted: true })
      const back = mapTree(doc(...sections(parsed.tree).filter((s) => s.key !== 'sops')), all, (v) => open(v as string))
      expect(
        shape(back)
          .filter((s, i) => i > 0 || s.length > 1)
          .map((s) => s.filter((i) => typeof i !== 'string' || !i.startsWith('#'))),
      ).toEqual(plain)
    }
  })

  test('a clear value that the reference would cut is protected, and comes back', () => {
    const clear: Pick = (_, key) => key !== 'c'
    const text = '[s]\nc = x#y\nd = 1\n'
    expect(encryptedText(text, clear)).toContain('\nc = `x#y` ;bare\n')
    expect(str(decrypt(encrypt(bytes(text), clear), clear))).toBe(text)
    expect(encryptedText('[s]\nc = "p ; q" ; n\n', (_, key) => key === 'd')).toContain('\nc = `p ; q` ;double ; n\n')
  })

  test('an overridden line never stays plain', () => {
    const keysOnly: Pick = (_, key) => key !== undefined
    const text = encryptedText('[s]\na = old\na = "new" ; c\n', keysOnly)
    expect(text).toBe(`[s]\na = "${token('new')}"\na = "${token('new')}" ; c\n\n${metadataText}`)
    expect(str(decrypt(bytes(text), keysOnly))).toBe('[s]\na = "new"\na = "new" ; c\n')
  })

  test('a file of the reference gets its layout', () => {
    const text = `[s]\n; ${token('one\n# two', 'comment')}\na = ${token('x # y')}\nb = ${token(' lead')}\nc = ${token('1\n2')}\n\n${metadataText}`
    expect(str(decrypt(bytes(text)))).toBe('[s]\n; one\n# two\na = `x # y`\nb = " lead"\nc = """1\n2"""\n')
  })

  const text = '; c\n[one]\nlong = 1\na    = 2\n; tail\n\n[two] ; t\nb: x\n'
  const parsed = ini.parse(bytes(text))
  const [none, one, two] = sections(parsed.tree) as [Entry, Entry, Entry]
  const withItems = (section: Entry, ...items: (Entry | Comment)[]): Entry => ({ ...section, value: map(...items) })
  const [oneComment, long, a] = itemsOf(one) as [Comment, Entry, Entry]
  const [twoComment, b] = itemsOf(two) as [Comment, Entry]
  test.each<[string, Tree, string]>([
    ['nothing', parsed.tree, text],
    [
      'a new key is aligned',
      doc(none, withItems(one, oneComment, long, a, entry('bb', 'x')), two),
      text.replace('= 2\n', '= 2\nbb   = x\n'),
    ],
    [
      'a longer new key',
      doc(none, withItems(one, oneComment, long, a, entry('longer', 'x')), two),
      text.replace('= 2\n', '= 2\nlonger = x\n'),
    ],
    [
      'a new key keeps the delimiter',
      doc(none, one, withItems(two, twoComment, b, entry('c', 'x;y'))),
      `${text}c: \`x;y\`\n`,
    ],
    ['a removed key', doc(none, withItems(one, oneComment, a), two), text.replace('long = 1\n', '')],
    ['a removed section', doc(none, one), '; c\n[one]\nlong = 1\na    = 2\n'],
    ['another removed section', doc(none, two), '; tail\n\n[two] ; t\nb: x\n'],
    [
      'a new section',
      doc(none, one, two, entry('three', map(entry('k', true), entry('long', 1.5)))),
      `${text}\n[three]\nk    = true\nlong = 1.5\n`,
    ],
    [
      'a new section between',
      doc(none, one, entry('x', map(entry('k', 'v'))), two),
      text.replace('= 2\n', '= 2\n\n[x]\nk = v\n'),
    ],
    ['keys before sections', doc({ ...none, value: map(entry('top', '1')) }, one, two), `top = 1\n\n${text}`],
    [
      'a changed value',
      doc(none, one, withItems(two, twoComment, { ...b, value: { ...(b.value as Leaf), value: 'y' } })),
      text.replace('b: x', 'b: y'),
    ],
    [
      'a whole new section value',
      doc(none, withItems(one, entry('a', '9'), entry('n', '8')), two),
      '[one]\na    = 9\nn    = 8\n; tail\n\n[two] ; t\nb: x\n',
    ],
  ])('%s', (_, tree, expected) => expect(str(ini.rewrite(parsed, tree).bytes)).toBe(expected))

  test('metadata is replaced in its place, with and without final newline', () => {
    const empty = ini.parse(encrypt(bytes('')), { encrypted: true })
    expect(str(ini.rewrite(empty, doc(sections(empty.tree)[0]!, metadata())).bytes)).toBe(metadataText)
    for (const source of ['[s]\na = 1\n', '[s]\na = 1']) {
      const before = ini.parse(encrypt(bytes(source)), { encrypted: true })
      const [d, s] = sections(before.tree) as [Entry, Entry]
      expect(str(ini.rewrite(before, doc(d, s, metadata()), { encrypted: true }).bytes)).toBe(encryptedText(source))
      const exact = { ...metadata(), text: '[sops]\nversion=1' }
      expect(str(ini.rewrite(before, doc(d, s, exact), { encrypted: true }).bytes)).toBe(
        `${encryptedText(source).split('[sops]')[0]}[sops]\nversion=1${source.endsWith('\n') ? '\n' : ''}`,
      )
    }
  })

  test('textOf gives whole lines', () => {
    expect([one, two].map((s) => ini.textOf(parsed, s))).toEqual([
      '; c\n[one]\nlong = 1\na    = 2\n',
      '; tail\n\n[two] ; t\nb: x\n',
    ])
  })

  const blank = fc.constantFrom('', '', ' ', '\t', '  ')
  const word = fc.stringMatching(/^[a-zA-Z0-9 ü#;"'`\\=:[\]]{0,8}$/)
  const line = fc.oneof(
    blank,
    fc.tuple(blank, fc.constantFrom('#', ';', ';;', '# ', '; '), word).map((p) => p.join('')),
    fc
      .tuple(blank, fc.stringMatching(/^[a-c]{1,2}$/), fc.constantFrom('=', ' = ', ':', ' :\t'), word)
      .map((p) => p.join('')),
    fc
      .tuple(
        blank,
        fc.stringMatching(/^[a-b]{1,2}$/),
        fc.constantFrom('=', ' = '),
        fc.constantFrom('"', "'", '`', '"""'),
        word,
      )
      .map(([x, k, d, q, v]) => `${x}${k}${d}${q}${v.replaceAll(q[0]!, '')}${q}`),
    fc
      .tuple(fc.stringMatching(/^[a-c]$/), blank, word)
      .map(([n, x, w]) => `[${n}]${x}${w === '' ? '' : `;${w.replaceAll(']', '')}`}`),
  )
  const file = fc
    .tuple(fc.array(line), fc.constantFrom('\n', '\r\n'), fc.boolean())
    .map(([lines, eol, final]) => lines.join(eol) + (final ? eol : ''))
  const readable = (source: string): boolean => {
    try {
      ini.parse(bytes(source))
      return true
    } catch {
      return false
    }
  }

  test('no change, no byte changed', () => {
    fc.assert(
      fc.property(file, (source) => {
        fc.pre(readable(source))
        const p = ini.parse(bytes(source))
        expect(str(ini.rewrite(p, p.tree).bytes)).toBe(source)
      }),
    )
  })
  test('decrypting what was encrypted gives the same bytes or, rarely, the same tree', () => {
    let same = 0
    let total = 0
    fc.assert(
      fc.property(file, (source) => {
        fc.pre(readable(source))
        const back = str(decrypt(encrypt(bytes(source))))
        total++
        if (back === source) same++
        expect(read(back)).toEqual(read(source))
      }),
      { seed: 20_260_102, numRuns: 500 },
    )
    expect(same / total).toBeGreaterThan(0.95)
  })
})

describe('print', () => {
  const print = (tree: Tree, encrypted = false): string => str(ini.print(tree, { encrypted }))
  test.each<[string, Tree, string]>([
    ['empty', doc(entry('DEFAULT', map())), ''],
    [
      'padding',
      doc(entry('DEFAULT', map(entry('a', '1'))), entry('s', map(entry('üü', 'x'), entry('abc', '')))),
      'a = 1\n\n[s]\nüü = x\nabc  = \n',
    ],
    ['DEFAULT later', doc(entry('s', map()), entry('DEFAULT', map(entry('a', '1')))), '[s]\n\n[DEFAULT]\na = 1\n'],
    ['default keeps its name', doc(entry('default', map(entry('a', '1')))), '[default]\na = 1\n'],
    [
      'comments',
      doc(note('dropped'), entry('s', map(note(' about\n#  more '), entry('a', '1'), note('first'), note(' last ')))),
      ';  about\n# more\n[s]\n; last\na = 1\n',
    ],
    ['an empty line in a comment', doc(entry('s', map(note('\n; x'), entry('a', '1')))), ';\n; x\n[s]\na = 1\n'],
    [
      'a comment of an empty DEFAULT',
      doc(entry('DEFAULT', map(note('c'))), entry('s', map(entry('a', '1')))),
      '; c\n\n[s]\na = 1\n',
    ],
    [
      'quoted keys',
      doc(entry('s', map(entry('k=1', '1'), entry('a`b', '2'), entry('#1', '3')))),
      '[s]\n`k=1`     = 1\n"""a`b""" = 2\n`#1`      = 3\n',
    ],
    ['equal keys', doc(entry('s', map(entry('a', '1'), entry('b', '2'), entry('a', '3')))), '[s]\na = 3\nb = 2\n'],
    [
      'two documents',
      { documents: [map(entry('a', map(entry('k', '1')))), map(entry('b', map()))] },
      '[a]\nk = 1\n\n[b]\n',
    ],
  ])('%s', (_, tree, expected) => expect(print(tree)).toBe(expected))

  test.each<[Value, string]>([
    ['x', 'x'],
    ['a\nb', '"""a\nb"""'],
    ['a`b', '"""a`b"""'],
    ['a#b', '`a#b`'],
    [' a', '" a"'],
    ['"q"', '`"q"`'],
    ['x\\', '`x\\`'],
    ['"""', '`"""`'],
    [42n, '42'],
    [false, 'false'],
    [1, '1.0'],
    [1e30, '1E+30'],
    [{ rfc3339: '2024-01-02T03:04:05.5+02:00' }, '2024-01-02T03:04:05+02:00'],
    [null, '<nil>'],
  ])('%s', (value, expected) => expect(print(doc(entry('s', map(entry('k', value)))))).toBe(`[s]\nk = ${expected}\n`))

  test('every printed string reads back, unless nothing can spell it', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('a', ' ', '"', "'", '`', '#', ';', '\\', '\n', '\u00a0', '='),
          maxLength: 8,
        }),
        (value) => {
          let text: string
          try {
            text = print(doc(entry('s', map(entry('k', value)))), true)
          } catch (error) {
            expect(error).toMatchObject({ code: 'cannot-emit' })
            return
          }
          expect(read(text)).toEqual([['DEFAULT'], ['s', ['k', value]]])
        },
      ),
    )
  })

  test.each<[string, Tree, RegExp]>([
    [
      'a value without section',
      doc(entry('a', '1')),
      /^\["a"\] is a text, and no map: INI has sections of keys and values$/,
    ],
    [
      'a list',
      doc(entry('s', map(entry('k', { kind: 'list', items: [leaf('SECRET')] })))),
      /^cannot use complex value in ini file; offending key k$/,
    ],
    ['a map', doc(entry('s', map(entry('k', map())))), /^cannot use complex value in ini file; offending key k$/],
    ['an empty section name', doc(entry('', map())), /empty section name/],
    ['an empty key', doc(entry('s', map(entry('', 'x')))), /empty key name/],
    ['the key -', doc(entry('s', map(entry('-', 'x')))), /cannot write this key/],
  ])('refuses %s', (_, tree, message) => {
    expect(() => print(tree)).toThrow(message)
    expect(() => print(tree)).toThrow(SopsError)
  })

  test.each<[Node, string]>([
    [leaf(1.5), '1.5'],
    [leaf(null), 'null'],
    [leaf(true), 'true'],
    [leaf(12345678901234567890n), '12345678901234567890'],
    [
      { kind: 'list', items: [leaf('<a>'), map(entry('c', 1n)), note('n')] },
      '["\\u003ca\\u003e",[{"Key":"c","Value":1}],{"Value":"n","Inline":false}]',
    ],
    [{ kind: 'list', items: [] }, 'null'],
  ])('single value %#', (node, expected) => expect(str(ini.printValue(node))).toBe(expected))

  test('the example reads back', () => {
    expect(readNamed(ini.example).map(([name]) => name)).toEqual(['Welcome!'])
  })
})

describe('fixtures/layout/ini', () => {
  const folder = new URL('../../fixtures/layout/ini/', import.meta.url)
  const names = readdirSync(folder).filter((name) => name.endsWith('.ini'))
  test.each(names)('%s comes back byte for byte', (name) => {
    const plain = readFileSync(new URL(name, folder))
    const encrypted = encrypt(plain)
    expect(str(encrypted)).not.toContain('nvented')
    expect(str(decrypt(encrypted))).toBe(str(plain))
  })
})

test.each([
  ['', 1],
  ['\xef\xbb\xbf', 1],
  ['\xef\xbb\xbf  ', 3],
])('the column of a fault in a line with bytes behind %j', (before, column) => {
  const read = (text: string): unknown => ini.parse(Buffer.from(text, 'latin1'))
  for (const line of ['a\xff\n', 'a\xc3\xbc\n'])
    expect(() => read(`${before}${line}`)).toThrow(expect.objectContaining({ position: { line: 1, column } }))
  expect(() => read(`${before}x = 1\na\xff\n`)).toThrow(expect.objectContaining({ position: { line: 2, column: 1 } }))
})
