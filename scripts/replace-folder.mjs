// Puts a fresh build in the place of an old one while programs start from it.
import * as files from 'node:fs'
import { dirname, join } from 'node:path'

/** What leads to other files comes after them: the entry of the program after its chunks, and the list of all of them last. */
const order = ['cli/main.cjs', 'cli/meta.json']

/**
 * Moves every file of `fresh` to its place below `place`, then removes what an older build left in the folders that `fresh` has; executables
 * beside those folders stay. Chunks are named after their content, so that what the entry leads to is there at every moment, and whole.
 * @param {string} fresh on the same file system
 * @param {string} place
 * @param {Pick<typeof files, 'renameSync' | 'rmSync'>} [calls] what changes files
 */
export function replaceFolder(fresh, place, { renameSync, rmSync } = files) {
  const names = filesIn(fresh).sort((a, b) => order.indexOf(a) - order.indexOf(b))
  for (const name of names) {
    files.mkdirSync(dirname(join(place, name)), { recursive: true })
    renameSync(join(fresh, name), join(place, name))
  }
  const kept = new Set(names)
  const folders = new Set(names.map((name) => name.split('/', 1)[0]))
  for (const name of filesIn(place))
    if (folders.has(name.split('/', 1)[0]) && !kept.has(name)) rmSync(join(place, name))
  for (const folder of foldersIn(place)) if (files.readdirSync(folder).length === 0) files.rmdirSync(folder)
}

/** @param {string} folder */
const filesIn = (folder) =>
  files
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !files.statSync(join(folder, name)).isDirectory())
    .map((name) => name.replaceAll('\\', '/'))

/**
 * The deepest first.
 * @param {string} folder
 */
const foldersIn = (folder) =>
  files
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => files.statSync(path).isDirectory())
    .sort((a, b) => b.length - a.length)
