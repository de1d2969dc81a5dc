// Edits of every kind: what changes in the encrypted file is the lines that were edited, the MAC and the date, and the plaintext comes back as
// it left the editor; where it cannot, a note says so.
import { afterAll, describe, expect, test } from 'vitest'
import { makeProject } from '../support/project.ts'

const project = makeProject({ '.sops.yaml': '' })
afterAll(() => project.remove())
const alice = project.person('one')

type Edit = readonly [what: string, before: string, after: string]

const yaml = `# head
a: one   # beside
"b": 'two'

c:
  - x
  - "y"   # item
  - {d: 1, e: "2"}
f: |
  line one
  line two

g: &anchor
  h: 1
i: j
# foot
`

const flow = `{a: 1, # first
  "b": [x, "y"],   # second
  c: {d: 1}, # third
}
`

const on = (text: string, ...changes: readonly (readonly [string, string])[]): [string, string] => {
  let next = text
  for (const [from, to] of changes) {
    expect(next).toContain(from)
    next = next.replace(from, () => to)
  }
  return [text, next]
}
const crlf = ([before, after]: [string, string]): [string, string] => [
  before.replaceAll('\n', '\r\n'),
  after.replaceAll('\n', '\r\n'),
]
const marked = ([before, after]: [string, string]): [string, string] => [`\ufeff${before}`, `\ufeff${after}`]

const inYaml: readonly Edit[] = [
  ['a new entry at the end', ...on(yaml, ['# foot\n', '# foot\nz: 1\n'])],
  ['a new entry in front', ...on(yaml, ['# head\n', '# head\nz: "1"\n'])],
  ['a new entry in another indentation', ...on(yaml, ['c:\n', 'z:\n        y: 1\nc:\n'])],
  ['a new flow list', ...on(yaml, ['c:\n', 'z: [1, "2"]\nc:\n'])],
  ['a new flow map with a comment', ...on(yaml, ['c:\n', 'z: {a: 1, # why\n  b: 2}\nc:\n'])],
  ['a new element in quotes', ...on(yaml, ['  - x\n', '  - x\n  - "w"\n'])],
  ['a new element in flow', ...on(yaml, ['d: 1, e: "2"', 'd: 1, k: \'3\', e: "2"'])],
  ['an element goes', ...on(yaml, ['  - x\n', ''])],
  ['an entry goes', ...on(yaml, ['"b": \'two\'\n', ''])],
  ['the first entry goes', ...on(yaml, ['a: one   # beside\n', ''])],
  [
    'two entries change places',
    ...on(yaml, ['a: one   # beside\n"b": \'two\'\n', '"b": \'two\'\na: one   # beside\n']),
  ],
  ['two elements change places', ...on(yaml, ['  - x\n  - "y"   # item\n', '  - "y"   # item\n  - x\n'])],
  ['a text becomes a number', ...on(yaml, ['a: one', 'a: 1'])],
  ['a text becomes a map', ...on(yaml, ['a: one   # beside', 'a:\n   k: v'])],
  ['a map becomes a text', ...on(yaml, ['\n  - x\n  - "y"   # item\n  - {d: 1, e: "2"}\n', ' none\n'])],
  ['a text becomes a block', ...on(yaml, ['"b": \'two\'', '"b": |\n  two\n  three'])],
  ['a block gets a line', ...on(yaml, ['  line two\n', '  line two\n  line three\n'])],
  ['a block becomes folded', ...on(yaml, ['f: |', 'f: >'])],
  ['a block becomes one line', ...on(yaml, ['f: |\n  line one\n  line two\n', 'f: line one\n'])],
  ['other quotes', ...on(yaml, ['"y"', "'y'"])],
  ['no quotes', ...on(yaml, ["'two'", 'two'])],
  ['a comment changes', ...on(yaml, ['# head', '# other'])],
  ['a comment beside changes', ...on(yaml, ['# beside', '# other'])],
  ['a comment comes', ...on(yaml, ['c:\n', '# new\nc:\n'])],
  ['a comment comes beside', ...on(yaml, ["'two'", "'two' # new"])],
  ['a comment comes in a list', ...on(yaml, ['  - "y"', '  # new\n  - "y"'])],
  ['a comment goes', ...on(yaml, ['# foot\n', ''])],
  ['a comment goes beside', ...on(yaml, ['   # item', ''])],
  ['an empty line comes', ...on(yaml, ['g: &', '\ng: &'])],
  ['an empty line goes', ...on(yaml, ['\n\nc:', '\nc:'])],
  ['an anchored map changes', ...on(yaml, ['h: 1', 'h: 2'])],
  ['an alias comes', ...on(yaml, ['i: j\n', 'i: j\nk: *anchor\n'])],
  ['another indentation of one map', ...on(yaml, ['  h: 1', '      h: 1'])],
  ['a new name', ...on(yaml, ['a: one', 'k: one'])],
  ['another name in quotes', ...on(yaml, ['"b"', "'b'"])],
  ['a value and an entry', ...on(yaml, ['one', 'two'], ['# foot', 'z: "q"\n# foot'])],
  ['a document comes', ...on(yaml, ['# foot\n', '# foot\n---\nx: 1\n'])],
  ['the end without line break', ...on(yaml, ['# foot\n', '# foot'])],
  ['a flow entry with its comment', ...on(flow, ['c: {d: 1}, # third', 'c: {d: 1}, # third\n  e: 5, # fourth'])],
  ['a flow value', ...on(flow, ['a: 1', 'a: 2'])],
  ['a flow element', ...on(flow, ['[x, "y"]', '[x, z, "y"]'])],
  ['a flow entry goes', ...on(flow, ['  "b": [x, "y"],   # second\n', ''])],
  ['a flow comment', ...on(flow, ['# first', '# zeroth'])],
  ['a flow value becomes a map', ...on(flow, ['a: 1', 'a: {k: v}'])],
  ['a nested flow entry', ...on(flow, ['{d: 1}', '{d: 1, "e": \'f\'}'])],
  ['a first document', ...on('a: 1\n---\nb: 2  # two\n---\nc: "3"\n', ['a: 1', 'a: 4'])],
  ['a later document', ...on('a: 1\n---\nb: 2  # two\n---\nc: "3"\n', ['c: "3"', 'c: "3"\nd: [4]'])],
  ['a document that goes', ...on('a: 1\n---\nb: 2  # two\n---\nc: "3"\n', ['---\nb: 2  # two\n', ''])],
  ['CRLF: a value', ...crlf(on(yaml, ['one', 'two']))],
  ['CRLF: an entry', ...crlf(on(yaml, ['c:\n', 'z: [1]\nc:\n']))],
  ['CRLF: a block', ...crlf(on(yaml, ['  line two\n', '  line two\n  line three\n']))],
  ['one line ends in LF', ...on('a: 1\r\nb: "2"\r\nc: 3\r\n', ['b: "2"\r\n', 'b: "2"\r\nz: 4\n'])],
  ['BOM: a value', ...marked(on(yaml, ['one', 'two']))],
  ['BOM: an entry', ...marked(on(yaml, ['c:\n', 'z: [1]\nc:\n']))],
  ['BOM: it goes', `\ufeff${yaml}`, yaml],
  ['tabs beside a value', ...on('a: 1\t# one\nb:\t"2"\nc: 3\n', ['c: 3', 'c:\t4\t# four'])],
  ['wide characters', ...on('ключ: "знач"\n名: 値 # 註\n', ['値', '值'], ['ключ', 'кл'])],
]

