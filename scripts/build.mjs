// Builds dist/cli (few chunks with their bytecode, for start-up time) and dist/lib (plain modules with types, for library users).
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'
import { commonChunk } from './common-chunk.mjs'
import { isInstalled } from './installed.mjs'
import { licencesOf } from './licences.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const pkg = createRequire(import.meta.url)('../package.json')

// Packages are bundled because a bundle loads several times faster. Not openpgp, for its licence (LGPL); nor those that were left out at
// installation, which the program asks for when it needs them.
const absent = Object.keys(pkg.optionalDependencies).filter((name) => !isInstalled(name))
const external = ['openpgp', 'pg-native', ...absent]

// Built beside the old one and then put in its place, so that a program that is running finds its chunks until the end.
const fresh = join(root, `dist.${process.pid}`)
const cli = join(fresh, 'cli')

const target = 'node20.19'
const options = {
  absWorkingDir: root,
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: cli,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target,
  metafile: true,
  external,
  legalComments: 'none',
  define: { 'process.env.SOPS_TS_VERSION': JSON.stringify(pkg.version) },
  write: false,
}

/**
 * A chunk as CommonJS: esbuild splits ES modules only, but those cannot be given bytecode, and they load slower. `wasCommonJs`: what it exports
 * stands under the name `default`, as an ES module would see it.
 */
const toCommonJs = async (text, wasCommonJs) =>
  (
    await transform(text, {
      format: 'cjs',
      platform: 'node',
      target,
      minify: true,
      // import() becomes require(), for packages as well: Node scans the text of a package that is imported for its exports first.
      supported: { 'dynamic-import': false },
      define: { 'import.meta.url': '__url' },
      footer: wasCommonJs ? 'module.exports=module.exports.default;' : '',
      banner: text.includes('import.meta.url') ? 'const __url=require("node:url").pathToFileURL(__filename).href;' : '',
    })
  ).code

process.on('exit', () => rmSync(fresh, { recursive: true, force: true }))
mkdirSync(cli, { recursive: true })
const plan = await build({ ...options, packages: 'external' })
const { metafile, outputFiles } = await build({ ...options, plugins: [commonChunk(root, plan.metafile)] })
const { inputs, outputs } = metafile
for (const { path, text } of outputFiles) {
  const { entryPoint } = outputs[relative(root, path).replaceAll('\\', '/')]
  writeFileSync(join(cli, basename(path)), await toCommonJs(text, inputs[entryPoint]?.format === 'cjs'))
}
writeFileSync(join(cli, 'meta.json'), JSON.stringify(metafile))
writeFileSync(join(cli, 'LICENSES.txt'), licencesOf(metafile, root))
execFileSync(process.execPath, [join(root, 'scripts/bytecode.mjs'), cli], { stdio: 'inherit' })
const tsc = join(root, 'node_modules/typescript/bin/tsc')
// Checking is for `npm run check`; here packages may be missing whose types it needs.
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', join(fresh, 'lib')], {
  cwd: root,
  stdio: 'inherit',
})
rmSync(join(root, 'dist'), { recursive: true, force: true })
renameSync(fresh, join(root, 'dist'))
