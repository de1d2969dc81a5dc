// Packs the program and its runtime into one file. Usage:
//
//   npm run package [-- [--all] [--out FOLDER] [PLATFORM…]]
//
// Makes dist/sops for this machine. With platforms (rows of toolchain.json), or --all for every one of them, it makes
// dist/packages/sops-PLATFORM instead, beside SHA256SUMS, the bill of materials and the licences.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundleWhole } from './bundle.mjs'
import { licencesOf } from './licences.mjs'
import { runtimeOf, suffixOf, thisPlatform, toolchain, writeProgram } from './toolchain.mjs'

const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const { values, positionals } = parseArgs({
  options: { all: { type: 'boolean' }, out: { type: 'string', default: join(root, 'dist') } },
  allowPositionals: true,
})

/** The executable must not read settings of the folder that it is started in. */
const fixed = [
  '--compile',
  '--bytecode',
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
  '--no-compile-autoload-tsconfig',
  '--no-compile-autoload-package-json',
]

const work = mkdtempSync(join(tmpdir(), 'sops-package-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
const host = thisPlatform()
const { code, metafile } = await bundleWhole(root)
writeFileSync(join(work, 'sops.cjs'), code)
writeFileSync(join(work, 'LICENSES.txt'), licencesOf(metafile, root))
// Else those of the folders above would count.
for (const name of ['package.json', 'tsconfig.json']) writeFileSync(join(work, name), '{}')
const compiler = join(work, `compiler${suffixOf(process.platform)}`)
writeProgram(compiler, runtimeOf(host))

/** The path of the executable for one platform, in the work folder. */
function compile(platform) {
  const runtime = join(work, `runtime-${platform}`)
  writeProgram(runtime, runtimeOf(platform))
  const name = `sops-${platform}${suffixOf(platform)}`
  const words = [
    ...['build', ...fixed, '--target', toolchain.platforms[platform].target, '--compile-executable-path', runtime],
    ...['--external', 'openpgp', '--asset', 'LICENSES.txt', 'sops.cjs', '--outfile', name],
  ]
  execFileSync(compiler, words, {
    cwd: work,
    env: { HOME: work, TMPDIR: work },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  rmSync(runtime)
  return join(work, name)
}

/** A program that runs from `to` keeps its old content. */
function place(from, to) {
  copyFileSync(from, `${to}.${process.pid}`)
  renameSync(`${to}.${process.pid}`, to)
  rmSync(from)
}

const chosen = values.all ? Object.keys(toolchain.platforms) : positionals
if (chosen.length === 0) {
  mkdirSync(values.out, { recursive: true })
  place(compile(host), join(values.out, `sops${suffixOf(process.platform)}`))
}
