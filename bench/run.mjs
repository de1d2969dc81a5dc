// Measures the program as users meet it, as whole processes, each against a floor taken in the same run.
//
//   node bench/run.mjs [--quick] [--json] [--only WORD]
//
// The suite `forms` compares the Node form with the executable (dist/sops, or SOPS_BENCH_EXECUTABLE) and, where SOPS_BENCH_REFERENCE names its
// program, with the reference; `repository` compares runs over many files with a shell loop of that.
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import crypto from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { startClouds } from './clouds.mjs'
import { bytesOf, dotenvOf, jsonOf, smallYaml, yamlOf } from './data.mjs'
import { compare, formsOf, worksOf } from './forms.mjs'
import { cleanEnv, measure } from './measure.mjs'
import { repositoryRows } from './repository.mjs'

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, only: { type: 'string' } },
})
const hasMlKem = 'decapsulate' in crypto
const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const bin = join(root, 'bin/sops.cjs')
const packages = join(root, 'node_modules')
if (!existsSync(join(root, 'dist/cli/main.cjs'))) {
  process.stderr.write('dist/ is missing: run `npm run build` first\n')
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'sops-bench-'))
const identity = await generateIdentity()
const recipient = await identityToRecipient(identity)
const env = cleanEnv(folder, {
  SOPS_AGE_KEY: identity,
  SOPS_AGE_RECIPIENTS: recipient,
  SOPS_DISABLE_VERSION_CHECK: '1',
})
const [few, many] = options.quick ? [2000, 20_000] : [6000, 60_000]
const size = (options.quick ? 10 : 50) * 2 ** 20
const envMany = options.quick ? 10_000 : 50_000
/** What the suite `forms` wants of the executable. */
const goals = []

const job = (name, ...args) => ({ name, args, env, cwd: folder })
const sops = (name, ...args) => job(name, bin, ...args)
const script = (name, text) => job(name, '--input-type=module', '-e', text)
const seal = (name, content) => {
  writeFileSync(join(folder, name), content)
  const sealed = execFileSync(process.execPath, [bin, 'encrypt', name], { cwd: folder, env, maxBuffer: 2 ** 31 - 1 })
  writeFileSync(join(folder, `sealed-${name}`), sealed)
}
const parse = (name, file, module, call) =>
  script(name, `import { readFileSync } from 'node:fs'; import ${module}; ${call}(readFileSync('${file}', 'utf8'))`)
const yamlPackage = `{ parse } from '${join(packages, 'yaml/dist/index.js')}'`

