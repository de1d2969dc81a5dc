// Values that were never in the file, made without a key: old ciphertexts put back as comments, and second entries of a key.
import { describe, expect, test } from 'vitest'
import { decryptToObject, type FormatId, SopsError } from '../../src/index.ts'
import { common, reseal, seal, unseal } from '../fuzz/sealed.ts'
import { fakeContext } from '../support/context.ts'

/** The token of a line or member that says `key`, the first that the text has. */
const tokenOf = (text: string, key: string): string =>
  new RegExp(`${key}["']?\\s*[:=] *["']?(ENC\\[[^\\]]*\\])`).exec(text)![1]!

const asComment = (token: string): string => token.replace(/,type:\w+\]$/, ',type:comment]')

interface File {
  readonly format: FormatId
  readonly earlier: string
  readonly later: string
}

/** A file whose password was changed, and the text in which it still has the earlier one. */
async function replayed({ format, earlier, later }: File): Promise<{ now: string; old: string }> {
  const before = await seal(earlier, { format })
  const now = await reseal(before, Buffer.from(later), format)
  return { now: Buffer.from(now).toString(), old: Buffer.from(before).toString() }
}

const files = {
  dotenv: { format: 'dotenv', earlier: 'PASSWORD=old\nUSER=u\n', later: 'PASSWORD=new\nUSER=u\n' },
  json: {
    format: 'json',
    earlier: '{"db": {"password": "old"}, "user": "u"}\n',
    later: '{"db": {"password": "new"}, "user": "u"}\n',
  },
  yaml: {
    format: 'yaml',
    earlier: 'db:\n  password: old\nlist:\n- old\n',
    later: 'db:\n  password: new\nlist:\n- new\n',
  },
  ini: {
    format: 'ini',
    earlier: '[db]\npassword = old\n;password = left\n',
    later: '[db]\npassword = new\n;password = left\n',
  },
  binary: { format: 'binary', earlier: 'old', later: 'new' },
} as const satisfies Record<string, File>

type Attack = (now: string, comment: string) => string

const before =
  (line: RegExp, make: (comment: string) => string): Attack =>
  (now, comment) =>
    now.replace(line, (found) => make(comment) + found)
const behind =
  (line: RegExp, make: (comment: string) => string): Attack =>
  (now, comment) =>
    now.replace(line, (found) => found + make(comment))

const attacks: readonly (readonly [name: string, keyof typeof files, key: string, path: readonly string[], Attack])[] =
  [
    ['a line before the real one', 'dotenv', 'PASSWORD', ['PASSWORD'], before(/^/, (c) => `PASSWORD=${c}\n`)],
    [
      'a line behind the real one',
      'dotenv',
      'PASSWORD',
      ['PASSWORD'],
      behind(/^PASSWORD.*\n/, (c) => `PASSWORD=${c}\n`),
    ],
    [
      'a line in place of the real one',
      'dotenv',
      'PASSWORD',
      ['PASSWORD'],
      (t, c) => t.replace(/^.*/, `PASSWORD=${c}`),
    ],
    [
      'a member behind the real one',
      'json',
      'password',
      ['db', 'password'],
      behind(/"password": *"[^"]*"/, (c) => `, "password": "${c}"`),
    ],
    [
      'a second map',
      'json',
      'password',
      ['db', 'password'],
      behind(/"db": *\{[^}]*\}/, (c) => `, "db": {"password": "${c}"}`),
    ],
    [
      'a key that joins to the same path',
      'json',
      'password',
      ['db:password'],
      before(/"db"/, (c) => `"db:password": "${c}", `),
    ],
    [
      'a key that joins to the same path',
      'yaml',
      'password',
      ['db:password'],
      before(/^/, (c) => `"db:password": ${c}\n`),
    ],
    [
      'a key in place of the real one',
      'yaml',
      'password',
      ['db', 'password'],
      (t, c) => t.replace(/password: .*/, `password: ${c}`),
    ],
    [
      'an alias as a key',
      'yaml',
      'password',
      ['db', 'password'],
      (t, c) => t.replace(/( *)password: .*\n/, (l, i) => `${i}&k ${l.trim()}\n${i}*k : ${c}\n`),
    ],
    ['a document of its own', 'yaml', 'password', ['db', 'password'], (t, c) => `${t}---\ndb:\n  password: ${c}\n`],
    [
      'a key in place of the real one',
      'ini',
      'password',
      ['db', 'password'],
      (t, c) => t.replace(/password = .*/, `password = ${c}`),
    ],
    [
      'a key behind the real one',
      'ini',
      'password',
      ['db', 'password'],
      behind(/password = .*\n/, (c) => `password = ${c}\n`),
    ],
    [
      'a second section',
      'ini',
      'password',
      ['db', 'password'],
      (t, c) => t.replace('[sops]', `[db]\npassword = ${c}\n\n[sops]`),
    ],
    ['the payload', 'binary', 'data', ['data'], (t, c) => t.replace(/ENC\[[^\]]*\]/, c)],
  ]

