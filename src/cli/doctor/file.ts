// What `sops doctor` says about one file: its format and keys, which of them open it here, and whether it is intact.
import { type Config, matchCreationRule } from '../../config/index.ts'
import type { Context, Stage } from '../../context/index.ts'
import { encryptHint, messageOf, SopsError, setIn } from '../../errors.ts'
import type { EncryptedFile } from '../../file/index.ts'
import { loadEncrypted, withOpenFile } from '../../file/index.ts'
import type { KeyService } from '../../groups/index.ts'
import { isChange, keyChanges, tellOfTrial } from '../../groups/index.ts'
import type { MasterKey } from '../../keys/index.ts'
import { labelOf } from '../../keys/index.ts'
import { checkFileVersion, othersText, splitHints } from '../../metadata/index.ts'
import { fileWord } from '../../text/quote.ts'
import { hintsFor } from '../file-hints.ts'
import { readInput } from '../files.ts'
import type { inputType } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { isConfigName } from '../plain-config.ts'
import { placedLines } from '../report.ts'
import { absolutePath, formatsFor } from '../settings.ts'
import type { FileFacts } from './diagnosis.ts'
import type { Sheet } from './sheet.ts'

/** The outcome of trying one key: the data key or its share, or the reasons why not, by service. */
type Attempt =
  | { readonly part: Uint8Array; readonly by: string }
  | { readonly reasons: readonly (readonly [service: string, reason: string])[]; readonly isTried: boolean }

async function tryKey(
  key: MasterKey,
  services: readonly KeyService[],
  count: Pick<Stage, 'done' | 'total' | 'unit'>,
): Promise<Attempt> {
  const reasons: (readonly [string, string])[] = []
  let isTried = services.length === 0
  for (const service of services) {
    try {
      tellOfTrial(service, key, count)
      const result = await service.unwrap(key)
      if (result instanceof Uint8Array) return { part: result, by: service.name }
      reasons.push([service.name, result.unavailable])
      isTried ||= result.untried !== true
    } catch (error) {
      reasons.push([service.name, messageOf(error)])
      isTried = true
    }
  }
  return { reasons, isTried }
}

/** A key service that repeats earlier outcomes, so that the user is not asked twice. */
const replay = (attempts: ReadonlyMap<MasterKey, Attempt>, { watch }: Context): KeyService => ({
  name: 'replay',
  watch,
  wrap: () => Promise.reject(new SopsError('generic', 'nothing is wrapped here')),
  unwrap: async (key) => {
    const attempt = attempts.get(key)
    return attempt && 'part' in attempt ? Uint8Array.from(attempt.part) : { unavailable: 'tried before' }
  },
})

function showAttempt(key: MasterKey, attempt: Attempt, sheet: Sheet): void {
  const label = `${key.type} ${labelOf(key)}`
  if ('part' in attempt) {
    sheet.good(`${label}: can be opened here${attempt.by === 'local' ? '' : ` by ${attempt.by}`}`, 2)
    return
  }
  sheet.line(`${label}: ${attempt.isTried ? 'cannot be opened here' : 'not tried'}`, 2)
  for (const [service, reason] of attempt.reasons)
    sheet.line(setIn(service === 'local' ? reason : `${service}: ${reason}`), 3)
}

const keyFacts = (group: number, key: MasterKey, attempt: Attempt): FileFacts['keys'][number] => ({
  group,
  type: key.type,
  name: labelOf(key),
  opens: 'part' in attempt,
  tried: 'part' in attempt || attempt.isTried,
  reasons: 'part' in attempt ? [] : attempt.reasons.map(([, reason]) => reason),
})

async function examineKeys(
  file: EncryptedFile,
  services: readonly KeyService[],
  sheet: Sheet,
  facts: FileFacts,
): Promise<ReadonlyMap<MasterKey, Attempt>> {
  const { keyGroups, shamirThreshold } = file.metadata
  const attempts = new Map<MasterKey, Attempt>()
  const total = keyGroups.flatMap(({ keys }) => keys).length
  for (const [i, group] of keyGroups.entries()) {
    sheet.line(keyGroups.length === 1 ? 'keys, any of which opens the file:' : `key group ${i}:`)
    // One after the other, since they may ask for passphrases.
    for (const key of group.keys) {
      const attempt = await tryKey(key, services, { done: attempts.size + 1, total, unit: 'keys' })
      attempts.set(key, attempt)
      showAttempt(key, attempt, sheet)
      facts.keys.push(keyFacts(i, key, attempt))
    }
  }
  if (keyGroups.length > 1) sheet.line(`key groups needed: ${shamirThreshold} of ${keyGroups.length}`)
  return attempts
}

/** Says why the file does not open; the first reason counts. */
function fault(sheet: Sheet, facts: FileFacts, text: string | readonly string[], hints: readonly string[] = []): void {
  facts.reason ??= [text].flat()[0] ?? ''
  sheet.problem(text, { hints: hintsFor(facts.file, hints) })
}

/** The file, and where what is said of it goes. */
interface Examined {
  readonly path: string
  readonly file: EncryptedFile
  readonly sheet: Sheet
  readonly facts: FileFacts
}

