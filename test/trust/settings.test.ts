// Somebody without a key changes what a file says of what is encrypted, in a way that passes its checks. No command then stores in clear
// what was encrypted, and none what is new without a word.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { replacePlaintext } from '../../src/index.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { fakeContext } from '../support/context.ts'
import { makeProject, type Person, type Project } from '../support/project.ts'

let project: Project
let alice: Person

beforeEach(() => {
  project = makeProject()
  alice = project.person('one')
})
afterEach(() => project.remove())

const secret = /canary/
const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
const library = (): ReturnType<typeof fakeContext> => fakeContext({ env: { SOPS_AGE_KEY: identity } })

interface Sample {
  readonly file: string
  /** Every value has a comment above it, where the format knows comments. */
  readonly plain: string
  /** Replaces `token`, which is empty in `plain`. */
  readonly edited: string
  readonly path: (key: string) => string
}

const flat = (line: (key: string, value: string) => string): Pick<Sample, 'plain' | 'edited'> => {
  const text = (token: string): string =>
    `${line('db_password', 'canary-db')}${line('api_password', 'canary-api')}${line('token', token)}`
  return { plain: text(''), edited: text('canary-new') }
}

const samples: readonly Sample[] = [
  { file: 'f.yaml', path: (key) => `["${key}"]`, ...flat((key, value) => `# note\n${key}: "${value}"\n`) },
  {
    file: 'f.json',
    path: (key) => `["${key}"]`,
    plain: '{"db_password": "canary-db", "api_password": "canary-api", "token": ""}\n',
    edited: '{"db_password": "canary-db", "api_password": "canary-api", "token": "canary-new"}\n',
  },
  { file: 'f.env', path: (key) => `["${key}"]`, ...flat((key, value) => `# note\n${key}=${value}\n`) },
  {
    file: 'f.ini',
    path: (key) => `["s"]["${key}"]`,
    plain: '[s]\n; note\ndb_password = canary-db\n; note\napi_password = canary-api\n; note\ntoken =\n',
    edited: '[s]\n; note\ndb_password = canary-db\n; note\napi_password = canary-api\n; note\ntoken = canary-new\n',
  },
]

async function seal(file: string, plain: string, ...flags: string[]): Promise<void> {
  project.write(file, plain)
  expect(await alice.sops(['encrypt', '-i', '--age', alice.recipient, ...flags, file])).toMatchObject({ code: 0 })
}

/** The file with another setting in the place of the default one. */
const withSetting = (text: string, setting: string, value: string): string =>
  text.replace(/unencrypted_suffix("?\s*[:=]\s*"?)_unencrypted/g, `${setting}$1${value.replaceAll('$', '$$$$')}`)

async function attack({ file, plain }: Sample, setting: string, value: string): Promise<string> {
  await seal(file, plain)
  const sealed = project.read(file)
  const attacked = withSetting(sealed, setting, value)
  expect(attacked).not.toBe(sealed)
  project.write(file, attacked)
  return attacked
}

/** Settings that fit everything that is encrypted, and not `token`. */
const forNew = [
  ['unencrypted_suffix', 'oken'],
  ['encrypted_suffix', 'password'],
  ['unencrypted_regex', '^token$'],
  ['encrypted_regex', '^(db|api)_password$'],
] as const

type Command = (sample: Sample, ...flags: string[]) => ReturnType<Person['sops']>

const commands: Readonly<Record<'set' | 'add' | 'edit' | 'unset' | 'rotate' | 'rotate, old form', Command>> = {
  set: ({ file, path }, ...flags) => alice.sops(['set', ...flags, file, path('db_password'), '"canary-db2"']),
  add: ({ file, path }, ...flags) => alice.sops(['set', ...flags, file, path('token'), '"canary-new"']),
  edit: ({ file, edited }, ...flags) =>
    alice.sops(['edit', ...flags, file], { env: { EDITOR: project.editorWriting(edited) } }),
  unset: ({ file, path }, ...flags) => alice.sops(['unset', ...flags, file, path('token')]),
  rotate: ({ file }, ...flags) => alice.sops(['rotate', '-i', ...flags, file]),
  'rotate, old form': ({ file }, ...flags) => alice.sops(['-r', '-i', ...flags, file]),
}
const adding = ['add', 'edit'] as const
const keeping = ['set', 'unset', 'rotate', 'rotate, old form'] as const

