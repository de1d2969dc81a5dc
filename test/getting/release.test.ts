// The workflow that releases: what it trusts, what it tests, and its shell parts.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { root } from '../support/build.ts'
import { runProcess } from '../support/process.ts'
import { lacking, lackingText, platforms, sha256 } from '../support/release.ts'

interface Step {
  readonly name?: string
  readonly uses?: string
  readonly run?: string
}
interface Job {
  readonly needs?: string | readonly string[]
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}
const text = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8')
const workflow: { permissions: Record<string, string>; jobs: Record<string, Job> } = parse(text)
const jobs = Object.entries(workflow.jobs)
const steps = jobs.flatMap(([, job]) => job.steps)

test('runs no code of others but by its commit', () => {
  const used = steps.map(({ uses }) => uses).filter((uses) => uses !== undefined && uses !== './')
  expect(used.length).toBeGreaterThan(10)
  for (const uses of used) expect(uses).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/)
  // So that a reader, and what keeps them up to date, knows which version that is.
  expect(text.match(/uses: actions\/.*/g)!.filter((line) => !/ # v\d+\.\d+\.\d+$/.test(line))).toEqual([])
})

test('only the job that publishes may write, and it comes after all others', () => {
  expect(workflow.permissions).toEqual({ contents: 'read' })
  expect(jobs.filter(([, { permissions }]) => permissions !== undefined).map(([name]) => name)).toEqual(['publish'])
  const before = new Set<string>()
  const follow = (name: string): void => {
    for (const other of [workflow.jobs[name]!.needs ?? []].flat()) if (!before.has(other)) follow(other)
    before.add(name)
  }
  follow('publish')
  expect([...before].sort()).toEqual(jobs.map(([name]) => name).sort())
})

test('every platform is tested', () => {
  const named = platforms.filter((platform) => {
    const [, cpu, musl] = platform.split('-')
    return musl
      ? new RegExp(`cpu: ${cpu}, runner`).test(text)
      : text.includes(`platform: ${platform},`) || text.includes(`test ${platform}`)
  })
  expect(named).toEqual(platforms)
})

test('no expression stands in a script, where its value would be code', () => {
  for (const { run = '' } of steps) expect(run).not.toMatch(/\$\{\{/)
})

const hasXz = spawnSync('xz', ['--version']).status === 0

test.skipIf(lacking.length > 0 || !hasXz)(
  `what is downloaded is compressed once, the same each time, and in SHA256SUMS${lackingText}${hasXz ? '' : ' (xz is not in the PATH)'}`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sops-release-'))
    try {
      const made = ['sops-linux-x64', 'sops-win32-x64.exe', 'sops-linux-x64.cdx.json']
      mkdirSync(join(folder, 'packages'))
      const at = join(folder, 'packages')
      for (const name of made) writeFileSync(join(at, name), name)
      writeFileSync(join(at, 'SHA256SUMS'), made.map((name) => `${sha256(Buffer.from(name))}  ${name}\n`).join(''))
      const [{ run } = { run: undefined }] = steps.filter(({ name }) => name?.startsWith('Compress'))
      writeFileSync(join(folder, 'step.sh'), run!)
      const ran = await runProcess('bash', ['--noprofile', '--norc', '-eo', 'pipefail', join(folder, 'step.sh')], {
        cwd: at,
        env: { PATH: process.env['PATH']! },
      })
      expect([ran.stderr.toString(), ran.exit]).toEqual(['', 0])
      const compressed = ['sops-linux-x64.gz', 'sops-linux-x64.xz', 'sops-win32-x64.exe.gz', 'sops-win32-x64.exe.xz']
      expect(readdirSync(at).sort()).toEqual(['SHA256SUMS', ...made, ...compressed].sort())
      const sums = readFileSync(join(at, 'SHA256SUMS'), 'utf8')
      for (const name of compressed) {
        const bytes = readFileSync(join(at, name))
        const whole = name.endsWith('.gz') ? gunzipSync(bytes) : execFileSync('xz', ['-dc'], { input: bytes })
        expect(whole.toString()).toBe(name.replace(/\.[gx]z$/, ''))
        expect(sums).toContain(`${sha256(bytes)}  ${name}\n`)
        // gzip's time of day.
        if (name.endsWith('.gz')) expect(bytes.readUInt32LE(4)).toBe(0)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

/** Programs that check such files, where somebody has installed them. */
describe.each([
  ['actionlint', ['-color=false', '.github/workflows/release.yml']],
  ['shellcheck', ['action/install.sh', 'action/export.sh', '.ci/run']],
  ['hadolint', ['Dockerfile']],
])('%s', (program, args) => {
  const isThere = spawnSync(program, ['--version']).status === 0
  test.skipIf(!isThere)(`finds nothing${isThere ? '' : ' (it is not in the PATH)'}`, async () => {
    const ran = await runProcess(program, args, {
      cwd: root,
      env: { PATH: process.env['PATH']!, HOME: '/nonexistent' },
    })
    expect([ran.stdout.toString(), ran.stderr.toString(), ran.exit]).toEqual(['', '', 0])
  })
})
