// The packages for npm: what is in them, what installing them does, and when the command hands over to the executable.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { root } from '../support/build.ts'
import { type Outcome, runProcess } from '../support/process.ts'
import { platforms as all } from '../support/release.ts'

const committed = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const version: string = committed.version
const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
const isMusl = process.platform === 'linux' && header.glibcVersionRuntime === undefined
const platform = `${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`
const platforms = all.filter((name) => !name.startsWith('win32'))

/** npm asks its registry for nothing, newer versions of itself among it. */
const quiet = { npm_config_offline: 'true', npm_config_update_notifier: 'false' }

let folder: string
const run = (
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = folder,
): Promise<Outcome> =>
  runProcess(file, args, { cwd, env: { PATH: process.env['PATH']!, HOME: folder, ...quiet, ...env } })

/** Not this program: says its version as this one does, and what else it was given. */
const stand = `#!/bin/sh\n[ "$1" = --version ] && echo 'sops 3.13.2 (sops-ts ${version})' || echo "executable: $*"\n`

describe.skipIf(process.platform === 'win32')('the packages', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sops-npm-'))
    mkdirSync(join(folder, 'from'))
    for (const name of [...platforms, 'win32-x64.exe']) writeFileSync(join(folder, `from/sops-${name}`), stand)
    const words = ['--from', join(folder, 'from'), '--to', join(folder, 'to'), '--repository', 'a/b']
    const ran = await run(process.execPath, [join(root, 'scripts/npm-packages.mjs'), ...words])
    expect([ran.stderr.toString(), ran.exit]).toEqual(['', 0])
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const published = (name: string) => JSON.parse(readFileSync(join(folder, 'to', name, 'package.json'), 'utf8'))

  test('are one for each platform that npm can start the executable on, and the program', () => {
    expect(platforms.length).toBeGreaterThan(4)
    expect(readdirSync(join(folder, 'to')).sort()).toEqual(
      ['sops-ts', ...platforms.map((name) => `sops-ts-${name}`)].sort(),
    )
  })

  test.each([
    ['linux-x64', { os: ['linux'], cpu: ['x64'], libc: ['glibc'] }],
    ['linux-arm64-musl', { os: ['linux'], cpu: ['arm64'], libc: ['musl'] }],
    ['darwin-arm64', { os: ['darwin'], cpu: ['arm64'] }],
  ])('that for %s is installed only there', (name, fields) => {
    const { os, cpu, libc } = published(`sops-ts-${name}`)
    expect({ os, cpu, ...(libc && { libc }) }).toEqual(fields)
    expect(published(`sops-ts-${name}`)).toMatchObject({ version, license: 'MIT' })
    expect(statSync(join(folder, `to/sops-ts-${name}/sops`)).mode & 0o777).toBe(0o755)
    const { files } = published(`sops-ts-${name}`)
    expect(files).toEqual(['sops', 'openpgp.cjs', 'openpgp.LICENSE.txt'])
    for (const file of files) expect(existsSync(join(folder, `to/sops-ts-${name}`, file))).toBe(true)
  })

  test('the program depends on them optionally, in this version, and on nothing else', () => {
    const { optionalDependencies, dependencies, devDependencies, scripts, bin, ...rest } = published('sops-ts')
    expect({ optionalDependencies, dependencies, devDependencies, scripts, bin }).toEqual({
      optionalDependencies: {
        ...Object.fromEntries(platforms.map((name) => [`sops-ts-${name}`, version])),
      },
      dependencies: undefined,
      devDependencies: undefined,
      scripts: { postinstall: 'node bin/link.cjs' },
      bin: { sops: 'bin/sops' },
    })
    expect(rest).toMatchObject({
      repository: { url: 'git+https://github.com/a/b.git' },
      homepage: 'https://github.com/a/b#readme',
      bugs: { url: 'https://github.com/a/b/issues' },
    })
    expect(readFileSync(join(folder, 'to/sops-ts/docs/install.md'), 'utf8')).not.toContain('OWNER/')
  })

  test('the program holds no executable, and all that it starts from', () => {
    const names = readdirSync(join(folder, 'to/sops-ts'), { recursive: true, encoding: 'utf8' })
    for (const name of ['bin/sops', 'bin/link.cjs', 'dist/cli/main.cjs', 'dist/lib/index.js', 'LICENSE']) {
      expect(names).toContain(name)
    }
    expect(names.filter((name) => /^dist\/(?!cli|lib)|^test|^scripts|cdx/.test(name))).toEqual([])
  })

  test('a checkout knows of none: its lock file could not', () => {
    expect(
      readFileSync(join(root, 'package.json'), 'utf8') + readFileSync(join(root, 'package-lock.json'), 'utf8'),
    ).not.toMatch(/sops-ts-(linux|darwin)/)
  })

  test('are not laid out while an executable is missing', async () => {
    const words = ['--from', join(folder, 'to'), '--to', join(folder, 'none')]
    const ran = await run(process.execPath, [join(root, 'scripts/npm-packages.mjs'), ...words])
    expect(ran).toMatchObject({ exit: 1 })
    expect(ran.stderr.toString()).toMatch(/^no executable in .*linux-x64, .*npm run package/)
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })

  describe('installed by npm', () => {
    beforeAll(async () => {
      for (const name of ['sops-ts', `sops-ts-${platform}`]) {
        const ran = await run('npm', ['pack', '--pack-destination', folder, join(folder, 'to', name)])
        expect(ran.exit).toBe(0)
      }
    })

    async function install(prefix: string, ...flags: string[]): Promise<string> {
      const tarballs = ['sops-ts', `sops-ts-${platform}`].map((name) => `./${name}-${version}.tgz`)
      const words = [
        'install',
        '--global',
        '--prefix',
        prefix,
        '--offline',
        '--no-audit',
        '--no-fund',
        ...flags,
        ...tarballs,
      ]
      const ran = await run('npm', words)
      expect([ran.exit, ran.exit === 0 || ran.stderr.toString()]).toEqual([0, true])
      return join(folder, prefix, 'bin/sops')
    }

    test('the command is the executable', async () => {
      const command = await install('linked')
      const ran = await run(command, ['decrypt', 'a b'])
      expect(ran.stdout.toString()).toBe('executable: decrypt a b\n')
      const place = join(folder, 'linked/lib/node_modules')
      expect(readFileSync(join(place, 'sops-ts/bin/sops'), 'utf8')).toBe(stand)
      expect(statSync(join(place, 'sops-ts/bin/sops')).ino).toBe(statSync(join(place, `sops-ts-${platform}/sops`)).ino)
      // The executable looks for it beside itself.
      expect(readFileSync(join(place, 'sops-ts/bin/openpgp.cjs'), 'utf8')).toContain('LGPL')
      // What names the Node form still gets it.
      const node = await run(process.execPath, [join(place, 'sops-ts/bin/sops.cjs'), 'filestatus', 'none'])
      expect(node.stdout.toString()).not.toContain('executable')
    })

    test('without scripts the command works as well', async () => {
      const command = await install('unlinked', '--ignore-scripts')
      expect(readFileSync(command, 'utf8')).toMatch(/^#!\/usr\/bin\/env node/)
      const ran = await run(command, ['--version'])
      expect([ran.stdout.toString(), ran.exit]).toEqual([`sops 3.13.2 (sops-ts ${version})\n`, 0])
    })
  })
})

