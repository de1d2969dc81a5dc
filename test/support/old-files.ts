// Encrypted files in the shapes of older releases of SOPS (spec/format.md 13). Their values and MAC are sealed now, for a test identity; what
// differs between releases is around those, and the type of whole numbers, and neither is authenticated. Recipients are age keys throughout:
// the blocks of older releases had keys of other types in the same fields.
import type { Person, Project } from './project.ts'

export interface OldFile {
  /** The first release, or the releases, that wrote this. */
  readonly by: string
  readonly name: string
  /** The plaintext, laid out as that release did. */
  readonly plain: string
  readonly shape: (fields: Fields, data: string) => string
}

interface Fields {
  readonly enc: string
  readonly recipient: string
  readonly mac: string
  readonly lastmodified: string
}

type Block = readonly (readonly [string, string | readonly (readonly [string, string])[] | undefined])[]

// ---- The block's fields, by release

const attention = 'This section contains key material that should only be modified with extra care. See `sops -h`.'

const python = ({ enc, recipient, mac, lastmodified }: Fields, version: string): Block => [
  ['attention', attention],
  ['lastmodified', lastmodified],
  ['mac', mac],
  [
    'age',
    [
      ['created_at', '2016-03-16T23:34:46Z'],
      ['enc', enc],
      ['recipient', recipient],
    ],
  ],
  ['unencrypted_suffix', '_unencrypted'],
  ['version', version],
]

/** Without `others` as newer releases, which leave lists of no keys out. */
const ordered = (fields: Fields, version: string, others: readonly string[], isAge = true): Block => [
  ...others.map((name) => [name, undefined] as const),
  [
    'age',
    isAge
      ? [
          ['recipient', fields.recipient],
          ['enc', fields.enc],
        ]
      : [
          ['created_at', '2018-01-29T21:18:24Z'],
          ['enc', fields.enc],
          ['recipient', fields.recipient],
        ],
  ],
  ['lastmodified', fields.lastmodified],
  ['mac', fields.mac],
  ...(others.length > 0 ? [['pgp', undefined] as const] : []),
  ['unencrypted_suffix', '_unencrypted'],
  ['version', version],
]

const sorted = (fields: Fields, version: string): Block => [
  [
    'age',
    [
      ['enc', fields.enc],
      ['recipient', fields.recipient],
    ],
  ],
  ['lastmodified', fields.lastmodified],
  ['mac', fields.mac],
  ['unencrypted_suffix', '_unencrypted'],
  ['version', version],
]

// ---- How the formats write it

interface YamlStyle {
  readonly time: (text: string) => string
  readonly version?: (text: string) => string
  /** In front of a list's first field, and of the others. */
  readonly dash: string
  readonly inner: string
}

const single = (text: string): string => `'${text}'`
const double = (text: string): string => `"${text}"`
const bare = (text: string): string => text

const yamlBlock = (block: Block, { time, version = bare, dash, inner }: YamlStyle): string => {
  const text = (name: string, value: string, indent: string): string => {
    if (value.includes('\n'))
      return `|\n${value
        .trimEnd()
        .split('\n')
        .map((line) => `${indent}    ${line}\n`)
        .join('')}`
    return `${/T\d\d:/.test(value) ? time(value) : name === 'version' ? version(value) : value}\n`
  }
  const entries = block.map(([name, value]) => {
    if (value === undefined) return `    ${name}: []\n`
    if (typeof value === 'string') return `    ${name}: ${text(name, value, '    ')}`
    const rows = value.map(([field, each], i) => `${i === 0 ? dash : inner}${field}: ${text(field, each, inner)}`)
    return `    ${name}:\n${rows.join('')}`
  })
  return `sops:\n${entries.join('')}`
}

const jsonBlock = (block: Block, unit: string): string => {
  const value = Object.fromEntries(
    block.map(([name, each]) => [
      name,
      each === undefined ? null : typeof each === 'string' ? each : [Object.fromEntries(each)],
    ]),
  )
  return JSON.stringify(value, null, unit).replaceAll('\n', `\n${unit}`)
}

const flatten = (block: Block): (readonly [string, string])[] =>
  block.flatMap(([name, value]) => {
    if (value === undefined) return []
    if (typeof value === 'string') return [[name, value] as const]
    return value.map(([field, each]) => [`${name}__list_0__map_${field}`, each] as const)
  })

const envBlock = (rows: readonly (readonly [string, string])[]): string =>
  rows.map(([name, value]) => `sops_${name}=${value.replaceAll('\n', '\\n')}\n`).join('')

const iniBlock = (rows: readonly (readonly [string, string])[], lineBreak: (text: string) => string): string => {
  const width = Math.max(...rows.map(([name]) => name.length))
  return `[sops]\n${rows.map(([name, value]) => `${name.padEnd(width)} = ${lineBreak(value)}\n`).join('')}`
}

