// The files that age identities are read from (spec/keys.md 3.3).
import { join, resolve } from 'node:path'
import type { Context } from '../../../context/index.ts'
import { defaultKeyFiles } from './key-file.ts'

/** Absolute paths; whether anything is there shows when it is read. */
export function identityFiles(ctx: Context): readonly string[] {
  const { SOPS_AGE_KEY_FILE: named, SOPS_AGE_SSH_PRIVATE_KEY_FILE: ssh } = ctx.env
  const defaults = defaultKeyFiles(ctx)
  return [
    ...[named, ssh].flatMap((path) => (path ? [resolve(ctx.cwd, path)] : [])),
    ...(typeof defaults === 'string' ? [] : defaults),
    ...(ctx.home === undefined ? [] : ['id_ed25519', 'id_rsa'].map((name) => join(ctx.home!, '.ssh', name))),
  ]
}
