// Lets the library take packages from the chunks of the program, so that one package on the disk holds them once and needs no others, and
// makes few files of its modules: npm takes as long for a file as for many of its bytes.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { build } from 'esbuild'

const identifier = /^[A-Za-z_$][\w$]*$/

const fromTo = (file, target) => {
  const path = relative(dirname(file), target).replaceAll('\\', '/')
  return path.startsWith('.') ? path : `./${path}`
}

/** A module that exports what the chunk at `chunk` does, whose exports are read by running it. `place` is where the module will lie. */
function moduleOf(chunk, place) {
  const names = Object.keys(createRequire(place)(chunk)).filter((name) => identifier.test(name) && name !== 'default')
  return `import chunk from '${fromTo(place, chunk)}'\nexport const { ${names.join(', ')} } = chunk\nexport default chunk.default ?? chunk\n`
}

/** File names of chunks by what they begin with. */
const chunksOf = ({ outputs }) =>
  new Map(
    Object.entries(outputs).flatMap(([path, { entryPoint }]) =>
      entryPoint === undefined ? [] : [[entryPoint, basename(path)]],
    ),
  )

/** Files beside the chunks, as the chunks name them, and the package that each is. */
const beside = { './openpgp.cjs': 'openpgp' }

function write(file, text) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

const typeOfPackage = /\btypeof import\(['"](?!\.|node:)[^'"]+['"]\)/g

/** No call of the public API gives a package away, and a project that checks declarations would have to install it. */
function withoutPackages(folder) {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue
    const text = readFileSync(join(folder, name), 'utf8')
    const plain = text.replaceAll(typeOfPackage, 'unknown')
    if (plain !== text) writeFileSync(join(folder, name), plain)
  }
}

/**
 * Changes `FOLDER/lib`, as the compiler wrote it: `import()` of a package leads to a module in `lib/packages` that takes it from the chunk in
 * `FOLDER/cli`; a module that imports packages statically becomes the chunk that begins with it. Packages without a chunk stay named.
 * @param {import('esbuild').Metafile} metafile of the chunks
 * @param {string} folder
 */
export async function useChunks(metafile, folder) {
  withoutPackages(join(folder, 'lib'))
  const chunks = chunksOf(metafile)
  for (const [source, { imports }] of Object.entries(metafile.inputs)) {
    if (!/^src\/(?!cli\/)/.test(source)) continue
    const file = join(folder, source.replace(/^src/, 'lib').replace(/\.ts$/, '.js'))
    for (const { path, kind, external, original = beside[path] } of imports) {
      if (original === undefined || /^(?:\.|node:)/.test(original)) continue
      const chunk = external ? beside[path] && basename(path) : chunks.get(path)
      if (kind === 'import-statement') {
        const own = chunks.get(source)
        if (own === undefined) throw new Error(`${source} imports ${original} and is no chunk of its own`)
        write(file, moduleOf(join(folder, 'cli', own), file))
      } else if (chunk) {
        const place = join(folder, 'lib/packages', original.endsWith('.js') ? original : `${original}.js`)
        write(place, moduleOf(join(folder, 'cli', chunk), place))
        write(file, readFileSync(file, 'utf8').replaceAll(`import('${original}')`, `import('${fromTo(file, place)}')`))
      }
    }
  }
}

const namedIn = /(?:\bfrom|\bimport) ?\(?['"](\.[^'"]+)['"]/g

/** The declarations that one leads to, itself among them. */
function declarationsFrom(entry) {
  const found = new Set([entry])
  for (const file of found) {
    for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(namedIn)) {
      const next = resolve(dirname(file), path.replace(/\.[jt]s$/, '.d.ts'))
      if (existsSync(next)) found.add(next)
    }
  }
  return found
}

/** Files in chunks of the program and in `lib/packages` stay what they are. */
const outside = (lib) => ({
  name: 'outside',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const file = resolve(resolveDir, path)
      const isOutside = !file.startsWith(lib + sep) || file.startsWith(join(lib, 'packages') + sep)
      return isOutside ? { path: fromTo(join(lib, 'index.js'), file), external: true } : undefined
    }),
})

/**
 * Makes of the modules of `FOLDER/lib` what `index.js` needs at once and a file for each part that is loaded when it is used, and leaves of the
 * declarations those that it leads to.
 * @param {string} folder
 */
export async function bundleLibrary(folder) {
  const lib = join(folder, 'lib')
  const entry = join(lib, 'index.js')
  const { outputFiles } = await build({
    entryPoints: [entry],
    outdir: lib,
    chunkNames: '[name]-[hash]',
    write: false,
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    logLevel: 'error',
    legalComments: 'none',
    plugins: [outside(lib)],
  })
  const declarations = declarationsFrom(join(lib, 'index.d.ts'))
  for (const name of readdirSync(lib, { recursive: true, encoding: 'utf8' })) {
    const file = join(lib, name)
    const isModule = name.endsWith('.js') && !name.startsWith('packages')
    if (isModule || (name.endsWith('.d.ts') && !declarations.has(file))) rmSync(file)
  }
  for (const { path, contents } of outputFiles) writeFileSync(path, contents)
  removeEmpty(lib)
}

function removeEmpty(folder) {
  for (const one of readdirSync(folder, { withFileTypes: true }))
    if (one.isDirectory()) removeEmpty(join(folder, one.name))
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true })
}