const rule = (selection = ''): string => `creation_rules:\n  - age: ${alice.recipient}\n${selection}`

describe.each(samples)('$file', (sample) => {
  const { file } = sample
  const hasComments = file !== 'f.json'

  describe.each(forNew)('%s: %s, which leaves a new value in clear', (setting, value) => {
    test.each(adding)('%s: named where no rule says what is encrypted', async (name) => {
      await attack(sample, setting, value)
      const { code, stderr } = await commands[name](sample)
      expect(code).toBe(0)
      expect(stderr).toMatch(/^warning: \S+: what is new is stored in clear by /)
      expect(stderr).toContain(setting)
      expect(stderr).toContain('token')
      expect(stderr).not.toMatch(secret)
      expect(project.read(file).replace('canary-new', '')).not.toMatch(secret)
    })

    test.each(adding)('%s: refused where the rule encrypts it, unless a flag allows it', async (name) => {
      const before = await attack(sample, setting, value)
      project.write('.sops.yaml', rule())
      const { code, stderr } = await commands[name](sample)
      expect(code).toBe(1)
      expect(stderr).toContain(`what creation_rules[0] of .sops.yaml encrypts would be stored in clear by ${setting}`)
      expect(stderr).toContain('--allow-cleartext')
      expect(stderr).not.toMatch(secret)
      expect(project.read(file)).toBe(before)
      const allowed = await commands[name](sample, '--allow-cleartext')
      expect(allowed).toMatchObject({ code: 0, stderr: expect.stringContaining('is stored in clear by') })
    })

    test.each(adding)('%s: no word where the rule leaves it in clear', async (name) => {
      await attack(sample, setting, value)
      project.write('.sops.yaml', rule(`    ${setting}: ${value}\n`))
      expect(await commands[name](sample)).toMatchObject({ code: 0, stderr: '' })
    })

    test.each(keeping)('%s: stores nothing new in clear', async (name) => {
      await attack(sample, setting, value)
      expect(await commands[name](sample)).toMatchObject({ code: 0, stderr: '' })
      expect(project.read(file)).not.toMatch(secret)
    })

    test('replacePlaintext names it in the log', async () => {
      const context = library()
      await replacePlaintext(await attack(sample, setting, value), sample.edited, { context })
      const message = expect.stringContaining(`what is new is stored in clear by ${setting}`)
      expect(context.notable).toEqual([expect.objectContaining({ level: 'warning', message })])
    })
  })

  describe.each(hasComments ? ['unencrypted_comment_regex'] : [])(
    '%s: ^[^E], which fits a comment once it is decrypted',
    (setting) => {
      test.each(Object.keys(commands) as (keyof typeof commands)[])('%s: refused', async (name) => {
        const before = await attack(sample, setting, '^[^E]')
        for (const own of ['', rule()]) {
          if (own !== '') project.write('.sops.yaml', own)
          const { code, stderr } = await commands[name](sample)
          expect(code).toBe(1)
          expect(stderr).toMatch(
            /^error: \S+: what (was encrypted|creation_rules\[0\] of .sops.yaml encrypts) would be stored in clear by /m,
          )
          expect(stderr).toContain(`${setting}: "^[^E]"`)
          expect(stderr).not.toMatch(secret)
          expect(project.read(file)).toBe(before)
        }
      })

      test('decrypted all the same, and written with the flag, which names what is in clear', async () => {
        await attack(sample, setting, '^[^E]')
        expect(await alice.sops(['decrypt', file])).toMatchObject({ code: 0, stdout: sample.plain })
        const { code, stderr } = await commands.rotate(sample, '--allow-cleartext')
        expect(code).toBe(0)
        expect(stderr).toMatch(/^warning: \S+: what was encrypted is stored in clear by /)
        expect(stderr).not.toMatch(secret)
      })

      test('replacePlaintext refuses', async () => {
        const context = library()
        const sealed = await attack(sample, setting, '^[^E]')
        const refused = expect.objectContaining({ code: 'cleartext', exitCode: 1 })
        await expect(replacePlaintext(sealed, sample.edited, { context })).rejects.toEqual(refused)
        const allowed = replacePlaintext(sealed, sample.edited, { context, allowCleartext: true })
        expect(Buffer.from(await allowed).toString()).toMatch(secret)
      })
    },
  )

  test.each([
    ['an expression that does not compile', 'encrypted_regex', '('],
    ['an expression that fits nothing', 'encrypted_regex', '^nothing$'],
    ['a comment expression that fits nothing', 'encrypted_comment_regex', '^nothing$'],
    ['a suffix that fits nothing', 'encrypted_suffix', 'nothing'],
    ['an expression for what stays in clear that fits everything', 'unencrypted_regex', '.'],
  ])('%s does not open the file', async (_, setting, value) => {
    const before = await attack(sample, setting, value)
    expect((await commands.add(sample)).code).toBe(51)
    expect(project.read(file)).toBe(before)
  })
})

