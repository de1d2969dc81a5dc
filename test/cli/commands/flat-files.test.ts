// `.env` and INI files as Windows tools, older versions and careless hands leave them: what opens, what stays, and what is said.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keysFolder } from '../../support/conformance/case.ts'
import { makeProject, type Person, type Project } from '../../support/project.ts'

let project: Project
let alice: Person
beforeEach(() => {
  project = makeProject()
  alice = project.person('one')
  project.write('.sops.yaml', `creation_rules:\n  - age: ${alice.recipient}\n`)
})
afterEach(() => project.remove())

const plainOf = async (file: string): Promise<string> => (await alice.sops(['decrypt', file])).stdout
const valuesOf = async (file: string): Promise<unknown> =>
  JSON.parse((await alice.sops(['decrypt', '--output-type', 'json', file])).stdout)
const lines = (text: string, match: RegExp): string[] => text.split('\n').filter((line) => match.test(line))

/** A file that the reference wrote, of a recorded case. */
const recorded = (id: string): string => {
  const cases = JSON.parse(readFileSync(join(keysFolder, '../cases/dotenv.json'), 'utf8'))
  return cases.find((each: { id: string }) => each.id === id).files['enc.env']
}

describe('.env with CR LF', () => {
  const plain = '# c\r\nA=1\r\n\r\nE=\r\nX_unencrypted=v\r\nB=x y\r\n'
  const values = { A: '1', E: '', X_unencrypted: 'v', B: 'x y' }

  test('encrypts to lines that SOPS reads, says so, and comes back', async () => {
    project.write('a.env', plain)
    const ran = await alice.sops(['encrypt', '-i', 'a.env'])
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.stderr).toContain('lines end in CR LF: the carriage returns are kept as layout')
    expect(project.read('a.env')).not.toContain('\r')
    expect(await plainOf('a.env')).toBe(plain)
    expect(await valuesOf('a.env')).toEqual(values)
    expect((await alice.sops(['decrypt', '--extract', '["B"]', 'a.env'])).stdout).toBe('x y')
  })

  test.each<[string, string[], string]>([
    ['set', ['set', 'a.env', '["A"]', '"2"'], plain.replace('A=1', 'A=2')],
    ['set of a new key', ['set', 'a.env', '["N"]', '"2"'], `${plain}N=2\r\n`],
    ['set to nothing', ['set', 'a.env', '["B"]', '""'], plain.replace('B=x y', 'B=')],
    ['unset', ['unset', 'a.env', '["A"]'], plain.replace('A=1\r\n', '')],
    ['rotate', ['rotate', '-i', 'a.env'], plain],
    ['updatekeys', ['updatekeys', '-y', 'a.env'], plain],
  ])('%s keeps the line ends, of ours and of a file that git converted', async (_, argv, wanted) => {
    for (const converted of [false, true]) {
      project.write('a.env', plain)
      await alice.sops(['encrypt', '-i', 'a.env'])
      if (converted) project.write('a.env', project.read('a.env').replaceAll('\n', '\r\n'))
      expect(await alice.sops(argv)).toMatchObject({ code: 0 })
      expect(await plainOf('a.env')).toBe(wanted)
      expect(lines(project.read('a.env'), /\r$/).length > 0).toBe(converted)
    }
  })

  test('an encrypted file that was converted keeps its values through edit, and decrypt and encrypt', async () => {
    project.write('a.env', plain.replaceAll('\r\n', '\n'))
    await alice.sops(['encrypt', '-i', 'a.env'])
    const converted = project.read('a.env').replaceAll('\n', '\r\n')
    project.write('a.env', converted)
    const before = lines(converted, /^(?:E|B|#|X_)/)
    const editor = project.editorWriting(plain.replace('A=1', 'A=2'))
    expect(await alice.sops(['edit', 'a.env'], { env: { EDITOR: editor } })).toMatchObject({ code: 0, stderr: '' })
    expect(await valuesOf('a.env')).toEqual({ ...values, A: '2' })
    expect(lines(project.read('a.env'), /^(?:E|B|#|X_)/)).toEqual(before)
    expect(lines(project.read('a.env'), /[^\r]$/)).toEqual([])
    await alice.sops(['decrypt', '-i', 'a.env'])
    await alice.sops(['encrypt', '-i', 'a.env'])
    expect(await valuesOf('a.env')).toEqual({ ...values, A: '2' })
  })

  test('shown with its metadata, it is edited like without', async () => {
    project.write('a.env', plain)
    await alice.sops(['encrypt', '-i', 'a.env'])
    const env = { EDITOR: `sed -i s/A=1/A=2/` }
    expect(await alice.sops(['edit', '-s', 'a.env'], { env })).toMatchObject({ code: 0, stderr: '' })
    expect(await plainOf('a.env')).toBe(plain.replace('A=1', 'A=2'))
  })

  test('values of SOPS that hold the carriage return keep it where they are not touched', async () => {
    project.write('a.env', recorded('crlf-dec'))
    const before = lines(project.read('a.env'), /^B/)
    expect(await alice.sops(['edit', 'a.env'], { env: { EDITOR: 'sed -i s/A=1/A=2/' } })).toMatchObject({ code: 0 })
    expect(await valuesOf('a.env')).toEqual({ A: '2', B: 'x y\r' })
    expect(lines(project.read('a.env'), /^B/)).toEqual(before)
    await alice.sops(['set', 'a.env', '["A"]', '"3"'])
    await alice.sops(['rotate', '-i', 'a.env'])
    expect(await valuesOf('a.env')).toEqual({ A: '3', B: 'x y\r' })
  })
})

describe('a byte order mark in .env', () => {
  test('is layout, and is said', async () => {
    project.write('a.env', '\ufeffA=1\nB=2\n')
    expect((await alice.sops(['encrypt', '-i', 'a.env'])).stderr).toContain('a byte order mark at the start')
    expect(project.read('a.env')).not.toContain('\ufeff')
    expect(await plainOf('a.env')).toBe('\ufeffA=1\nB=2\n')
    expect(await valuesOf('a.env')).toEqual({ A: '1', B: '2' })
  })

  test('before an encrypted file does not keep it from opening, nor from being changed', async () => {
    project.write('a.env', 'A=1\nB=2\n')
    await alice.sops(['encrypt', '-i', 'a.env'])
    project.write('a.env', `\ufeff${project.read('a.env')}`)
    expect(await valuesOf('a.env')).toEqual({ A: '1', B: '2' })
    expect(await alice.sops(['set', 'a.env', '["B"]', '"3"'])).toMatchObject({ code: 0 })
    expect(await plainOf('a.env')).toBe('\ufeffA=1\nB=3\n')
  })

  test('in a name that SOPS encrypted stays there', async () => {
    project.write('a.env', recorded('bom-dec'))
    expect(await valuesOf('a.env')).toEqual({ '\ufeffA': '1', B: '2' })
    const first = lines(project.read('a.env'), /^\ufeffA/)
    expect(await alice.sops(['set', 'a.env', '["B"]', '"3"'])).toMatchObject({ code: 0 })
    expect(await alice.sops(['edit', 'a.env'], { env: { EDITOR: 'sed -i s/B=3/B=4/' } })).toMatchObject({ code: 0 })
    expect(await valuesOf('a.env')).toEqual({ '\ufeffA': '1', B: '4' })
    expect(lines(project.read('a.env'), /^\ufeffA/)).toEqual(first)
  })

  test('does not hide another reason not to open', async () => {
    project.write('a.env', recorded('bom-dec').replace('data:qA==', 'data:rA=='))
    expect(await alice.sops(['decrypt', 'a.env'])).toMatchObject({ code: 25, stdout: '' })
  })
})

describe('UTF-16', () => {
  const utf16 = (text: string, mark = true): Buffer => Buffer.from((mark ? '\ufeff' : '') + text, 'utf16le')
  const named = 'the text is UTF-16LE, as Windows PowerShell'

  test.each([
    ['a.env', 'A=1\n', true],
    ['a.env', 'A=1\n', false],
    ['a.ini', '[s]\nk = v\n', true],
    ['a.json', '{"a": 1}\n', true],
    ['a.yaml', 'a: 1\n', false],
  ])('%s is named (%j, byte order mark: %s)', async (file, text, mark) => {
    project.write(file, utf16(text, mark))
    const ran = await alice.sops(['encrypt', file])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain(named)
    expect(await alice.sops(['decrypt', file])).toMatchObject({ stdout: '' })
    expect((await alice.sops(['decrypt', file])).stderr).toContain(named)
  })

  test('of YAML is read where it has a byte order mark, as by SOPS, and said', async () => {
    project.write('a.yaml', utf16('a: ü\n'))
    const ran = await alice.sops(['encrypt', '-i', 'a.yaml'])
    expect(ran.stderr).toContain('the text is UTF-16: what is written is UTF-8')
    expect(await plainOf('a.yaml')).toBe('a: ü\n')
  })

  test('of a value, a key file and the configuration is named', async () => {
    project.write('a.env', 'A=1\n')
    await alice.sops(['encrypt', '-i', 'a.env'])
    const before = project.read('a.env')
    project.write('v', utf16('"x"'))
    const set = await alice.sops(['set', '--value-file', 'a.env', '["A"]', 'v'])
    expect(set.stderr).toContain(`v: ${named}`)
    expect(set.code).not.toBe(0)
    expect(project.read('a.env')).toBe(before)
    project.write('keys.txt', utf16(readFileSync(join(keysFolder, 'one.age'), 'utf8')))
    const env = { SOPS_AGE_KEY_FILE: join(project.dir, 'keys.txt') }
    const nobody = await project.person('nobody').sops(['decrypt', 'a.env'], { env })
    expect(nobody.stderr.replace(/\s+(?:\| )?/g, ' ')).toContain(named)
    expect(nobody.stderr).not.toContain('AGE-SECRET')
    project.write('.sops.yaml', utf16(`creation_rules:\n  - age: ${alice.recipient}\n`, false))
    project.write('b.env', 'A=1\n')
    expect((await alice.sops(['encrypt', 'b.env'])).stderr).toContain(named)
  })

  test('a byte order mark of a value file is none of the value', async () => {
    project.write('a.env', 'A=1\n')
    await alice.sops(['encrypt', '-i', 'a.env'])
    project.write('v', '\ufeff"x"')
    expect(await alice.sops(['set', '--value-file', 'a.env', '["A"]', 'v'])).toMatchObject({ code: 0 })
    expect(await plainOf('a.env')).toBe('A=x\n')
  })
})

describe('.env of SOPS 3.6.0', () => {
  const quoted = (text: string, quote: string): string =>
    text.replace(/^([^#\n][^=\n]*=)(.*)$/gm, `$1${quote}$2${quote}`).replace(/^#(?=ENC)/gm, '# ')

  test.each(["'", '"'])('with %s around all values opens, and can be changed', async (quote) => {
    project.write('a.env', '# c\nA=1\nE=\n')
    await alice.sops(['encrypt', '-i', 'a.env'])
    project.write('a.env', quoted(project.read('a.env'), quote))
    expect(await plainOf('a.env')).toBe('# c\nA=1\nE=\n')
    expect(await alice.sops(['set', 'a.env', '["A"]', '"2"'])).toMatchObject({ code: 0 })
    expect(await plainOf('a.env')).toBe('# c\nA=2\nE=\n')
  })

  test('with quotes around some, names the cause', async () => {
    project.write('a.env', 'A=1\n')
    await alice.sops(['encrypt', '-i', 'a.env'])
    project.write('a.env', project.read('a.env').replace(/^A=(.*)$/m, "A='$1'"))
    const ran = await alice.sops(['decrypt', 'a.env'])
    expect(ran.code).toBe(25)
    expect(ran.stderr).toContain('the encrypted value stands behind quotes or blanks')
  })
})

describe('lastmodified', () => {
  test.each([
    ['a.env', 'A=1\n'],
    ['a.ini', '[s]\nk = v\n'],
    ['a.json', '{\n  "a": 1\n}\n'],
    ['a.yaml', 'a: 1\n'],
  ])('of %s that is missing, empty or broken is named, with what to do', async (file, text) => {
    project.write(file, text)
    await alice.sops(['encrypt', '-i', file])
    const sealed = project.read(file)
    const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/.exec(sealed)![0]
    const attempt = async (changed: string): Promise<string> => {
      project.write(file, changed)
      const ran = await alice.sops(['decrypt', file])
      expect(ran).toMatchObject({ code: 1, stdout: '' })
      return ran.stderr
    }
    const empty = 'lastmodified in the metadata is missing or empty'
    expect(await attempt(sealed.replace(/.*lastmodified.*\n/, ''))).toContain(empty)
    expect(await attempt(sealed.replace(time, ''))).toContain(empty)
    expect(await attempt(sealed.replace(time, 'yesterday'))).toContain('is no time in RFC 3339: "yesterday"')
    // INI trims its values.
    if (file !== 'a.ini') {
      expect(await attempt(sealed.replace(time, `${time} `))).toContain('take away the white space around the time')
    }
    project.write(file, sealed.replace(time, '2026-01-31T12:00:00Z'))
    expect(await alice.sops(['decrypt', '--ignore-mac', file])).toMatchObject({ code: 0, stdout: text })
  })
})

describe('set of an INI value', () => {
  const source = '[s]\nfirst = x\nquoted = "y"\nempty =\nbeside = z ; note\n\nlast = w'
  test.each(['', ' ', '"', '""', "'a'", 'a\nb', '`a`', '#', 'a;b', 'a\\', '=', '"""'])('to %j', async (value) => {
    for (const key of ['first', 'quoted', 'empty', 'beside', 'last']) {
      project.write('a.ini', source)
      await alice.sops(['encrypt', '-i', 'a.ini'])
      expect(await alice.sops(['set', 'a.ini', `["s"]["${key}"]`, JSON.stringify(value)])).toMatchObject({ code: 0 })
      const { s } = (await valuesOf('a.ini')) as { s: Record<string, string> }
      expect(s).toEqual({ first: 'x', quoted: 'y', empty: '', beside: 'z', last: 'w', [key]: value })
    }
  })
})

test.each([
  ['[s] b=secret\na = 1\n', 'on line 1'],
  ['[s]\ra=1\rb=secret\r', 'on line 1'],
])('INI text behind a section name is refused: it would stay in clear (%j)', async (text, where) => {
  project.write('a.ini', text)
  const ran = await alice.sops(['encrypt', 'a.ini'])
  expect(ran).toMatchObject({ code: 2, stdout: '' })
  expect(ran.stderr).toContain('text behind a section name')
  expect(ran.stderr).toContain(where)
  expect(ran.stderr).not.toContain('secret')
})

test('a carriage return in a comment makes no data of the rest of it, in YAML', async () => {
  project.write('a.env', '# note\rstolen: x\nA=1\n')
  const shown = ['decrypt', '--output-type', 'yaml']
  await alice.sops(['encrypt', '-i', 'a.env'])
  expect((await alice.sops([...shown, 'a.env'])).stdout).toBe('# note\n# stolen: x\nA: "1"\n')
  project.write('b.env', '# note\rstolen: x\nA=1\n')
  project.write('b.yaml', (await alice.sops(['encrypt', '--output-type', 'yaml', 'b.env'])).stdout)
  expect(await plainOf('b.yaml')).toBe('# note\n#stolen: x\nA: "1"\n')
})
