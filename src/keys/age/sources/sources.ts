// Where age identities are looked for: variables, files and commands, each read at most once per run.

import { join, resolve } from 'node:path'
import type { Context } from '../../../context/index.ts'
import { memoKey, memoKeys, onceEach } from '../../../context/index.ts'
import { messageOf } from '../../../errors.ts'
import { statSync } from '../../../system/index.ts'
import type { Identity } from '../identity.ts'
import { sshCommandIdentity, sshFileIdentity } from '../ssh/identity.ts'
import { runKeyCommand } from './command.ts'
import { isLockedText, readIdentities } from './identity-text.ts'
import { defaultKeyFiles, fileCause, isAbsent, pathAdvice, readKeyFile } from './key-file.ts'

/** What a source holds. */
export interface Found {
  readonly identities: readonly Identity[]
  readonly errors: readonly string[]
  /** The place to name when nothing was found: it is empty or missing. */
  readonly unused?: string
  /** There was something to read. */
  readonly opened: boolean
  /** An error that counts only when no other source has anything. */
  readonly lastError?: string
}

const absent = (unused: string): Found => ({ identities: [], errors: [], opened: false, unused })
const failed = (message: string): Found => ({ identities: [], errors: [message], opened: false })

function read(bytes: Buffer, location: string, ctx: Context, words = false): Found {
  try {
    const identities = readIdentities(bytes, { location, words }, ctx)
    const opened = { identities, errors: [], opened: true }
    return identities.length > 0 ? opened : { ...opened, unused: location }
  } catch (error) {
    const message = `failed to parse '${location}' age identities: ${messageOf(error)}`
    return { identities: [], errors: [message], opened: true }
  } finally {
    bytes.fill(0)
  }
}

function fromVariable(ctx: Context): Found {
  const text = ctx.env.SOPS_AGE_KEY
  if (text === undefined) return absent('SOPS_AGE_KEY')
  // Behind a comment it would hide the identity.
  if (/\\n.*AGE-(?:SECRET-KEY|PLUGIN)-|AGE-(?:SECRET-KEY|PLUGIN)-.*\\n/.test(text))
    return failed(
      "failed to parse 'SOPS_AGE_KEY' age identities: it has \\n in it, where line breaks are meant: put them in, or give the identity alone",
    )
  return read(Buffer.from(text), 'SOPS_AGE_KEY', ctx, true)
}

async function fromKeyFile(ctx: Context): Promise<Found> {
  const path = ctx.env.SOPS_AGE_KEY_FILE
  if (path === undefined) return absent('SOPS_AGE_KEY_FILE')
  if (path === '') return failed('failed to open SOPS_AGE_KEY_FILE file: the path is empty')
  let bytes: Buffer
  try {
    bytes = await readKeyFile(resolve(ctx.cwd, path), ctx, { isLocked: isLockedText })
  } catch (error) {
    return failed(`failed to open SOPS_AGE_KEY_FILE file: ${fileCause(path, error)}${pathAdvice(path, 'SOPS_AGE_KEY')}`)
  }
  return read(bytes, 'SOPS_AGE_KEY_FILE', ctx)
}

async function fromDefaultFile(path: string, ctx: Context): Promise<Found> {
  let bytes: Buffer
  try {
    bytes = await readKeyFile(path, ctx, { isLocked: isLockedText })
  } catch (error) {
    return isAbsent(error) ? absent(path) : failed(`failed to open file: ${fileCause(path, error)}`)
  }
  return read(bytes, path, ctx)
}

async function fromDefaultFiles(ctx: Context): Promise<Found> {
  const paths = defaultKeyFiles(ctx)
  if (typeof paths === 'string') {
    const lastError = `user config directory could not be determined: ${paths}`
    return { identities: [], errors: [], opened: false, lastError }
  }
  const all = await Promise.all(paths.map((path) => fromDefaultFile(path, ctx)))
  const identities = all.flatMap((found) => found.identities)
  const unused = all[0]?.unused
  return {
    identities,
    errors: all.flatMap((found) => found.errors),
    opened: all.some((found) => found.opened),
    ...(identities.length === 0 && unused !== undefined ? { unused } : {}),
  }
}

async function fromCommand(recipient: string, ctx: Context): Promise<Found> {
  const name = 'SOPS_AGE_KEY_CMD'
  const command = ctx.env[name]
  if (command === undefined) return absent(name)
  try {
    return read(await runKeyCommand(command, recipient, ctx), name, ctx)
  } catch (error) {
    return failed(messageOf(error))
  }
}

async function fromSsh(path: string, ctx: Context): Promise<Found> {
  try {
    return { identities: [await sshFileIdentity(path, ctx)], errors: [], opened: true }
  } catch (error) {
    return failed(messageOf(error))
  }
}

async function fromSshFile(ctx: Context): Promise<Found> {
  const path = ctx.env.SOPS_AGE_SSH_PRIVATE_KEY_FILE
  return path === undefined ? absent('SOPS_AGE_SSH_PRIVATE_KEY_FILE') : fromSsh(path, ctx)
}

async function fromSshCommand(recipient: string, ctx: Context): Promise<Found> {
  const name = 'SOPS_AGE_SSH_PRIVATE_KEY_CMD'
  const command = ctx.env[name]
  if (command === undefined) return absent(name)
  try {
    const identity = sshCommandIdentity(await runKeyCommand(command, recipient, ctx))
    return { identities: [identity], errors: [], opened: true }
  } catch (error) {
    return failed(messageOf(error))
  }
}

function present(path: string): boolean {
  try {
    statSync(path)
    return true
  } catch {
    return false
  }
}

/** `~/.ssh/id_ed25519` and `~/.ssh/id_rsa`. */
async function fromSshHome(ctx: Context): Promise<readonly Found[]> {
  const { home } = ctx
  if (home === undefined) return [failed('$HOME is not defined')]
  const paths = ['id_ed25519', 'id_rsa'].map((name) => join(home, '.ssh', name))
  return Promise.all(paths.map((path) => (present(path) ? fromSsh(path, ctx) : absent(path))))
}

const kept = {
  sshFile: memoKey<Promise<Found>>('SSH key file'),
  sshCommand: memoKeys<Promise<Found>>('SSH key command'),
  sshHome: memoKey<Promise<readonly Found[]>>('SSH keys at home'),
  variable: memoKey<Found>('age identities in a variable'),
  keyFile: memoKey<Promise<Found>>('age key file'),
  command: memoKeys<Promise<Found>>('age key command'),
  defaultFiles: memoKey<Promise<Found>>('age key files at home'),
}

/** The sources of spec/keys.md 3.3; commands run once per recipient. */
export const sources = {
  sshFile: (ctx: Context): Promise<Found> => ctx.once(kept.sshFile, () => fromSshFile(ctx)),
  sshCommand: (ctx: Context, recipient: string): Promise<Found> =>
    onceEach(ctx, kept.sshCommand, recipient, () => fromSshCommand(recipient, ctx)),
  sshHome: (ctx: Context): Promise<readonly Found[]> => ctx.once(kept.sshHome, () => fromSshHome(ctx)),
  variable: (ctx: Context): Found => ctx.once(kept.variable, () => fromVariable(ctx)),
  keyFile: (ctx: Context): Promise<Found> => ctx.once(kept.keyFile, () => fromKeyFile(ctx)),
  command: (ctx: Context, recipient: string): Promise<Found> =>
    onceEach(ctx, kept.command, recipient, () => fromCommand(recipient, ctx)),
  defaultFiles: (ctx: Context): Promise<Found> => ctx.once(kept.defaultFiles, () => fromDefaultFiles(ctx)),
} as const
