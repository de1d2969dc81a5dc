// Opens a wrapped data key with any identity that fits, the cheapest first.
import type { Context } from '../../context/index.ts'
import { messageOf, SopsError } from '../../errors.ts'
import type { MasterKey, Unavailable } from '../types.ts'
import { decodeArmor } from './format/armor.ts'
import { type AgeFile, checkHeader, openPayload, parseAgeFile } from './format/file.ts'
import { type Identity, isFor } from './identity.ts'
import { type Found, sources } from './sources/sources.ts'

const READER = 'failed to create reader for decrypting sops data key with age'
const NO_MATCH_ONE = 'identity did not match any of the recipients: incorrect identity for recipient block'
const NO_MATCH = 'no identity matched any of the recipients'

/** Suffixes A and B of spec/keys.md 3.4. */
function suffixes(found: readonly Found[]): string {
  const errors = found.flatMap((one) => one.errors)
  const unused = found.flatMap((one) => (one.unused === undefined ? [] : [`'${one.unused}'`]))
  const last = unused.pop()
  const places =
    unused.length === 0
      ? `location ${last}`
      : `locations ${unused.join(', ')}${unused.length > 1 ? ',' : ''} and ${last}`
  return (
    (errors.length > 0 ? `. Errors while loading age identities: ${errors.join('; ')}` : '') +
    (last === undefined ? '' : `. Did not find keys in ${places}.`)
  )
}

interface Attempt {
  readonly file: AgeFile
  /** The only recipient whose identity may open it (`Context.exact`). */
  readonly only: string | undefined
  /** Why identities that might have fitted could not be used. */
  readonly errors: Error[]
}

async function tryIdentities(attempt: Attempt, identities: readonly Identity[]): Promise<Uint8Array | undefined> {
  for (const identity of identities) {
    try {
      if (attempt.only !== undefined && !(await isFor(identity, attempt.only))) continue
      const fileKey = await identity.unwrap(attempt.file, attempt.only)
      if (!fileKey) continue
      try {
        checkHeader(attempt.file, fileKey)
        return fileKey
      } catch (error) {
        fileKey.fill(0)
        throw error
      }
    } catch (error) {
      attempt.errors.push(error as Error)
    }
  }
  return undefined
}

/** Identities of the given costs, cheapest first, otherwise in the order found. */
const ordered = (found: readonly Found[], ...wanted: readonly Identity['cost'][]): Identity[] =>
  wanted.flatMap((cost) => found.flatMap((one) => one.identities.filter((identity) => identity.cost === cost)))

/**
 * Sources are read as they are needed: variables and files before any command runs, and last whatever may need a plugin or a passphrase. The
 * order cannot change the data key that comes out, since every way in is authenticated.
 * @see KeyType.unwrap; the messages are those of spec/keys.md 3.4.
 */
export async function unwrap(key: MasterKey, ctx: Context): Promise<Uint8Array | Unavailable> {
  const recipient = String(key.fields.recipient ?? '')
  let file: AgeFile
  try {
    file = parseAgeFile(decodeArmor(key.enc))
  } catch (error) {
    throw new SopsError('generic', `${READER}: failed to read header: ${messageOf(error)}`, { cause: error })
  }
  const attempt: Attempt = { file, only: ctx.exact ? recipient : undefined, errors: [] }
  const variable = sources.variable(ctx)
  const keyFile = await sources.keyFile(ctx)
  const defaults = await sources.defaultFiles(ctx)
  let fileKey = await tryIdentities(attempt, ordered([variable, keyFile, defaults], 'native', 'hybrid'))
  if (fileKey) return payload(file, fileKey)

  const sshFile = await sources.sshFile(ctx)
  const sshHome = await sources.sshHome(ctx)
  fileKey = await tryIdentities(attempt, ordered([sshFile, ...sshHome], 'ssh'))
  if (fileKey) return payload(file, fileKey)
  if (ctx.atHand) return outcome(attempt, [sshFile, ...sshHome, variable, keyFile, defaults])

  const command = await sources.command(ctx, recipient)
  const sshCommand = await sources.sshCommand(ctx, recipient)
  fileKey = await tryIdentities(attempt, ordered([sshCommand, command], 'native', 'hybrid', 'ssh'))
  if (fileKey) return payload(file, fileKey)

  const ssh = [sshFile, sshCommand, ...sshHome]
  const texts = [variable, keyFile, command]
  const plugins = ordered([...ssh, ...texts, defaults], 'plugin')
  const reason = plugins.length > 0 ? await ctx.localOnly?.() : undefined
  const locked = ordered([...ssh, ...texts, defaults], 'locked')
  fileKey = await tryIdentities(attempt, [...(reason === undefined ? plugins : []), ...locked])
  return fileKey
    ? payload(file, fileKey)
    : outcome(attempt, [...ssh, ...texts, defaultsInLightOf(defaults, ssh, texts)], reason)
}

/** A missing default file is worth naming only when there was nothing else to look at. */
function defaultsInLightOf(defaults: Found, ssh: readonly Found[], texts: readonly Found[]): Found {
  const { unused, lastError, ...rest } = defaults
  const alone = !ssh.some((one) => one.identities.length > 0) && !texts.some((one) => one.opened)
  if (lastError !== undefined && alone) return { ...rest, errors: [...rest.errors, lastError] }
  return alone || defaults.opened ? defaults : rest
}

async function payload(file: AgeFile, fileKey: Uint8Array): Promise<Uint8Array> {
  try {
    return await openPayload(file, fileKey)
  } catch (error) {
    const message = `failed to copy age decrypted data into bytes.Buffer: ${messageOf(error)}`
    throw new SopsError('generic', message, { cause: error })
  } finally {
    fileKey.fill(0)
  }
}

/** `untried` says why no plugin was started, where one might have been. */
function outcome(attempt: Attempt, found: readonly Found[], untried?: string): Unavailable {
  const suffix = suffixes(found) + (untried === undefined ? '' : `. No age plugin was started: ${untried}`)
  const [broken] = attempt.errors
  if (broken) throw new SopsError('generic', `${READER}: ${broken.message}${suffix}`, { cause: broken })
  const count = found.reduce((sum, one) => sum + one.identities.length, 0)
  const what = count === 0 ? 'failed to load age identities' : `${READER}: ${count === 1 ? NO_MATCH_ONE : NO_MATCH}`
  return { unavailable: `${what}${suffix}`, ...(untried === undefined ? {} : { untried: true }) }
}
