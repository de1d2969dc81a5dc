// Loads the program from the chunks of dist/cli. Most of the time to start goes into compiling them, so Node may keep what it compiled.
'use strict'
const { existsSync, lstatSync, mkdirSync } = require('node:fs')
const { join } = require('node:path')

/** Lets Node (22.1 and newer) keep what it compiles, in a folder that nobody but the user can write to. */
function keepCompiled() {
  const { enableCompileCache } = /** @type {any} */ (require('node:module'))
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

/** What the entry of the program in `folder` exports; undefined, and said, when there is none. */
function loadProgram(folder) {
  const entry = join(folder, 'main.cjs')
  if (!existsSync(entry)) {
    process.stderr.write(`sops is not built, ${entry} is missing: run npm ci and npm run build in its checkout\n`)
    return undefined
  }
  keepCompiled()
  return require(entry)
}

module.exports = { loadProgram }
