// The configuration stays plain text: encrypted, it tells nobody any more what to encrypt for whom.
import { basename } from 'node:path'
import type { Config } from '../config/index.ts'
import { SopsError } from '../errors.ts'
import type { Tree } from '../tree/tree.ts'

/** True for the name that the search for a configuration looks for, and its misspelling. */
export const isConfigName = (path: string): boolean => /^\.sops\.ya?ml$/.test(basename(path))

/** Where a secret file is wanted. */
export const configHints: readonly string[] = [
  'a configuration holds no secrets, and only as plain text does it say for whom files are encrypted: use any editor',
  'sops doctor examines it',
]

const refusal = (): SopsError =>
  new SopsError('generic', 'this is the configuration of sops, which is never encrypted', { hints: configHints })

/** Before anything is encrypted or typed. @throws SopsError `generic` for the path of the configuration in force. */
export function refuseConfig(path: string | undefined, config: Config | undefined): void {
  if (path !== undefined && path === config?.file.absolutePath) throw refusal()
}

/** A new file by that name could be nothing else. @throws SopsError `generic`. */
export function refuseNewConfig(path: string): void {
  if (isConfigName(path)) throw refusal()
}

const fields = new Set(['creation_rules', 'destination_rules', 'stores'])

/** @throws SopsError `generic` for a text that says what a configuration does, in a file of its name. */
export function refuseConfigText(paths: readonly (string | undefined)[], { documents: [first] }: Tree): void {
  if (!paths.some((path) => path !== undefined && isConfigName(path))) return
  if (first?.items.some((item) => item.kind === 'entry' && fields.has(item.key))) throw refusal()
}
