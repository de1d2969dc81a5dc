// Configurations from text, in folders of their own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { type Config, loadConfig } from '../../src/config/index.ts'
import { SopsError } from '../../src/errors.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import { type FakeContext, fakeContext } from '../support/context.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A new folder with these files; a name that ends in a slash is a folder. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'sops-config-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) {
    const target = path.join(folder, name)
    mkdirSync(name.endsWith('/') ? target : path.dirname(target), { recursive: true })
    if (!name.endsWith('/')) writeFileSync(target, text)
  }
  return folder
}

export interface Loaded {
  readonly config: Config
  readonly ctx: FakeContext
}

/** Loads the text as the .sops.yaml of a folder that is the working directory. */
export async function configOf(text: string | Uint8Array): Promise<Loaded> {
  const cwd = folderWith({ '.sops.yaml': text })
  const ctx = fakeContext({ cwd })
  const file = { path: '.sops.yaml', absolutePath: path.join(cwd, '.sops.yaml') }
  return { config: await loadConfig(file, ctx), ctx }
}

/** The message of the error that a promise is rejected with, which must be one for the user. */
export async function messageOfRejection(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof SopsError)) throw new Error(`expected a SopsError, got ${String(error)}`)
  return error.message
}

/** Keys as `type:id`, or `type:` and the item as JSON. */
export const shown = (keys: readonly MasterKey[]): string[] =>
  keys.map(
    ({ type, fields }) => `${type}:${Object.keys(fields).join() === 'id' ? String(fields.id) : JSON.stringify(fields)}`,
  )
