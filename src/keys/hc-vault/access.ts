// Which Vault servers may be spoken to, and with which token (spec/keys.md 8.2).

import { join } from 'node:path'
import type { Context } from '../../context.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { readFile } from '../../system/files.ts'

const withSlash = (text: string): string => (text.endsWith('/') ? text : `${text}/`)

/**
 * Checks an address against `SOPS_HC_VAULT_ALLOWLIST`, because files name the server that is sent the token.
 * @throws SopsError `generic`.
 */
export function checkAllowed(address: string, ctx: Context): void {
  const list = ctx.env['SOPS_HC_VAULT_ALLOWLIST'] ?? ''
  if (list === '' || list === 'all') return
  const entries = list === 'none' ? [] : list.split(',').map((entry) => entry.trim())
  const empty = entries.indexOf('')
  if (empty >= 0) throw new SopsError('generic', `SOPS_HC_VAULT_ALLOWLIST's entry ${empty + 1} is empty`)
  const wanted = withSlash(address)
  if (entries.some((entry) => wanted.startsWith(withSlash(entry)))) return
  throw new SopsError('generic', `Allowlist does not allow ${address}`)
}

/** `VAULT_TOKEN`, else the file that `vault login` writes, else none. @throws SopsError `generic` for an unreadable file. */
export const vaultToken = (ctx: Context): Promise<string | undefined> =>
  ctx.once('vault token', async () => {
    if (ctx.env['VAULT_TOKEN']) return ctx.env['VAULT_TOKEN']
    if (ctx.home === undefined) return undefined
    try {
      return (await readFile(join(ctx.home, '.vault-token'), 'utf8')).trim() || undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new SopsError('generic', `cannot get Vault token: ${messageOf(error)}`)
    }
  })
