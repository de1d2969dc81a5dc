// Loads the program from the chunks of dist/cli. Most of the time to start goes into compiling them, so Node may keep what it compiled.
'use strict'
const { existsSync, lstatSync, mkdirSync, realpathSync } = require('node:fs')
const { dirname, isAbsolute, join } = require('node:path')

/** Whether only root and the user `uid` can change what stands for `folder`, or for one above it. `folder` has no symbolic links. */
function isOutOfReach(folder, uid) {
  const found = lstatSync(folder)
  const isSticky = (found.mode & 0o1000) !== 0
  if ((found.uid !== uid && found.uid !== 0) || ((found.mode & 0o022) !== 0 && !isSticky)) return false
  const above = dirname(folder)
  return above === folder || isOutOfReach(above, uid)
}

/**
 * Lets Node (22.1 and newer) keep what it compiles, in a folder that nobody but the user can write to. Node tells damage by a checksum and compiles
 * anew, but whoever can write there can have code run in this process: the shared default below /tmp will not do.
 */
function keepCompiled() {
  const { enableCompileCache } = /** @type {any} */ (require('node:module'))
  if (!enableCompileCache || !process.getuid) return
  try {
    const uid = process.getuid()
    const named = process.env.XDG_CACHE_HOME || ''
    const caches = isAbsolute(named) ? named : join(require('node:os').homedir(), '.cache')
    if (!isAbsolute(caches)) return
    // Not recursively: from procfs that does not return.
    for (const missing of [caches, join(caches, 'sops-ts')])
      if (!existsSync(missing)) mkdirSync(missing, { mode: 0o700 })
    const above = realpathSync(caches)
    const folder = join(above, 'sops-ts')
    const found = lstatSync(folder)
    const isPrivate = found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0
    if (isPrivate && isOutOfReach(above, uid)) enableCompileCache(folder)
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
