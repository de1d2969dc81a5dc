// Which rule applies to a file, and what it says (spec/config.md 3, 4).

import { anySetting, compileRegex, expressionHint, type SelectionOptions, selectionSettings } from '../cipher/index.ts'
import type { Context } from '../context/index.ts'
import { messageOf, SopsError } from '../errors.ts'
import type { KeyGroup, StringMap } from '../keys/index.ts'
import { replaced } from '../system/index.ts'
import { globHint, looksLikeGlob } from '../text/glob.ts'
import { inSingleQuotes, quote } from '../text/quote.ts'
import { strayHints, warnAboutConfig, warnAboutSelection } from './check.ts'
import { type ConfigFile, pathsOf } from './find.ts'
import { doctorHint } from './finding.ts'
import { keyGroupsOf } from './keys.ts'
import type { Config, RawDestinationRule, RawRule } from './load.ts'

/** What a rule says about new files. */
export interface RuleSettings {
  /** At least one; a rule that names no key has one empty group. */
  readonly keyGroups: KeyGroup[]
  /** 0 = not set. */
  readonly shamirThreshold: number
  /** At most one setting. */
  readonly selection: SelectionOptions
  readonly macOnlyEncrypted: boolean
}

export interface CreationRule extends RuleSettings {
  /** Position in `creation_rules`, from 0. */
  readonly index: number
  readonly pathRegex?: string
}

/** Where `publish` uploads to. */
export type Destination =
  | { readonly kind: 's3' | 'gcs'; readonly bucket: string; readonly prefix: string }
  /** `path` and `mount` end in a slash. */
  | {
      readonly kind: 'vault'
      readonly address: string
      readonly path: string
      readonly mount: string
      readonly version: 1 | 2
    }

/** A destination rule that applies to a file. `index` counts the rules of the file from 0. */
export interface DestinationRule {
  readonly index: number
  readonly pathRegex?: string
  /** Undefined when the rule names none. */
  readonly destination: Destination | undefined
  readonly recreation: RuleSettings
  readonly omitExtensions: boolean
}

/** What the caller knows besides the configuration. */
export interface MatchOptions {
  /** Encryption context for flat AWS KMS keys; only the legacy command form passes one. */
  readonly kmsContext?: StringMap
  /** The caller refuses an expression that does not compile, so there is no warning about it. */
  readonly refuses?: boolean
}

/** What path_regex of a creation rule is matched against: the path below the config's directory, or the absolute path outside of it; a byte that is not UTF-8 counts as U+FFFD. */
export function ruleSubject(file: ConfigFile, filePath: string, ctx: Context): string {
  const paths = pathsOf(ctx)
  const absolute = paths.resolve(ctx.cwd, filePath)
  const folder = paths.dirname(paths.resolve(ctx.cwd, file.path)) + paths.sep
  return withSlashes(replaced(absolute.startsWith(folder) ? absolute.slice(folder.length) : absolute), ctx)
}

/** Rules are written with slashes; the reference matches them against the platform's separators and never matches on Windows. */
const withSlashes = (name: string, ctx: Context): string =>
  ctx.platform === 'win32' ? name.replaceAll('\\', '/') : name

function selectionOf(rule: RawRule): SelectionOptions {
  const set = selectionSettings.filter(({ field }) => rule[field])
  if (set.length > 1) {
    throw new SopsError('generic', `error loading config: cannot use more than one of ${anySetting} for the same rule`)
  }
  return Object.fromEntries(set.map(({ name, field }) => [name, rule[field]]))
}

async function settingsOf(rule: RawRule, ctx: Context, kmsContext?: StringMap): Promise<RuleSettings> {
  const selection = selectionOf(rule)
  return {
    selection,
    keyGroups: await keyGroupsOf(rule, ctx, kmsContext),
    shamirThreshold: rule.shamir_threshold ?? 0,
    macOnlyEncrypted: rule.mac_only_encrypted ?? false,
  }
}

const pathRegexOf = (rule: { readonly path_regex?: string }): { pathRegex?: string } =>
  rule.path_regex ? { pathRegex: rule.path_regex } : {}