/** What else may come to be in clear, by a setting that only the file states. */
interface Case {
  readonly file: string
  readonly plain: string
  readonly flags: readonly string[]
  /** Changes the sealed text. */
  readonly attack?: (sealed: string) => string
  readonly run: readonly string[] | { readonly edited: string }
  /** The beginning of what is said; undefined: it is done, without a word. */
  readonly said: string | undefined
  readonly refused?: false
}

const wasEncrypted = (setting: string, places: string): string =>
  `what was encrypted would be stored in clear by ${setting} in its metadata: ${places}`
const keysOnly = ['--encrypted-regex', '^(password|data)$']
const byKeys = 'encrypted_regex: "^(password|data)$"'
const comments = ['--unencrypted-comment-regex', 'public']
const byComments = 'unencrypted_comment_regex: "public"'

const cases: Readonly<Record<string, Case>> = {
  'a secret under another name': {
    file: 'f.yaml',
    plain: 'password: canary-secret\nuser: root\n',
    flags: keysOnly,
    run: { edited: 'pass: canary-secret\nuser: root\n' },
    said: wasEncrypted(byKeys, '["pass"]'),
  },
  'a short secret under another name': {
    file: 'f.yaml',
    plain: 'password: 4711\nuser: root\n',
    flags: keysOnly,
    run: { edited: 'pin: 4711\nuser: root\n' },
    said: wasEncrypted(byKeys, '["pin"]'),
  },
  'a copy of a secret': {
    file: 'f.json',
    plain: '{"password": "canary-secret", "user": "root"}\n',
    flags: keysOnly,
    run: ['set', 'f.json', '["backup"]', '{"of": ["canary-secret"]}'],
    said: wasEncrypted(byKeys, '["backup"]["of"]'),
  },
  'a secret in a comment': {
    file: 'f.env',
    plain: 'password=canary-secret\nuser=root\n',
    flags: keysOnly,
    run: { edited: '#canary-secret\nuser=root\n' },
    said: wasEncrypted(byKeys, 'a comment of the document'),
  },
  'an encrypted comment that moves to where comments are clear': {
    file: 'f.yaml',
    plain: 'data:\n  # canary-note\n  a: canary-a\n',
    flags: keysOnly,
    run: { edited: '# canary-note\ndata:\n  a: canary-a\n' },
    said: wasEncrypted(byKeys, 'a comment of the document'),
  },
  'a map that becomes a list under a clear name': {
    file: 'f.yaml',
    plain: 'data:\n  a: canary-a1\n  b: canary-b1\n',
    flags: keysOnly,
    run: { edited: 'dates: [canary-a1, canary-b1]\n' },
    said: wasEncrypted(byKeys, '["dates"], ["dates"]'),
  },
  'a secret in a later document': {
    file: 'f.yaml',
    plain: 'password: canary-a1\n---\npassword: canary-b1\n',
    flags: keysOnly,
    run: { edited: 'password: canary-a1\n---\npast: canary-b1\n' },
    said: wasEncrypted(byKeys, '["past"]'),
  },
  'a value that the marker of its neighbour reaches, once that is removed': {
    file: 'f.yaml',
    plain: '# public\nhost: h1\npassword: canary-a1\n',
    flags: comments,
    run: ['unset', 'f.yaml', '["host"]'],
    said: wasEncrypted(byComments, '["password"]'),
  },
  'the same in .env': {
    file: 'f.env',
    plain: '#public\nHOST=h1\nPASSWORD=canary-a1\n',
    flags: comments,
    run: ['unset', 'f.env', '["HOST"]'],
    said: wasEncrypted(byComments, '["PASSWORD"]'),
  },
  'a new value behind a marker, in the place of the one that was encrypted': {
    file: 'f.yaml',
    plain: 'a: 1\npassword: canary-a1\n',
    flags: comments,
    run: { edited: 'a: 1\n# public\npassword: canary-b1\n' },
    said: wasEncrypted(byComments, '["password"]'),
  },
  'an element of a list behind a marker that was put in': {
    file: 'f.yaml',
    plain: 'l:\n  - canary-a1\n  - canary-b1\n',
    flags: comments,
    run: { edited: 'l:\n  - canary-a1\n  # public\n  - canary-c1\n' },
    said: wasEncrypted(byComments, '["l"]'),
  },
  'a value whose marker to encrypt it is gone': {
    file: 'f.yaml',
    plain: '# SECRET\npassword: canary-a1\nhost: h1\n',
    flags: ['--encrypted-comment-regex', 'SECRET'],
    run: { edited: 'password: canary-a1\nhost: h1\n' },
    said: wasEncrypted('encrypted_comment_regex: "SECRET"', '["password"]'),
  },
  'another format, which has no comments for a setting to go by': {
    file: 'f.yaml',
    plain: 'l:\n  # note\n  - canary-a1\n',
    flags: [],
    attack: (sealed) => withSetting(sealed, 'unencrypted_comment_regex', 'note'),
    run: ['set', '--output-type', 'json', 'f.yaml', '["x"]', '1'],
    said: 'hint: comments say what is encrypted here, and json has none',
  },
  'another type for what was encrypted': {
    file: 'f.yaml',
    plain: '# note\npassword: canary-a1\n',
    flags: [],
    attack: (sealed) => withSetting(sealed, 'unencrypted_comment_regex', '^[^E]'),
    run: ['set', 'f.yaml', '["password"]', '{"now": ["canary-b1"]}'],
    said: wasEncrypted('unencrypted_comment_regex: "^[^E]"', 'a comment of the document'),
  },
  'the first value of a file that is empty, under a setting that does not compile': {
    file: 'f.yaml',
    plain: 'password: ""\n',
    flags: [],
    attack: (sealed) => withSetting(sealed, 'encrypted_regex', "'('"),
    run: ['set', 'f.yaml', '["password"]', '"canary-a1"'],
    said: 'what is new would be stored in clear by encrypted_regex: "(" in its metadata, which does not compile: ["password"]',
  },
  'a setting with characters that change a terminal': {
    file: 'f.yaml',
    plain: 'password: canary-a1\n',
    flags: [],
    attack: (sealed) => withSetting(sealed, 'unencrypted_suffix', '"token\\ex"'),
    run: ['set', 'f.yaml', '["token\u001bx"]', '"canary-b1"'],
    refused: false,
    said: 'what is new is stored in clear by unencrypted_suffix: "token',
  },
  'an element more in a list that is clear': {
    file: 'f.yaml',
    plain: 'l: [a1, b1]\npassword: canary-a1\n',
    flags: keysOnly,
    run: ['set', 'f.yaml', '["l"][2]', '"c1"'],
    said: undefined,
  },
  'another value in clear where one was': {
    file: 'f.ini',
    plain: '[s]\npassword = canary-a1\nhost = h1\n',
    flags: keysOnly,
    run: ['set', 'f.ini', '["s"]["host"]', '"h2"'],
    said: undefined,
  },
  'a name that says itself that it is clear': {
    file: 'f.yaml',
    plain: 'password: canary-a1\n',
    flags: [],
    run: ['set', 'f.yaml', '["host_unencrypted"]', '"h1"'],
    said: undefined,
  },
  'a flag that changes nothing about what is encrypted': {
    file: 'f.yaml',
    plain: '# public\nhost: h1\npassword: canary-a1\n',
    flags: comments,
    run: ['rotate', '-i', 'f.yaml'],
    said: undefined,
  },
}

