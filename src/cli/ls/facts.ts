// What can be said of an encrypted file without any key.
import { type Config, type RecipientNames, type RuleOfFile, recipientNames, ruleFinder } from '../../config/index.ts'
import type { Context } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import type { EncryptedFile } from '../../file/index.ts'
import type { FormatId } from '../../formats/index.ts'
import { isChange, keyChanges } from '../../groups/index.ts'
import { bareKeys, contextAtHand, distinctKeys, type KeyTypeId, labelOf, namesOf } from '../../keys/index.ts'
import { leavesOf, type StoredLeaf, type Target } from '../../repo/index.ts'
import { formatPath } from '../../tree/path.ts'
import type { Io } from '../invocation.ts'
import { loadUnopened } from '../unopened.ts'

interface ListedRecipient {
  readonly type: KeyTypeId
  /** As messages call it: an age recipient, a fingerprint, an ARN, … */
  readonly recipient: string
  /** In the configuration that is nearest to the file. */
  readonly name: string | null
}

interface ListedKey {
  readonly keyPath: string
  /** Counted from 1; only where there are several. */
  readonly document?: number
  readonly encrypted: boolean
}

/** Something that is not as it should be; never a value. */
interface Problem {
  /** That of the error for a file that cannot be read; else what `sops check` calls it. */
  readonly code: string
  readonly message: string
}

/** An encrypted file, or why it is none. */
export interface ListedFile {
  readonly format: FormatId
  readonly recipients: readonly ListedRecipient[]
  readonly values: { readonly encrypted: number; readonly clear: number }
  readonly keys: readonly ListedKey[]
  readonly problems: readonly Problem[]
}

/** One file without opening it. @throws SopsError if it cannot be read, or is not encrypted. */
type Lister = (io: Io, target: Target) => Promise<ListedFile>

/** What is known of a configuration, for all files that it is for. */
interface Surroundings {
  readonly nameOf: RecipientNames
  readonly ruleOf: (path: string) => Promise<RuleOfFile | undefined>
}

/** Lists files one by one; each configuration is looked at once. Nothing is asked, started or looked up in the network. */
export function makeLister(ctx: Context): Lister {
  const quiet = contextAtHand(ctx)
  const known = new Map<Config | undefined, Surroundings>()
  const around = (config: Config | undefined): Surroundings => {
    const found = known.get(config) ?? surroundingsOf(config, quiet)
    known.set(config, found)
    return found
  }
  return async (io, { path, name }) => {
    const file = await loadUnopened(io, name)
    const found = await configFor(io)
    const { nameOf, ruleOf } = around(found.config)
    const leaves = await leavesOf(file)
    return {
      format: file.format.id,
      recipients: await recipientsOf(file, nameOf),
      ...valuesOf(leaves, file.tree.documents.length > 1),
      problems: [
        ...contentProblems(file, leaves),
        ...found.problems,
        ...(found.config?.creationRules ? await ruleProblems(file, found.config, () => ruleOf(path)) : []),
      ],
    }
  }
}

const surroundingsOf = (config: Config | undefined, ctx: Context): Surroundings => ({
  nameOf: recipientNames(config, ctx),
  ruleOf: config ? ruleFinder(config, ctx) : async () => undefined,
})

/** A configuration that cannot be used hides no file. */
async function configFor({ many }: Io): Promise<{ config?: Config; problems: readonly Problem[] }> {
  try {
    const config = await many?.config()
    return { ...(config && { config }), problems: [] }
  } catch (error) {
    return { problems: [problemOf(error)] }
  }
}

/** @throws whatever is no fault of a file. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof SopsError)) throw error
  return { code: error.code, message: error.message }
}

const recipientsOf = ({ metadata }: EncryptedFile, nameOf: RecipientNames): Promise<readonly ListedRecipient[]> =>
  Promise.all(
    distinctKeys(metadata.keyGroups.flatMap(({ keys }) => keys))
      .filter((key) => key.isBare !== true)
      .map(async (key) => ({ type: key.type, recipient: labelOf(key), name: (await nameOf(key)) ?? null })),
  )

function valuesOf(leaves: readonly StoredLeaf[], isSeveral: boolean): Pick<ListedFile, 'values' | 'keys'> {
  const keys = leaves.map(({ path, document, token }) => ({
    keyPath: formatPath(path),
    ...(isSeveral ? { document } : {}),
    encrypted: token !== undefined,
  }))
  const encrypted = keys.filter((key) => key.encrypted).length
  return { values: { encrypted, clear: keys.length - encrypted }, keys }
}

function contentProblems({ metadata }: EncryptedFile, leaves: readonly StoredLeaf[]): readonly Problem[] {
  const bare = bareKeys(metadata.keyGroups)
  const isAllClear =
    leaves.some(({ value }) => value !== null && value !== '') && !leaves.some(({ token }) => token !== undefined)
  return [
    ...(isAllClear ? [{ code: 'nothing-encrypted', message: 'nothing in it is encrypted' }] : []),
    ...(bare.length > 0
      ? [{ code: 'broken-metadata', message: `it names ${namesOf(bare)} without a wrapped data key (enc)` }]
      : []),
  ]
}

async function ruleProblems(
  { metadata }: EncryptedFile,
  { file }: Config,
  ruleOf: () => Promise<RuleOfFile | undefined>,
): Promise<readonly Problem[]> {
  try {
    const rule = await ruleOf()
    if (!rule) return [{ code: 'unmatched-file', message: `no rule of ${file.path} is for it` }]
    const { keyGroups, shamirThreshold } = metadata
    const changes = keyChanges(keyGroups, shamirThreshold, await rule.keyGroups(), rule.shamirThreshold)
    return isChange(changes) ? [{ code: 'recipients', message: `its recipients are not those of ${rule.name}` }] : []
  } catch (error) {
    return [problemOf(error)]
  }
}
