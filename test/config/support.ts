// Configurations from text, in folders of their own, and key types that only record what they are given.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { type Config, loadConfig } from '../../src/config/index.ts'
import { SopsError } from '../../src/errors.ts'
import type { KeyType, KeyTypeId, MasterKey } from '../../src/keys/types.ts'
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

/** A key type whose keys are the parts of the text it is given, or the item. */
function recorder(id: KeyTypeId, flat: string, group: string): KeyType {
  const key = (fields: MasterKey['fields']): MasterKey => ({ type: id, fields, enc: '' })
  return {
    id,
    fields: [],
    dated: true,
    network: false,
    flag: { name: id, env: '', help: '' },
    config: { flat, group },
    parse: async (text, _ctx, options = {}) =>
      text
        .split(',')
        .map((part) =>
          key({ id: part, ...(options.awsProfile ? { profile: options.awsProfile } : {}), ...options.context }),
        ),
    parseGroupItem: async (item) => [key(typeof item === 'string' ? { id: item } : item)],
    label: (k) => JSON.stringify(k.fields),
    wrap: () => Promise.reject(new Error('not used')),
    unwrap: () => Promise.reject(new Error('not used')),
  }
}

export const recordingKeyTypes: Record<KeyTypeId, KeyType> = {
  age: recorder('age', 'age', 'age'),
  pgp: recorder('pgp', 'pgp', 'pgp'),
  kms: recorder('kms', 'kms', 'kms'),
  gcp_kms: recorder('gcp_kms', 'gcp_kms', 'gcp_kms'),
  hckms: recorder('hckms', 'hckms', 'hckms'),
  azure_kv: recorder('azure_kv', 'azure_keyvault', 'azure_keyvault'),
  hc_vault: recorder('hc_vault', 'hc_vault_transit_uri', 'hc_vault'),
}

/** Keys as `type:id`, or `type:` and the item as JSON. */
export const shown = (keys: readonly MasterKey[]): string[] =>
  keys.map(
    ({ type, fields }) => `${type}:${Object.keys(fields).join() === 'id' ? String(fields.id) : JSON.stringify(fields)}`,
  )
