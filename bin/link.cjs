// Runs after npm has installed the package: puts the executable in the place of bin/sops, which saves the start of Node. Nothing depends on it:
// where it does not run, or fails, bin/sops hands over each time.
'use strict'
const { spawnSync } = require('node:child_process')
const { chmodSync, copyFileSync, existsSync, linkSync, renameSync, rmSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { findExecutable, version } = require('./executable.cjs')

function link(file) {
  // Proves that the system can run it.
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 30_000 })
  if (!stdout?.includes(`(sops-ts ${version()})`)) return
  // Found beside the executable, wherever that is.
  const library = join(dirname(file), 'openpgp.cjs')
  if (existsSync(library)) copyFileSync(library, join(__dirname, 'openpgp.cjs'))
  const place = join(__dirname, 'sops')
  const fresh = `${place}.${process.pid}`
  try {
    try {
      linkSync(file, fresh)
    } catch {
      copyFileSync(file, fresh)
      chmodSync(fresh, 0o755)
    }
    renameSync(fresh, place)
  } finally {
    rmSync(fresh, { force: true })
  }
}

// Other package managers, and npm on Windows, write scripts that start bin/sops with Node.
if (process.platform !== 'win32' && process.env.npm_config_user_agent?.startsWith('npm/')) {
  try {
    const file = findExecutable()
    if (file) link(file)
  } catch {
    // No reason for the installation to fail.
  }
}
