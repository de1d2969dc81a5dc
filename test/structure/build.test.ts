// The build and what starts from it: what it needs, what it leaves, how it replaces an older one, and what of Node's may be kept between runs.
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { replaceFolder } from '../../scripts/replace-folder.mjs'
import { root } from '../support/build.ts'
import { type Outcome, runProcess } from '../support/process.ts'

const cli = join(root, 'dist/cli')
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'sops-build-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const node = (args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> =>
  runProcess(process.execPath, args, {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder, ...env },
  })

const build = join(root, 'scripts/build.mjs')

test('needs no network and no keys, and leaves nothing but text', async () => {
  const place = join(folder, 'dist')
  const offline = `--import ${join(root, 'test/support/offline.mjs')}`
  const run = await node([build, place], { NODE_OPTIONS: offline })
  expect([run.stderr.toString(), run.exit]).toEqual(['', 0])
  expect(readdirSync(folder)).toEqual(['dist'])
  expect(readdirSync(place)).toEqual(['cli', 'lib'])
  const names = readdirSync(join(place, 'cli'))
  expect(new Set(names.map((name) => extname(name)))).toEqual(new Set(['.cjs', '.json', '.txt']))
  for (const name of names) {
    const bytes = readFileSync(join(place, 'cli', name))
    expect([name, bytes.toString('utf8') === bytes.toString('latin1') || name === 'LICENSES.txt']).toEqual([name, true])
  }
})

describe('without the packages to build with', () => {
  beforeEach(() => {
    for (const name of ['scripts', 'bin', 'package.json'])
      cpSync(join(root, name), join(folder, name), { recursive: true })
  })

  test.each([
    [[], 1],
    [['--optional'], 0],
  ])('one sentence says so; with %j the status is %i', async (flags, status) => {
    const run = await node([join(folder, 'scripts/build.mjs'), ...flags])
    expect(run.exit).toBe(status)
    expect(run.stderr.toString()).toBe(
      'sops-ts is not built without esbuild and typescript: install with the development dependencies (npm ci)\n',
    )
    expect(existsSync(join(folder, 'dist'))).toBe(false)
  })

  test('the program says what is missing', async () => {
    const run = await node([join(folder, 'bin/sops.cjs'), '--version'])
    expect(run.exit).toBe(1)
    expect(run.stderr.toString()).toBe(
      `sops is not built, ${join(folder, 'dist/cli/main.cjs')} is missing: run npm ci and npm run build in its checkout\n`,
    )
  })
})

describe('replacing an older build', () => {
  const layOut = (place: string, chunk: string, more: readonly string[] = []): void => {
    for (const name of ['cli', 'lib']) mkdirSync(join(place, name), { recursive: true })
    writeFileSync(join(place, 'cli/main.cjs'), chunk)
    for (const name of [`cli/${chunk}`, 'cli/meta.json', 'lib/index.js', ...more]) {
      mkdirSync(join(place, name, '..'), { recursive: true })
      writeFileSync(join(place, name), chunk)
    }
  }
  const all = (place: string): string[] => readdirSync(place, { recursive: true, encoding: 'utf8' }).sort()

  test('the entry and what it leads to are there after every step', () => {
    const [fresh, place] = [join(folder, 'fresh'), join(folder, 'dist')]
    const executables = ['packages/sops-linux-x64', 'sops']
    layOut(place, 'chunk-a.cjs', ['lib/gone/old.js', 'cli/bytecode-v20/main.cjs', ...executables])
    layOut(fresh, 'chunk-b.cjs', ['lib/new/index.js'])
    const wanted = [...all(fresh), 'packages', ...executables].sort()
    let steps = 0
    const checked =
      <Args extends unknown[]>(call: (...args: Args) => void) =>
      (...args: Args): void => {
        call(...args)
        steps++
        expect(existsSync(join(place, 'lib/index.js'))).toBe(true)
        expect(existsSync(join(place, 'cli', readFileSync(join(place, 'cli/main.cjs'), 'utf8')))).toBe(true)
      }
    replaceFolder(fresh, place, { renameSync: checked(renameSync), rmSync: checked(rmSync) })
    expect(steps).toBeGreaterThan(6)
    expect(all(place)).toEqual(wanted)
    expect(readFileSync(join(place, 'cli/main.cjs'), 'utf8')).toBe('chunk-b.cjs')
  })

  test('without one', () => {
    const [fresh, place] = [join(folder, 'fresh'), join(folder, 'dist')]
    layOut(fresh, 'chunk-a.cjs')
    const wanted = all(fresh)
    replaceFolder(fresh, place)
    expect(all(place)).toEqual(wanted)
  })
})

