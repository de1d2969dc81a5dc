// Bundles the command line into chunks that Node loads with `require`.
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { build, transform } from 'esbuild'
import { commonChunk } from './common-chunk.mjs'
import { isInstalled } from './installed.mjs'
import { licencesOf } from './licences.mjs'

const target = 'node20.19'

/**
 * Packages are bundled because a bundle loads several times faster. Not openpgp, for its licence (LGPL); nor those that were left out at
 * installation, which the program asks for when it needs them.
 */
const externalOf = (pkg) => [
  'openpgp',
  'pg-native',
  ...Object.keys(pkg.optionalDependencies).filter((name) => !isInstalled(name)),
]

/** The names at the end of a chunk of esbuild's, as properties of what `require` returns. */
const exportsAtOnce = (text) =>
  text.replace(/export\{([^{}]*)\};?\s*$/, (_, list) => {
    const properties = list.split(',').map((item) => {
      const [local, name = local] = item.trim().split(/\s+as\s+/)
      return `${name}:${local}`
    })
    return `module.exports={${properties.join(',')}};`
  })

/**
 * A chunk as CommonJS: esbuild splits ES modules only, but those load slower. `isOurs`: nothing that it exports changes, so that it need not be
 * looked up on each use. `wasCommonJs`: what it exports stands under the name `default`, as an ES module would see it.
 */
const toCommonJs = async (text, { isOurs, wasCommonJs }) =>
  (
    await transform(isOurs ? exportsAtOnce(text) : text, {
      format: 'cjs',
      platform: 'node',
      target,
      minify: true,
      logLevel: 'error',
      // import() becomes require(), for packages as well: Node scans the text of a package that is imported for its exports first.
      supported: { 'dynamic-import': false },
      define: { 'import.meta.url': '__url' },
      footer: wasCommonJs ? 'module.exports=module.exports.default;' : '',
      banner: text.includes('import.meta.url') ? 'const __url=require("node:url").pathToFileURL(__filename).href;' : '',
    })
  ).code

/** Writes the chunks of the checkout `root` to `folder`, what they were made of (meta.json) and the licences of that. */
export async function bundle(root, folder) {
  const pkg = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const options = {
    absWorkingDir: root,
    entryPoints: { main: 'src/cli/main.ts' },
    outdir: join(root, 'dist/cli'),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target,
    metafile: true,
    external: externalOf(pkg),
    legalComments: 'none',
    define: { 'process.env.SOPS_TS_VERSION': JSON.stringify(pkg.version) },
    write: false,
  }
  const plan = await build({ ...options, packages: 'external' })
  const { metafile, outputFiles } = await build({ ...options, plugins: [commonChunk(root, plan.metafile)] })
  for (const { path, text } of outputFiles) {
    const { entryPoint, inputs } = metafile.outputs[relative(root, path).replaceAll('\\', '/')]
    const code = await toCommonJs(text, {
      isOurs: Object.keys(inputs).every((file) => file.startsWith('src/')),
      wasCommonJs: metafile.inputs[entryPoint]?.format === 'cjs',
    })
    writeFileSync(join(folder, basename(path)), code)
  }
  writeFileSync(join(folder, 'meta.json'), JSON.stringify(metafile))
  writeFileSync(join(folder, 'LICENSES.txt'), licencesOf(metafile, root))
}
