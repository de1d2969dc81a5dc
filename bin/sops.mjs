#!/usr/bin/env node
// Starts the built program: checks the version of Node, offers it a private compile cache, and hands over.
import { lstatSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`sops needs Node.js 20.19 or newer, this is ${process.versions.node}\n`)
  process.exit(1)
}
if (module.enableCompileCache && process.getuid) {
  try {
    // Whoever can write to the cache can run code in this process, so the shared default below /tmp will not do.
    const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sops-ts')
    mkdirSync(folder, { mode: 0o700, recursive: true })
    const found = lstatSync(folder)
    if (found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o077) === 0)
      module.enableCompileCache(folder)
  } catch {
    // Without a cache it only starts a little slower.
  }
}
// Stays in force if the program ends before it could set its status.
process.exitCode = 1
const { main, processHost } = await import('../dist/cli/main.js')
const host = processHost()
host.exit(await main(process.argv.slice(2), host))
