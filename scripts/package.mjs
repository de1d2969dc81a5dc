// Packs the program and its runtime into one file. Usage:
//
//   npm run package [-- [--out FOLDER] [--all | PLATFORM…]]
//
// Makes dist/sops for this machine, its bill of materials, and openpgp.cjs, which it loads for OpenPGP keys without gpg. With platforms (rows of
// toolchain.json), or --all for every one of them, it makes the folder dist/packages anew: an executable and a bill of materials for each,
// openpgp.cjs, and SHA256SUMS. FOLDER stands for dist/. The same sources, packages and toolchain give the same bytes, whenever, wherever and for
// whichever platform they are packed.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundleWhole } from './bundle.mjs'
import { licencesOf, runtimeLicences } from './licences.mjs'
import { withoutSignature } from './mach-o.mjs'
import { layOpenpgp } from './openpgp.mjs'
import { withoutVariables } from './runtime-variables.mjs'
import { billOfMaterials } from './sbom.mjs'
import { sumsOf } from './sums.mjs'
import { pinnedFor, runtimeOf, suffixOf, thisPlatform, toolchain, writeProgram } from './toolchain.mjs'

/** The executable must read no settings of the folder that it is started in. */
const flags = [
  '--compile',
  '--bytecode',
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
  '--no-compile-autoload-tsconfig',
  '--no-compile-autoload-package-json',
  ...['--asset', 'LICENSES.txt'],
  // Most runs are too short to win from compiling to machine code; src/runtime/compiling.ts asks for it when there is more to do.
  '--compile-jit-policy=10',
]

const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const read = (name) => JSON.parse(readFileSync(join(root, name), 'utf8'))
const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex')

/** What is compiled, and the compiler, in the folder `work`. */
async function layOut(work) {
  const { chunks, metafile } = await bundleWhole(root)
  for (const [name, code] of chunks) writeFileSync(join(work, name), code)
  writeFileSync(join(work, 'LICENSES.txt'), licencesOf(metafile, root, [runtimeLicences().text]))
  // Else those of the folders above would count.
  for (const name of ['package.json', 'tsconfig.json']) writeFileSync(join(work, name), '{}')
  const compiler = join(work, `compiler${suffixOf(process.platform)}`)
  writeProgram(compiler, runtimeOf(thisPlatform()))
  // The first is where the program starts.
  const names = ['main.js', ...[...chunks.keys()].filter((name) => name !== 'main.js')]
  return { work, compiler, metafile, names }
}

/** Makes `name` and its bill of materials in the work folder; returns the names of both. */
function compile(platform, name, { work, compiler, metafile, names }) {
  const runtime = join(work, 'runtime')
  writeProgram(runtime, withoutVariables(runtimeOf(platform)))
  const { package: source, target, integrity } = pinnedFor(platform)
  // The program finds itself under this name, whatever its file is called.
  const inner = `sops${suffixOf(platform)}`
  const words = [
    'build',
    ...flags,
    '--target',
    target,
    '--compile-executable-path',
    runtime,
    // One chunk loads another by name, when it is asked for.
    '--external',
    './*.js',
    ...names,
    '--outfile',
    inner,
  ]
  // Nothing of this process' environment: it could change what is built.
  const env = { HOME: work, TMPDIR: work }
  execFileSync(compiler, words, { cwd: work, env, stdio: ['ignore', 'ignore', 'inherit'] })
  renameSync(join(work, inner), join(work, name))
  if (platform === 'darwin-x64') writeProgram(join(work, name), withoutSignature(readFileSync(join(work, name))))
  const bill = billOfMaterials({
    metafile,
    pkg: read('package.json'),
    lock: read('package-lock.json'),
    runtime: { package: source, version: toolchain.version, integrity, parts: runtimeLicences().parts },
    sha256: sha256(join(work, name)),
  })
  const billName = `${name.replace(/\.exe$/, '')}.cdx.json`
  writeFileSync(join(work, billName), `${JSON.stringify(bill, null, 2)}\n`)
  return [name, billName]
}

/** Copies to a folder on another file system, perhaps; a program that runs from the old file keeps that. */
function place(work, names, folder) {
  mkdirSync(folder, { recursive: true })
  for (const name of names) {
    const fresh = join(folder, `.${name}.${process.pid}`)
    copyFileSync(join(work, name), fresh)
    renameSync(fresh, join(folder, name))
  }
}

/** All of `platforms` into the folder `out`, of which nothing else stays. */
function placeAll(platforms, out, made) {
  const names = platforms.flatMap((platform) => {
    process.stdout.write(`${platform}\n`)
    return compile(platform, `sops-${platform}${suffixOf(platform)}`, made)
  })
  names.push(...layOpenpgp(root, made.work))
  writeFileSync(join(made.work, 'SHA256SUMS'), sumsOf(names.map((name) => [name, sha256(join(made.work, name))])))
  place(made.work, [...names, 'SHA256SUMS'], out)
  for (const name of readdirSync(out)) if (!names.includes(name) && name !== 'SHA256SUMS') rmSync(join(out, name))
}

const { values, positionals } = parseArgs({
  options: { all: { type: 'boolean' }, out: { type: 'string', default: join(root, 'dist') } },
  allowPositionals: true,
})
const work = mkdtempSync(join(tmpdir(), 'sops-package-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
try {
  const made = await layOut(work)
  const platforms = values.all ? Object.keys(toolchain.platforms) : positionals
  const name = `sops${suffixOf(process.platform)}`
  if (platforms.length > 0) placeAll(platforms, join(values.out, 'packages'), made)
  else place(work, [...compile(thisPlatform(), name, made), ...layOpenpgp(root, work)], values.out)
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
