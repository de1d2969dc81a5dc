// Builds dist/cli (few bundles, for start-up time) and dist/lib (plain modules with types, for library users).
import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const pkg = createRequire(import.meta.url)('../package.json')

// Small packages are bundled because a bundle starts faster; SDKs stay in node_modules and are imported when a key needs them.
const bundled = new Set(['age-encryption', 're2js', 'yargs'])
const external = Object.keys({ ...pkg.dependencies, ...pkg.optionalDependencies }).filter((name) => !bundled.has(name))

// Built beside the old one and then put in its place, so that a program that is running finds its chunks until the end.
const fresh = join(root, 'dist.new')

const options = {
  absWorkingDir: root,
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: 'dist.new/cli',
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  metafile: true,
  external,
  legalComments: 'linked',
  define: { 'process.env.SOPS_TS_VERSION': JSON.stringify(pkg.version) },
  // Importing a module of Node's by `import` reads every export of it, which for crypto loads WebCrypto; `require` does not.
  banner: { js: "const require=process.getBuiltinModule('module').createRequire(import.meta.url);" },
}

const requiredCrypto = {
  name: 'required-crypto',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:crypto$/ }, ({ path, namespace }) =>
      namespace === 'required' ? { path, external: true } : { path, namespace: 'required' },
    )
    onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({ contents: `module.exports = require('${path}')` }))
  },
}

/** Sources that encrypting and decrypting always evaluate: what these reach by static imports. */
const roots = ['src/cli/main.ts', 'src/cli/commands/decrypt.ts', 'src/cli/commands/encrypt.ts']

function closure({ inputs }) {
  const found = new Set(roots)
  for (const file of found) {
    for (const { path, kind, external } of inputs[file].imports)
      if (kind === 'import-statement' && !external) found.add(path)
  }
  return [...found]
}

const dynamicEntries = ({ inputs }) =>
  new Set(
    Object.values(inputs).flatMap(({ imports }) =>
      imports.flatMap(({ path, kind }) => (kind === 'dynamic-import' ? [path] : [])),
    ),
  )

/**
 * esbuild makes a chunk of every set of entries that share a file: some forty for one run, and each costs Node a third of a millisecond.
 * When every entry is said to need all the common files, they share one set and so one chunk.
 */
const oneCommonChunk = (metafile) => {
  const common = closure(metafile).filter((file) => !roots.includes(file))
  const entries = dynamicEntries(metafile)
  return {
    name: 'one-common-chunk',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^common:$/ }, () => ({ path: 'common', namespace: 'common', sideEffects: true }))
      onLoad({ filter: /./, namespace: 'common' }, () => ({
        contents: common.map((file) => `import ${JSON.stringify(`./${file}`)}`).join('\n'),
        resolveDir: root,
      }))
      onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const file = path.slice(root.length + 1).replaceAll('\\', '/')
        if (file !== roots[0] && !entries.has(file)) return undefined
        return { contents: `${readFileSync(path, 'utf8')}\nimport 'common:'\n`, loader: 'ts' }
      })
    },
  }
}

rmSync(fresh, { recursive: true, force: true })
const plan = await build({ ...options, write: false })
const { metafile } = await build({ ...options, plugins: [requiredCrypto, oneCommonChunk(plan.metafile)] })
writeFileSync(join(fresh, 'cli/meta.json'), JSON.stringify(metafile))
const tsc = join(root, 'node_modules/typescript/bin/tsc')
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', join(fresh, 'lib')], {
  cwd: root,
  stdio: 'inherit',
})
rmSync(join(root, 'dist'), { recursive: true, force: true })
renameSync(fresh, join(root, 'dist'))