/** The expressions of rules that were needed, compiled. */
type Tests = Map<object, (text: string) => boolean>

/**
 * True if a rule without an expression, or with one that matches. `at` is the rule, for messages.
 * @throws SopsError `generic` for an expression that does not compile, or that is too large: how the reference begins, then which of which
 * file it is.
 */
async function applies(
  rule: { readonly path_regex?: string },
  subject: string,
  at: string,
  { file }: Config,
  tests: Tests = new Map(),
): Promise<boolean> {
  const { path_regex: pattern } = rule
  if (!pattern) return true
  try {
    const test = tests.get(rule) ?? (await compileRegex(pattern, `path_regex of ${at}`))
    tests.set(rule, test)
    return test(subject)
  } catch (error) {
    if (error instanceof SopsError) throw error
    throw new SopsError(
      'generic',
      `can not compile regexp: ${messageOf(error)} (path_regex of ${at} in ${file.path})`,
      {
        hints: [expressionHint('path_regex', pattern, messageOf(error))],
        cause: error,
      },
    )
  }
}

/** The first creation rule that applies to the file. @throws SopsError `generic` as `applies`. */
async function firstMatch(
  config: Config,
  filePath: string,
  ctx: Context,
  tests?: Tests,
): Promise<{ readonly index: number; readonly rule: RawRule } | undefined> {
  const subject = ruleSubject(config.file, filePath, ctx)
  for (const [index, rule] of (config.creationRules ?? []).entries()) {
    if (await applies(rule, subject, `creation_rules[${index}]`, config, tests)) return { index, rule }
  }
  return undefined
}

/** What the creation rule for a file that exists says: how it would be encrypted if it were new. */
export interface RuleOfFile {
  /** Position in `creation_rules`, from 0. */
  readonly index: number
  /** As messages call it: `creation_rules[0] of .sops.yaml`. */
  readonly name: string
  readonly pathRegex?: string
  readonly selection: SelectionOptions
  readonly macOnlyEncrypted: boolean
  /** 0 = not set. */
  readonly shamirThreshold: number
  /** @throws SopsError `generic` for keys that cannot be parsed. */
  keyGroups(): Promise<KeyGroup[]>
}

/**
 * Finds the creation rules for many files, each expression being compiled once; undefined where none matches.
 * @throws SopsError `generic` for an expression on the way that does not compile, and for settings that are not valid.
 */
export function ruleFinder(config: Config, ctx: Context): (filePath: string) => Promise<RuleOfFile | undefined> {
  const tests: Tests = new Map()
  return async (filePath) => {
    const match = await firstMatch(config, filePath, ctx, tests)
    if (!match) return undefined
    const { index, rule } = match
    return {
      index,
      name: `creation_rules[${index}] of ${config.file.path}`,
      ...pathRegexOf(rule),
      selection: selectionOf(rule),
      macOnlyEncrypted: rule.mac_only_encrypted ?? false,
      shamirThreshold: rule.shamir_threshold ?? 0,
      keyGroups: () => keyGroupsOf(rule, ctx),
    }
  }
}

/**
 * The creation rule for a file that exists. Undefined where there is none, or one whose expression or settings are not valid: changing a
 * file needs no rule, so a bad one does not stop it.
 */
export async function ruleOf(
  config: Config | undefined,
  filePath: string,
  ctx: Context,
): Promise<RuleOfFile | undefined> {
  try {
    return config && (await ruleFinder(config, ctx)(filePath))
  } catch (error) {
    if (error instanceof SopsError) return undefined
    throw error
  }
}

/** How many expressions a message lists. */
const shownPatterns = 8

