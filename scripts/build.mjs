// Builds dist/cli (one bundle with lazy chunks, for start-up time) and dist/lib (plain modules with types, for library users).
import { execFileSync } from 'node:child_process'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const pkg = createRequire(import.meta.url)('../package.json')
// Built beside the old one and then put in its place, so that a program that is running finds its chunks until the end.
const fresh = join(root, 'dist.new')
rmSync(fresh, { recursive: true, force: true })

// Small packages are bundled because a bundle starts faster; SDKs stay in node_modules and are imported when a key needs them.
const bundled = new Set(['yaml', 'age-encryption', 're2js', 'yargs'])
const external = Object.keys({ ...pkg.dependencies, ...pkg.optionalDependencies }).filter((name) => !bundled.has(name))

const result = await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: 'dist.new/cli',
  bundle: true,
  splitting: true,
  minify: true,
  keepNames: false,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  metafile: true,
  external,
  legalComments: 'linked',
  define: { 'process.env.SOPS_TS_VERSION': JSON.stringify(pkg.version) },
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
})
writeFileSync(join(fresh, 'cli/meta.json'), JSON.stringify(result.metafile))
execFileSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', join(fresh, 'lib')],
  { cwd: root, stdio: 'inherit' },
)
rmSync(join(root, 'dist'), { recursive: true, force: true })
renameSync(fresh, join(root, 'dist'))
