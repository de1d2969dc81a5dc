// The runtime inside the executable, which is also what compiles it: fetched through npm, and used only when it is what toolchain.json pins.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** The row of toolchain.json for this machine. */
export { thisPlatform } from '../bin/executable.cjs'

/** @typedef {{ package: string, target: string, integrity: string }} Pinned */

/** @type {{ version: string, platforms: Record<string, Pinned> }} */
export const toolchain = JSON.parse(readFileSync(new URL('toolchain.json', import.meta.url), 'utf8'))

/** @param {NodeJS.Platform} platform */
export const suffixOf = (platform) => (platform.startsWith('win32') ? '.exe' : '')

/** Archives are kept here, and checked each time they are used. */
const cache = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sops-ts-toolchain')

/** @param {Uint8Array} bytes */
export const integrityOf = (bytes) => `sha512-${createHash('sha512').update(bytes).digest('base64')}`

/**
 * @param {Uint8Array} archive
 * @param {{ name: string, integrity: string }} pinned
 * @throws Error for any other archive
 */
export function checkIntegrity(archive, { name, integrity }) {
  const found = integrityOf(archive)
  if (found !== integrity) throw new Error(`${name} is not what toolchain.json pins: ${found}, not ${integrity}`)
}

/**
 * @param {Uint8Array} archive a tar file in ustar format
 * @param {string} name of a file in it
 * @throws Error when there is none
 */
export function fileIn(archive, name) {
  const tar = Buffer.from(archive.buffer, archive.byteOffset, archive.length)
  const text = (at, length) => tar.toString('latin1', at, at + length).replace(/\0.*$/s, '')
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8)
    if (text(at, 100) === name) return tar.subarray(at + 512, at + 512 + size)
    at += 512 + Math.ceil(size / 512) * 512
  }
  throw new Error(`the archive has no ${name}`)
}

/** Through the registry that npm is set up with, and no scripts. */
function fetchArchive(spec, file) {
  mkdirSync(cache(), { recursive: true, mode: 0o700 })
  const folder = mkdtempSync(join(cache(), 'fetch-'))
  try {
    execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder, spec], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    })
    renameSync(join(folder, readdirSync(folder)[0]), file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {string} platform a row of toolchain.json
 * @throws Error when there is no such row
 */
export function pinnedFor(platform) {
  const pinned = toolchain.platforms[platform]
  if (!pinned) throw new Error(`no runtime for ${platform}; there are ${Object.keys(toolchain.platforms).join(', ')}`)
  return pinned
}

/**
 * The program of a runtime.
 * @param {string} platform a row of toolchain.json
 * @throws Error when it cannot be had, or is another one than pinned
 */
export function runtimeOf(platform) {
  const pinned = pinnedFor(platform)
  const name = `${pinned.package}@${toolchain.version}`
  const file = join(cache(), `${name.slice(1).replaceAll(/[/@]/g, '-')}.tgz`)
  if (!existsSync(file)) fetchArchive(name, file)
  const archive = readFileSync(file)
  try {
    checkIntegrity(archive, { name, integrity: pinned.integrity })
  } catch (error) {
    rmSync(file, { force: true })
    throw error
  }
  return fileIn(gunzipSync(archive), `package/bin/bun${suffixOf(/** @type {any} */ (platform))}`)
}

/** Writes a program to be started. */
export const writeProgram = (file, bytes) => writeFileSync(file, bytes, { mode: 0o755 })
