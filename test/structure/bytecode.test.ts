// The bytecode beside the built program: that this Node takes it, and that the program runs without it.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureBuilt, root } from '../support/build.ts'
import { runProcess } from '../support/process.ts'

interface Loader {
  bytecodeFolder(folder: string): string
  chunkLoader(folder: string): {
    load(id: string): unknown
    readonly scripts: ReadonlyMap<string, { readonly cachedDataRejected?: boolean }>
  }
}

const { bytecodeFolder, chunkLoader }: Loader = createRequire(import.meta.url)('../../bin/load.cjs')
const cli = join(root, 'dist/cli')
let copy: string

beforeAll(async () => {
  await ensureBuilt()
  copy = mkdtempSync(join(tmpdir(), 'sops-copy-'))
}, 120_000)

afterAll(() => rmSync(copy, { recursive: true, force: true }))

test('this version of Node accepts the bytecode of every chunk', () => {
  const { load, scripts } = chunkLoader(cli)
  for (const name of readdirSync(bytecodeFolder(cli))) load(`./${name}`)
  const refused = [...scripts].filter(([, script]) => script.cachedDataRejected !== false).map(([name]) => name)
  expect(scripts.size).toBeGreaterThan(10)
  expect(refused).toEqual([])
})

test.each([
  ['@grpc/grpc-js', ['Client', 'Server', 'credentials', 'Metadata']],
  ['google-auth-library', ['GoogleAuth']],
  ['@aws-sdk/credential-providers', ['fromIni', 'fromHttp', 'fromInstanceMetadata']],
  ['@aws-sdk/client-s3', ['S3Client', 'PutObjectCommand']],
  ['@azure/identity', ['DefaultAzureCredential']],
  ['gaxios', ['request']],
  ['pg', ['Client']],
  ['yaml', ['parse']],
  ['age-encryption', ['Encrypter', 'Decrypter']],
])('the bundled %s exports what is used of it', (name, used) => {
  const meta: { outputs: Record<string, { entryPoint?: string }> } = JSON.parse(
    readFileSync(join(cli, 'meta.json'), 'utf8'),
  )
  const [chunk] = Object.entries(meta.outputs).find(([, { entryPoint }]) =>
    entryPoint?.startsWith(`node_modules/${name}/`),
  )!
  const exported = chunkLoader(cli).load(`./${basename(chunk)}`) as Record<string, unknown>
  expect(used.filter((one) => exported[one] === undefined)).toEqual([])
})

test('the program runs without it, too', async () => {
  cpSync(join(root, 'bin'), join(copy, 'bin'), { recursive: true })
  cpSync(cli, join(copy, 'dist/cli'), { recursive: true })
  rmSync(bytecodeFolder(join(copy, 'dist/cli')), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const run = await runProcess(process.execPath, [join(copy, 'bin/sops.mjs'), 'keygen', '--output', join(copy, 'k')], {
    cwd: copy,
    env: { PATH: process.env.PATH ?? '', HOME: copy },
  })
  expect([run.exit, run.stderr.toString()]).toEqual([0, expect.not.stringContaining('Error')])
  expect(readdirSync(copy)).toContain('k')
})
