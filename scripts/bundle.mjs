// Bundles the command line into chunks that the runtime loads with `require`.
import { readFileSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, join, relative, sep } from 'node:path'
import { build, transform } from 'esbuild'
import { commonChunk } from './common-chunk.mjs'
import { pastFrontDoors } from './front-doors.mjs'
import { isInstalled } from './installed.mjs'
import { tellingFunctions } from './leaf-functions.mjs'
import { licencesOf } from './licences.mjs'
import { layOpenpgp } from './openpgp.mjs'

const target = 'node20.19'

/** The packages of package.json that are not installed here. */
export const missingOf = (pkg) => Object.keys(pkg.devDependencies).filter((name) => !isInstalled(name))

/**
 * Packages are bundled because a bundle loads several times faster, and is all that has to be installed. Those that are not installed here are
 * asked for by the program when it needs them.
 */
const externalOf = (pkg) => ['pg-native', ...missingOf(pkg).filter((name) => name !== 'openpgp')]

/** Not bundled, for its licence (LGPL): a file beside the chunks, which can be exchanged. */
const openpgpBeside = {
  name: 'openpgp',
  setup: ({ onResolve }) => onResolve({ filter: /^openpgp$/ }, () => ({ path: './openpgp.cjs', external: true })),
}

/**
 * A chunk of our sources without what it costs to look like an ES module: its exports never change, so `require` returns them and not ways to
 * look them up, and modules of Node need not be copied.
 */
const plainly = (text) =>
  text
    .replace(/\bimport(?:\*as | )([\w$]+) ?from"(node:[^"]+)";/g, (_, local, id) => `const ${local}=require("${id}");`)
    .replace(/\bexport\{([^{}]*)\};?\s*$/, (_, list) => {
      const properties = list.split(',').map((item) => item.split(' as ').reverse().join(':'))
      return `module.exports={${properties.join(',')}};`
    })

/** What `import.meta.url` and its like become in a chunk of the Node form. */
const inFolder = {
  define: { 'import.meta.url': '__url' },
  banner: 'const __url=require("node:url").pathToFileURL(__filename).href;',
}

/** The same in the executable, where every chunk bears its name: Bun would put in the names of the machine which builds. */
const inExecutable = {
  define: { 'import.meta.url': '__url', __filename: '__file', __dirname: '__folder' },
  banner: [
    'const __file=process.argv[1],__folder=require("node:path").dirname(__file)',
    '__url=require("node:url").pathToFileURL(__file).href;',
  ].join(),
}

const namesItself = /\bimport\.meta\.url\b|\b__(?:filename|dirname)\b/

/**
 * A chunk as CommonJS: esbuild splits ES modules only, but those load slower. `isOurs`: nothing but our sources is in it. `wasCommonJs`: what it
 * exports stands under the name `default`, as an ES module would see it. `names`: `inFolder` or `inExecutable`.
 */
const toCommonJs = async (text, { isOurs, wasCommonJs, names }) =>
  (
    await transform(isOurs ? plainly(text) : text, {
      format: 'cjs',
      platform: 'node',
      target,
      minify: true,
      logLevel: 'error',
      // import() becomes require(), for packages as well: Node scans the text of a package that is imported for its exports first.
      supported: { 'dynamic-import': false },
      define: names.define,
      footer: wasCommonJs ? 'module.exports=module.exports.default;' : '',
      banner: namesItself.test(text) ? names.banner : '',
    })
  ).code

const ofAws = /^@(?:aws-sdk|smithy)\//

/**
 * The AWS SDK as ES modules, of which a bundle holds what is used, and without the credentials that its clients find by themselves: they are
 * always given some (src/aws/credentials.ts).
 */
const awsAsModules = {
  name: 'aws',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: ofAws }, async ({ path, pluginData, ...from }) => {
      if (pluginData === ofAws || from.kind === 'require-call') return undefined
      if (path === '@aws-sdk/credential-provider-node') return { path, namespace: 'aws', sideEffects: false }
      const found = await resolve(path, { ...from, pluginData: ofAws })
      const folder = join(found.path.slice(0, found.path.lastIndexOf(`${sep}${join(path)}${sep}`)), path)
      if (found.errors.length > 0 || found.external || found.path !== join(folder, 'dist-cjs/index.js')) return found
      const { module, sideEffects } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      return module === undefined ? found : { path: join(folder, module), sideEffects }
    })
    onLoad({ filter: /./, namespace: 'aws' }, () => ({ contents: 'export const defaultProvider = () => undefined' }))
  },
}

/** Our sources as `sourceOf` gives them. */
const reading = (sourceOf) => ({
  name: 'reading',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({ contents: sourceOf(path), loader: 'ts' })),
})