/** The folder in which sops-ts is installed, and the package for this machine beside it. */
function layOut(
  executable: string | null,
  { beside = 'node_modules', below = '', sopsVersion = version } = {},
): string {
  const place = join(folder, beside, 'sops-ts')
  cpSync(join(root, 'bin'), join(place, 'bin'), { recursive: true })
  copyFileSync(join(root, 'package.json'), join(place, 'package.json'))
  // The Node form, as far as these tests need it.
  writeFileSync(
    join(place, 'bin/sops.cjs'),
    `process.stdout.write('in Node: ' + process.argv.slice(2).join(' ') + '\\n')\n`,
  )
  if (executable !== null)
    plant(join(below === '' ? join(folder, beside) : join(place, below)), executable, sopsVersion)
  return join(place, 'bin/sops')
}

function plant(into: string, executable: string, sopsVersion = version): void {
  const own = join(into, `sops-ts-${platform}`)
  mkdirSync(own, { recursive: true })
  copyFileSync(executable, join(own, 'sops'))
  chmodSync(join(own, 'sops'), 0o755)
  writeFileSync(join(own, 'package.json'), JSON.stringify({ version: sopsVersion }))
}

const own = (): string => join(folder, 'node_modules', `sops-ts-${platform}`)

/** A program of the system, of its format and with a loader that is there. */
const echo = '/bin/echo'