test.each(Object.entries(cases))('%s', async (_, { file, plain, flags, attack: change, run, said, refused }) => {
  await seal(file, plain, ...flags)
  const before = change?.(project.read(file)) ?? project.read(file)
  project.write(file, before)
  const { code, stderr } =
    'edited' in run
      ? await alice.sops(['edit', file], { env: { EDITOR: project.editorWriting(run.edited) } })
      : await alice.sops(run)
  if (said === undefined) expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  else expect(stderr).toContain(said)
  expect(stderr).not.toMatch(secret)
  if (said === undefined || refused === false) return
  expect([1, 4]).toContain(code)
  expect(project.read(file)).toBe(before)
})

describe('settings that do not stand the checks', () => {
  const plain = 'password: canary-a1\nhost_unencrypted: h1\n'
  test.each<[string, (sealed: string) => string, RegExp]>([
    [
      'mac_only_encrypted put in',
      (s) => s.replace(/^( *)version:/m, '$1mac_only_encrypted: true\n$&'),
      /^error: f\.yaml: MAC mismatch/,
    ],
    ['no setting where a suffix was chosen', (s) => s.replace(/^ *unencrypted_suffix: .*\n/m, ''), /^$/],
    ['an empty setting', (s) => withSetting(s, 'unencrypted_suffix', "''"), /^$/],
    ['two settings', (s) => s.replace(/^( *)version:/m, '$1encrypted_regex: password\n$&'), /Cannot use more than one/],
    ['the setting twice', (s) => s.replace(/^( *)version:/m, '$1unencrypted_suffix: word\n$&'), /already/],
  ])('%s', async (_, change, said) => {
    await seal('f.yaml', plain)
    const before = change(project.read('f.yaml'))
    project.write('f.yaml', before)
    const { code, stderr } = await alice.sops(['set', 'f.yaml', '["password"]', '"canary-b1"'])
    expect(stderr).toMatch(said)
    expect(project.read('f.yaml')).not.toMatch(secret)
    if (code !== 0) expect(project.read('f.yaml')).toBe(before)
  })
})