/** Reads a source of the checkout with its imports past the front doors, and changed as `more` does. */
const sourcesOf = (root, more) => {
  const direct = pastFrontDoors(root)
  return (path) => more(direct(readFileSync(path, 'utf8'), path), path)
}

/** @type {(text: string, path: string) => string} */
const asItIs = (text) => text

const readPackage = (root) => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/**
 * The chunks of the checkout `root` that `entry` (a source, loaded as `main`) may load.
 * @returns {Promise<{ chunks: Map<string, string>, metafile: import('esbuild').Metafile }>} texts by file name, and what they were made of
 */
async function chunksOf(root, pkg, { entry, extension, external, plugins, names, change = asItIs }) {
  const options = /** @type {const} */ ({
    absWorkingDir: root,
    bundle: true,
    minify: true,
    platform: 'node',
    target,
    metafile: true,
    external,
    legalComments: 'none',
    write: false,
    entryPoints: { main: entry, thread: 'src/cli/thread.ts' },
    outdir: join(root, 'dist/cli'),
    outExtension: { '.js': extension },
    splitting: true,
    format: 'esm',
    // V8 checks patterns when it parses the chunk, and takes milliseconds for classes of Unicode. Written as `new RegExp` they wait for their use.
    supported: { 'regexp-sticky-and-unicode-flags': false },
    define: { 'process.env.SOPS_TS_VERSION': JSON.stringify(pkg.version) },
  })
  const sourceOf = sourcesOf(root, change)
  const plan = await build({ ...options, packages: 'external', plugins: [reading(sourceOf)] })
  const common = commonChunk(root, entry, plan.metafile, sourceOf)
  const { metafile, outputFiles } = await build({ ...options, plugins: [...plugins, awsAsModules, common] })
  const chunks = new Map()
  for (const { path, text } of outputFiles) {
    const { entryPoint, inputs = {} } = metafile.outputs[relative(root, path).replaceAll('\\', '/')] ?? {}
    const code = await toCommonJs(text, {
      isOurs: Object.keys(inputs).every((file) => file.startsWith('src/')),
      wasCommonJs: metafile.inputs[entryPoint ?? '']?.format === 'cjs',
      names,
    })
    chunks.set(basename(path), code)
  }
  return { chunks, metafile }
}

/**
 * Writes the chunks of the Node form to `folder`, openpgp beside them, what the chunks were made of (meta.json) and the licences of that.
 * @returns {Promise<import('esbuild').Metafile>} what meta.json holds
 */
export async function bundle(root, folder) {
  const pkg = readPackage(root)
  const { chunks, metafile } = await chunksOf(root, pkg, {
    entry: 'src/cli/main.ts',
    extension: '.cjs',
    external: externalOf(pkg),
    plugins: [openpgpBeside],
    names: inFolder,
  })
  for (const [name, code] of chunks) writeFileSync(join(folder, name), code)
  writeFileSync(join(folder, 'meta.json'), JSON.stringify(metafile))
  writeFileSync(join(folder, 'LICENSES.txt'), licencesOf(metafile, root))
  if (isInstalled('openpgp')) layOpenpgp(root, folder)
  return metafile
}

/**
 * Packages that packages use when somebody installed them, and openpgp, for its licence. In the executable they are missing: it looks for no
 * package in folders around it.
 */
const absent = {
  name: 'absent',
  setup({ onResolve, onLoad }) {
    const filter = /^(pg-native|supports-color|openpgp)$/
    onResolve({ filter }, ({ path }) => ({ path, namespace: 'absent' }))
    onLoad({ filter: /./, namespace: 'absent' }, ({ path }) => {
      // src/runtime/openpgp.ts knows where else it may be.
      const code = path === 'openpgp' ? 'SOPS_LEFT_OUT' : 'MODULE_NOT_FOUND'
      return { contents: `throw Object.assign(new Error("Cannot find module '${path}'"), { code: '${code}' })` }
    })
  },
}

/**
 * The whole program as chunks for the executable, which starts with main.js and loads the others as they are asked for.
 * @throws Error when a package is missing that they should hold, or when they would look for any outside
 */
export async function bundleWhole(root) {
  const pkg = readPackage(root)
  const missing = missingOf(pkg)
  if (missing.length > 0) throw new Error(`not installed: ${missing.join(', ')}; the executable holds them (npm ci)`)
  const made = await chunksOf(root, pkg, {
    entry: 'src/cli/executable.ts',
    extension: '.js',
    external: [],
    plugins: [absent],
    names: inExecutable,
    change: tellingFunctions(root),
  })
  const outside = Object.values(made.metafile.outputs)
    .flatMap(({ imports }) => imports)
    .filter(({ path, external }) => external && !isBuiltin(path))
    .map(({ path }) => path)
  if (outside.length > 0) throw new Error(`the executable would look for ${outside.join(', ')}`)
  return made
}
