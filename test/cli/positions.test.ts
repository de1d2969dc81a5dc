// Lines and columns of errors are those that an editor shows for the file as it lies on disk, or for the text in the editor.
import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CliResult, runCli, type Sandbox, sandbox } from '../support/cli.ts'
import { encryptedBox, environmentIn, recipient } from './exec-support.ts'

let box: Sandbox
beforeEach(() => {
  box = sandbox({ 'tmp/x': '', 'home/x': '' })
})
afterEach(() => box.remove())

const run = (argv: readonly string[], env: Record<string, string> = {}): Promise<CliResult> =>
  runCli(argv, { cwd: box.dir, env: { ...environmentIn(box), ...env } })

/** The place that an error names, in words or in the brackets behind it. */
function placeIn(stderr: string): readonly [line: number, column: number] {
  const error = stderr.split('\n').find((line) => line.includes('error: ')) ?? ''
  const number = (what: string): number => Number(new RegExp(`\\b${what} (\\d+)`).exec(error)?.[1])
  expect(error.match(/\bcolumn \d+/g) ?? stderr).toHaveLength(1)
  return [number('line'), number('column')]
}

interface Broken {
  readonly name: string
  readonly text: string | Uint8Array
  readonly at: readonly [line: number, column: number]
}

const broken: readonly Broken[] = [
  { name: 'a.yaml', text: 'a: 1\nb: "x\nc: 2\n', at: [2, 4] },
  { name: 'a.yaml', text: 'a: 1\r\nb: [1\r\nc: 2\r\n', at: [3, 2] },
  { name: 'a.yaml', text: '\ufeffa: *x\n', at: [1, 4] },
  { name: 'a.yaml', text: '\ufeffa: 1\n  b: *x\n', at: [2, 4] },
  { name: 'a.yaml', text: 'a: 1\n---\nb: 2\n---\nc: *x\n', at: [5, 4] },
  { name: 'a.yaml', text: 'a:\n\tb: 1\n', at: [2, 1] },
  { name: 'a.yaml', text: '"😀": *x\n', at: [1, 6] },
  { name: 'a.yaml', text: '日本: *x\n', at: [1, 5] },
  { name: 'a.yaml', text: '"k":\t*x\n', at: [1, 6] },
  { name: 'a.yaml', text: 'a: "1\u20282"\nb: *x\n', at: [2, 4] },
  { name: 'a.yaml', text: 'a: |\n  one\n\n  two\nb: *x\n', at: [5, 4] },
  { name: 'a.yaml', text: '# c\n\n# d\na: 1\na: 2\n', at: [5, 1] },
  { name: 'a.yaml', text: 'a: 1\rb: *x\r', at: [2, 4] },
  { name: 'a.yaml', text: 'a: 1\nb: \u0001\n', at: [2, 4] },
  { name: 'a.yaml', text: Buffer.from('a: 1\nb: é\xe9\n', 'latin1'), at: [2, 4] },
  { name: 'a.yaml', text: Buffer.from('\ufeffa: 1\nb: *x\n', 'utf16le'), at: [2, 4] },
  { name: 'a.json', text: '{"a": 1,\n "b": x}\n', at: [2, 7] },
  { name: 'a.json', text: '{"a": 1,\r\n\t\t"b": x}\r\n', at: [2, 8] },
  { name: 'a.json', text: '{"😀": x}', at: [1, 7] },
  { name: 'a.json', text: '{\n"a": "日本" x}', at: [2, 11] },
  { name: 'a.json', text: '{"a": 1}\n{"b": 1}\n', at: [2, 1] },
  { name: 'a.json', text: '\ufeff{"a": 1}\n', at: [1, 1] },
  { name: 'a.json', text: '{"a": {\n  "b": 1\n', at: [3, 1] },
  { name: 'a.json', text: Buffer.from('{"\xe9": x}', 'latin1'), at: [1, 2] },
  { name: 'a.env', text: 'A=1\nB\n', at: [2, 1] },
  { name: 'a.env', text: 'A=1\r\n# c\r\nB\r\n', at: [3, 1] },
  { name: 'a.env', text: '\ufeffB\n', at: [1, 1] },
  { name: 'a.env', text: Buffer.from('A=\xe9\nB\n', 'latin1'), at: [2, 1] },
  { name: 'a.ini', text: '[s]\na = 1\n\t b\n', at: [3, 3] },
  { name: 'a.ini', text: '\ufeff[s\n', at: [1, 1] },
  { name: 'a.ini', text: '\ufeff  b\n', at: [1, 3] },
  { name: 'a.ini', text: '[s]\r\na = 1\r\n[t\r\n', at: [3, 1] },
  { name: 'a.ini', text: '[s]\na = """x\ny\n', at: [2, 1] },
  { name: 'a.ini', text: Buffer.from('[s]\na = \xe9\n b\n', 'latin1'), at: [3, 2] },
]

