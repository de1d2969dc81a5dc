// Bytes to bytes: the calls that most library users need.

import { defaultSelection, givenSettings, type SelectionOptions } from '../cipher/index.ts'
import type { Context } from '../context/index.ts'
import { processContext } from '../context/index.ts'
import { SopsError } from '../errors.ts'
import type { FormatId, Layout } from '../formats/index.ts'
import { loadFormat, sniffFormat } from '../formats/index.ts'
import { type KeyService, localKeyService } from '../groups/index.ts'
import type { KeyGroup, KeyTypeId, MasterKey } from '../keys/index.ts'
import { approveKey, keyTypes } from '../keys/index.ts'
import { type PlainValue, toObject } from '../tree/plain.ts'
import { checkCleartext } from './cleartext.ts'
import { sealNew, withNewFile } from './create.ts'
import { emitPlain, loadEncrypted, withOpenFile } from './encrypted-file.ts'
import { warnOfLeftOut, warnOfOneDocument } from './left-out.ts'
import { warnOfTokens } from './not-encrypted.ts'
import { parsePlain, refuseSealed, sealDraft } from './plaintext.ts'
import { warnOfSharedPaths } from './shared-paths.ts'
import { lineOf } from './twins.ts'
import type { OpenFile } from './types.ts'

/** For every call from bytes to bytes. */
interface CommonOptions {
  /** Environment, clock and log; by default this process's. */
  readonly context?: Context
  /** What wraps and unwraps data keys; by default the key types of this process. */
  readonly services?: readonly KeyService[]
}

/** How an encrypted file is read, and what the result is. */
export interface DecryptOptions extends CommonOptions {
  /** Format of the input; by default told from its content. */
  readonly format?: FormatId
  /** Format of the result; by default the input's, with its layout kept. */
  readonly output?: FormatId
  /** How a fresh text is laid out. */
  readonly layout?: Layout
  /** Key types in the order to try them. */
  readonly order?: readonly string[]
  /** Accept a file whose MAC is missing or wrong. */
  readonly ignoreMac?: boolean
}

/** How `replacePlaintext` opens and seals. */
export interface ReplaceOptions extends DecryptOptions {
  /** Allow a setting in the file to turn encrypted values into clear ones. */
  readonly allowCleartext?: boolean
}

/** For whom and how a file is encrypted, and which of its values. */
export interface EncryptOptions extends CommonOptions, SelectionOptions {
  /** Format of the input. */
  readonly format: FormatId
  /** Format of the result; by default the input's, with its layout kept. */
  readonly output?: FormatId
  /** How a fresh text is laid out. */
  readonly layout?: Layout
  /** Recipients of the one key group, by type: `{ age: 'age1…', pgp: ['FINGERPRINT'] }`. */
  readonly recipients?: Partial<Record<KeyTypeId, string | readonly string[]>>
  /** Key groups, instead of `recipients`. */
  readonly keyGroups?: readonly KeyGroup[]
  /** Groups needed to open the file; by default all of them. */
  readonly shamirThreshold?: number
  /** The MAC covers encrypted values only, so that those in clear may be changed by hand. */
  readonly macOnlyEncrypted?: boolean
}

/** @throws SopsError `bad-input` for a string that has no UTF-8 form. */
export function asBytes(input: Uint8Array | string): Uint8Array {
  if (typeof input !== 'string') return input
  if (input.isWellFormed()) return Buffer.from(input)
  throw new SopsError('bad-input', 'the text holds a lone surrogate, which cannot be written', {
    hints: ['give the bytes of the file instead of a string'],
  })
}

async function opened<T>(
  input: Uint8Array | string,
  options: DecryptOptions,
  use: (file: OpenFile, context: Context) => T | Promise<T>,
): Promise<T> {
  const context = options.context ?? processContext()
  const bytes = asBytes(input)
  const format = options.format ?? sniffFormat(bytes)
  if (!format) throw new SopsError('generic', 'sops metadata not found', { details: { fault: 'no metadata' } })
  const file = await loadEncrypted(bytes, format, context.watch)
  const means = {
    services: options.services ?? [localKeyService(context)],
    log: context.log,
    audit: { context, file: context.cwd },
    ignoreMac: options.ignoreMac ?? false,
    ...(options.order ? { order: options.order } : {}),
  }
  return withOpenFile(file, means, (open) => use(open, context))
}

/**
 * The plaintext of an encrypted file.
 * @throws SopsError `generic` (not encrypted), `no-data-key`, `cannot-decrypt-tree`, `mac-mismatch`, `cannot-emit`.
 */