describe.skipIf(process.platform === 'win32')('the command', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sops-npm-'))
    // Tells what the command would become, in each version of Node.
    const told = `process.execve = (file, args) => { process.stdout.write('becomes ' + [file, ...args].join(' ') + '\\n'); process.exit(0) }`
    writeFileSync(join(folder, 'told.cjs'), told)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const start = async (
    command: string,
    args: readonly string[] = ['x'],
    env: Record<string, string> = {},
  ): Promise<string> => {
    const ran = await run(process.execPath, ['--require', join(folder, 'told.cjs'), command, ...args], env)
    expect(ran.stderr.toString()).toBe('')
    return ran.stdout.toString()
  }

  test('becomes the executable that is installed beside it, or below it', async () => {
    expect(await start(layOut(echo), ['a b', '-c'])).toBe(`becomes ${own()}/sops sops a b -c\n`)
    rmSync(join(folder, 'node_modules'), { recursive: true })
    expect(await start(layOut(echo, { below: 'node_modules' }))).toMatch(/^becomes .*sops-ts\/node_modules\/sops-ts-/)
    rmSync(join(folder, 'node_modules'), { recursive: true })
    expect(await start(layOut(echo, { beside: 'checkout', below: 'node_modules' }))).toMatch(/^becomes /)
  })

  const bytes =
    (change: (text: string) => string): (() => void) =>
    () =>
      writeFileSync(join(own(), 'sops'), change(readFileSync(echo, 'latin1')), { encoding: 'latin1', mode: 0o755 })

  test.each<[string, () => void]>([
    ['none is installed', () => rmSync(own(), { recursive: true })],
    ['it has another version', () => writeFileSync(join(own(), 'package.json'), '{"version":"0.0.1"}')],
    ['its package is broken', () => writeFileSync(join(own(), 'package.json'), '{')],
    ['it may not be started', () => chmodSync(join(own(), 'sops'), 0o644)],
    ['it is empty', bytes(() => '')],
    ...(process.platform === 'linux'
      ? ([
          ['it is a page of a proxy', bytes(() => '<html>/lib64/ld-linux-x86-64.so.2')],
          [
            'what loads it is missing',
            bytes((text) => text.replaceAll(/\/lib(64)?\/ld-/g, (name) => name.replace('lib', 'bil'))),
          ],
          [
            'it needs the other C library',
            () => renameSync(own(), isMusl ? own().replace('-musl', '') : `${own()}-musl`),
          ],
        ] as [string, () => void][])
      : []),
  ])('runs in Node when %s', async (_, prepare) => {
    const command = layOut(echo)
    prepare()
    expect(await start(command)).toBe('in Node: x\n')
  })

  test('takes no executable from where nobody installed it: the folder it is started in, those above, NODE_PATH, HOME', async () => {
    const command = layOut(null, { beside: 'deep/checkout' })
    for (const name of [
      'node_modules',
      'deep',
      'deep/node_modules',
      '.node_modules',
      '.node_libraries',
      'path',
      'deep/checkout',
    ])
      plant(join(folder, name), echo)
    expect(await start(command, ['x'], { NODE_PATH: join(folder, 'path') })).toBe('in Node: x\n')
  })

  test.each<[string, string[], Record<string, string>]>([
    ['an argument names a descriptor', ['decrypt', '/dev/fd/3'], {}],
    ['an option does', ['--value-file=/proc/self/fd/7'], {}],
    ['a variable does', [], { SOPS_AGE_KEY_FILE: '/dev/fd/63' }],
    ['an argument is not text', ['caf\ufffd'], {}],
  ])('runs in Node, which has it all, when %s', async (_, args, env) => {
    expect(await start(layOut(echo), args, env)).toBe(`in Node: ${args.join(' ')}\n`)
  })

  test('runs in Node when that cannot become another program, or may not', async () => {
    const command = layOut(echo)
    writeFileSync(join(folder, 'told.cjs'), 'delete process.execve; process.execve = undefined')
    expect(await start(command)).toBe('in Node: x\n')
    writeFileSync(join(folder, 'told.cjs'), `process.execve = () => { throw new Error('refused') }`)
    expect(await start(command)).toBe('in Node: x\n')
  })

  // Node 22.15 and newer.
  test.skipIf(!('execve' in process))(
    'has the arguments, input, variables and status of what it became (Node 22.15 and newer)',
    async () => {
      const command = layOut('/bin/sh')
      const script = 'cat; echo "$0 $1 $X $$"; exit 7'
      const child = await runProcess(process.execPath, [command, '-c', script, 'a b', '-n'], {
        cwd: folder,
        env: { PATH: process.env['PATH']!, X: 'x y' },
        stdin: 'in\n',
      })
      expect([child.stdout.toString(), child.stderr.toString(), child.exit]).toMatchObject([
        expect.stringMatching(/^in\na b -n x y \d+\n$/),
        '',
        7,
      ])
      const killed = await run(process.execPath, [command, '-c', 'kill -TERM $$'])
      expect(killed.exit).toBe('signal SIGTERM')
    },
  )
})

