// Opens a wrapped data key with whatever identity is found, the cheapest first.
import type { Context } from '../../context.ts'
import { messageOf, SopsError } from '../../errors.ts'
import type { MasterKey, Unavailable } from '../types.ts'
import { decodeArmor } from './armor.ts'
import { type AgeFile, checkHeader, openPayload, parseAgeFile } from './file.ts'
import type { Identity } from './identity.ts'
import { type Found, sources } from './sources.ts'

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
  /** Why identities that might have fitted could not be used. */
  readonly errors: Error[]
}

async function tryIdentities(attempt: Attempt, identities: readonly Identity[]): Promise<Uint8Array | undefined> {
  for (const identity of identities) {
    try {
      const fileKey = await identity.unwrap(attempt.file)
      if (!fileKey) continue
      checkHeader(attempt.file, fileKey)
      return fileKey
    } catch (error) {
      attempt.errors.push(error as Error)
    }
  }
  return undefined
}

const costs = ['native', 'hybrid', 'ssh', 'plugin', 'locked'] as const

/** Identities of the given costs, the cheapest first, otherwise in the order found. */
const ordered = (found: readonly Found[], wanted: readonly Identity['cost'][]): Identity[] =>
  wanted.flatMap((cost) => found.flatMap((one) => one.identities.filter((identity) => identity.cost === cost)))

/** @see KeyType.unwrap; the messages are those of spec/keys.md 3.4. */
export async function unwrap(key: MasterKey, ctx: Context): Promise<Uint8Array | Unavailable> {
  const recipient = String(key.fields.recipient ?? '')
  let file: AgeFile
  try {
    file = parseAgeFile(decodeArmor(key.enc))
  } catch (error) {
    throw new SopsError('generic', `${READER}: failed to read header: ${messageOf(error)}`, { cause: error })
  }
  const attempt: Attempt = { file, errors: [] }
  const variable = await sources.variable(ctx)
  const keyFile = await sources.keyFile(ctx)
  const defaultFiles = await sources.defaultFiles(ctx)
  const texts = [variable, keyFile, defaultFiles]
  let fileKey = await tryIdentities(attempt, ordered(texts, ['native', 'hybrid']))
  const command = fileKey ? undefined : await sources.command(ctx, recipient)
  if (command) fileKey = await tryIdentities(attempt, ordered([command], ['native', 'hybrid']))
  const all = [variable, keyFile, ...(command ? [command] : []), defaultFiles]
  fileKey ??= await tryIdentities(attempt, ordered(all, costs.slice(2)))
  if (fileKey) return payload(file, fileKey)
  return outcome(attempt, all)
}

function payload(file: AgeFile, fileKey: Uint8Array): Uint8Array {
  try {
    return openPayload(file, fileKey)
  } catch (error) {
    const message = `failed to copy age decrypted data into bytes.Buffer: ${messageOf(error)}`
    throw new SopsError('generic', message, { cause: error })
  } finally {
    fileKey.fill(0)
  }
}

function outcome(attempt: Attempt, found: readonly Found[]): Unavailable {
  const [broken] = attempt.errors
  if (broken) throw new SopsError('generic', `${READER}: ${broken.message}${suffixes(found)}`, { cause: broken })
  const count = found.reduce((sum, one) => sum + one.identities.length, 0)
  if (count === 0) return { unavailable: `failed to load age identities${suffixes(found)}` }
  return { unavailable: `${READER}: ${count === 1 ? NO_MATCH_ONE : NO_MATCH}${suffixes(found)}` }
}
