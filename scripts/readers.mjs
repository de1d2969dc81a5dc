// Other readers' view of what we encrypt: every YAML file of fixtures/layout, and texts in every spelling, encrypted by the built program and read
// by `yaml`, `js-yaml`, PyYAML, ruamel.yaml and mise. What a reader refuses in the plain text (local tags, merges) it may refuse in ours.
//
//   npm run build && node scripts/readers.mjs [FOLDER]
//
// FOLDER (or READERS) has a node_modules with js-yaml and mise; without it they are looked for here and in PATH. PYTHON names the Python to
// ask (default: python3). A reader that is not installed is left out, and said so.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = resolve(process.argv[2] ?? process.env.READERS ?? root)
const python = process.env.PYTHON ?? 'python3'
const key = join(root, 'fixtures/conformance/keys/one.age')
const recipient = /age1[a-z0-9]+/.exec(readFileSync(key, 'utf8'))?.[0]
const work = mkdtempSync(join(tmpdir(), 'sops-readers-'))
const env = { ...process.env, SOPS_AGE_KEY_FILE: key, SOPS_DISABLE_VERSION_CHECK: '1' }

const run = (command, args, options = {}) => spawnSync(command, args, { env, cwd: work, encoding: 'utf8', ...options })
const sops = (...args) => run(process.execPath, [join(root, 'bin/sops.cjs'), ...args])

/** A reader answers with what is wrong with a file, or undefined. */
const readers = []
const skip = (name, reason) => console.log(`skipped ${name}: ${reason}`)

const moduleOf = (name) => {
  try {
    return createRequire(join(folder, 'x.js'))(name)
  } catch {
    return undefined
  }
}
const attempt = (read) => {
  try {
    read()
    return undefined
  } catch (error) {
    return String(error.message).split('\n')[0]
  }
}

const yaml = createRequire(join(root, 'x.js'))('yaml')
readers.push({
  name: 'yaml',
  read: (file) =>
    yaml
      .parseAllDocuments(readFileSync(file, 'utf8'), { logLevel: 'silent' })
      .flatMap(({ errors, warnings }) => [...errors, ...warnings])
      .map(({ message }) => message.split('\n')[0])[0],
})
const jsYaml = moduleOf('js-yaml')
if (jsYaml) readers.push({ name: 'js-yaml', read: (file) => attempt(() => jsYaml.loadAll(readFileSync(file, 'utf8'))) })
else skip('js-yaml', `not in ${folder}`)

const pythonReaders = [
  ['PyYAML', 'import yaml', 'list(yaml.safe_load_all(open(sys.argv[1], "rb")))'],
  [
    'ruamel.yaml',
    'from ruamel.yaml import YAML',
    'list(YAML(typ="safe", pure=True).load_all(open(sys.argv[1], "rb")))',
  ],
]
for (const [name, load, read] of pythonReaders) {
  if (run(python, ['-c', load]).status !== 0) skip(name, `${python} does not have it`)
  else
    readers.push({
      name,
      read: (file) => {
        const { status, stderr } = run(python, ['-c', `import sys\n${load}\n${read}`, file])
        return status === 0 ? undefined : stderr.trim().split('\n').slice(-3).join(' ')
      },
    })
}

const mise = [join(folder, 'node_modules/.bin'), ...(process.env.PATH ?? '').split(delimiter)]
  .map((place) => join(place, 'mise'))
  .find((path) => existsSync(path))
if (!mise) skip('mise', `neither in ${folder} nor in PATH`)

/** Texts and numbers in every spelling: mise decrypts files of nothing but those. */
const values = [
  'foo',
  'yes',
  'No',
  'y',
  '1:30',
  '12:30:45',
  '<<',
  'a: b',
  'x # y',
  "it's",
  'a\\b',
  '5432',
  'true',
  '~',
  '2024-01-01',
  '😀',
  'é',
  '=',
]
const single = (value) => `'${value.replaceAll("'", "''")}'`
const spellings = [
  ...values.filter((value) => !/[:#] |^[~=]|^2024|^true/.test(value)),
  ...values.map((value) => JSON.stringify(value)),
  ...values.map(single),
  ...values.map((value) => `|-\n    ${value}`),
  ...values.map((value) => `>-\n    ${value}`),
  ...[
    '|\n    x',
    '|+\n    x\n',
    '>\n    x',
    '&anchor x',
    '!!str 5',
    '1',
    '-7',
    '007',
    '1.50',
    '1e3',
    '100000.0',
    '0.00001',
    '0x1F',
    '!!int 5',
    '!!float 1',
  ],
]
const flat = spellings.map((spelling, i) => `k${i}: ${spelling}\n`).join('')
const broad = [
  [
    'spellings.yaml',
    flat + ['True', 'false', '2024-01-01', '2024-01-01T10:00:00Z'].map((word, i) => `t${i}: ${word}\n`).join(''),
  ],
  [
    'spellings-flow.yaml',
    `l: [${spellings.filter((spelling) => !/\n/.test(spelling)).join(', ')}, True, 2024-01-01]\n`,
  ],
]

let failures = 0
const fail = (reader, name, problem) => {
  failures++
  console.log(`${reader} cannot read ${name}: ${problem}`)
}

const layout = join(root, 'fixtures/layout/yaml')
const texts = [...broad, ...readdirSync(layout).map((name) => [name, readFileSync(join(layout, name), 'utf8')])]
let count = 0
for (const [name = '', text = ''] of texts) {
  const plain = join(work, `plain-${basename(name)}`)
  const sealed = join(work, `sealed-${basename(name)}`)
  writeFileSync(plain, text)
  const { status, stdout, stderr } = sops('encrypt', '--age', recipient, plain)
  if (status !== 0) {
    fail('sops', name, stderr)
    continue
  }
  writeFileSync(sealed, stdout)
  for (const reader of readers) {
    const problem = reader.read(sealed)
    if (problem === undefined) count++
    else if (reader.read(plain) === undefined) fail(reader.name, name, problem)
  }
}

if (mise) {
  const home = join(work, 'mise')
  mkdirSync(home)
  writeFileSync(join(home, 'mise.toml'), '[env]\n_.file = "s.enc.yaml"\n')
  writeFileSync(join(home, 'plain.yaml'), flat)
  const miseEnv = { ...env, HOME: home, MISE_EXPERIMENTAL: '1', MISE_SOPS_AGE_KEY_FILE: key }
  const ask = (...args) => run(mise, args, { cwd: home, env: miseEnv })
  writeFileSync(join(home, 's.enc.yaml'), sops('encrypt', '--age', recipient, join(home, 'plain.yaml')).stdout)
  ask('trust', '-a')
  const wanted = JSON.parse(sops('decrypt', '--output-type', 'json', join(home, 's.enc.yaml')).stdout)
  const { stdout, stderr } = ask('env', '-J')
  const problem = attempt(() => {
    const found = JSON.parse(stdout)
    for (const [name, value] of Object.entries(wanted)) {
      if (typeof value === 'string' && found[name] !== value) throw new Error(`${name} has another value`)
      if (found[name] === undefined) throw new Error(`${name} is not there`)
    }
  })
  if (problem === undefined) count++
  else fail('mise', 'spellings.yaml', `${problem} ${stderr.trim().split('\n')[0] ?? ''}`)
}

rmSync(work, { recursive: true, force: true })
console.log(`${count} readings, ${failures} refused`)
process.exitCode = failures > 0 ? 1 : 0