describe.skipIf(process.platform === 'win32')('after the installation', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sops-npm-'))
    writeFileSync(join(folder, 'stand'), stand)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const link = async (command: string, agent = 'npm/11.0.0 node/v22.0.0 linux x64'): Promise<string> => {
    const before = readFileSync(command, 'utf8')
    const ran = await run(process.execPath, [join(dirname(command), 'link.cjs')], { npm_config_user_agent: agent })
    expect([ran.stdout.toString(), ran.stderr.toString(), ran.exit]).toEqual(['', '', 0])
    expect(readdirSync(dirname(command))).not.toContainEqual(expect.stringMatching(/^sops\.\d/))
    const after = readFileSync(command, 'utf8')
    return after === before ? 'as before' : after
  }

  test('the executable stands in the place of the command, also the second time', async () => {
    const command = layOut(join(folder, 'stand'))
    expect(await link(command)).toBe(stand)
    expect(statSync(command).mode & 0o777).toBe(0o755)
    expect(await link(command)).toBe('as before')
  })

  test.each(['pnpm/10.1.0 npm/? node/v22', 'yarn/1.22.22 npm/? node/v22', 'bun/1.3.0 npm/? node/v22', ''])(
    'the command stays where %j starts it with Node',
    async (agent) => {
      expect(await link(layOut(join(folder, 'stand')), agent)).toBe('as before')
    },
  )

  test.each([
    ['fails', '#!/bin/sh\nexit 1\n'],
    ['is another program', '#!/bin/sh\necho sops 3.13.2\n'],
    ['cannot be started', 'not a program'],
    ['dies', '#!/bin/sh\nkill -ILL $$\n'],
  ])('the command stays when the executable %s', async (_, text) => {
    writeFileSync(join(folder, 'stand'), text)
    expect(await link(layOut(join(folder, 'stand')))).toBe('as before')
  })

  test('the command stays when there is no executable', async () => {
    expect(await link(layOut(null))).toBe('as before')
  })
})