/** What each suite runs, and the rows it shows: `[what, floor, target, measure]`; ratios are of the medians. */
const suites = {
  async start() {
    seal('small.yaml', smallYaml)
    writeFileSync(join(folder, 'small.json'), '{"password":"fake"}')
    seal('small.json', '{"password":"fake"}')
    const results = await measure(
      [
        job('node -e 0', '-e', '0'),
        sops('--version', '--version'),
        sops('--help', '--help'),
        sops('decrypt 1 KB YAML', 'decrypt', 'sealed-small.yaml'),
        sops('encrypt 1 KB YAML', 'encrypt', 'small.yaml'),
        sops('decrypt small JSON', 'decrypt', 'sealed-small.json'),
      ],
      options.quick ? 7 : 21,
    )
    return rows(results, [
      ['--version', 'node -e 0'],
      ['--help', 'node -e 0'],
      ['decrypt 1 KB YAML', 'node -e 0', 3],
      ['encrypt 1 KB YAML', 'node -e 0'],
      ['decrypt small JSON', 'node -e 0'],
    ])
  },
  async leaves() {
    for (const [count, size] of [
      ['few', few],
      ['many', many],
    ]) {
      seal(`${count}.yaml`, yamlOf(size))
      seal(`${count}.json`, jsonOf(size))
      seal(`${count}.env`, dotenvOf(size))
    }
    const results = await measure(
      [
        parse(`yaml package, ${many} leaves`, 'many.yaml', yamlPackage, 'parse'),
        script(
          `JSON.parse, ${many} leaves`,
          "import { readFileSync } from 'node:fs'; JSON.parse(readFileSync('many.json', 'utf8'))",
        ),
        ...['yaml', 'json', 'env'].flatMap((type) => [
          sops(`decrypt ${few} leaves .${type}`, 'decrypt', `sealed-few.${type}`),
          sops(`decrypt ${many} leaves .${type}`, 'decrypt', `sealed-many.${type}`),
          sops(`encrypt ${many} leaves .${type}`, 'encrypt', `many.${type}`),
        ]),
      ],
      options.quick ? 3 : 7,
    )
    return rows(results, [
      [`decrypt ${many} leaves .yaml`, `yaml package, ${many} leaves`, 2],
      [`encrypt ${many} leaves .yaml`, `yaml package, ${many} leaves`],
      [`decrypt ${many} leaves .json`, `JSON.parse, ${many} leaves`],
      [`encrypt ${many} leaves .json`, `JSON.parse, ${many} leaves`],
      [`decrypt ${many} leaves .env`, `JSON.parse, ${many} leaves`],
      [`encrypt ${many} leaves .env`, `JSON.parse, ${many} leaves`],
      // Ten times the leaves: less than ten times the time, or something grows faster than the file.
      ...['yaml', 'json', 'env'].map((type) => [
        `decrypt ${many} leaves .${type}`,
        `decrypt ${few} leaves .${type}`,
        10,
      ]),
    ])
  },
  async binary() {
    seal('big.bin', bytesOf(size))
    const label = `${size / 2 ** 20} MB binary`
    const floor = `aes-256-gcm and base64 of ${label}`
    const results = await measure(
      [
        script(
          floor,
          `import { readFileSync, writeSync } from 'node:fs'; import { createCipheriv, randomBytes } from 'node:crypto';
           const cipher = createCipheriv('aes-256-gcm', randomBytes(32), randomBytes(32));
           writeSync(1, Buffer.concat([cipher.update(readFileSync('big.bin')), cipher.final()]).toString('base64'))`,
        ),
        sops(`encrypt ${label}`, 'encrypt', 'big.bin'),
        sops(`decrypt ${label}`, 'decrypt', '--input-type', 'binary', '--output-type', 'binary', 'sealed-big.bin'),
      ],
      options.quick ? 2 : 3,
      true,
    )
    return rows(results, [
      [`encrypt ${label}`, floor],
      [`decrypt ${label}`, floor],
    ])
  },
  async identities() {
    /** @type {[string, string[]][]} */
    const kinds = [['X25519', []]]
    execFileSync(process.execPath, [bin, 'keygen', '--pq', '--output', 'pq.txt'], { cwd: folder, env, stdio: 'ignore' })
    kinds.push(['post-quantum', ['--age', /age1pq1\w+/.exec(readFileSync(join(folder, 'pq.txt'), 'utf8'))?.[0] ?? '']])
    mkdirSync(join(folder, 'ssh/.ssh'), { recursive: true })
    const ssh = join(folder, 'ssh/.ssh/id_ed25519')
    if (spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', ssh]).status === 0)
      kinds.push(['ssh-ed25519', ['--age', readFileSync(`${ssh}.pub`, 'utf8').trim()]])
    else process.stderr.write('ssh keys are not measured: there is no program ssh-keygen\n')
    const keys = {
      X25519: { SOPS_AGE_KEY: identity },
      'post-quantum': { SOPS_AGE_KEY_FILE: join(folder, 'pq.txt') },
      'ssh-ed25519': { HOME: join(folder, 'ssh') },
    }
    const jobs = kinds.map(([kind, flags]) => {
      writeFileSync(join(folder, `${kind}.yaml`), smallYaml)
      execFileSync(process.execPath, [bin, 'encrypt', '-i', ...flags, `${kind}.yaml`], { cwd: folder, env })
      return { ...sops(`decrypt, ${kind}`, 'decrypt', `${kind}.yaml`), env: { ...cleanEnv(folder), ...keys[kind] } }
    })
    const results = await measure(jobs, options.quick ? 7 : 21)
    return differences(
      results,
      'ms',
      // Without an ML-KEM of Node's own a package is loaded.
      kinds
        .slice(1)
        .map(([kind]) => [`decrypt, ${kind}`, 'decrypt, X25519', kind === 'post-quantum' && !hasMlKem ? 70 : 30]),
    )
  },
  async forms() {
    const forms = formsOf(root)
    if (forms.length === 1) {
      process.stderr.write('forms are not compared: there is no executable (npm run package)\n')
      return []
    }
    seal('small.yaml', smallYaml)
    for (const [type, text] of Object.entries({ yaml: yamlOf(many), json: jsonOf(many), env: dotenvOf(envMany) }))
      seal(`many.${type}`, text)
    seal('big.bin', bytesOf(size))
    const { clouds, close } = await startClouds(root)
    try {
      const aws = /** @type {(typeof clouds)[string]} */ (clouds.aws)
      writeFileSync(join(folder, 'aws.yaml'), smallYaml)
      const awsEnv = { ...cleanEnv(folder), ...aws.env, SOPS_DISABLE_VERSION_CHECK: '1' }
      await promisify(execFile)(process.execPath, [bin, 'encrypt', '-i', ...aws.flags, 'aws.yaml'], {
        cwd: folder,
        env: awsEnv,
      })
      const works = worksOf({ leaves: { yaml: many, json: many, env: envMany }, size })
      const { rows, targets } = await compare(forms, works, {
        cwd: folder,
        env,
        awsEnv,
        isQuick: options.quick === true,
      })
      goals.push(...targets)
      return rows
    } finally {
      await close()
    }
  },
  repository: () =>
    repositoryRows(formsOf(root), {
      folder,
      bin,
      env,
      recipient,
      text: smallYaml,
      isQuick: options.quick === true,
    }),
  async clouds() {
    const { clouds, trust, close } = await startClouds(root)
    try {
      seal('age.yaml', smallYaml)
      const jobs = [
        sops('decrypt, age', 'decrypt', 'sealed-age.yaml'),
        // More roots of trust slow every start of Node down.
        { ...sops('decrypt, age, NODE_EXTRA_CA_CERTS', 'decrypt', 'sealed-age.yaml'), env: { ...env, ...trust } },
      ]
      for (const [name, cloud] of Object.entries(clouds)) {
        const own = { ...cleanEnv(folder), ...cloud.env }
        writeFileSync(join(folder, 'plain.yaml'), smallYaml)
        // Asynchronous, as the services are in this process.
        await promisify(execFile)(process.execPath, [bin, 'encrypt', '-i', ...cloud.flags, 'plain.yaml'], {
          cwd: folder,
          env: own,
        })
        renameSync(join(folder, 'plain.yaml'), join(folder, `${name}.yaml`))
        jobs.push({ ...sops(`decrypt, ${name}`, 'decrypt', `${name}.yaml`), env: own })
      }
      const results = await measure(jobs, options.quick ? 7 : 21, true)
      return differences(results, 'cpu', [
        ['decrypt, aws', 'decrypt, age', 90],
        ['decrypt, gcp-grpc', 'decrypt, age', 180],
        ['decrypt, gcp-rest', 'decrypt, age', 180],
        ['decrypt, azure', 'decrypt, age, NODE_EXTRA_CA_CERTS', 180],
        ['decrypt, azure-sdk', 'decrypt, age, NODE_EXTRA_CA_CERTS', 180],
      ])
    } finally {
      await close()
    }
  },
}

/** What is added to the floor, in milliseconds: by the clock (`ms`) or of processor time (`cpu`), where services run beside the program. */
function differences(results, unit, wanted) {
  return wanted.map(([what, floor, limit]) => {
    const [measured, base] = [results.get(what), results.get(floor)]
    const added = measured[unit] - base[unit]
    return { what, ...measured, floor, floorMs: base.ms, added, unit, limit, met: added <= limit }
  })
}

function rows(results, wanted) {
  return wanted.map(([what, floor, target]) => {
    const [measured, base] = [results.get(what), results.get(floor)]
    const ratio = measured.ms / base.ms
    return { what, ...measured, floor, floorMs: base.ms, ratio, ...(target ? { target, met: ratio <= target } : {}) }
  })
}

const number = (value, digits = 0) => (value === undefined ? '' : value.toFixed(digits))
const targetOf = ({ target, limit, met }) => {
  const wanted = target ? `<= ${target}x` : limit ? `<= +${limit}` : ''
  return wanted && `${wanted} ${met ? 'met' : 'MISSED'}`
}

function print(all) {
  const cells = all.map((row) => [
    row.what,
    number(row.ms),
    number(row.min),
    number(row.peak),
    row.floor,
    number(row.floorMs),
    row.ratio === undefined
      ? `${row.added < 0 ? '' : '+'}${number(row.added)} ${row.unit}`
      : `${number(row.ratio, 2)}x`,
    targetOf(row),
  ])
  const table = [['what', 'ms', 'min', 'peak MB', 'floor', 'ms', 'ratio', 'target'], ...cells]
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
  const isText = new Set([0, 4, 7])
  for (const row of table) {
    const line = row.map((cell, column) =>
      isText.has(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    )
    process.stdout.write(`${line.join('  ').trimEnd()}\n`)
  }
}

try {
  const all = []
  for (const [name, suite] of Object.entries(suites)) {
    if (!options.only || name.includes(options.only)) all.push(...(await suite()))
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ node: process.version, rows: all, goals }, null, 2)}\n`)
  else print(all)
  for (const { what, value, limit, unit, met } of options.json ? [] : goals)
    process.stdout.write(
      `executable, ${what}: ${number(value, unit === 'x' ? 2 : 0)} ${unit}, target <= ${limit}: ${met ? 'met' : 'NOT MET'}\n`,
    )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