/** What opening makes of a text: an error, or the warnings and the plain text. */
async function opening(
  text: string,
  format: FormatId,
  more: object = {},
): Promise<{ error?: SopsError; said: string[]; plain: string }> {
  const context = fakeContext()
  const said = (): string[] => context.notable.map(({ message }) => message)
  try {
    const plain = Buffer.from(await unseal(text, format, { context, ...more })).toString()
    return { said: said(), plain }
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    return { error, said: said(), plain: '' }
  }
}

describe('an old ciphertext, declared a comment so that no MAC counts it, is refused', () => {
  test.each(attacks)('%s (%s)', async (_name, id, key, path, attack) => {
    const { format } = files[id]
    const { now, old } = await replayed(files[id])
    const forged = attack(now, asComment(tokenOf(old, key)))
    expect(forged).not.toBe(now)
    for (const ignoreMac of [false, true]) {
      const { error } = await opening(forged, format, { ignoreMac })
      expect(error?.message).toContain('an encrypted comment stands in the place of a value')
      expect(error).toMatchObject({ code: 'cannot-decrypt-tree', path })
    }
  })

  test('in a list it is a comment, and in JSON nothing', async () => {
    const { now, old } = await replayed(files.yaml)
    const token = asComment(/- (ENC.*)/.exec(old)![1]!)
    expect(await opening(now.replace('- ENC', `- ${token}\n- ENC`), 'yaml')).toMatchObject({
      plain: 'db:\n  password: new\nlist:\n#old\n- new\n',
    })
    const list = Buffer.from(await seal('{"l": ["a", "b"]}', { format: 'json' })).toString()
    const forged = list.replace('"l": [', `"l": ["${asComment(tokenOf(list.replace('[', ''), 'l'))}", `)
    expect(await opening(forged, 'json')).toMatchObject({ plain: '{"l": ["a", "b"]}' })
  })

  test('declared a text again, the MAC counts it', async () => {
    const { now, old } = await replayed(files.dotenv)
    const { error } = await opening(`PASSWORD=${tokenOf(old, 'PASSWORD')}\n${now}`, 'dotenv')
    expect(error?.code).toBe('mac-mismatch')
  })

  test('a comment becomes a value nowhere, under its own keys neither', async () => {
    const text = Buffer.from(await seal('a:\n  # x\n  b: 1\n', { format: 'yaml' })).toString()
    const token = /#(ENC.*)/.exec(text)![1]!
    for (const [type, code] of [
      ['comment', 'cannot-decrypt-tree'],
      ['str', 'mac-mismatch'],
    ] as const) {
      const forged = `${JSON.stringify('a')}: ${token.replace(/type:.*\]/, `type:${type}]`)}\n${text.replace(/^a:\n( +#.*\n +b.*\n)/, '')}`
      expect((await opening(forged, 'yaml')).error?.code).toBe(code)
    }
  })
})

describe('a comment of INI in the place of a line', () => {
  const { format } = files.ini
  const commentOf = (text: string): string => /;(ENC.*)/.exec(text)![1]!

  test('of another key is refused', async () => {
    const { now } = await replayed(files.ini)
    const forged = now.replace(/(password = .*\n)/, `$1x = ${commentOf(now)}\nx =\n`)
    expect((await opening(forged, format)).error).toMatchObject({
      message: 'an encrypted comment stands in the place of a value (line 3)',
      path: ['db', 'x'],
    })
  })

  test('of its own key stays a comment', async () => {
    const { now } = await replayed(files.ini)
    const forged = now.replace('password = ', `password = ${commentOf(now)}\npassword = `)
    expect(await opening(forged, format)).toEqual({
      plain: '[db]\n;password = left\npassword = new\n;password = left\n',
      said: ['line 2 counts nowhere and is not authenticated: line 3 has ["db"]["password"] again'],
    })
  })

  test('lines that were there come back', async () => {
    const plain = '[db]\npassword = a\npassword = b ; c\npassword = d\n'
    const { said, ...opened } = await opening(Buffer.from(await seal(plain, { format })).toString(), format)
    expect(opened).toEqual({ plain })
    expect(said).toHaveLength(2)
  })
})