const json = `{
  "a": 1,
  "b": [ "x", "y" ],
  "c": {"d": "1", "e": null},

  "f": "g"
}
`

const inJson: readonly Edit[] = [
  ['a value', ...on(json, ['"g"', '"h"'])],
  ['a new entry', ...on(json, ['"f": "g"', '"f": "g",\n  "z" : true'])],
  ['a new entry in another indentation', ...on(json, ['"f": "g"', '"f": "g",\n        "z": {\n"y": 1}'])],
  ['a new entry on the last line', ...on(json, ['"f": "g"', '"f": "g", "z": 1'])],
  ['a new entry in front', ...on(json, ['  "a": 1', '    "z":"1",\n  "a": 1'])],
  ['a new element', ...on(json, ['"x", "y"', '"x", "w","y"'])],
  ['an entry goes', ...on(json, ['  "b": [ "x", "y" ],\n', ''])],
  ['the last entry goes', ...on(json, [',\n\n  "f": "g"', ''])],
  ['entries change places', ...on(json, ['  "a": 1,\n  "b": [ "x", "y" ],', '  "b": [ "x", "y" ],\n  "a": 1,'])],
  ['a number becomes a text', ...on(json, ['"a": 1', '"a": "1"'])],
  ['a text becomes a list', ...on(json, ['"g"', '[\n"g"]'])],
  ['a map becomes null', ...on(json, ['{"d": "1", "e": null}', 'null'])],
  ['an escape', ...on(json, ['"g"', '"g\\u00e9\\n"'])],
  ['blanks', ...on(json, ['"a": 1', '"a"  :  1'])],
  ['an empty line goes', ...on(json, ['\n\n', '\n'])],
  ['a new name', ...on(json, ['"a"', '"aa"'])],
  ['CRLF', ...crlf(on(json, ['"f": "g"', '"f": "g",\n  "z" : true']))],
  ['tabs', ...on(json.replaceAll('  ', '\t'), ['"f": "g"', '"f": "g",\n\t"z" : true'])],
  ['the end without line break', ...on(json, ['}\n', '}'])],
  ['one line', ...on('{"a": 1, "b": "2"}', ['"2"', '"2","c":3'])],
]

