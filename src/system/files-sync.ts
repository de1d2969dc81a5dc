// Node's synchronous file calls, for paths with bytes that are not UTF-8 (bytes.ts). Nothing else under src/ may give node:fs a path.
import * as fs from 'node:fs'
import { promisify } from 'node:util'
import { nativePath, textOf } from './bytes.ts'

const onPath = <Call>(call: Call): Call =>
  ((path: unknown, ...rest: unknown[]) =>
    (call as (path: unknown, ...rest: unknown[]) => unknown)(
      typeof path === 'string' ? nativePath(path) : path,
      ...rest,
    )) as Call

export const accessSync: typeof fs.accessSync = onPath(fs.accessSync)
export const existsSync: typeof fs.existsSync = onPath(fs.existsSync)
export const lstatSync: typeof fs.lstatSync = onPath(fs.lstatSync)
export const mkdirSync: typeof fs.mkdirSync = onPath(fs.mkdirSync)
export const open: typeof fs.open = onPath(fs.open)
export const openSync: typeof fs.openSync = onPath(fs.openSync)
export const readdirSync: typeof fs.readdirSync = onPath(fs.readdirSync)
export const readFileSync: typeof fs.readFileSync = onPath(fs.readFileSync)
export const realpathSync = (path: string): string => textOf(fs.realpathSync.native(nativePath(path), 'buffer'))
/** Without links; the path itself where that leads nowhere. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
export const renameSync = (from: string, to: string): void => fs.renameSync(nativePath(from), nativePath(to))
export const rmSync: typeof fs.rmSync = onPath(fs.rmSync)
export const statSync: typeof fs.statSync = onPath(fs.statSync)
/** What is there, links followed; undefined for nothing, and for what cannot be looked at. */
export function statOf(path: string): fs.Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}
export const statfsSync: typeof fs.statfsSync = onPath(fs.statfsSync)
export const close: (descriptor: number) => Promise<void> = promisify(fs.close)
export { closeSync, constants, fstatSync, readlinkSync, readSync, writeSync } from 'node:fs'
