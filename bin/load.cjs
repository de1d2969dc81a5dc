// Loads the program from the chunks of dist/cli. Most of the time to start would go into compiling them, so the build leaves V8's bytecode
// beside them. It fits one version of Node; another one keeps its own in a private folder of the user's, if it can.
'use strict'
const { existsSync, lstatSync, mkdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')

const bytecodeFolder = (folder) => join(folder, `bytecode-${process.version}-${process.arch}`)

function readBytecode(path) {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/** `load` gives the exports of a chunk (`./main.cjs`) or a package, `scripts` has what was compiled so far. */
function chunkLoader(folder) {
  const { Script } = require('node:vm')
  const scripts = new Map()
  const modules = new Map()
  const load = (id) => {
    if (!id.startsWith('./')) return require(id)
    const known = modules.get(id)
    if (known) return known.exports
    const name = id.slice(2)
    const path = join(folder, name)
    // The chunks are ASCII. V8 compiles the text when there is no bytecode, or refuses it for its version or flags.
    const text = readFileSync(path, 'latin1')
    const script = new Script(`(function(exports,require,module,__filename,__dirname){${text}\n})`, {
      // Kept in the bytecode, so it must not tell where the program was built.
      filename: `sops-ts/dist/cli/${name}`,
      cachedData: readBytecode(join(bytecodeFolder(folder), name)),
    })
    scripts.set(name, script)
    const chunk = { exports: {} }
    modules.set(id, chunk)
    script.runInThisContext().call(chunk.exports, chunk.exports, load, chunk, path, folder)
    return chunk.exports
  }
  return { load, scripts }
}

/** Offers Node (22.1 and newer) a folder for bytecode of its own making. */
function keepBytecode() {
  const { enableCompileCache } = require('node:module')
  if (!enableCompileCache || !process.getuid) return
  try {
    // Whoever can write to it can run code in this process, so the shared default below /tmp will not do.
    const caches = process.env.XDG_CACHE_HOME || join(require('node:os').homedir(), '.cache')
    const folder = join(caches, 'sops-ts')
    // Not recursively: from procfs that does not return.
    for (const missing of [caches, folder]) if (!existsSync(missing)) mkdirSync(missing, { mode: 0o700 })
    const found = lstatSync(folder)
    if (found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o077) === 0) enableCompileCache(folder)
  } catch {
    // Without it the program only starts a little slower.
  }
}

/** What the entry of the program in `folder` exports. */
function loadProgram(folder) {
  if (existsSync(bytecodeFolder(folder))) return chunkLoader(folder).load('./main.cjs')
  keepBytecode()
  return require(join(folder, 'main.cjs'))
}

module.exports = { bytecodeFolder, chunkLoader, loadProgram }
