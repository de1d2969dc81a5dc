// Where age identities are looked for and what is there, for people.
import { join } from 'node:path'
import type { Context } from '../../../context/index.ts'
import { messageOf } from '../../../errors.ts'
import type { IdentityPlace } from '../../types.ts'
import type { Identity } from '../identity.ts'
import { defaultKeyFiles } from './key-file.ts'
import { type Found, sources } from './sources.ts'

const kinds: Readonly<Record<Identity['cost'], string>> = {
  native: 'X25519 identity',
  hybrid: 'post-quantum identity',
  ssh: 'SSH key',
  plugin: 'identity of a plugin',
  locked: 'encrypted identity file, a passphrase opens it',
}

async function describe(identity: Identity): Promise<string> {
  if (identity.recipient === undefined) return kinds[identity.cost]
  try {
    const recipient = await identity.recipient()
    return identity.cost === 'locked' ? `${recipient} (a passphrase opens it)` : recipient
  } catch (error) {
    return `${kinds[identity.cost]} (${messageOf(error)})`
  }
}

const placeOf = async (place: string, found: Found): Promise<IdentityPlace> => ({
  place,
  found: await Promise.all(found.identities.map(describe)),
  problems: [...found.errors, ...(found.lastError === undefined ? [] : [found.lastError])],
})

const withPath = (name: string, ctx: Context): string => {
  const path = ctx.env[name]
  return path ? `${name} (${path})` : name
}

/** Commands are not run: they may ask questions, and what they print depends on the recipient. */
const command = (name: string, ctx: Context): IdentityPlace => ({
  place: name,
  found: ctx.env[name] ? ['a command, run when a file is opened'] : [],
  problems: ctx.env[name] === '' ? ['the command is empty'] : [],
})

/** The places of spec/keys.md 3.3, in that order. */
export async function places(ctx: Context): Promise<readonly IdentityPlace[]> {
  const home = ctx.home ?? '~'
  const ssh = await sources.sshHome(ctx)
  const defaults = defaultKeyFiles(ctx)
  const sshHome = ssh.map((found, at) =>
    placeOf(ctx.home === undefined ? '~/.ssh' : join(home, '.ssh', ['id_ed25519', 'id_rsa'][at] ?? ''), found),
  )
  return Promise.all([
    placeOf(withPath('SOPS_AGE_SSH_PRIVATE_KEY_FILE', ctx), await sources.sshFile(ctx)),
    command('SOPS_AGE_SSH_PRIVATE_KEY_CMD', ctx),
    ...sshHome,
    placeOf('SOPS_AGE_KEY', sources.variable(ctx)),
    placeOf(withPath('SOPS_AGE_KEY_FILE', ctx), await sources.keyFile(ctx)),
    command('SOPS_AGE_KEY_CMD', ctx),
    placeOf(typeof defaults === 'string' ? 'default key file' : defaults.join(', '), await sources.defaultFiles(ctx)),
  ])
}