describe('a rule that is of no use changes nothing', () => {
  test.each([
    ['none fits the file', '  - path_regex: other\n'],
    ['its path does not compile', "  - path_regex: '('\n"],
    ['its keys are none', '  - age: nonsense\n    encrypted_regex: ^(password|data)$\n'],
    ['its expression does not compile', "  - encrypted_regex: '('\n"],
    ['it has two settings', '  - encrypted_regex: a\n    encrypted_suffix: b\n'],
  ])('%s', async (_, text) => {
    await seal('f.yaml', 'password: canary-a1\n', ...keysOnly)
    project.write('.sops.yaml', `creation_rules:\n${text}`)
    expect(await alice.sops(['set', 'f.yaml', '["password"]', '"canary-b1"'])).toMatchObject({ code: 0, stderr: '' })
    const { code, stderr } = await alice.sops(['set', 'f.yaml', '["host"]', '"h1"'])
    expect(code).toBe(0)
    expect(stderr).toMatch(/nonsense/.test(text) ? /^$/ : /what is new is stored in clear/)
  })
})

test('what a rule encrypts and the file has in clear is named when it changes', async () => {
  await seal('f.yaml', 'host: h1\npassword: canary-a1\n', ...keysOnly)
  project.write('.sops.yaml', rule())
  const { code, stderr } = await alice.sops(['set', 'f.yaml', '["host"]', '"h2"'])
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('creation_rules[0] of .sops.yaml'),
  })
})

test('what a rule wants in clear, and was encrypted, is named', async () => {
  await seal('f.yaml', 'a: 1\npassword: canary-a1\n', ...comments)
  project.write('.sops.yaml', rule('    unencrypted_comment_regex: public\n'))
  const edited = project.editorWriting('a: 1\n# public\npassword: canary-a1\n')
  const { code, stderr } = await alice.sops(['edit', 'f.yaml'], { env: { EDITOR: edited } })
  expect(code).toBe(0)
  expect(stderr).toContain('as creation_rules[0] of .sops.yaml wants it')
})
