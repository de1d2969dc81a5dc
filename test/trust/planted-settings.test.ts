// What lies in the folder that the program is started in, above it and in HOME is no setting of a runtime: files that Node or the runtime of the
// executable could read change nothing, and nor do those variables of it that are taken out of the executable.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { obeyed } from '../../scripts/runtime-variables.mjs'
import { executable } from '../support/build.ts'
import { sandbox } from '../support/cli.ts'
import { type Outcome, runProgram } from '../support/process.ts'
import { canary, envOf, prepareBox } from './writers.ts'

const box = sandbox({ 'project/below/x': '' })
const ran = box.path('ran')
const code = `require('node:fs').writeFileSync(${JSON.stringify(ran)}, 'x')\n`

const planted: Readonly<Record<string, string>> = {
  '.env': `SOPS_AGE_KEY_CMD=touch ${ran}\nSOPS_AGE_KEY=\nBUN_OPTIONS=--preload ./evil.cjs\n`,
  '.env.local': `SOPS_AGE_KEY_CMD=touch ${ran}\n`,
  '.env.production': `SOPS_AGE_KEY_CMD=touch ${ran}\n`,
  'bunfig.toml': 'preload = ["./evil.cjs"]\n[run]\nbun = true\n',
  '.bunfig.toml': 'preload = ["./evil.cjs"]\n',
  'tsconfig.json': '{"compilerOptions": {"paths": {"*": ["./evil.cjs"], "node:fs": ["./evil.cjs"]}}}\n',
  'jsconfig.json': '{"compilerOptions": {"paths": {"*": ["./evil.cjs"]}}}\n',
  'package.json': '{"type": "module", "imports": {"#*": "./evil.cjs"}, "browser": {"node:fs": "./evil.cjs"}}\n',
  '.npmrc': 'node-options=--require ./evil.cjs\n',
  'evil.cjs': code,
  'sops.cjs': code,
  'main.cjs': code,
  ...Object.fromEntries(
    ['openpgp', 'pg', 'pg-native', 'yaml', 'yargs', '@noble/ciphers', 'source-map-support'].map((name) => [
      `node_modules/${name}/index.js`,
      code,
    ]),
  ),
}

function plant(folder: string): void {
  for (const [name, text] of Object.entries(planted)) {
    const path = box.path(`${folder}/${name}`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

const sops = (argv: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
  runProgram(argv, { cwd: box.path(cwd), env: { ...envOf(box), HOME: box.path('home'), ...env } })

beforeAll(async () => {
  await prepareBox(box)
  mkdirSync(box.path('home'), { recursive: true })
})
afterAll(() => box.remove())

describe.each([
  ['the folder', 'project/below'],
  ['a folder above', 'project'],
  ['HOME', 'home'],
])('planted in %s', (_, folder) => {
  beforeAll(() => plant(folder))
  afterAll(() => {
    for (const name of [...Object.keys(planted), 'node_modules'])
      rmSync(box.path(`${folder}/${name}`), { recursive: true, force: true })
  })

  test.each([
    ['decrypt', [box.path('sealed.yaml')]],
    ['exec-file', [box.path('sealed.yaml'), 'cat {}']],
    ['doctor', [box.path('sealed.yaml')]],
  ])('%s runs none of it', async (command, words) => {
    const { exit, stdout } = await sops([command, ...words], 'project/below')
    expect(existsSync(ran)).toBe(false)
    expect(exit).toBe(0)
    if (command !== 'doctor') expect(stdout.toString()).toContain(canary)
  })

  test('no identity, and no command that finds one, comes from there', async () => {
    const { exit } = await sops(['decrypt', box.path('sealed.yaml')], 'project/below', { SOPS_AGE_KEY: '' })
    expect(existsSync(ran)).toBe(false)
    expect(exit).not.toBe(0)
  })
})

describe('variables of the runtime', () => {
  beforeAll(() => plant('project'))

  const values: Readonly<Record<string, string>> = {
    BUN_OPTIONS: '--preload ./evil.cjs',
    BUN_INSPECT_PRELOAD: './evil.cjs',
    BUN_INSPECT: 'ws://127.0.0.1:0/x',
    NODE_PATH: '.',
  }
  const writing = /_OUT$/

  test.each([...obeyed, 'NODE_PATH', ...(executable ? ['NODE_OPTIONS', 'NODE_V8_COVERAGE'] : [])])(
    '%s changes nothing',
    async (name) => {
      const plain = await sops(['decrypt', box.path('sealed.yaml')], 'project')
      const value = values[name] ?? (name === 'NODE_OPTIONS' ? '--require ./evil.cjs' : writing.test(name) ? ran : '1')
      const got = await sops(['decrypt', box.path('sealed.yaml')], 'project', { [name]: value })
      expect(existsSync(ran)).toBe(false)
      expect(got).toEqual(plain)
      expect(readFileSync(box.path('sealed.yaml'), 'utf8')).not.toContain(canary)
    },
  )
})