const escapedBreaks = (text: string): string => text.replaceAll('\n', '\\n')
const tripleQuoted = (text: string): string => (text.includes('\n') ? `"""${text}"""` : text)

const shuffledRows = (rows: readonly (readonly [string, string])[]): (readonly [string, string])[] =>
  [...rows].sort(([a], [b]) => (a.slice(-3) < b.slice(-3) ? 1 : -1))

// ---- What the data looks like

/** Comments that somebody wrote into the encrypted file, or that the first releases left in clear. */
const withClearComments = (data: string, introducer: string): string => {
  const lines = data.split('\n')
  const at = lines.findIndex((line) => /^(?:B=|b:|d =)/.test(line))
  lines.splice(at, 0, `${introducer} added in clear`)
  return `${introducer} clear from the start\n${lines.join('\n')}`
}

const floats = (data: string): string => data.replaceAll(',type:int]', ',type:float]')

const v1Yaml = '# clear\na: 1\nb: two\nc:\n-   x\n-   7\nd: "multi\\nline"\ne: true\n'
const v2Yaml = '# top\na: 1\nb: two\nc:\n-   x\n-   7\nd: |\n    multi\n    line\ne: true\n'
const v3Yaml = '# top\na: 1\nb: two\nc:\n    - x\n    # in a list\n    - 7\nd: "multi\\nline"\ne: true\n'
const json = (unit: string): string =>
  `${JSON.stringify({ a: 1, b: 'two', c: ['x', 7, { k: 3.5 }], d: 1e21, e: true, n: null }, null, unit)}\n`
const env = '# top\nA=1\nB=two\n# middle\nC=multi\\nline\n'
const ini = '; top\n[s]\na = 1\nb = two\n; of c\nc = `x;y`\nd = `p#q`\n\n[t]\ne = `"quoted"`\n'
const bin = 'two'

const emptyLists = ['kms', 'gcp_kms', 'azure_kv', 'hc_vault']
const withBlock = (data: string, block: string): string => data + block
const inJson = (data: string, block: string, unit: string): string =>
  `${data.trimEnd().slice(0, -1).trimEnd()},\n${unit}"sops": ${block}\n}`

