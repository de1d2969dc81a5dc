// The token for transit keys (spec/keys.md 8.2).

import { join } from 'node:path'
import type { Context } from '../../context/index.ts'
import { memoKey } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import { readCredentials } from '../../net/index.ts'

const token = memoKey<Promise<string | undefined>>('Vault token')

/** `VAULT_TOKEN`, else the file that `vault login` writes, else none. @throws SopsError `generic` for an unreadable file. */
export const vaultToken = (ctx: Context): Promise<string | undefined> =>
  ctx.once(token, async () => {
    if (ctx.env['VAULT_TOKEN']) return ctx.env['VAULT_TOKEN']
    if (ctx.home === undefined) return undefined
    try {
      return (await readCredentials(join(ctx.home, '.vault-token'), ctx)).trim() || undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new SopsError('generic', `cannot get Vault token: ${messageOf(error)}`)
    }
  })
