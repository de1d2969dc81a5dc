// What `npm pack` makes of a checkout, and what installing that brings: the program and the library, once, without packages or scripts.
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packagesOf } from '../../scripts/packages.mjs'
import { root } from '../support/build.ts'
import { type Outcome, runProcess } from '../support/process.ts'

const megabyte = 2 ** 20
const json = (...names: string[]) => JSON.parse(readFileSync(join(...names), 'utf8'))
const committed = json(root, 'package.json')
const isWindows = process.platform === 'win32'

let folder: string
/** Where the package came to lie. */
let installed: string
const run = (file: string, args: readonly string[], cwd = folder, env: Record<string, string> = {}): Promise<Outcome> =>
  runProcess(file, args, {
    cwd,
    env: {
      PATH: process.env['PATH']!,
      HOME: folder,
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
      ...env,
    },
  })

beforeAll(async () => {
  if (isWindows) return
  folder = mkdtempSync(join(tmpdir(), 'sops-pack-'))
  const checkout = join(folder, 'checkout')
  for (const name of [...committed.files, 'dist/cli/meta.json', 'scripts', 'package.json', 'README.md', 'LICENSE'])
    if (!name.startsWith('!')) cpSync(join(root, name), join(checkout, name), { recursive: true })
  // Without what runs before it, which builds: that would take longer than all the rest.
  const packed = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], checkout)
  expect(packed).toMatchObject({ exit: 0 })
  const tarball = join(folder, `sops-ts-${committed.version}.tgz`)
  const ran = await run('npm', ['install', '--global', '--prefix', join(folder, 'global'), tarball])
  expect([ran.exit, ran.exit === 0 || ran.stderr.toString()]).toEqual([0, true])
  installed = join(folder, 'global/lib/node_modules/sops-ts')
})
afterAll(() => folder && rmSync(folder, { recursive: true, force: true }))

const filesBelow = (place: string): string[] =>
  readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) => lstatSync(join(place, name)).isFile())

test.skipIf(isWindows)(
  'a checkout installed without what it is built with says so in one sentence, and so does its program',
  async () => {
    const place = join(folder, 'unbuilt')
    for (const name of ['package.json', 'package-lock.json', '.npmrc', 'scripts', 'bin'])
      cpSync(join(root, name), join(place, name), { recursive: true })
    const ran = await run('npm', ['ci', '--omit=dev', '--loglevel=error'], place)
    const sentence =
      'sops-ts is not built without esbuild and typescript: install with the development dependencies (npm ci)'
    expect([ran.exit, ran.stderr.toString().trim()]).toEqual([0, sentence])
    const program = await run(process.execPath, [join(place, 'bin/sops'), 'decrypt', 'x'])
    expect([program.exit, program.stderr.toString()]).toEqual([
      1,
      expect.stringMatching(/^sops is not built, \S+ is missing: run npm ci and npm run build in its checkout\n$/),
    ])
  },
)

