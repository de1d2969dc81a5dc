// Checks files one after the other, then what only shows in all of them together.
import type { Config } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import type { CheckedFile } from './checked-file.ts'
import { type ConfigView, type ConfigViewOf, configViews } from './config-view.ts'
import { ruleUse } from './configuration.ts'
import type { CheckFinding, Fault } from './finding.ts'
import { type Asked, askedOf } from './history/asked.ts'
import { historyDrafts } from './history/drafts.ts'
import type { Past } from './history/lineage.ts'
import { keyDrift } from './key-drift.ts'
import type { ChosenLevels } from './levels.ts'
import { examineFile } from './one-file.ts'
import { pgpRecipients } from './pgp-recipients.ts'
import { checkSharedKeys, type WrappedKeys, wrappedKeysOf } from './shared-keys.ts'

/** How files are checked. */
export interface CheckOptions {
  readonly ctx: Context
  /** The configuration for an absolute path. */
  readonly configFor: (path: string) => Promise<Config | undefined>
  /** The path of a file as `CheckedFile.place` has it. */
  readonly placeOf: (path: string) => string
  /** What the command line says of rules. */
  readonly levels?: ChosenLevels
  /** Absolute paths of all files of the repository: rules that are for none of them are findings. */
  readonly allFiles?: readonly string[]
  /** Absolute paths of configurations that are looked at even if no file is theirs. */
  readonly configs?: readonly string[]
  /** More that is found, by path, once the encrypted files are known. */
  readonly more?: (sealed: readonly CheckedName[]) => Promise<ReadonlyMap<string, readonly Fault[]>>
  /** Encrypted files beside those that are checked which hold one of these wrapped keys; their own findings are not asked for. */
  readonly sharers?: (wrapped: readonly string[]) => Promise<readonly CheckedFile[]>
  /** What Git knows of files, by their places. It is asked once, and only where a policy, somebody who is revoked, or the next option asks for it. */
  readonly history?: (places: readonly string[]) => Promise<Past>
  /** Values that earlier versions have in clear are looked for. */
  readonly clearHistory?: boolean
}

/** All findings, those of a file one after the other. */
interface Checked {
  readonly findings: readonly CheckFinding[]
  /** The encrypted files that could be read. */
  readonly sealed: readonly CheckedName[]
}

/** An encrypted file that was checked. */
export interface CheckedName {
  readonly path: string
  readonly name: string
  readonly place: string
}

/** @throws SopsError `generic` for a configuration that cannot be used. */
export async function checkFiles(files: AsyncIterable<CheckedFile>, options: CheckOptions): Promise<Checked> {
  const { ctx, configFor, levels = {}, placeOf } = options
  const of = configViews(ctx, configFor, levels)
  const report = makeReport(placeOf)
  const sealed: CheckedName[] = []
  const wrapped: WrappedKeys[] = []
  const drift = keyDrift(ctx)
  const pgp = pgpRecipients(ctx)
  const asked: Asked[] = []
  for await (const file of files) {
    const around = await of(file.path)
    const examined = await examineFile(file, around)
    report.add(file.path, around, examined.drafts)
    if (examined.sealed === undefined) continue
    const { path, name, place } = file
    sealed.push({ path, name, place })
    wrapped.push(await wrappedKeysOf(examined.sealed, around.groupsOf))
    drift.see(examined.sealed)
    await pgp.see(examined.sealed, around)
    const question = askedOf(examined.sealed, around, options.clearHistory === true)
    if (question !== undefined) asked.push(question)
  }
  const others = (await options.sharers?.(wrapped.flatMap((file) => file.wrapped))) ?? []
  const known = new Set(sealed.map(({ path }) => path))
  const sharers = await readSharers(
    others.filter(({ path }) => !known.has(path)),
    of,
  )
  for (const [path, draft] of checkSharedKeys(wrapped, sharers)) report.add(path, await of(path), [draft])
  for (const [path, drafts] of await pgp.drafts()) report.add(path, await of(path), drafts)
  for (const [path, drafts] of drift.drafts()) report.add(path, await of(path), drafts)
  for (const [path, drafts] of (await options.more?.(sealed)) ?? []) report.add(path, await of(path), drafts)
  await checkHistory(asked, options, of, report)
  await checkConfigurations(options, of, report)
  return { findings: report.findings(), sealed }
}

async function checkHistory(
  files: readonly Asked[],
  { ctx, history }: CheckOptions,
  of: ConfigViewOf,
  report: Report,
): Promise<void> {
  if (files.length === 0) return
  const past = await history?.(files.map(({ place }) => place))
  for (const asked of files) report.add(asked.path, await of(asked.path), await historyDrafts(asked, past, ctx.now()))
}

async function readSharers(files: readonly CheckedFile[], of: ConfigViewOf): Promise<readonly WrappedKeys[]> {
  const found: WrappedKeys[] = []
  for (const file of files) {
    const around = await of(file.path)
    const { sealed } = await examineFile(file, around)
    if (sealed) found.push(await wrappedKeysOf(sealed, around.groupsOf))
  }
  return found
}

/** Expressions that do not compile are always said; rules that are for nothing only where all files are known. */
async function checkConfigurations(
  { allFiles, configs = [] }: CheckOptions,
  of: ConfigViewOf,
  report: Report,
): Promise<void> {
  const use = ruleUse()
  for (const path of configs) report.add(path, await of(path), [])
  for (const path of allFiles ?? []) await use.see(path, await of(path))
  for (const { config, around, drafts } of use.drafts())
    report.add(config.file.absolutePath, around, around.badExpressions.length > 0 ? [] : drafts)
  report.addExpressions()
}

interface Report {
  add(path: string, around: ConfigView, drafts: readonly Fault[]): void
  addExpressions(): void
  findings(): readonly CheckFinding[]
}

/** Findings by file, in the order in which files first have one. */
function makeReport(placeOf: CheckOptions['placeOf']): Report {
  const byPath = new Map<string, CheckFinding[]>()
  const seen = new Set<ConfigView>()
  const put = (path: string, around: ConfigView, drafts: readonly Fault[]): void => {
    for (const draft of drafts) {
      const level = around.judge(path, draft)
      if (level === undefined) continue
      const known = byPath.get(path) ?? []
      byPath.set(path, known)
      known.push({ ...draft, level, path, place: placeOf(path) })
    }
  }
  return {
    add: (path, around, drafts) => {
      seen.add(around)
      put(path, around, drafts)
    },
    addExpressions: () => {
      for (const around of seen) if (around.config) put(around.config.file.absolutePath, around, around.badExpressions)
    },
    findings: () => [...byPath.values()].flat(),
  }
}