const env = `# head
A=one
B="two"

C=x=y
# foot
`
const inEnv: readonly Edit[] = [
  ['a value', ...on(env, ['one', 'two'])],
  ['a new line', ...on(env, ['B=', "Z='1'\nB="])],
  ['a new line with blanks', ...on(env, ['B=', 'Z= 1 \nB='])],
  ['a line goes', ...on(env, ['A=one\n', ''])],
  ['lines change places', ...on(env, ['A=one\nB="two"\n', 'B="two"\nA=one\n'])],
  ['a comment', ...on(env, ['# foot', '# end'])],
  ['a new comment', ...on(env, ['C=', '# c\nC='])],
  ['an empty line goes', ...on(env, ['\n\n', '\n'])],
  ['an empty line comes', ...on(env, ['# foot', '\n# foot'])],
  ['a line without end', ...on(env, ['# foot\n', '# foot\nZ=1'])],
  ['a new name', ...on(env, ['A=', 'AA='])],
  ['CRLF', ...crlf(on(env, ['B=', 'Z=1\nB=']))],
  ['BOM', ...marked(on(env, ['B=', 'Z=1\nB=']))],
]

const ini = `; head
[one]
a = 1
b=two
; about c
c = \`x ; y\`

[two]
d    = "4"
`
const inIni: readonly Edit[] = [
  ['a value', ...on(ini, ['two', 'three'])],
  ['a new key', ...on(ini, ['b=two\n', 'b=two\nz=1\n'])],
  ['a new key in another style', ...on(ini, ['d    = "4"\n', 'd    = "4"\n  z  =  \'5\'\n'])],
  ['a new section', ...on(ini, ['[two]', '[three]\nz:1\n\n[two]'])],
  ['a key goes', ...on(ini, ['b=two\n', ''])],
  ['a section goes', ...on(ini, ['\n[two]\nd    = "4"\n', ''])],
  ['keys change places', ...on(ini, ['a = 1\nb=two\n', 'b=two\na = 1\n'])],
  ['a comment', ...on(ini, ['; about c', '; about d'])],
  ['a new comment', ...on(ini, ['b=two', '# why\nb=two'])],
  ['a comment goes', ...on(ini, ['; about c\n', ''])],
  ['an empty line goes', ...on(ini, ['\n\n', '\n'])],
  ['a new name', ...on(ini, ['a = 1', 'aa = 1'])],
  ['CRLF', ...crlf(on(ini, ['b=two\n', 'b=two\nz=1\n']))],
  ['BOM', ...marked(on(ini, ['b=two\n', 'b=two\nz=1\n']))],
]

/** Lines of the first text that the second does not have as often. */
function missing(text: string, other: string): string[] {
  const left = new Map<string, number>()
  for (const line of other.split('\n')) left.set(line, (left.get(line) ?? 0) + 1)
  return text.split('\n').filter((line) => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}

/** Without what every change renews, and the metadata of further documents. */
const dataOf = (text: string): string =>
  text
    .replaceAll(/^sops:\r?\n(?: .*(?:\n|$))+/gm, '')
    .split('\n')
    .filter((line) => !/(?:^|[{\s"_])(?:mac|lastmodified)"?\s*[:=]/.test(line))
    .join('\n')

const tables = { yaml: inYaml, json: inJson, env: inEnv, ini: inIni }

describe.each(Object.keys(tables) as (keyof typeof tables)[])('%s', (suffix) => {
  const file = `f.${suffix}`
  test.each(tables[suffix])('%s', async (what, before, after) => {
    project.write(file, before)
    const made = await alice.sops(['encrypt', '-i', '--age', alice.recipient, file])
    expect(made.code, made.stderr).toBe(0)
    const sealed = project.read(file)
    const shown = (await alice.sops(['decrypt', file])).stdout
    expect(shown).toBe(before)
    const { code, stderr } = await alice.sops(['edit', file], { env: { EDITOR: project.editorWriting(after) } })
    expect(code, stderr).toBe(0)
    const now = project.read(file)
    const again = await alice.sops(['decrypt', file])
    expect(again.code, again.stderr).toBe(0)
    const gone = missing(dataOf(sealed), dataOf(now))
    const came = missing(dataOf(now), dataOf(sealed))
    const isTold = /^note: f\.\w+: .*(?:anew|cannot be kept|replaced by)/m.test(stderr)
    // All lines of a block are one encrypted value.
    const atMost = what.includes('block') ? 1 : 0
    const counts = [gone.length - missing(before, after).length, came.length - missing(after, before).length]
    expect(isTold, stderr).toBe(again.stdout !== after)
    if (isTold) return
    expect(
      counts.every((count) => count <= atMost),
      [...gone, '---', ...came].join('\n'),
    ).toBe(true)
  })
})