describe.skipIf(isWindows)('the package', () => {
  test('brings itself alone, in less than 15 MB', () => {
    expect(readdirSync(dirname(installed))).toEqual(['sops-ts'])
    expect(existsSync(join(installed, 'node_modules'))).toBe(false)
    const size = filesBelow(installed).reduce((sum, name) => sum + lstatSync(join(installed, name)).size, 0)
    expect(size).toBeLessThan(15 * megabyte)
  })

  // npm takes as long for a file as for many of its bytes.
  test('is few files: of the library one for each part that is loaded by itself, and the types that its index leads to', () => {
    const names = filesBelow(installed)
    expect(names.length).toBeLessThan(460)
    const own = names.filter((name) => /^dist\/lib\/(?!packages\/).*(?<!\.d)\.[jt]s$/.test(name))
    expect(own.filter((name) => name.split('/').length > 3)).toEqual([])
    expect(names).not.toContain('dist/lib/system/start.d.ts')
    expect(names).toContain('dist/lib/errors.d.ts')
  })

  test('says where it comes from, and needs and runs nothing', () => {
    const { repository, homepage, bugs, keywords, main, types, ...rest } = json(installed, 'package.json')
    const place = /^git\+(https:.*)\.git$/.exec(repository.url)![1]
    expect([homepage, bugs.url]).toEqual([`${place}#readme`, `${place}/issues`])
    expect(keywords).toContain('sops')
    for (const file of [main, types]) expect(existsSync(join(installed, file))).toBe(true)
    expect(Object.keys(rest).filter((name) => /dependencies/i.test(name))).toEqual(['devDependencies'])
    const atInstallation = [
      'preinstall',
      'install',
      'postinstall',
      'prepublish',
      'preprepare',
      'prepare',
      'postprepare',
    ]
    expect(atInstallation.filter((name) => name in rest.scripts)).toEqual([])
  })

  test('holds no file that only a checkout needs', () => {
    const names = filesBelow(installed)
    expect(
      names.filter((name) => /meta\.json$|^(?:src|test|scripts|fixtures|bench)\/|\.ts$(?<!\.d\.ts)/.test(name)),
    ).toEqual([])
  })

  test('every link of its pages leads to a file in it, or to the network', () => {
    const pages = filesBelow(installed).filter((name) => name.endsWith('.md'))
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/install.md']))
    const dead = pages.flatMap((page) =>
      [
        ...readFileSync(join(installed, page), 'utf8')
          .replace(/```.*?```|`[^`\n]*`\]?/gs, '')
          .matchAll(/\]\(([^)\s#]+)[^)]*\)/g),
      ]
        .map(([, target]) => target!)
        .filter(
          (target) => !/^https?:/.test(target) && !existsSync(join(installed, normalize(join(dirname(page), target)))),
        )
        .map((target) => `${page}: ${target}`),
    )
    expect(dead).toEqual([])
  })

  test('the command works', async () => {
    const command = join(folder, 'global/bin/sops')
    writeFileSync(join(folder, 'a.yaml'), 'a: 1 # b\n')
    const made = await run(command, ['keygen'])
    const [, recipient = ''] = /^(age1\w+)$/m.exec(made.stdout.toString())!
    const sealed = await run(command, ['encrypt', '--age', recipient, 'a.yaml'])
    writeFileSync(join(folder, 'b.yaml'), sealed.stdout)
    expect((await run(command, ['decrypt', 'b.yaml'])).stdout.toString()).toBe('a: 1 # b\n')
  })
})

/** A project that has the package and nothing else. */
const project = (): string => {
  const place = join(folder, 'project')
  mkdirSync(join(place, 'node_modules'), { recursive: true })
  if (!existsSync(join(place, 'node_modules/sops-ts')))
    cpSync(installed, join(place, 'node_modules/sops-ts'), { recursive: true })
  writeFileSync(join(place, 'package.json'), '{"type":"module"}')
  return place
}

describe.skipIf(isWindows)('the library', () => {
  test('encrypts and decrypts without another package', async () => {
    const place = project()
    const code = `import { decrypt, encrypt } from 'sops-ts'
      const sealed = await encrypt('a: 1\\n', { format: 'yaml', recipients: { age: process.argv[1] } })
      process.stdout.write(await decrypt(sealed))`
    // A post-quantum recipient is wrapped for by age-encryption.
    const key = await run(join(folder, 'global/bin/sops'), ['keygen', '--pq', '--output', join(folder, 'pq.txt')])
    const recipient = key.stdout.toString().trim()
    const ran = await run(process.execPath, ['--input-type=module', '--eval', code, recipient], place, {
      SOPS_AGE_KEY_FILE: join(folder, 'pq.txt'),
    })
    expect([ran.stderr.toString(), ran.stdout.toString()]).toEqual(['', 'a: 1\n'])
  })

  test('asks for no package outside', () => {
    const place = join(project(), 'node_modules/sops-ts/dist')
    const outside = filesBelow(place)
      .filter((name) => /\.c?js$/.test(name) && name !== 'cli/openpgp.cjs')
      .flatMap((name) =>
        [
          ...readFileSync(join(place, name), 'utf8').matchAll(
            /(?:\bimport\(|\brequire\(|\bfrom ?)["']([^."'\s][^"'\s]*)["']/g,
          ),
        ]
          .map(([, id]) => id!)
          .filter((id) => /^(?:@[\w.-]+\/)?[a-z][\w.-]*(?:\/[\w./-]+)?$/.test(id) && !isBuiltin(id))
          .map((id) => `${name}: ${id}`),
      )
    // pg tries for its faster twin and goes on without; the AWS SDK says these words in errors.
    expect(outside.filter((line) => !/: (?:pg-native|@aws-sdk\/signature-v4-?\w+)$/.test(line))).toEqual([])
  })

  test('finds every package that its sources name', async () => {
    const place = join(project(), 'node_modules/sops-ts/dist/lib/packages')
    const wanted = packagesOf(root)
    expect(wanted).toEqual(expect.arrayContaining(['re2js', 'pg', '@azure/identity', '@grpc/grpc-js', 'openpgp']))
    const code = `for (const id of process.argv.slice(1)) console.log(id, Object.keys(await import(id)).length > 1)`
    const ids = filesBelow(place).map((name) => join(place, name))
    const ran = await run(process.execPath, ['--input-type=module', '--eval', code, ...ids], folder)
    expect([ran.stderr.toString(), ran.stdout.toString().match(/ true$/gm)?.length]).toEqual(['', ids.length])
    const names = ids.map((id) => id.slice(place.length + 1))
    // Chunks of our own modules hold the AWS SDK; help is the command line's.
    for (const name of wanted.filter((one) => !/^@aws-sdk\/|^yargs$/.test(one)))
      expect(
        names.some((file) => file === `${name}.js` || file.startsWith(`${name}/`)),
        name,
      ).toBe(true)
  })

  test.each([
    ['node10', 'CommonJS', 'commonjs'],
    ['node16', 'Node16', 'module'],
    ['bundler', 'ESNext', 'module'],
  ])('has types for moduleResolution %s', async (moduleResolution, module, type) => {
    const place = project()
    const types = join(root, 'node_modules/@types')
    writeFileSync(join(place, 'package.json'), JSON.stringify({ type }))
    writeFileSync(
      join(place, 'use.ts'),
      `import { decrypt, decryptToObject, encrypt, SopsError, type Context, type EncryptOptions } from 'sops-ts'
export const options: EncryptOptions = { format: 'yaml', recipients: { age: 'age1' } }
export const sealed: Promise<Uint8Array> = encrypt('a: 1', options)
export const opened: Promise<Uint8Array> = decrypt('', { context: {} as Context })
// @ts-expect-error a format that does not exist
export const wrong: EncryptOptions = { format: 'xml' }
export const code: string = new SopsError('generic', 'x').code
// @ts-expect-error a number is no input
decryptToObject(1)
`,
    )
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'ES2022',
      strict: true,
      noEmit: true,
      skipLibCheck: false,
    }
    const more = { lib: ['ES2023'], types: ['node'], typeRoots: [types] }
    writeFileSync(
      join(place, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...compilerOptions, ...more }, files: ['use.ts'] }),
    )
    const ran = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', place])
    expect([ran.stdout.toString(), ran.exit]).toEqual(['', 0])
  })
})