describe.skipIf(process.platform === 'win32')('what Node compiled is kept', () => {
  /** The folder that is offered to Node, where this version can take one. */
  async function offered(caches: string, env: Record<string, string> = {}): Promise<string> {
    const preload = join(folder, 'preload.cjs')
    const tell = "require('node:module').enableCompileCache = (folder) => process.stderr.write('kept in ' + folder)"
    writeFileSync(preload, tell)
    const run = await node(['--require', preload, join(root, 'bin/sops.cjs'), '--version'], {
      XDG_CACHE_HOME: caches,
      ...env,
    })
    expect(run.exit).toBe(0)
    return run.stderr.toString()
  }

  const caches = (): string => join(folder, 'caches')
  const own = (): string => join(caches(), 'sops-ts')

  test('in a folder that only the user can write to, which is made', async () => {
    expect(await offered(caches())).toBe(`kept in ${own()}`)
    expect([caches(), own()].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700])
  })

  test.each<[string, () => void]>([
    ['everybody can write to', () => chmodSync(own(), 0o777)],
    ['the group can read', () => chmodSync(own(), 0o750)],
    [
      'a symbolic link stands for',
      () => {
        renameSync(own(), join(folder, 'elsewhere'))
        symlinkSync(join(folder, 'elsewhere'), own())
      },
    ],
    [
      'is a file',
      () => {
        rmSync(own(), { recursive: true })
        writeFileSync(own(), '', { mode: 0o600 })
      },
    ],
    ['others can put another one in the place of', () => chmodSync(caches(), 0o777)],
    ['the group can put another one in the place of', () => chmodSync(folder, 0o770)],
    // Only root can give something away; for others the file above has the same end.
    ...(process.getuid?.() === 0
      ? ([
          ['somebody else owns', () => chownSync(own(), 12345, 12345)],
          ['lies in what somebody else owns', () => chownSync(caches(), 12345, 12345)],
        ] as [string, () => void][])
      : []),
  ])('not in one that %s', async (_, prepare) => {
    mkdirSync(own(), { recursive: true, mode: 0o700 })
    prepare()
    expect(await offered(caches())).toBe('')
  })

  test('also where others can add to a folder above it but change nothing there', async () => {
    mkdirSync(own(), { recursive: true, mode: 0o700 })
    chmodSync(caches(), 0o1777)
    expect(await offered(caches())).toBe(`kept in ${own()}`)
  })

  test('where symbolic links above it lead', async () => {
    mkdirSync(own(), { recursive: true, mode: 0o700 })
    symlinkSync(caches(), join(folder, 'link'))
    expect(await offered(join(folder, 'link'))).toBe(`kept in ${own()}`)
  })

  test('not below the working directory for a relative path, which counts as none', async () => {
    expect(await offered('caches')).toBe(`kept in ${join(folder, '.cache/sops-ts')}`)
    rmSync(join(folder, '.cache'), { recursive: true })
    expect(await offered('', { HOME: '' })).toBe('')
    expect(readdirSync(folder)).toEqual(['preload.cjs'])
  })

  /** What a run that may keep things prints, and the files it has kept. */
  async function kept(): Promise<{ readonly run: Outcome; readonly files: readonly string[] }> {
    const run = await node([join(root, 'bin/sops.cjs'), '--help'], { XDG_CACHE_HOME: caches() })
    const files = existsSync(own()) ? readdirSync(own(), { recursive: true, encoding: 'utf8' }) : []
    return { run, files: files.map((name) => join(own(), name)).filter((path) => statSync(path).isFile()) }
  }

  test('and not run once it is damaged', async () => {
    const before = await kept()
    if (before.files.length === 0) return console.info(`Node ${process.version} keeps nothing`)
    for (const path of before.files) {
      const bytes = readFileSync(path)
      bytes[bytes.length >> 1]! ^= 4
      writeFileSync(path, bytes)
    }
    expect((await kept()).run).toEqual(before.run)
  })

  test('nowhere, when none can be made', async () => {
    expect(await offered('/proc/self/none')).toBe('')
  })
})