export const decrypt = (input: Uint8Array | string, options: DecryptOptions = {}): Promise<Uint8Array> =>
  opened(input, options, async (file, context) => {
    const output = options.output ?? file.format.id
    const bytes = await emitPlain(file, output, options.layout ?? {}, context.log)
    warnOfOneDocument(file.plain, output, context.log)
    return bytes
  })

/**
 * The values of an encrypted file's first document; a warning in the log names the others.
 * @throws as `decrypt`, and `generic` for a key with several values.
 */
export const decryptToObject = (
  input: Uint8Array | string,
  options: DecryptOptions = {},
): Promise<{ readonly [key: string]: PlainValue }> =>
  opened(input, options, (file, context) => {
    const { plain } = file
    warnOfLeftOut(plain, 'the object', context.log)
    return toObject(plain.documents[0] ?? { kind: 'map', items: [] }, lineOf(file))
  })

/**
 * Encrypts a plain file.
 * @throws SopsError `bad-input`, `no-document`, `already-encrypted`, `generic` (a recipient that cannot be wrapped for), `cannot-encrypt-tree`.
 */
export async function encrypt(input: Uint8Array | string, options: EncryptOptions): Promise<Uint8Array> {
  const context = options.context ?? processContext()
  const [format, output] = [await loadFormat(options.format), await loadFormat(options.output ?? options.format)]
  const bytes = asBytes(input)
  await refuseSealed(bytes, output.id, context.watch)
  const draft = parsePlain(bytes, format, output, { watch: context.watch })
  for (const key of options.keyGroups?.flatMap(({ keys }) => keys) ?? []) approveKey(key, context)
  const settings = {
    keyGroups: options.keyGroups ?? [{ keys: await recipientsOf(options.recipients ?? {}, context) }],
    shamirThreshold: options.shamirThreshold ?? 0,
    selection: selectionOf(options),
    macOnlyEncrypted: format.id !== 'binary' && (options.macOnlyEncrypted ?? false),
  }
  return withNewFile(settings, options.services ?? [localKeyService(context)], async (file) => {
    await context.audit?.({ action: 'encrypt', file: context.cwd })
    warnOfTokens(draft.plain, file.selection, context.log)
    warnOfSharedPaths(draft.plain, file.selection, context.log)
    return sealNew(file, draft, output, context.now(), options.layout ?? {}).bytes
  })
}

/**
 * Replaces the plaintext of an encrypted file. Recipients and data key stay, and every unchanged value keeps its ciphertext, so that a diff
 * shows what changed and nothing else. The log names values that a setting of the file newly leaves in clear.
 * @throws as `decrypt` and `encrypt`; SopsError `cleartext` when a value that was encrypted would be stored in clear.
 */
export const replacePlaintext = (
  encrypted: Uint8Array | string,
  plaintext: Uint8Array | string,
  options: ReplaceOptions = {},
): Promise<Uint8Array> =>
  opened(encrypted, options, async (file, context) => {
    const draft = parsePlain(asBytes(plaintext), file.format, file.format, {
      earlier: file.plain,
      watch: context.watch,
    })
    await context.audit?.({ action: 'encrypt', file: context.cwd })
    const { metadata, format, selection } = file
    const unchecked = { ...draft, allowCleartext: true }
    const now = context.now()
    const { bytes, clear } = await sealDraft(file, unchecked, metadata, format, { now, layout: options.layout ?? {} })
    const { allowCleartext } = options
    const sealed = { plain: draft.plain, settings: metadata.selection, selection, clear }
    checkCleartext(sealed, { allowCleartext, log: context.log })
    warnOfSharedPaths(draft.plain, selection, context.log, file.plain)
    return bytes
  })

async function recipientsOf(
  recipients: NonNullable<EncryptOptions['recipients']>,
  context: Context,
): Promise<MasterKey[]> {
  const keys: (readonly MasterKey[])[] = []
  for (const [id, type] of Object.entries(keyTypes)) {
    const wanted = recipients[id as KeyTypeId]
    if (wanted !== undefined) keys.push(await type.parse([wanted].flat().join(','), context))
  }
  return keys.flat()
}

/** The one selection setting that is given, or the reference's default; binary files have none. */
function selectionOf(options: EncryptOptions): SelectionOptions {
  if (options.format === 'binary') return {}
  const given = givenSettings(options)
  if (given.length > 1) {
    throw new SopsError(
      'conflicting-parameters',
      `only one selection setting can be used, not ${given.map(({ name }) => name).join(' and ')}`,
    )
  }
  const [setting] = given
  return setting === undefined ? defaultSelection : { [setting.name]: options[setting.name] }
}
