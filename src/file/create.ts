// A new encrypted file: a fresh data key for given recipients, and the plain tree sealed under it.

import type { SelectionOptions } from '../cipher/index.ts'
import { compileSelection, expressionHint, givenSettings, type Selection } from '../cipher/index.ts'
import type { Watch } from '../context/index.ts'
import { SopsError, withHints } from '../errors.ts'
import type { Format, Layout } from '../formats/index.ts'
import { type KeyService, newDataKey, watchOf, wipedAfter, wrapDataKey } from '../groups/index.ts'
import type { KeyGroup } from '../keys/index.ts'
import type { Metadata } from '../metadata/index.ts'
import { compatibleVersion } from '../metadata/index.ts'
import { type SealOutput, sealFile } from './encrypted-file.ts'
import type { Draft } from './plaintext.ts'

/** What flags and creation rules decide: for whom to encrypt, and which values. */
export interface EncryptionSettings {
  readonly keyGroups: readonly KeyGroup[]
  /** 0 = the number of groups. */
  readonly shamirThreshold: number
  readonly selection: SelectionOptions
  readonly macOnlyEncrypted: boolean
  /** Where the selection is said, for errors: `encrypted_regex of creation_rules[0] in .sops.yaml`. */
  readonly selectedBy?: string
  /** Next steps where the data key cannot be wrapped for the recipients, such as where they are named. */
  readonly recipientHints?: readonly string[]
}

/** A data key with the metadata that wraps it. The owner wipes `dataKey`. */
export interface NewFile {
  readonly metadata: Metadata
  readonly dataKey: Uint8Array
  readonly selection: Selection
  readonly watch?: Watch | undefined
}

/** Refuses an expression that does not compile: it never matches, and somebody meant it to. */
function refuseInvalidExpression({ invalid }: Selection, { selection, selectedBy }: EncryptionSettings): void {
  if (invalid === undefined) return
  const encrypts = selection.encryptedRegex || selection.encryptedCommentRegex
  const effect = encrypts ? 'nothing would be encrypted' : 'nothing would be left in clear'
  const place = selectedBy === undefined ? '' : ` (${selectedBy})`
  const hints = givenSettings(selection).map(({ field, name }) => expressionHint(field, selection[name] ?? '', invalid))
  throw new SopsError('generic', `${effect}: ${invalid}${place}`, { hints })
}

function withRecipientHints(error: unknown, { recipientHints = [] }: EncryptionSettings): unknown {
  return error instanceof SopsError && error.details.wrapErrors ? withHints(error, recipientHints) : error
}

/**
 * A new file for these recipients: metadata, and a fresh data key, which the caller wipes.
 * @throws SopsError `generic` when wrapping for a recipient fails, or an expression of the selection does not compile.
 */
export async function createFile(settings: EncryptionSettings, services: readonly KeyService[]): Promise<NewFile> {
  const selection = await compileSelection(settings.selection)
  refuseInvalidExpression(selection, settings)
  const dataKey = newDataKey()
  try {
    const wrapped = await wrapDataKey(dataKey, settings.keyGroups, settings.shamirThreshold, services).catch(
      (error: unknown) => {
        throw withRecipientHints(error, settings)
      },
    )
    const metadata: Metadata = {
      keyGroups: wrapped.groups,
      shamirThreshold: wrapped.threshold,
      lastModified: '',
      mac: '',
      version: compatibleVersion,
      selection: settings.selection,
      macOnlyEncrypted: settings.macOnlyEncrypted,
    }
    return { metadata, dataKey, selection, watch: watchOf(services) }
  } catch (error) {
    dataKey.fill(0)
    throw error
  }
}

/** `createFile` for the duration of `use`, then wipes the data key. */
export async function withNewFile<T>(
  settings: EncryptionSettings,
  services: readonly KeyService[],
  use: (file: NewFile) => T | Promise<T>,
): Promise<T> {
  const file = await createFile(settings, services)
  return wipedAfter(file.dataKey, () => use(file))
}

/**
 * Seals a plain text as a new file.
 * @throws as `sealFile`.
 */
export const sealNew = (file: NewFile, draft: Draft, output: Format, now: Date, layout: Layout): SealOutput =>
  sealFile({ ...draft, ...file }, output, now, layout)