async function examineContent(
  { path, file, sheet, facts }: Examined,
  attempts: ReadonlyMap<MasterKey, Attempt>,
  ctx: Context,
): Promise<void> {
  try {
    const options = { services: [replay(attempts, ctx)], audit: { context: ctx, file: path } }
    await withOpenFile(file, options, () => {})
    facts.opens = true
    sheet.good('it can be opened here, and its integrity check passes')
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    if (error.code !== 'no-data-key') return fault(sheet, facts, placedLines(error), error.hints)
    fault(sheet, facts, 'it cannot be opened here', [
      'see above what each key needs, or ask somebody who can to add yours',
    ])
  } finally {
    for (const attempt of attempts.values()) if ('part' in attempt) attempt.part.fill(0)
  }
}

/** Reports which rule applies, and whether the file has the keys of the rule. */
async function examineRule(
  { path, file, sheet, facts }: Omit<Examined, 'file'> & { readonly file: EncryptedFile | undefined },
  configOf: Means['config'],
  ctx: Context,
): Promise<void> {
  try {
    const config = await configOf()
    if (!config?.creationRules) return
    // The whole configuration was looked at before.
    const log: Context['log'] = (line) => (line.logger === 'CONFIG' ? undefined : ctx.log(line))
    const rule = await matchCreationRule(config, path, { ...ctx, log })
    facts.rule = rule.index
    const regex = rule.pathRegex ? `path_regex ${rule.pathRegex}` : 'no path_regex, so it fits every file'
    sheet.line(`creation rule: creation_rules[${rule.index}] (${regex})`)
    if (file === undefined) return
    const { keyGroups, shamirThreshold } = file.metadata
    const changes = keyChanges(keyGroups, shamirThreshold, rule.keyGroups, rule.shamirThreshold)
    if (isChange(changes)) {
      const differences = changes.groups.flatMap(({ added, removed }) => [
        ...added.map((label) => `${label} is missing in the file`),
        ...removed.map((label) => `${label} is only in the file`),
      ])
      sheet.problem(['the keys are not those of the creation rule', ...differences], {
        hints: [`sops updatekeys ${facts.file}`],
      })
    }
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    sheet.line(`creation rule: ${error.message}`)
  }
}

/** Undefined, with a finding, for a file that is not encrypted. */
async function load(
  path: string,
  inv: Invocation<typeof inputType>,
  io: Io,
  sheet: Sheet,
  facts: FileFacts,
): Promise<EncryptedFile | 'unreadable' | undefined> {
  try {
    const bytes = await readInput(io, path)
    const { input } = formatsFor({ input: inv.string('input-type') }, path, bytes)
    sheet.line(`format: ${input}`)
    facts.format = input
    return await loadEncrypted(bytes, input, io.ctx.watch)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    const [what = '', ...hints] = error.hints
    if (error.details.fault !== 'no metadata') fault(sheet, facts, placedLines(error), error.hints)
    else if (error.hints.includes(encryptHint)) fault(sheet, facts, 'it is not encrypted', ['sops encrypt -i FILE'])
    else fault(sheet, facts, what, hints)
    return error.code === 'bad-input' ? 'unreadable' : undefined
  }
}

interface Means {
  readonly inv: Invocation<typeof inputType>
  readonly io: Io
  readonly ctx: Context
  /** That says which rule is for the file. */
  readonly config: () => Promise<Config | undefined>
  readonly services: readonly KeyService[]
}

function isComparable(version: string, sheet: Sheet, facts: FileFacts): boolean {
  try {
    checkFileVersion(version)
    return true
  } catch (error) {
    fault(sheet, facts, `its version cannot be understood: ${messageOf(error)}`)
    return false
  }
}

export async function examineFile(name: string, means: Means, sheet: Sheet): Promise<void> {
  const { inv, io, ctx, config, services } = means
  const path = absolutePath(ctx, name)
  const facts: FileFacts = { file: name, format: null, opens: false, reason: null, rule: null, keys: [] }
  sheet.facts.files.push(facts)
  sheet.heading(name, name)
  const file = await load(path, inv, io, sheet, facts)
  if (file === 'unreadable') return
  const ruled = (): Promise<void> => examineRule({ path, file, sheet, facts }, config, ctx)
  if (file === undefined) return ruled()
  if (isConfigName(path) || path === sheet.facts.config) {
    const hints = [`sops --config /dev/null decrypt -i ${fileWord(name)}`]
    sheet.problem('this is a configuration of sops, and encrypted: its rules cannot be read', { hints })
  }
  const { version, lastModified } = file.metadata
  sheet.line(`written by version ${version || 'unknown'}, last changed ${lastModified || 'at an unknown time'}`)
  for (const notice of file.format.notices?.(file.parsed) ?? []) sheet.remark(notice)
  if (file.others.length > 0) sheet.problem(othersText(file.others), { hints: splitHints })
  // No command would decrypt such a file, so no key is tried.
  if (!isComparable(version, sheet, facts)) return ruled()
  const attempts = await examineKeys(file, services, sheet, facts)
  await examineContent({ path, file, sheet, facts }, attempts, ctx)
  await ruled()
}