const uncovered: readonly (readonly [
  name: string,
  format: FormatId,
  plain: string,
  path: readonly string[],
  (text: string) => string,
])[] = [
  ['an empty line before', 'dotenv', 'A=1\n', ['A'], (t) => `A=\n${t}`],
  ['an empty line behind', 'dotenv', 'A=1\n', ['A'], (t) => t.replace('\n', '\nA=\n')],
  ['a null', 'json', '{"a": 1}', ['a'], (t) => t.replace('{', '{"a": null, ')],
  ['an empty text', 'json', '{"a": {"b": 1}}', ['a', 'b'], (t) => t.replace('"b"', '"b": "", "b"')],
  ['an empty map', 'json', '{"a": {"b": 1}}', ['a'], (t) => t.replace('"a"', '"a": {}, "a"')],
  ['an empty list', 'json', '{"a": {"b": 1}}', ['a'], (t) => t.replace('"a"', '"a": [], "a"')],
  [
    'a map of nulls in a list',
    'json',
    '{"l": [{"b": 1}]}',
    ['l', 'b'],
    (t) => t.replace('"b"', '"b": {"c": [null]}, "b"'),
  ],
  ['an alias as a key', 'yaml', 'a: 1\n', ['a'], (t) => `${t.replace(/^a/, '&k a')}*k : null\n`],
  ['a later document', 'yaml', 'b: 1\n---\na: 1\n', ['a'], (t) => t.replace(/\na:/, '\na: ~\na:')],
  ['an empty section', 'ini', '[s]\na = 1\n', ['s'], (t) => t.replace('[sops]', '[s]\n\n[sops]')],
  ['an empty key of a second section', 'ini', '[s]\na = 1\n', ['s'], (t) => t.replace('[sops]', '[s]\na =\n\n[sops]')],
]

describe('a second entry of a key, which no MAC covers, is refused', () => {
  test.each(uncovered)('%s (%s)', async (_name, format, plain, path, attack) => {
    const sealed = Buffer.from(await seal(plain, { format })).toString()
    const forged = attack(sealed)
    expect(forged).not.toBe(sealed)
    for (const ignoreMac of [false, true]) {
      const { error } = await opening(forged, format, { ignoreMac })
      expect(error?.message).toMatch(/ is there twice, once with nothing that the MAC covers \(line \d+\)$/)
      expect(error).toMatchObject({ code: 'cannot-decrypt-tree', path })
    }
  })

  test('in clear, where the MAC counts only what is encrypted', async () => {
    const plain = '{"a": {"x": 1, "y_unencrypted": "e"}}'
    const options = { format: 'json', macOnlyEncrypted: true } as const
    const sealed = Buffer.from(await seal(plain, options)).toString()
    const forged = sealed.replace('"a"', '"a": {"y_unencrypted": "evil"}, "a"')
    expect((await opening(forged, 'json')).error).toMatchObject({ code: 'cannot-decrypt-tree', path: ['a'] })
  })

  test('and is not written either', async () => {
    await expect(seal('{"a": null, "a": 1}', { format: 'json' })).rejects.toMatchObject({ code: 'cannot-encrypt-tree' })
  })

  test('a header DEFAULT is no second one', async () => {
    const plain = '[DEFAULT]\na = 1\n'
    expect(await opening(Buffer.from(await seal(plain, { format: 'ini' })).toString(), 'ini')).toEqual({
      said: [],
      plain,
    })
  })
})

/** A section in two places, without a common key. */
const parts = '[s]\na = 1\n[s]\nb = 2\n'

const covered: readonly (readonly [format: FormatId, plain: string, place: string | undefined])[] = [
  ['dotenv', 'A=1\nB=2\nA=3\n', '["A"] (lines 1, 3)'],
  ['dotenv', 'A=1\nB=2\nA=1\n', undefined],
  ['dotenv', 'A=1\nA=1\nA=1\nA=1\nA=2\n', '["A"] (lines 1, 2, 3 and more)'],
  ['json', '{"a": 1, "a": "1"}', '["a"] (line 1)'],
  ['json', '{"a": {"x": 1},\n"a": {"x": 2}}', '["a"] (lines 1, 2)'],
  ['json', '{"a": {"x": [1, null]}, "a": {"x": [1, null]}}', undefined],
  ['json', '{"l": [0, {"k": 1, "k": 2}]}', '["l"][1]["k"] (line 1)'],
  ['yaml', 'a: 1\n---\nb: 1\nb: 2\n', '["b"] (lines 11, 12)'],
  ['ini', parts, '["s"] (lines 1, 3)'],
  ['ini', '[s]\na = 1\n[s]\na = 2\n', '["s"] (lines 1, 3)'],
  ['ini', '[s]\na = 1\n[s]\na = 1\n', undefined],
]

