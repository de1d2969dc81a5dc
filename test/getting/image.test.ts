// The image: what its Dockerfile says, and that the executable needs nothing but what such an image holds.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../support/build.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { type Outcome, runProcess } from '../support/process.ts'
import { platforms } from '../support/release.ts'

const lines = readFileSync(join(root, 'Dockerfile'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
const of = (instruction: string): string[] =>
  lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1))

describe('the Dockerfile', () => {
  test('runs nothing to make the image, and in it the executable alone, as somebody without rights', () => {
    expect(of('RUN')).toEqual([])
    expect(of('USER')).toEqual(['65532:65532'])
    expect(of('ENTRYPOINT')).toEqual(['["/usr/local/bin/sops"]'])
  })

  test('takes the executable of the platform from what npm run package makes, which the build may read', () => {
    const sources = of('COPY').map((copy) => copy.split(' ')[1]!)
    expect(sources).toEqual(['dist/packages/sops-linux-x64', 'dist/packages/sops-linux-arm64'])
    for (const source of sources) expect(platforms).toContain(source.replace('dist/packages/sops-', ''))
    const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').trim().split('\n')
    expect(ignored).toEqual(['*', ...sources.map((source) => `!${source}`)])
    // Named as Docker names the platforms.
    expect(of('FROM').map((from) => from.replace(/[${}]/g, ''))).toEqual([
      'BASE AS amd64',
      'BASE AS arm64',
      'TARGETARCH',
    ])
  })
})

const sops = join(root, 'dist/sops')
const possible = process.platform === 'linux' && process.getuid?.() === 0 && existsSync(sops)

describe.skipIf(!possible)(
  'a read-only file system with the executable alone (npm run package; Linux, as root)',
  () => {
    let place: string
    beforeAll(() => {
      place = mkdtempSync(join(tmpdir(), 'sops-image-'))
      for (const name of ['usr/local/bin', 'work', 'proc', 'dev'])
        mkdirSync(join(place, name), { recursive: true, mode: 0o755 })
      spawnSync('chmod', ['-R', 'a+rX', place])
      copyFileSync(sops, join(place, 'usr/local/bin/sops'))
      for (const path of libraries()) {
        mkdirSync(dirname(join(place, path)), { recursive: true })
        copyFileSync(path, join(place, path))
      }
    })
    afterAll(() => rmSync(place, { recursive: true, force: true }))

    const libraries = (): string[] => {
      const { stdout } = spawnSync('ldd', [sops], { encoding: 'utf8' })
      return [...stdout.matchAll(/\/\S+/g)].map(([path]) => path)
    }

    /** As a container: its root read-only, with /proc and /dev, as the user of the image. */
    const contained = (args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> => {
      const script = [
        'set -e; mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"; mount -t proc proc "$0/proc"; mount --bind /dev "$0/dev"',
        'cd "$0/work"; exec chroot --userspec=65532:65532 --groups= "$0" /usr/local/bin/sops "$@"',
      ].join('; ')
      return runProcess('unshare', ['--mount', 'sh', '-c', script, place, ...args], {
        cwd: '/',
        env: { PATH: process.env['PATH']!, ...env },
      })
    }

    test('loads the C library and nothing else', () => {
      const names = libraries().map((path) =>
        path
          .split('/')
          .at(-1)!
          .replace(/[-.].*/, ''),
      )
      expect(new Set(names)).toEqual(new Set(['libc', 'ld', 'libpthread', 'libdl', 'libm']))
    })

    test('says its version', async () => {
      const ran = await contained(['--version'])
      expect([ran.stderr.toString(), ran.exit]).toEqual(['', 0])
      expect(ran.stdout.toString()).toMatch(/^sops 3\./)
    })

    test('encrypts and decrypts', async () => {
      const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
      writeFileSync(join(place, 'work/plain.yaml'), 'password: hunter2\n', { mode: 0o644 })
      const sealed = await contained(['encrypt', '--age', /age1\w+/.exec(identity)![0], '/work/plain.yaml'])
      expect([sealed.stderr.toString(), sealed.exit]).toEqual(['', 0])
      writeFileSync(join(place, 'work/secret.yaml'), sealed.stdout, { mode: 0o644 })
      const opened = await contained(['decrypt', '/work/secret.yaml'], {
        SOPS_AGE_KEY: /AGE-SECRET\S+/.exec(identity)![0],
      })
      expect([opened.stdout.toString(), opened.stderr.toString(), opened.exit]).toEqual(['password: hunter2\n', '', 0])
    })

    test('has no shell for exec-env to start, and says so', async () => {
      const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
      const ran = await contained(['exec-env', '/work/secret.yaml', 'true'], {
        SOPS_AGE_KEY: /AGE-SECRET\S+/.exec(identity)![0],
      })
      expect(ran.stderr.toString()).toContain('/bin/sh: no such file or directory')
      expect(ran.exit).not.toBe(0)
    })
  },
)
