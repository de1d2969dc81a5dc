// What tells the values of one version of a file from those of another, without a key and without keeping the values.
import { createHash } from 'node:crypto'
import { splitToken, tokenStart } from '../../cipher/index.ts'
import { SopsError } from '../../errors.ts'
import { type EncryptedFile, loadEncrypted } from '../../file/index.ts'
import { type FormatId, loadFormat } from '../../formats/index.ts'
import { identityOf, type MasterKey } from '../../keys/index.ts'
import { clearLeavesOf, leavesOf, looksEncrypted, type StoredLeaf } from '../../repo/index.ts'
import { valueText } from '../../tree/data.ts'
import type { Value } from '../../tree/tree.ts'

/** The values of one key path, or of the lists at one. Equal texts are equal values, in whatever version. */
export interface Family {
  readonly sealed: readonly string[]
  /** In clear, and not empty. */
  readonly clear: readonly string[]
}

export interface Snapshot {
  /** It has a sops block. */
  readonly isEncrypted: boolean
  readonly families: ReadonlyMap<string, Family>
  readonly recipients: readonly MasterKey[]
  /** What only one data key has: wrapped keys and encrypted texts. */
  readonly marks: readonly string[]
}

export const marksIn = ({ families }: Snapshot, kind: keyof Family): readonly string[] =>
  [...families.values()].flatMap((family) => family[kind])

/** The mark of a value that is encrypted: whatever keeps a value keeps its nonce (spec/format.md 2.6). */
export const sealedMark = ({ family, token }: Pick<StoredLeaf, 'family' | 'token'>): string =>
  `sealed ${family} ${token?.iv}`

/** A digest, for what stands in clear may be long, and need not be kept. It never leaves this program. */
const clearMark = (family: string, value: Value): string =>
  `clear ${family} ${createHash('sha256').update(valueText(value)).digest('base64')}`

const isEmpty = (value: Value): boolean =>
  value === null || value === '' || (value instanceof Uint8Array && value.length === 0)

const wrappedMark = (key: MasterKey): string => `wrapped ${identityOf(key)} ${key.enc.replace(/\s+/g, '')}`

/** Of an encrypted file that was read. */
export function snapshotOf(file: EncryptedFile, leaves: readonly StoredLeaf[]): Snapshot {
  const recipients = file.metadata.keyGroups.flatMap(({ keys }) => keys).filter(({ isBare }) => !isBare)
  const tokens = leaves.flatMap(({ token }) => (token ? [`text ${token.iv} ${token.tag}`] : []))
  return {
    isEncrypted: true,
    families: familiesOf(leaves),
    recipients,
    marks: [...recipients.map(wrappedMark), ...tokens],
  }
}

/** Of any version of a file of this format; undefined for what cannot be read. */
export async function readSnapshot(bytes: Uint8Array, format: FormatId): Promise<Snapshot | undefined> {
  try {
    if (looksEncrypted(bytes)) {
      const file = await loadEncrypted(bytes, format)
      return snapshotOf(file, await leavesOf(file))
    }
    const { tree } = (await loadFormat(format)).parse(bytes)
    return { isEncrypted: false, families: familiesOf(clearLeavesOf(tree)), recipients: [], marks: [] }
  } catch (error) {
    if (error instanceof SopsError) return undefined
    throw error
  }
}

function familiesOf(leaves: readonly Pick<StoredLeaf, 'family' | 'value' | 'token'>[]): ReadonlyMap<string, Family> {
  const families = new Map<string, { sealed: string[]; clear: string[] }>()
  for (const { family, value, token: known } of leaves) {
    if (isEmpty(value)) continue
    const own = families.get(family) ?? { sealed: [], clear: [] }
    families.set(family, own)
    // Where the sops block was lost, the values are still encrypted.
    const isText = typeof value === 'string' && value.startsWith(tokenStart)
    const token = known ?? (isText ? splitToken(value) : undefined)
    if (token) own.sealed.push(sealedMark({ family, token }))
    else if (!isText) own.clear.push(clearMark(family, value))
  }
  return families
}