/** The sources and packages of the chunks that one of our sources brings with it, without those that start the program. */
function broughtBy(entry: string): string[] {
  const { outputs }: { outputs: Record<string, Chunk> } = JSON.parse(readFileSync(join(cli, 'meta.json'), 'utf8'))
  const withImports = (name: string): Set<string> => {
    const chunks = new Set(Object.keys(outputs).filter((one) => outputs[one]!.entryPoint === name))
    for (const chunk of chunks)
      for (const { path, kind } of outputs[chunk]!.imports)
        if (kind === 'import-statement' && outputs[path]) chunks.add(path)
    return chunks
  }
  const started = withImports('src/cli/main.ts')
  const chunks = [...withImports(entry)].filter((chunk) => !started.has(chunk))
  return chunks.flatMap((chunk) => Object.keys(outputs[chunk]!.inputs))
}

interface Chunk {
  readonly entryPoint?: string
  readonly imports: readonly { readonly path: string; readonly kind: string }[]
  readonly inputs: object
}

describe('of the AWS SDK', () => {
  test.each(['kms', 'sts', 's3'])(
    '%s brings its own client and protocol alone, as modules, and no credentials',
    (name) => {
      const brought = broughtBy(`src/aws/sdk/${name}.ts`)
      const clients = brought.flatMap((file) => /@aws-sdk\/(client-\w+)/.exec(file)?.[1] ?? [])
      expect(new Set(clients)).toEqual(new Set([`client-${name}`]))
      const unwanted = /^node_modules.*(?:credential-provider|nested-clients)|dist-cjs|cbor|bowser|\/commands\/List/
      expect(brought.filter((file) => unwanted.test(file))).toEqual([])
    },
  )
})

test.each([
  ['node_modules/@grpc/grpc-js', ['Client', 'Server', 'credentials', 'Metadata']],
  ['node_modules/google-auth-library', ['GoogleAuth']],
  ['src/aws/sdk/kms.ts', ['KMSClient', 'DecryptCommand', 'EncryptCommand']],
  ['src/aws/sdk/sts.ts', ['STSClient', 'AssumeRoleCommand', 'AssumeRoleWithWebIdentityCommand']],
  ['src/aws/sdk/s3.ts', ['S3Client', 'PutObjectCommand']],
  ['src/aws/sdk/providers.ts', ['fromIni', 'fromHttp', 'fromInstanceMetadata']],
  ['node_modules/@azure/identity', ['DefaultAzureCredential']],
  ['node_modules/pg', ['Client']],
  ['node_modules/yaml', ['parse']],
  ['node_modules/age-encryption', ['Encrypter', 'Decrypter']],
])('the bundled %s exports what is used of it', (name, used) => {
  const meta: { outputs: Record<string, { entryPoint?: string }> } = JSON.parse(
    readFileSync(join(cli, 'meta.json'), 'utf8'),
  )
  const [chunk] = Object.entries(meta.outputs).find(
    ([, { entryPoint }]) => entryPoint === name || entryPoint?.startsWith(`${name}/`),
  )!
  const exported: Record<string, unknown> = createRequire(import.meta.url)(join(cli, basename(chunk)))
  expect(used.filter((one) => exported[one] === undefined)).toEqual([])
})
