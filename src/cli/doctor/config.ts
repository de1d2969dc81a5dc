// What `sops doctor` says about the configuration in force: every rule of it, without a file.
import {
  type Config,
  configsAbove,
  type ExaminedRule,
  type Finding,
  findConfig,
  loadConfig,
  loadExaminer,
  misnamedHints,
} from '../../config/index.ts'
import type { Context } from '../../context/index.ts'
import { SopsError } from '../../errors.ts'
import type { MasterKey } from '../../keys/index.ts'
import { labelOf } from '../../keys/index.ts'
import { counted } from '../../text/counted.ts'
import { readInput } from '../files.ts'
import type { Invocation, Io } from '../invocation.ts'
import { isConfigName } from '../plain-config.ts'
import { placedLines } from '../report.ts'
import { absolutePath } from '../settings.ts'
import type { IsHere } from './machine.ts'
import type { Sheet } from './sheet.ts'

/** The configuration; undefined, with a finding, if there is none or it cannot be used. */
export async function examineConfig(
  sheet: Sheet,
  inv: Invocation<never>,
  ctx: Context,
  isHere: IsHere,
): Promise<Config | undefined> {
  const file = await findConfig(ctx, inv.root.string('config'))
  if (file === undefined) {
    sheet.heading('configuration')
    sheet.line(`no .sops.yaml in ${ctx.cwd} or above it`)
    for (const hint of misnamedHints(ctx)) sheet.line(hint)
    return undefined
  }
  sheet.heading('configuration', file.absolutePath)
  sheet.facts.config = file.absolutePath
  try {
    const config = await loadConfig(file, ctx)
    const rules = await showFindings(config, ctx, sheet)
    for (const above of configsAbove(file, ctx))
      sheet.remark(`${above} is not read: the nearest configuration is the only one`)
    for (const rule of rules) showRule(rule, isHere, sheet)
    return config
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    sheet.problem(placedLines(error), { hints: error.hints })
    return undefined
  }
}

async function showFindings(config: Config, ctx: Context, sheet: Sheet): Promise<readonly ExaminedRule[]> {
  const { findings, rules } = await (await loadExaminer()).examineConfig(config, ctx)
  const text = `${config.file.absolutePath}: ${rulesText(config)}`
  if (findings.some(({ kind }) => kind === 'problem')) sheet.line(text)
  else sheet.good(text)
  for (const finding of findings) showFinding(finding, sheet)
  return rules
}

/**
 * Reports on a file that is a configuration itself, and so no secret. False for any other file, and for one that was encrypted.
 */
export async function examineNamedConfig(name: string, io: Io, ctx: Context, sheet: Sheet): Promise<boolean> {
  const path = absolutePath(ctx, name)
  const isInForce = path === sheet.facts.config
  if (!isInForce && !isConfigName(path)) return false
  const bytes = await readInput(io, path).catch(() => undefined)
  if (bytes === undefined) return false
  if (Buffer.from(bytes).includes('ENC[AES256_GCM')) return false
  sheet.heading(name, name)
  if (isInForce) {
    sheet.line('this is the configuration in force, which was examined above')
    return true
  }
  sheet.line('this is a configuration of sops, in force where it is the nearest one')
  try {
    await showFindings(await loadConfig({ path: name, absolutePath: path }, ctx), ctx, sheet)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    sheet.problem(placedLines(error), { hints: error.hints })
  }
  return true
}

function rulesText({ creationRules, destinationRules }: Config): string {
  const creation = creationRules ? counted(creationRules.length, 'creation rule') : 'no creation rules'
  return destinationRules ? `${creation}, ${counted(destinationRules.length, 'destination rule')}` : creation
}

function showFinding({ kind, text, line, hints }: Finding, sheet: Sheet): void {
  if (kind === 'problem') sheet.problem(text, { line, hints })
  else sheet.remark(text, { line, hints })
}

function showRule({ list, index, line, pathRegex, groups }: ExaminedRule, isHere: IsHere, sheet: Sheet): void {
  const place = line === undefined ? '' : `, line ${line}`
  const regex = pathRegex === undefined ? 'no path_regex, so it fits every file' : `path_regex ${pathRegex}`
  sheet.line(`${list}[${index}]${place} (${regex})`)
  for (const [i, keys] of groups.entries()) {
    if (groups.length > 1) sheet.line(`key group ${i}:`, 2)
    for (const key of keys) {
      const text = `${key.type} ${labelOf(key)}${isHere(key) ? ': its identity is here' : ''}`
      sheet.line(text, groups.length > 1 ? 3 : 2)
    }
  }
  const factsOf = (key: MasterKey) => ({ type: key.type, name: labelOf(key), here: isHere(key) })
  sheet.facts.rules.push({
    list,
    index,
    line: line ?? null,
    path_regex: pathRegex ?? null,
    key_groups: groups.map((keys) => keys.map(factsOf)),
  })
}
