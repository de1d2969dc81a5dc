// Versions of a file as people make them from one another, and their merge.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SelectionOptions } from '../../src/cipher/index.ts'
import { decrypt, encrypt } from '../../src/file/bytes.ts'
import { type SealOverOptions, sealOver } from '../../src/file/earlier.ts'
import { loadEncrypted, openFile } from '../../src/file/encrypted-file.ts'
import { parsePlain } from '../../src/file/plaintext.ts'
import { loadFormat } from '../../src/formats/table.ts'
import type { FormatId } from '../../src/formats/types.ts'
import { type KeyService, localKeyService } from '../../src/groups/data-key.ts'
import type { MasterKey } from '../../src/keys/types.ts'
import type { Labels } from '../../src/merge/markers.ts'
import { withMerge } from '../../src/merge/merge.ts'
import type { Choose, MergeConflict } from '../../src/merge/types.ts'
import { identity, recipient } from '../cli/exec-support.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { fakeContext } from '../support/context.ts'

export { recipient, secondRecipient } from '../cli/exec-support.ts'

export const secondIdentity: string = readFileSync(join(keysFolder, 'two.age'), 'utf8')
const context = fakeContext({ env: { SOPS_AGE_KEY: identity } })
const bothContext = fakeContext({ env: { SOPS_AGE_KEY: `${identity}\n${secondIdentity}` } })
export const services: readonly KeyService[] = [localKeyService(bothContext)]
export const now: Date = new Date('2027-01-02T03:04:05Z')
export const labels: Labels = { ours: 'ours (main)', theirs: 'theirs (feature)' }
export const age = (...texts: readonly string[]): readonly MasterKey[] =>
  texts.map((text) => ({ type: 'age', fields: { recipient: text }, enc: '' }))

/** A new file. */
export const sealed = async (
  plain: string | Uint8Array,
  format: FormatId,
  options: SelectionOptions = {},
): Promise<Buffer> => Buffer.from(await encrypt(plain, { format, recipients: { age: recipient }, context, ...options }))

/** The file with another plaintext, as an editor would save it. */
export async function edited(
  before: Uint8Array,
  plain: string | Uint8Array,
  format: FormatId,
  options: Partial<SealOverOptions> = {},
): Promise<Buffer> {
  const file = await openFile(await loadEncrypted(before, format), { services })
  const own = await loadFormat(format)
  const draft = parsePlain(Buffer.from(plain), own, own)
  const settings = { selection: file.metadata.selection, macOnlyEncrypted: file.metadata.macOnlyEncrypted }
  const result = await sealOver(file, draft, { settings, now, layout: {}, ...options })
  return Buffer.from(result!.bytes)
}

export const plainOf = async (bytes: Uint8Array, format: FormatId): Promise<string> =>
  Buffer.from(await decrypt(bytes, { format, context: bothContext })).toString()

export interface Versions {
  readonly base?: Uint8Array
  readonly ours: Uint8Array
  readonly theirs: Uint8Array
}

export interface Outcome {
  /** What `withMerge` made of it; `reason` where the versions stay apart. */
  readonly kind: string
  readonly reason?: string
  readonly conflicts: readonly MergeConflict[]
  readonly unrotated: readonly string[]
  readonly admitted: readonly string[]
  /** The merged file, or the one with markers. */
  readonly bytes: Buffer
  readonly text: string
}

export interface MergeSettings {
  readonly choose?: Choose
  readonly keys?: string | undefined
  /** Plaintext with markers instead of ciphertext. */
  readonly draft?: boolean
}

/** Merges as the driver does. */
export async function merged(versions: Versions, format: FormatId, settings: MergeSettings = {}): Promise<Outcome> {
  const { choose, keys, draft } = settings
  const own = keys === undefined ? services : [localKeyService(fakeContext({ env: { SOPS_AGE_KEY: keys } }))]
  return withMerge(versions, { open: { services: own }, format, now }, async (merge) => {
    const none = { conflicts: [], unrotated: [], admitted: [] }
    const result = (bytes: Uint8Array, more: object = {}): Outcome => {
      const copy = Buffer.from(bytes)
      return { kind: merge.kind, ...none, ...more, bytes: copy, text: copy.toString() }
    }
    if (merge.kind === 'settled') return result(merge.bytes)
    if (merge.kind === 'apart')
      return result(new Uint8Array(), { reason: `${merge.why.side ?? ''} ${merge.why.reason}` })
    if (merge.kind === 'plain') return result(new Uint8Array())
    if (merge.kind === 'closed') return result(merge.sealed ?? merge.marked(labels), { conflicts: merge.conflicts })
    const { conflicts, unrotated, admitted } = merge
    const isOpen = conflicts.some((conflict) => choose?.(conflict) === undefined)
    const bytes = draft
      ? await merge.draft(labels, choose)
      : isOpen
        ? await merge.marked(labels, choose)
        : await merge.seal(choose)
    return result(bytes, { conflicts, unrotated, admitted })
  })
}

/** Merges three plaintexts of one file, and gives the plaintext of the result, or the paths in conflict. */
export async function mergedPlain(
  format: FormatId,
  base: string,
  ours: string,
  theirs: string,
  options: SelectionOptions = {},
): Promise<string | readonly string[]> {
  const old = await sealed(base, format, options)
  const versions = { base: old, ours: await edited(old, ours, format), theirs: await edited(old, theirs, format) }
  const { conflicts, bytes } = await merged(versions, format)
  return conflicts.length > 0 ? conflicts.map(({ keyPath }) => keyPath) : plainOf(bytes, format)
}