function noMatch(config: Config, filePath: string, ctx: Context): SopsError {
  const patterns = (config.creationRules ?? []).map((rule) => rule.path_regex ?? '')
  const shown = patterns
    .slice(0, shownPatterns)
    .map((pattern, i) => `${inSingleQuotes(pattern)} (creation_rules[${i}])`)
  const rest = patterns.length - shown.length
  const tried = `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
  const glob = patterns.find(looksLikeGlob)
  return new SopsError('generic', `error loading config: no matching creation rules found in ${config.file.path}`, {
    hints: [
      ...(shown.length === 0 ? strayHints(config) : []),
      shown.length === 0
        ? 'creation_rules is empty there'
        : `path_regex was tried for ${quote(ruleSubject(config.file, filePath, ctx))}: ${tried}`,
      ...(glob === undefined ? [] : [globHint('path_regex', glob)]),
      'add a rule for the file; a last rule without path_regex is for every other file',
    ],
  })
}

/** The failure of a rule with its place. */
function inRule(error: unknown, place: string): unknown {
  if (!(error instanceof SopsError)) return error
  const [first = '', ...more] = error.lines
  return new SopsError(error.code, [`${first} (${place})`, ...more], {
    hints: error.hints.length > 0 ? error.hints : [doctorHint],
    details: error.details,
    cause: error,
  })
}

/**
 * The first creation rule whose path_regex matches the file, with its keys parsed. Logs warnings about the configuration, once per run.
 * @throws SopsError `generic`: no rule matches; an expression on the way does not compile; the rule's settings or keys are invalid.
 */
export async function matchCreationRule(
  config: Config,
  filePath: string,
  ctx: Context,
  options: MatchOptions = {},
): Promise<CreationRule> {
  warnAboutConfig(config, ctx)
  const match = await firstMatch(config, filePath, ctx)
  if (!match) throw noMatch(config, filePath, ctx)
  const { index, rule } = match
  const settings = await settingsOf(rule, ctx, options.kmsContext).catch((error: unknown) => {
    throw inRule(error, `creation_rules[${index}] in ${config.file.path}`)
  })
  if (!options.refuses) await warnAboutSelection(rule, `creation_rules[${index}]`, config, ctx)
  return { index, ...pathRegexOf(rule), ...settings }
}

const slashed = (name: string): string => (name.endsWith('/') ? name : `${name}/`)

function destinationOf(rule: RawDestinationRule, ctx: Context): Destination | undefined {
  const { s3_bucket: s3, gcs_bucket: gcs, vault_path: vault } = rule
  if ([s3, gcs, vault].filter(Boolean).length > 1) {
    const message = 'more than one destinations were found in a single destination rule, you can only use one per rule'
    throw new SopsError('generic', `error loading config: ${message}`)
  }
  if (s3) return { kind: 's3', bucket: s3, prefix: rule.s3_prefix ?? '' }
  if (gcs) return { kind: 'gcs', bucket: gcs, prefix: rule.gcs_prefix ?? '' }
  if (!vault) return undefined
  return {
    kind: 'vault',
    address: rule.vault_address || ctx.env.VAULT_ADDR || 'https://127.0.0.1:8200',
    path: slashed(vault),
    mount: slashed(rule.vault_kv_mount_name || 'secret'),
    version: rule.vault_kv_version === 1 ? 1 : 2,
  }
}

/**
 * The first destination rule whose path_regex matches the path exactly as it was given (spec/config.md 4.2). For the reference, an expression
 * that does not compile never matches; here it is refused, as in creation rules.
 * @throws SopsError `generic`: no rule matches; an expression on the way does not compile; several destinations; invalid recreation rule.
 */
export async function matchDestinationRule(
  config: Config,
  pathAsGiven: string,
  ctx: Context,
): Promise<DestinationRule> {
  warnAboutConfig(config, ctx)
  const subject = withSlashes(replaced(pathAsGiven), ctx)
  for (const [index, rule] of (config.destinationRules ?? []).entries()) {
    if (!(await applies(rule, subject, `destination_rules[${index}]`, config))) continue
    const destination = destinationOf(rule, ctx)
    const recreation = await settingsOf(rule.recreation_rule ?? {}, ctx)
    return { index, ...pathRegexOf(rule), destination, recreation, omitExtensions: rule.omit_extensions ?? false }
  }
  throw new SopsError('generic', 'error loading config: no matching destination found in config', {
    hints: [...strayHints(config), `add a rule for ${quote(subject)} to destination_rules in ${config.file.path}`],
  })
}
