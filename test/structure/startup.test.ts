// What starting the program loads: read from the bundle's metafile, and from what real runs evaluated.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bin, root } from '../support/build.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { type Outcome, runProcess } from '../support/process.ts'

interface Metafile {
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly imports: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[]
        readonly inputs: Readonly<Record<string, unknown>>
        readonly entryPoint?: string
      }
    >
  >
}

/** Nothing of these may be needed just to start. Parsers of formats are in the list, the table and what tells formats apart are not. */
const heavy =
  /(^|\/)node_modules\/(yaml|age-encryption|@noble|@scure|shamir-secret-sharing|re2js|yargs|openpgp|@aws-sdk|@smithy|@google-cloud|google-gax|@azure|@grpc|dotenv|ini)\/|^(yaml|age-encryption|@noble\/.*|shamir-secret-sharing|re2js|openpgp|@aws-sdk\/.*|@google-cloud\/.*|@azure\/.*|@grpc\/.*)$|^src\/formats\/(?!table|types|detect)/

let meta: Metafile
let folder: string
let env: Record<string, string>

beforeAll(async () => {
  meta = JSON.parse(readFileSync(join(root, 'dist/cli/meta.json'), 'utf8'))
  folder = mkdtempSync(join(tmpdir(), 'sops-start-'))
  env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    SOPS_AGE_KEY: readFileSync(join(keysFolder, 'one.age'), 'utf8'),
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Sources and packages of the chunks that evaluating the entry evaluates. */
function eager(): string[] {
  const entry = Object.keys(meta.outputs).find((name) => meta.outputs[name]!.entryPoint === 'src/cli/main.ts')!
  const chunks = new Set<string>([entry])
  const external = new Set<string>()
  for (const chunk of chunks) {
    for (const one of meta.outputs[chunk]!.imports) {
      if (one.kind !== 'import-statement') continue
      if (one.external) external.add(one.path)
      else chunks.add(one.path)
    }
  }
  return [...external, ...[...chunks].flatMap((chunk) => Object.keys(meta.outputs[chunk]!.inputs))].sort()
}

test('the entry reaches no parser, SDK or crypto package by static imports', () => {
  const inputs = eager()
  expect(inputs).toContain('src/cli/main.ts')
  expect(inputs.filter((input) => heavy.test(input))).toEqual([])
})

/** Runs the program; `loaded` are the sources of all chunks that were evaluated. */
async function traced(args: readonly string[]): Promise<Outcome & { readonly loaded: readonly string[] }> {
  const trace = mkdtempSync(join(folder, 'trace-'))
  // V8's coverage lists every script that ran, whatever loaded it.
  const outcome = await runProcess(process.execPath, [bin, ...args], {
    cwd: folder,
    env: { ...env, NODE_V8_COVERAGE: trace },
  })
  const urls = readdirSync(trace).flatMap((name) => {
    const report: { result: { url: string }[] } = JSON.parse(readFileSync(join(trace, name), 'utf8'))
    return report.result.map(({ url }) => url)
  })
  const chunks = new Map(Object.keys(meta.outputs).map((name) => [basename(name), name]))
  const loaded = urls
    .filter((url) => url.includes('dist/cli/') || url.includes('/node_modules/'))
    .flatMap((url) => {
      const chunk = chunks.get(basename(url))
      return chunk === undefined ? [url] : Object.keys(meta.outputs[chunk]!.inputs)
    })
  return { ...outcome, loaded }
}

const recipient = 'age1y9ff66k7cr0zgmwu3vcw8tcxycnk50ncwzlca0axt28yw0tyxujsxh4de5'

describe.each([
  ['json', '{"password": "fake", "port": 1}\n', ['src/formats/json.ts']],
  ['env', '# note\nPASSWORD=fake\n', ['src/formats/dotenv.ts']],
  ['ini', '[db]\npassword = fake\n', ['src/formats/ini.ts']],
  ['bin', 'just some bytes', ['src/formats/binary.ts']],
])('decrypting a small .%s file', (suffix, text, needed) => {
  test('loads its own parser, neither YAML nor an SDK', async () => {
    const file = `small.${suffix}`
    writeFileSync(join(folder, file), text)
    const sealed = await runProcess(process.execPath, [bin, 'encrypt', '-i', '--age', recipient, file], {
      cwd: folder,
      env,
    })
    expect(sealed.stderr.toString()).toBe('')
    const { exit, stdout, loaded } = await traced(['decrypt', file])
    expect([exit, stdout.toString()]).toEqual([0, text])
    expect(loaded).toEqual(expect.arrayContaining(['src/cli/main.ts', 'src/cli/commands/decrypt.ts', ...needed]))
    const surplus = loaded.filter((input) =>
      /node_modules\/(yaml|yargs|re2js|openpgp|@aws|@google|@azure|@grpc)|formats\/yaml/.test(input),
    )
    expect(surplus).toEqual([])
  })
})

describe('yargs', () => {
  const loadsIt = async (args: readonly string[]): Promise<boolean> =>
    (await traced(args)).loaded.some((input) => input.startsWith('node_modules/yargs/'))

  test.each([[['--help']], [['decrypt', '--help']], [['help', 'encrypt']], [['groups']], [[]]])(
    'prints the help: %j',
    async (args) => expect(await loadsIt(args)).toBe(true),
  )

  test.each([
    [['decrypt', '--nonsense']],
    [['--nonsense']],
    [['--version']],
    [['completion', 'bash']],
    [['--generate-bash-completion']],
    [['decrypt', '--in', '--generate-bash-completion']],
    [['help', 'nonsense']],
    [['decrpt']],
    [['filestatus', 'gone.yaml']],
    [['doctor']],
  ])('is not loaded for %j', async (args) => expect(await loadsIt(args)).toBe(false))
})

test.each([
  ['--version', heavy],
  // The help is laid out by yargs.
  ['--help', new RegExp(heavy.source.replace('|yargs', ''))],
])('%s loads no command, parser or SDK', async (flag, unwanted) => {
  const { exit, loaded } = await traced([flag])
  expect(exit).toBe(0)
  expect(loaded.filter((input) => unwanted.test(input) || /^src\/cli\/commands\/(?!index)/.test(input))).toEqual([])
})
