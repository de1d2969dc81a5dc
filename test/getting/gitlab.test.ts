// The GitLab template: the scripts of a job that extends it, run one after the other in one shell, as GitLab's runner does.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { root } from '../support/build.ts'
import { type Outcome, runProcess } from '../support/process.ts'
import { encryptInto, identity, lacking, lackingText, layOutRelease, program, sha256 } from '../support/release.ts'

interface Header {
  readonly spec: { readonly inputs: Readonly<Record<string, { readonly default?: string; readonly regex?: string }>> }
}
interface Job {
  readonly variables: Readonly<Record<string, string>>
  readonly before_script: readonly string[]
}

const text = readFileSync(join(root, 'templates/sops.yml'), 'utf8')
const header = parseAllDocuments(text)[0]!.toJS() as Header
/** Those of Debian and Alpine images. */
const shells = ['bash', 'dash', 'sh'].filter((name) => existsSync(`/bin/${name}`))

let folder: string
let archive: Buffer
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sops-gitlab-'))
  archive = layOutRelease(join(folder, 'releases'), '1.2.3', program)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function run(shell: string, inputs: Record<string, string>, script: string): Promise<Outcome> {
  const given: Record<string, string> = { 'base-url': `file://${folder}/releases`, version: '1.2.3', ...inputs }
  const filled = text.replace(/\$\[\[ inputs\.(\S+) \]\]/g, (_, name: string) => {
    const value = given[name] ?? header.spec.inputs[name]!.default
    expect(value, name).toBeDefined()
    return JSON.stringify(value).slice(1, -1)
  })
  const { '.sops': job } = parseAllDocuments(filled)[1]!.toJS() as { '.sops': Job }
  const env = Object.fromEntries(Object.entries(job.variables).map(([name, value]) => [name, String(value ?? '')]))
  return runProcess(`/bin/${shell}`, ['-c', ['set -e', ...job.before_script, script].join('\n')], {
    cwd: folder,
    env: { PATH: process.env['PATH']!, HOME: folder, TMPDIR: folder, SOPS_AGE_KEY_FILE: identity, ...env },
  })
}

async function encrypt(document: string, name = 'secret.json'): Promise<string> {
  await encryptInto(folder, document, name)
  return name
}

const version: string = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
const banner = `sops 3.13.2 (sops-ts ${version})\n`

describe.skipIf(process.platform !== 'linux' || lacking.length > 0).each(shells)(`in %s${lackingText}`, (shell) => {
  test('sops is in the PATH of the script', async () => {
    const ran = await run(shell, {}, 'sops filestatus "$0" || echo "status $?"')
    expect(ran.stdout.toString()).toMatch(new RegExp(`^${banner.replace(/[().]/g, '\\$&')}`))
    const pinned = await run(shell, { checksum: sha256(archive) }, 'sops --version')
    expect([pinned.exit, pinned.stdout.toString()]).toEqual([0, banner + banner])
  })

  test.each([
    ['another checksum is named', (): Record<string, string> => ({ checksum: '0'.repeat(64) })],
    [
      'the archive has been exchanged',
      () => {
        const list = readFileSync(join(folder, 'releases/v1.2.3/SHA256SUMS'))
        layOutRelease(join(folder, 'releases'), '1.2.3', '#!/bin/sh\necho exchanged\n')
        writeFileSync(join(folder, 'releases/v1.2.3/SHA256SUMS'), list)
        return {}
      },
    ],
    [
      'the list does not name it',
      () => {
        writeFileSync(join(folder, 'releases/v1.2.3/SHA256SUMS'), '')
        return {}
      },
    ],
    ['there is no such release', () => ({ version: '9.9.9' })],
  ])('the job ends when %s', async (_, prepare) => {
    const ran = await run(shell, prepare(), 'echo reached')
    expect(ran.exit).not.toBe(0)
    expect(ran.stdout.toString()).toBe('')
  })

  test('values are variables of the script, as they are, and shown nowhere', async () => {
    const values = {
      PASSWORD: 'hunter2 & "quotes" $HOME `touch ran` \\n \'',
      PEM: '-----BEGIN KEY-----\n  c2VjcmV0\n-----END KEY-----\n',
      INJECTED: "'\nexport PATH=/evil\ntouch ran\n'",
      EMPTY: '',
      UNICODE: 'pässwörd 🔑',
    }
    const file = await encrypt(JSON.stringify(values))
    const print = `printf '%s\\0' "$PASSWORD" "$PEM" "$INJECTED" "$EMPTY" "$UNICODE" > found; ls; sops --version`
    const ran = await run(shell, { file }, print)
    expect([ran.stderr.toString(), ran.exit]).toEqual(['', 0])
    expect(readFileSync(join(folder, 'found'), 'utf8').split('\0').slice(0, -1)).toEqual(Object.values(values))
    expect(ran.stdout.toString()).not.toMatch(/hunter2|c2VjcmV0|^ran$/m)
    expect(ran.stdout.toString().endsWith(banner)).toBe(true)
  })

  test.each(['PATH', 'LD_PRELOAD', 'BASH_ENV', 'NODE_OPTIONS', 'PWD', 'CI_JOB_TOKEN', 'a-b', '1st', 'ä'])(
    'a file with %s is refused whole',
    async (name) => {
      const file = await encrypt(JSON.stringify({ FIRST: 'first-word', [name]: 'evil-word' }))
      const ran = await run(shell, { file }, 'echo reached')
      expect([ran.exit, ran.stdout.toString()]).toEqual([1, banner])
      expect(ran.stderr.toString().split('\n')[1]).toBe(name)
      expect(ran.stderr.toString()).not.toContain('-word')
    },
  )

  test('what src/cli/exec/steering.ts knows is refused, as by the action', async () => {
    const source = readFileSync(join(root, 'src/cli/exec/steering.ts'), 'utf8')
    const names = [...source.matchAll(/'([A-Z0-9_]{2,})'/g)].map(([, name]) => name!)
    expect(names.length).toBeGreaterThan(100)
    names.push('npm_config_script_shell', 'COR_PROFILER', 'BASH_FUNC_x', 'DYLD_INSERT_LIBRARIES', 'a-b')
    const accepted = ['DATABASE_URL', 'GITHUB_TOKEN', 'NPM_TOKEN']
    const file = await encrypt(JSON.stringify(Object.fromEntries([...names, ...accepted].map((name) => [name, 'x']))))
    const ran = await run(shell, { file }, 'echo reached')
    expect([ran.exit, ran.stdout.toString()]).toEqual([1, banner])
    expect(ran.stderr.toString().trim().split('\n').slice(1).sort()).toEqual([...new Set(names)].sort())
  })

  test('a file without values sets none', async () => {
    const ran = await run(shell, { file: await encrypt('{}') }, 'echo reached')
    expect([ran.stderr.toString(), ran.exit]).toEqual(['', 0])
  })
})

test('inputs are named and checked as GitLab wants it', () => {
  expect(Object.keys(header.spec.inputs)).toEqual(['base-url', 'version', 'checksum', 'file'])
  const allowed = new RegExp(header.spec.inputs['version']!.regex!)
  expect(['1.2.3', '1.2.3-rc.1', 'latest', '1', '../1.2.3', '1.2.3/..'].filter((one) => allowed.test(one))).toEqual([
    '1.2.3',
    '1.2.3-rc.1',
  ])
})
