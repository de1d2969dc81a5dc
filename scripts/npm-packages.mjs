// Lays out what is published to npm: sops-ts, and for each platform a package with its executable, on which sops-ts depends optionally. Usage:
//
//   node scripts/npm-packages.mjs [--from FOLDER] [--to FOLDER] [--repository OWNER/NAME] [PLATFORM…]
//
// The executables are read from dist/packages (npm run package -- --all), the packages are written to dist/npm. Without platforms all are
// laid out that npm can start. They are named in the published package.json alone: the lock file of a checkout could not know them.
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { layOpenpgp } from './openpgp.mjs'
import { toolchain } from './toolchain.mjs'

const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const { values, positionals } = parseArgs({
  options: {
    from: { type: 'string', default: join(root, 'dist/packages') },
    to: { type: 'string', default: join(root, 'dist/npm') },
    // npm checks that what it is told of the origin agrees.
    repository: { type: 'string' },
  },
  allowPositionals: true,
})
// On Windows npm starts commands through Node, which has no way to become another program there.
const platforms =
  positionals.length > 0 ? positionals : Object.keys(toolchain.platforms).filter((name) => !name.startsWith('win32'))
const pkg = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
/** A text of the checkout that names the origin as whoever publishes. */
const named = (text) => (values.repository ? text.replaceAll('OWNER/sops-ts', values.repository) : text)
const { repository, homepage, bugs } = JSON.parse(named(JSON.stringify(pkg)))
const origin = { repository, homepage, bugs }

const missing = platforms.filter((platform) => !existsSync(join(values.from, `sops-${platform}`)))
if (missing.length > 0) {
  process.stderr.write(`no executable in ${values.from} for ${missing.join(', ')}: run npm run package -- --all\n`)
  process.exit(1)
}
rmSync(values.to, { recursive: true, force: true })

const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)

for (const platform of platforms) {
  const [os, cpu, musl] = platform.split('-')
  const folder = join(values.to, `sops-ts-${platform}`)
  mkdirSync(folder, { recursive: true })
  copyFileSync(join(values.from, `sops-${platform}`), join(folder, 'sops'))
  chmodSync(join(folder, 'sops'), 0o755)
  const beside = layOpenpgp(root, folder)
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  writeFileSync(
    join(folder, 'README.md'),
    `The executable of sops-ts for ${platform}. Install the package sops-ts, which depends on this one where it fits. \`sops --licenses\` prints the licences of what is in it.\n`,
  )
  writeJson(join(folder, 'package.json'), {
    name: `sops-ts-${platform}`,
    version: pkg.version,
    description: `The executable of sops-ts for ${platform}`,
    license: pkg.license,
    ...origin,
    os: [os],
    cpu: [cpu],
    ...(os === 'linux' && { libc: [musl ?? 'glibc'] }),
    files: ['sops', ...beside],
    // It cannot be started from inside an archive (yarn).
    preferUnplugged: true,
  })
}

const [{ files }] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  }),
)
const main = join(values.to, 'sops-ts')
for (const { path, mode } of files) {
  const target = join(main, path)
  mkdirSync(dirname(target), { recursive: true })
  if (path.endsWith('.md')) writeFileSync(target, named(readFileSync(join(root, path), 'utf8')))
  else copyFileSync(join(root, path), target)
  chmodSync(target, mode)
}
const { devDependencies: _, workspaces: __, ...published } = pkg
writeJson(join(main, 'package.json'), {
  ...published,
  ...origin,
  scripts: { postinstall: 'node bin/link.cjs' },
  optionalDependencies: Object.fromEntries(platforms.map((platform) => [`sops-ts-${platform}`, pkg.version])),
})
