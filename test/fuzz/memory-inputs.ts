// Inputs that are made to need much memory for their size.
import type { FormatId } from '../../src/index.ts'

export interface MemoryInput {
  readonly name: string
  readonly format: FormatId | 'config'
  readonly text: () => string
  /** How many times as much as usual comes of a byte of it once it is sealed. */
  readonly weight: number
}

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('')

/** `many` things each: keys, comments, elements, lines. */
export function memoryInputs(many: number): readonly MemoryInput[] {
  /** As deep as is taken, or nearly. */
  const deep = (limit: number): number => Math.min(limit, many * 2)
  const bomb = (depth: number, width: number): string =>
    `a0: &a0 [x]\n${lines(depth, (i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(width)}]\n`)}`
  const metadata = (entries: string): string =>
    `a: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]\nsops:\n  lastmodified: "2024-01-01T00:00:00Z"\n  mac: x\n  version: 3.9.0\n${entries}`
  const of = (format: MemoryInput['format'], name: string, text: () => string, weight = 1): MemoryInput => ({
    name: `${format}: ${name}`,
    format,
    text,
    weight,
  })
  return [
    of('json', 'keys', () => `{${lines(many, (i) => `"k${i}":${i},`)}"z":0}`),
    of('json', 'a list', () => `{"a":[${'1,'.repeat(many)}1]}`),
    of('json', 'lists', () => `{"a":[${'[],'.repeat(many)}[]]}`),
    of('json', 'deep lists', () => `{"a":${'['.repeat(deep(9_990))}"x"${']'.repeat(deep(9_990))}}`),
    of('json', 'lists that never end', () => '['.repeat(many * 10)),
    of('json', 'a long string', () => `{"a":"${'\\"x '.repeat(many)}"}`),
    of('json', 'metadata', () => `{"a":"x","sops":{"age":[${'{"recipient":"x","enc":"y"},'.repeat(many)}{}]}}`),
    of(
      'json',
      'deep metadata',
      () => `{"a":"x","sops":{"age":${'[{"enc":'.repeat(deep(4_990))}1${'}]'.repeat(deep(4_990))}}}`,
    ),
    of('json', 'a deep MAC', () => `{"a":"x","sops":{"mac":${'['.repeat(deep(9_980))}1${']'.repeat(deep(9_980))}}}`),
    of('yaml', 'deep metadata', () =>
      metadata(`  age: ${'[{enc: '.repeat(deep(2_000))}1${'}]'.repeat(deep(2_000))}\n`),
    ),
    of('yaml', 'keys', () => lines(many, (i) => `k${i}: ${i}\n`)),
    of('yaml', 'comments', () => `${'# c\n'.repeat(many)}a: 1\n`),
    of('yaml', 'comments on lines', () => lines(many, (i) => `k${i}: v # c\n`)),
    // Three bytes are a value.
    of('yaml', 'a flow list', () => `a: [${'1, '.repeat(many)}1]\n`, 3),
    of('yaml', 'flow lists', () => `a: [${'[], '.repeat(many)}[]]\n`),
    of('yaml', 'deep lists', () => `a: ${'['.repeat(deep(4_000))}${']'.repeat(deep(4_000))}\n`),
    of('yaml', 'lists that never end', () => `a: ${'['.repeat(many * 10)}`),
    of('yaml', 'dashes', () => `a:\n  ${'- '.repeat(deep(9_000))}x\n`),
    of('yaml', 'a long line', () => `a: ${'x y '.repeat(many * 5)}\n`),
    of('yaml', 'a long block', () => `a: |\n${'  y\n'.repeat(many)}`),
    of('yaml', 'empty lines', () => `a: 1\n${'\n'.repeat(many)}b: 2\n`),
    of('yaml', 'anchors', () => lines(many, (i) => `k${i}: &a${i} ${i}\n`)),
    of('yaml', 'aliases', () => `k: &a x\nl:\n${'- *a\n'.repeat(many)}`),
    // Every document gets metadata of its own: 550 bytes for nine.
    of('yaml', 'documents', () => 'a: 1\n---\n'.repeat(many / 20), 12),
    of('yaml', 'tags', () => lines(many, (i) => `k${i}: !t${i} v\n`)),
    of('yaml', 'a bomb of aliases', () => bomb(9, 9)),
    of('yaml', 'a wide bomb of aliases', () => bomb(2, Math.ceil(Math.sqrt(many)))),
    of('yaml', 'metadata', () => metadata(`  age:\n${'    - recipient: x\n      enc: y\n'.repeat(many)}`)),
    of('yaml', 'groups in metadata', () =>
      metadata(`  key_groups:\n${'    - age:\n      - {recipient: x, enc: y}\n'.repeat(many)}`),
    ),
    of('dotenv', 'lines', () => lines(many, (i) => `K${i}=${i}\n`)),
    of('dotenv', 'comments', () => '#c\n'.repeat(many)),
    of('dotenv', 'a long line', () => `A=${'x\\n'.repeat(many * 3)}\n`),
    of('dotenv', 'metadata', () => `A=x\n${lines(many, (i) => `sops_age__list_${i}__map_recipient=x\n`)}`),
    of('dotenv', 'deep metadata', () => `A=x\nsops_${'a__map_'.repeat(many)}b=x\n`),
    of('ini', 'keys', () => `[s]\n${lines(many, (i) => `k${i} = ${i}\n`)}`),
    of('ini', 'sections', () => lines(many, (i) => `[s${i}]\nk = v\n`)),
    of('ini', 'comments', () => `${'; c\n'.repeat(many)}[s]\nk = v\n`),
    of('ini', 'metadata', () => `[s]\nk = v\n[sops]\n${lines(many, (i) => `age__list_${i}__map_recipient = x\n`)}`),
    of('ini', 'deep metadata', () => `[s]\nk = v\n[sops]\n${'a__list_0__map_'.repeat(many)}b = x\n`),
    of('ini', 'a far list index', () => '[s]\nk = v\n[sops]\nage__list_4000000000__map_recipient = x\nmac = x\n'),
    of('binary', 'bytes', () => 'x\u00e9\0'.repeat(many * 5)),
    of(
      'config',
      'rules',
      () => `creation_rules:\n${lines(many, (i) => `  - path_regex: p${i}\\.yaml$\n    age: age1x\n`)}`,
    ),
    of('config', 'recipients', () => `creation_rules:\n  - age: ${'age1x,'.repeat(many)}\n`),
    of(
      'config',
      'an expression',
      () => `creation_rules:\n  - path_regex: ${'(a{1,9})'.repeat(many / 100)}\n    age: age1x\n`,
    ),
    of(
      'config',
      'a repeated expression',
      () => 'creation_rules:\n  - path_regex: ((((a{1,10}){1,10}){1,10}){1,10}){1,10}\n    age: age1x\n',
    ),
    of('config', 'a bomb of aliases', () => `${bomb(9, 9)}creation_rules: *a9\n`),
    of('config', 'a wide bomb of aliases', () => `${bomb(2, Math.ceil(Math.sqrt(many)))}creation_rules: *a3\n`),
    of('config', 'merged groups', () => {
      const merges = lines(12, (i) => `g${i + 1}: &g${i + 1} {merge: [*g${i}, *g${i}, *g${i}]}\n`)
      return `g0: &g0 {age: [age1x]}\n${merges}creation_rules:\n  - key_groups: [*g12]\n`
    }),
    of('config', 'deep', () => `a: ${'['.repeat(many)}`),
  ]
}
