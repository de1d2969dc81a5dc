// What there is to say of one file by itself, without a key.
import { compileSelection } from '../cipher/index.ts'
import { SopsError } from '../errors.ts'
import { loadEncrypted } from '../file/index.ts'
import { formatOfPath, loadFormat } from '../formats/index.ts'
import { formatFor, isShown, leavesOf, looksEncrypted } from '../repo/index.ts'
import { positionIn } from '../text/position.ts'
import { fileWord } from '../text/quote.ts'
import type { CheckedFile, SealedVersion } from './checked-file.ts'
import { checkComments } from './comments.ts'
import type { ConfigView } from './config-view.ts'
import { type Fault, fileWords } from './finding.ts'
import { checkMetadata, checkNothingEncrypted, checkTwins, unreadableDraft } from './metadata.ts'
import { privateKeysIn } from './private-keys.ts'
import { checkRecipients } from './recipients.ts'
import { checkValues, holdsToken } from './values.ts'

/** What was found, and the encrypted file if it is one that can be read. */
interface Examined {
  readonly drafts: readonly Fault[]
  readonly sealed?: SealedVersion
}

/** @throws SopsError `generic` for a configuration that cannot be used. */
export async function examineFile(version: CheckedFile, around: ConfigView): Promise<Examined> {
  if (looksEncrypted(version.bytes) || isInConflict(version)) {
    const examined = await examineEncrypted(version, around)
    const isReadable = (): boolean => examined.isReadable
    const isMeant = async (): Promise<boolean> => (await around.needs?.rule(version.path)) !== undefined
    if (!(await isShown(version, { isReadable, isMeant }))) return examined
  }
  const keys = privateKeysIn(version.bytes).map(
    ({ at, what }): Fault => ({
      rule: 'private-key',
      message: `holds ${what} in clear`,
      position: positionIn(latin(version.bytes), at),
    }),
  )
  return { drafts: [...keys, ...(await clearDrafts(version, around))] }
}

const latin = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** Lines that Git puts around and between the sides of a conflict, in a text with values or metadata of sops. */
const mark = /^(?:<{7,}|>{7,})(?: |\r?$)/m

/** Documentation may quote both. */
const isInConflict = ({ path, bytes }: CheckedFile): boolean => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (
    formatOfPath(path) !== 'binary' &&
    (buffer.includes('<<<<<<<') || buffer.includes('>>>>>>>')) &&
    buffer.includes('ENC[AES256_GCM') &&
    mark.test(latin(bytes))
  )
}

async function clearDrafts(version: CheckedFile, { needs, config }: ConfigView): Promise<readonly Fault[]> {
  const { path, bytes, name } = version
  const draft = (message: string, more: Partial<Fault> = {}): Fault => ({ rule: 'plaintext-file', message, ...more })
  if (version.isUnlocked) return [draft('is unlocked: it stands in clear', { fix: `sops lock ${fileWord(name)}` })]
  const lost = await lostDraft(version)
  if (lost) return [lost]
  const rule = await needs?.rule(path)
  const need = rule && (await needs?.has(bytes, path, rule))
  if (rule === undefined || !need) return []
  if (need === true)
    return [
      draft(`is not encrypted, and ${rule.name} is for it`, { fix: `sops encrypt -i ${fileWords(name, config)}` }),
    ]
  const why = `its text is no valid ${formatOfPath(path)}: nobody can tell whether it must be encrypted`
  return [draft(`${rule.name} is for it, but ${why}`, { level: 'warning' })]
}

/** Encrypted values whose metadata is gone: nothing opens them any more. */
async function lostDraft({ bytes, path }: CheckedFile): Promise<Fault | undefined> {
  const id = formatOfPath(path)
  if (id === 'binary' || !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('ENC[AES256_GCM'))
    return undefined
  try {
    const { tree } = (await loadFormat(id)).parse(bytes)
    return holdsToken(tree)
      ? { rule: 'broken-metadata', message: 'its values are encrypted, and its sops block is missing' }
      : undefined
  } catch (error) {
    if (error instanceof SopsError) return undefined
    throw error
  }
}

async function examineEncrypted(
  version: CheckedFile,
  around: ConfigView,
): Promise<Examined & { readonly isReadable: boolean }> {
  const conflict = mark.exec(latin(version.bytes))
  if (conflict) {
    const position = positionIn(latin(version.bytes), conflict.index)
    return {
      drafts: [
        {
          rule: 'conflict-markers',
          message: 'is in the middle of a merge: both sides are in it',
          position,
          fix: `sops merge ${fileWord(version.name)}`,
        },
      ],
      // Whether its sides can be read nobody knows.
      isReadable: true,
    }
  }
  const read = await readSealed(version)
  if (read instanceof SopsError) return { drafts: [unreadableDraft(read)], isReadable: false }
  const rule = await around.ruleOf(version.path)
  const sealed = { ...version, ...read, config: around.config, rule: rule === 'unknown' ? undefined : rule }
  return { drafts: await sealedDrafts(sealed, around, rule !== 'unknown'), sealed, isReadable: true }
}

async function readSealed(version: CheckedFile): Promise<Pick<SealedVersion, 'file' | 'leaves'> | SopsError> {
  try {
    const file = await loadEncrypted(version.bytes, formatFor(version.path, version.bytes))
    return { file, leaves: await leavesOf(file) }
  } catch (error) {
    if (error instanceof SopsError) return error
    throw error
  }
}

async function sealedDrafts(
  sealed: SealedVersion,
  around: ConfigView,
  isRuleKnown: boolean,
): Promise<readonly Fault[]> {
  const { config, file, rule } = sealed
  const { invalid } = await compileSelection(file.metadata.selection)
  const drafts = [
    ...checkMetadata(sealed),
    ...checkValues(sealed),
    ...checkTwins(sealed),
    ...checkComments(sealed),
    ...(invalid === undefined ? checkNothingEncrypted(sealed) : []),
    ...(await checkRecipients(sealed, around)),
  ]
  if (invalid !== undefined)
    drafts.push({ rule: 'bad-regex', message: `the expression in its metadata does not compile: ${invalid}` })
  if (rule === undefined && isRuleKnown && config?.creationRules !== undefined)
    drafts.push({ rule: 'unmatched-file', message: `no rule of ${config.file.path} is for it` })
  return drafts
}