const v1 = { time: single, version: single, dash: '    -   ', inner: '        ' }
const v2 = { time: single, dash: '    -   ', inner: '        ' }
const v3 = { time: double, dash: '        - ', inner: '          ' }
const bareTokens = (data: string): string =>
  data.replace(/(["'])(ENC\[.*?\])\1/g, '$2').replace(/\|-?\n +(ENC\[)/g, '$1')

export const oldFiles: readonly OldFile[] = [
  ...['1.13', '1.16'].map((by) => ({
    by,
    name: 'f.yaml',
    plain: v1Yaml,
    shape: (fields: Fields, data: string) =>
      withBlock(bareTokens(data).replace(/^#ENC.*$/m, '# clear'), yamlBlock(python(fields, by), v1)),
  })),
  ...['1.13', '1.16'].map((by) => ({
    by,
    name: 'f.json',
    plain: json('    '),
    shape: (fields: Fields, data: string) => inJson(data, jsonBlock(python(fields, by), '    '), '    '),
  })),
  {
    by: '2.0.8',
    name: 'f.yaml',
    plain: v2Yaml.replace('# top\n', ''),
    shape: (f, d) => withBlock(bareTokens(d), yamlBlock(ordered(f, '2.0.8', ['kms'], false), v2)),
  },
  {
    by: '3.0 to 3.6',
    name: 'f.yaml',
    plain: v2Yaml,
    shape: (f, d) => withBlock(bareTokens(d), yamlBlock(ordered(f, '3.5.0', emptyLists), v2)),
  },
  {
    by: '3.7 to 3.9',
    name: 'f.yaml',
    plain: v3Yaml,
    shape: (f, d) => withBlock(bareTokens(d), yamlBlock(ordered(f, '3.7.3', emptyLists), v3)),
  },
  {
    by: '3.7 to 3.12, with an unquoted date',
    name: 'f.yaml',
    plain: v3Yaml,
    shape: (f, d) => withBlock(bareTokens(d), yamlBlock(ordered(f, '3.9.4', []), { ...v3, time: bare })),
  },
  {
    by: '3.10 to 3.12',
    name: 'f.yaml',
    plain: v3Yaml,
    shape: (f, d) => withBlock(bareTokens(d), yamlBlock(ordered(f, '3.11.0', []), v3)),
  },
  {
    by: '3.13',
    name: 'f.yaml',
    plain: v3Yaml,
    shape: (f, d) => withBlock(bareTokens(d), yamlBlock(sorted(f, '3.13.0'), v3)),
  },
  {
    by: '3.11, with comments added since',
    name: 'f.yaml',
    plain: v3Yaml,
    shape: (f, d) => withBlock(withClearComments(bareTokens(d), '#'), yamlBlock(ordered(f, '3.11.0', []), v3)),
  },
  {
    by: '3.12, its metadata first',
    name: 'f.yaml',
    plain: v3Yaml,
    shape: (f, d) => withBlock(yamlBlock(ordered(f, '3.12.2', []), v3), bareTokens(d)),
  },
  {
    by: '2.0 to 3.9',
    name: 'f.json',
    plain: json('\t'),
    shape: (f, d) => inJson(floats(d), jsonBlock(ordered(f, '3.7.3', emptyLists), '\t'), '\t'),
  },
  {
    by: '3.10 to 3.13.1',
    name: 'f.json',
    plain: json('\t'),
    shape: (f, d) => `${inJson(floats(d), jsonBlock(ordered(f, '3.12.2', []), '\t'), '\t')}\n`,
  },
  {
    by: '3.13.2',
    name: 'f.json',
    plain: json('\t'),
    shape: (f, d) => `${inJson(d, jsonBlock(sorted(f, '3.13.2'), '\t'), '\t')}\n`,
  },
  {
    by: '3.2 to 3.7',
    name: 'f.env',
    plain: env,
    shape: (f, d) => d + envBlock(shuffledRows(flatten(ordered(f, '3.7.3', [])))),
  },
  { by: '3.8 to 3.12', name: 'f.env', plain: env, shape: (f, d) => d + envBlock(flatten(sorted(f, '3.8.1'))) },
  {
    by: '3.7, sorted by its names since',
    name: 'f.env',
    plain: env,
    shape: (f, d) => envBlock(flatten(sorted(f, '3.7.3'))) + d,
  },
  {
    by: '3.8, with comments added since',
    name: 'f.env',
    plain: env,
    shape: (f, d) => withClearComments(d, '#') + envBlock(flatten(sorted(f, '3.8.1'))),
  },
  {
    by: '3.3 to 3.12',
    name: 'f.ini',
    plain: ini,
    shape: (f, d) => `${iniData(d)}\n${iniBlock(shuffledRows(flatten(ordered(f, '3.9.0', []))), escapedBreaks)}`,
  },
  {
    by: '3.13.0, 3.13.1',
    name: 'f.ini',
    plain: ini,
    shape: (f, d) => `${iniData(d)}\n${iniBlock(flatten(sorted(f, '3.13.0')), tripleQuoted)}`,
  },
  {
    by: '3.13.2',
    name: 'f.ini',
    plain: ini,
    shape: (f, d) => `${iniData(d)}\n${iniBlock(flatten(sorted(f, '3.13.2')), escapedBreaks)}`,
  },
  {
    by: '3.9, with comments added since',
    name: 'f.ini',
    plain: ini,
    shape: (f, d) =>
      `${withClearComments(iniData(d), ';')}\n${iniBlock(shuffledRows(flatten(ordered(f, '3.9.0', []))), escapedBreaks)}`,
  },
  { by: '1.16', name: 'f.txt', plain: bin, shape: (f, d) => inJson(d, jsonBlock(python(f, '1.16'), '    '), '    ') },
  {
    by: '3.0 to 3.9',
    name: 'f.txt',
    plain: bin,
    shape: (f, d) => inJson(d, jsonBlock(ordered(f, '3.7.3', emptyLists), '\t'), '\t'),
  },
]

/** The reference writes encrypted values without quotes. */
const iniData = (data: string): string => data.replaceAll(/`(ENC\[[^`]*)`(?: ;\w+)?/g, '$1')

/** Writes the file into a project, for the person who holds the identity. */
export async function writeOld(project: Project, person: Person, { name, plain, shape }: OldFile): Promise<string> {
  project.write(name, plain)
  const { code, stdout, stderr } = await person.sops(['encrypt', '--age', person.recipient, name])
  if (code !== 0) throw new Error(stderr)
  const shaped = shape(fieldsOf(stdout, person.recipient), dataOf(name, stdout))
  project.write(name, shaped)
  return shaped
}

const isMetadata = /^sops(?:_\w+=|:)|^\[sops\]/m

function dataOf(name: string, text: string): string {
  if (/\.(?:json|txt)$/.test(name)) return `${text.slice(0, text.indexOf('"sops":')).trimEnd().replace(/,$/, '')}\n}\n`
  return text.slice(0, isMetadata.exec(text)!.index).replace(/\n\n$/, '\n')
}

function fieldsOf(text: string, recipient: string): Fields {
  const rest = text.slice(text.search(/sops/))
  const mac = /ENC\[AES256_GCM,[^\]]*\]/.exec(rest.slice(rest.search(/mac\W/)))![0]
  const lastmodified = /\d{4}-\d\d-\d\dT[\d:]+Z/.exec(rest)![0]
  const armor = /-----BEGIN AGE[\s\S]*?END AGE ENCRYPTED FILE-----/.exec(rest)![0]
  const enc = `${armor.replaceAll('\\n', '\n').replaceAll(/\n +/g, '\n')}\n`
  return { enc, recipient, mac, lastmodified }
}