describe('a plain text', () => {
  test.each(broken)('$name $text', async ({ name, text, at }) => {
    writeFileSync(box.path(name), text)
    const { code, stderr } = await run(['encrypt', '--age', recipient, name])
    expect(code).toBe(2)
    expect(placeIn(stderr)).toEqual(at)
  })

  test('a byte order mark in JSON is named, behind the words of the reference', async () => {
    writeFileSync(box.path('a.json'), '\ufeff{}')
    const { stderr } = await run(['encrypt', '--age', recipient, 'a.json'])
    expect(stderr).toMatch(
      /^error: a\.json: Error unmarshalling file: Could not unmarshal input data: invalid character/,
    )
    expect(stderr).toMatch(/: the text begins with a byte order mark \(line 1, column 1\)\nhint: save it as UTF-8/)
  })
})

const plain = {
  'a.yaml': 'é: x # c\nb:\n  - 1\n  - 2\n',
  'a.json': '{\n\t"é": "x",\n\t"b": [1, 2]\n}\n',
  'a.env': 'É=x\n# c\nB=1\n',
  'a.ini': '[é]\n; c\na = x\nb = 1\n',
}

/** A line that no text of the format can have, with the fault behind so many characters of it. */
const faults: Readonly<Record<string, readonly [line: string, before: number]>> = {
  'a.yaml': ['"😀": *nothing', 5],
  'a.json': ['\t😀', 1],
  'a.env': ['nothing', 0],
  'a.ini': ['\tnothing', 1],
}

describe.each(Object.keys(plain) as (keyof typeof plain)[])('an encrypted %s', (name) => {
  const shapes = [
    ['as it was written', (text: string) => text],
    ['with CR LF', (text: string) => text.replaceAll('\n', '\r\n')],
    ...(name === 'a.json' ? [] : ([['with a byte order mark', (text: string) => `\ufeff${text}`]] as const)),
  ] as const
  test.each(shapes)('%s: in the data and behind the metadata', async (_, shape) => {
    box.remove()
    box = await encryptedBox({ [name]: plain[name] })
    const lines = readFileSync(box.path(name), 'utf8').split('\n')
    const [fault, before] = faults[name]!
    for (const at of [1, lines.length - 2]) {
      writeFileSync(box.path(name), shape(lines.toSpliced(at, 0, fault).join('\n')))
      for (const argv of [
        ['decrypt'],
        ['edit'],
        ['rotate'],
        ['filestatus'],
        ['groups', 'delete', '-i', '0', '--file'],
      ]) {
        const { code, stderr } = await run([...argv, name], { EDITOR: 'false' })
        expect(code, argv.join(' ')).not.toBe(0)
        expect(placeIn(stderr), argv.join(' ')).toEqual([at + 1, before + 1])
      }
      expect((await run(['doctor', name])).stdout.toString()).toContain(`column ${before + 1})`)
    }
  })
})

describe.skipIf(process.platform === 'win32')('in edit, of the text in the editor', () => {
  test.each(broken)('$name $text', async ({ name, text, at }) => {
    box.remove()
    box = await encryptedBox({ [name]: plain[name as keyof typeof plain] })
    writeFileSync(box.path('left'), text)
    const { code, stderr } = await run(['edit', name], { EDITOR: `cp ${box.path('left')}` })
    expect(code).toBe(2)
    const [round, rest] = stderr.split('Press enter')
    expect(round).toMatch(/^error: \S+: Could not load tree/)
    expect(placeIn(round!)).toEqual(at)
    expect(placeIn(rest!)).toEqual(at)
  })

  test('a round says what to do, too', async () => {
    box.remove()
    box = await encryptedBox({ 'a.json': plain['a.json'] })
    writeFileSync(box.path('left'), '\ufeff{}')
    const { stderr } = await run(['edit', 'a.json'], { EDITOR: `cp ${box.path('left')}` })
    expect(stderr.split('Press enter')[0]).toContain('\nhint: save it as UTF-8 without one')
  })
})

test('in the configuration', async () => {
  writeFileSync(box.path('.sops.yaml'), 'creation_rules:\n  - age: *x\n')
  writeFileSync(box.path('a.yaml'), 'a: 1\n')
  expect(placeIn((await run(['encrypt', 'a.yaml'])).stderr)).toEqual([2, 10])
  expect((await run(['doctor'])).stdout.toString()).toContain("line 2: unknown anchor 'x' referenced (column 10)")
})