describe('a second line of a variable without a value, under another spelling of its key, is refused', () => {
  const spellings = ['export A', 'export\tA', ' A', 'A ', ' export  A ']
  test.each(spellings)('%j', async (key) => {
    const sealed = Buffer.from(await seal('A=1\nB=\n', { format: 'dotenv' })).toString()
    for (const forged of [`${key}=\n${sealed}`, sealed.replace('\n', `\n${key}=\n`)]) {
      expect((await opening(forged, 'dotenv', { ignoreMac: true })).error).toMatchObject({
        message: expect.stringContaining('is another spelling of ["A"], with no value'),
        path: [key],
      })
    }
    await expect(seal(`A=1\n${key}=\n`, { format: 'dotenv' })).rejects.toThrow('is another spelling of')
  })

  test.each(['A=1\nexport A=2\n', 'A=\nexport A=\n', 'export A=1\n B=\n', 'exportA=\nA=1\n'])(
    'but not %j',
    async (plain) => {
      const sealed = await seal(plain, { format: 'dotenv' })
      expect(await opening(Buffer.from(sealed).toString(), 'dotenv')).toEqual({ plain, said: [] })
    },
  )
})

describe('a second entry that the MAC covers opens, and is named where the values differ', () => {
  test.each(covered)('%s: %j', async (format, plain, place) => {
    const { said, ...opened } = await opening(Buffer.from(await seal(plain, { format })).toString(), format)
    expect(opened).toEqual({ plain })
    expect(said).toEqual(
      place === undefined
        ? []
        : plain === parts
          ? ['section [s] stands twice (lines 1, 3): join them, for not every program reads all of them']
          : [
              `one key with different values: ${place}; what reads the text takes one of them, and not all take the same`,
            ],
    )
  })

  test('a map that was cut in two is one of them', async () => {
    const sealed = Buffer.from(await seal('{"a": {"x": "1", "y": "2"}}', { format: 'json' })).toString()
    const { plain, said } = await opening(sealed.replace(/(, *)("y")/, '}, "a": {$2'), 'json')
    expect(plain).toContain('"a": {"x": "1"}, "a": {"y": "2"}')
    expect(said).toHaveLength(1)
  })

  test.each(covered.filter(([format]) => format !== 'yaml'))('%s: %j as an object', async (format, plain, place) => {
    const object = decryptToObject(await seal(plain, { format }), { ...common, format })
    if (place === undefined) await expect(object).resolves.toBeInstanceOf(Object)
    else await expect(object).rejects.toThrow(`${place} is there`)
  })

  test('another format cannot have both', async () => {
    const sealed = Buffer.from(await seal('A=1\nA=3\n', { format: 'dotenv' })).toString()
    expect((await opening(sealed, 'dotenv', { output: 'json' })).error).toMatchObject({
      code: 'cannot-emit',
      message: '["A"] (lines 1, 2) is there twice with different values, and the json output can have one',
    })
  })
})

const shared: readonly (readonly [plain: string, places: string | undefined])[] = [
  ['{"a:b": 1, "a": {"b": 2}}', '["a:b"] and ["a"]["b"]'],
  ['{"a": {"": 1}, "a:": 2}', '["a"][""] and ["a:"]'],
  ['{"a:b": {"c": 1}, "a": {"b:c": 2}}', '["a:b"]["c"] and ["a"]["b:c"]'],
  ['{"a:b": null, "a": {"b": 2}}', undefined],
  ['{"a:b_unencrypted": 1, "a": {"b_unencrypted": 2}}', undefined],
  ['{"l": [{"k:": 1}, {"k:": 2}]}', undefined],
  ['{"arn:aws:a": 1, "arn:aws:b": 2}', undefined],
]

describe('two paths that are one to the cipher', () => {
  test.each(shared)('%s', async (plain, places) => {
    const context = fakeContext()
    const sealed = await seal(plain, { format: 'json', context })
    const said = context.notable.map(({ message }) => message)
    const opened = await opening(Buffer.from(sealed).toString(), 'json')
    expect(opened).toEqual({ plain, said })
    expect(said.map((message) => /places: (.*), since/.exec(message)?.[1])).toEqual(
      places === undefined ? [] : [places],
    )
  })

  test('their values change places unnoticed', async () => {
    const sealed = Buffer.from(await seal('{"a:b": 1, "a": {"b": 2}}', { format: 'json' })).toString()
    const forged = sealed.replace(/"a:b": ("[^"]*"), "a": \{"b": ("[^"]*")\}/, '"a": {"b": $1}, "a:b": $2')
    const { plain, said } = await opening(forged, 'json')
    expect(plain).toBe('{"a": {"b": 1}, "a:b": 2}')
    expect(said).toHaveLength(1)
  })
})
