// Hands over to the executable, where npm has installed the package with the one for this machine beside this package.
'use strict'
const { accessSync, closeSync, constants, existsSync, openSync, readFileSync, readSync } = require('node:fs')
const { basename, dirname, join } = require('node:path')

const root = dirname(__dirname)

/** The start of a file, which in an ELF file names the program that loads it. */
function headOf(file) {
  const bytes = Buffer.alloc(4096)
  const descriptor = openSync(file, 'r')
  try {
    return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(descriptor)
  }
}

/** As in scripts/toolchain.json. */
function thisPlatform() {
  const isMusl = process.platform === 'linux' && headOf(process.execPath).includes('/ld-musl-')
  return `${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`
}

const versionIn = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version

/**
 * Looks only where package managers put what this package depends on: Node itself would go on in the folders above and in NODE_PATH.
 * @returns {string | undefined} the executable of this same version
 */
function findExecutable() {
  const beside = dirname(root)
  const folders = [join(root, 'node_modules'), ...(basename(beside) === 'node_modules' ? [beside] : [])]
  if (!folders.some(existsSync)) return undefined
  const name = `sops-ts-${thisPlatform()}`
  const found = folders.map((folder) => join(folder, name)).find((folder) => existsSync(join(folder, 'sops')))
  return found !== undefined && versionIn(found) === versionIn(root) ? join(found, 'sops') : undefined
}

/** Some versions of Node end the process when the system refuses to start a file, which is then no place to go back from. */
function canStart(file) {
  accessSync(file, constants.X_OK)
  const head = headOf(file)
  if (process.platform !== 'linux') return head.length > 0
  const [loader] = /\/[\w./-]*\/ld-[\w.-]+/.exec(head) ?? []
  return head.startsWith('\x7fELF') && loader !== undefined && existsSync(loader)
}

/** Node closes descriptors above stderr in what it starts, and shows bytes that are no text as U+FFFD. */
const isLostOnTheWay = (text) => /\ufffd|\/(?:dev|proc\/self)\/fd\//.test(text)

/** Becomes the executable. Returns where there is none or this form of the program can do what that could not. */
function handOver() {
  const { execve } = /** @type {any} */ (process)
  const words = process.argv.slice(2)
  if (!execve || [...words, ...Object.values(process.env)].some(isLostOnTheWay)) return
  try {
    const file = findExecutable()
    if (file && canStart(file)) execve(file, ['sops', ...words], process.env)
  } catch {
    // The same program runs in Node.
  }
}

module.exports = { findExecutable, handOver, thisPlatform, version: () => versionIn(root) }
