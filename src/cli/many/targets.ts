// Which files a command line means.
import { type Config, loadConfig, nearestConfig, recipientNames } from '../../config/index.ts'
import { SopsError } from '../../errors.ts'
import { loadEncrypted } from '../../file/index.ts'
import { type FormatId, formatIds, isFormatId } from '../../formats/index.ts'
import { labelOf } from '../../keys/index.ts'
import { findTargets, isGlob, type Target, type Wanted } from '../../repo/index.ts'
import { readFile, statOf, textOf } from '../../system/index.ts'
import { quote, shellWord } from '../../text/quote.ts'
import { isFolder } from '../files.ts'
import { dashed } from '../flag.ts'
import type { inPlace } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { absolutePath, configOf, formatsFor } from '../settings.ts'
import type { ChoosingFlag, WriterFlag } from './flags.ts'

type Given = Invocation<ChoosingFlag>

const choosing = ['all', 'staged', 'changed', 'files-from'] as const

/** True if flags, not words, say which files are meant. */
export const isByFlag = (inv: Given): boolean => choosing.some((name) => inv.given(name))

/** True for a command line that means one file, as SOPS takes it, whatever is in it. */
export function isSingle(inv: Given, io: Io, words: readonly string[] = inv.positionals): boolean {
  if (inv.legacy) return true
  return (words.length === 0 || inv.string('recipient') === '') && areOne(inv, io, words)
}

/** At most one word, which names no folder and is no pattern. */
function areOne(inv: Given, { ctx }: Io, words: readonly string[]): boolean {
  const [word, ...more] = words
  if (isByFlag(inv) || more.length > 0) return false
  if (word === undefined) return true
  const path = absolutePath(ctx, word)
  return !isFolder(path) && (!isGlob(word) || isThere(path))
}

/**
 * What is in the way of many files, or of a report on one.
 * @param done `rotated`: what becomes of the files.
 * @param named a flag that names the file of a command whose words do not.
 * @throws SopsError `generic` without `--in-place`.
 */
export function mustBeInPlace(
  inv: Given & Invocation<WriterFlag | typeof inPlace>,
  io: Io,
  done: string,
  named?: { readonly words: readonly string[]; readonly flags: readonly string[] },
): void {
  if (inv.bool('in-place')) return
  const flag = reporting.find((name) => inv.bool(name)) ?? (inv.given('recipient') ? 'recipient' : undefined)
  const isOne = flag !== undefined && areOne(inv, io, named?.words ?? inv.positionals)
  throw new SopsError(
    'generic',
    isOne ? `${dashed(flag)} is for a file that is ${done} in place` : `several files are ${done} in place`,
    { hints: [inPlaceHint(inv, named?.flags)] },
  )
}

/** With what says which files are meant; the other flags are the user's to repeat. */
function inPlaceHint(inv: Given, named: readonly string[] = []): string {
  const bools = (['all', 'staged', 'null', 'untracked'] as const).filter((name) => inv.bool(name)).map(dashed)
  const strings = (['changed', 'files-from', 'type', 'recipient'] as const)
    .filter((name) => inv.given(name))
    .map((name) => withValue(name, inv.string(name)))
  const excluded = inv.list('exclude').map((pattern) => withValue('exclude', pattern))
  const words = inv.positionals.map(shellWord)
  return ['sops', ...inv.command, '-i …', ...bools, ...strings, ...excluded, ...named, ...words].join(' ')
}

const withValue = (name: string, value: string): string =>
  `${dashed(name)}${value === '' ? '' : `=${shellWord(value)}`}`

/** True if a flag asks for the report on many files, be it about one. */
export const wantsReport = (inv: Invocation<WriterFlag>): boolean => reporting.some((name) => inv.bool(name))

const reporting = ['dry-run', 'check', 'json', 'keep-going'] as const

const isThere = (path: string): boolean => statOf(path) !== undefined

/**
 * The files that words and flags mean.
 * @throws SopsError `generic` for words beside flags that choose, unknown formats, and whatever fits nothing.
 */
export async function targetsOf(
  inv: Given,
  io: Io,
  wanted: Wanted,
  words: readonly string[] = inv.positionals,
): Promise<readonly Target[]> {
  const flags = choosing.filter((name) => inv.given(name))
  const [flag, other] = flags
  if (flag !== undefined && other !== undefined)
    throw new SopsError('generic', `--${flag} and --${other} both say which files are meant: give one of them`)
  if (flag !== undefined && words.length > 0)
    throw new SopsError('generic', `--${flag} says which files are meant: ${quote(words[0]!)} is one too many`)
  const listed = inv.given('files-from') ? await listedNames(inv, io) : undefined
  const found = await findTargets(
    io.ctx,
    {
      words,
      all: inv.bool('all') || (wanted === 'any' && words.length === 0 && flag === undefined),
      staged: inv.bool('staged'),
      ...(inv.given('changed') ? { changed: inv.string('changed') } : {}),
      ...(listed ? { listed } : {}),
      untracked: inv.bool('untracked'),
      ...(inv.given('exclude') ? { exclude: inv.list('exclude') } : {}),
      ...(inv.given('type') ? { types: typesOf(inv.string('type')) } : {}),
    },
    wanted,
    { configFor: (path) => configFor(inv, io, path) },
  )
  return inv.string('recipient') === '' ? found : openedBy(inv, found, io)
}

/** All regular files of the repository, or of the current folder outside of one. */
export const allTargets = (inv: Invocation<never>, io: Io): Promise<readonly Target[]> =>
  findTargets(io.ctx, { words: [], all: true }, 'any', { configFor: (path) => configFor(inv, io, path) })

/**
 * The encrypted files that words and flags mean. A folder without any is an error of SOPS, whose exit status scripts know (spec/cli.md 7).
 * @throws SopsError `bad-input`, or as `targetsOf`.
 */
export function encryptedTargets(
  inv: Given,
  io: Io,
  words: readonly string[] = inv.positionals,
): Promise<readonly Target[]> {
  return targetsOf(inv, io, 'encrypted', words).catch((error: unknown) => {
    const [word = '', ...more] = words
    const path = absolutePath(io.ctx, word)
    const beginning = `${word}: `
    if (!(error instanceof SopsError) || more.length > 0 || word === '' || !isFolder(path)) throw error
    io.about(word)
    const why = error.message.startsWith(beginning) ? [error.message.slice(beginning.length)] : []
    throw new SopsError('bad-input', `Error reading file: read ${path}: is a directory`, {
      hints: [...why, ...error.hints],
      cause: error,
    })
  })
}

/** The configuration of one of many files: the one that is named, else the nearest to the file, wherever the command was started. */
export async function configFor(inv: Invocation<never>, { ctx }: Io, path: string): Promise<Config | undefined> {
  if (inv.root.string('config') !== '') return configOf(inv, { ctx })
  const file = await nearestConfig(path, ctx)
  return file && loadConfig(file, ctx)
}

async function listedNames(inv: Given, io: Io): Promise<readonly string[]> {
  const name = inv.string('files-from')
  const bytes = name === '-' ? await io.host.stdin.readAll() : await readFile(absolutePath(io.ctx, name))
  const end = inv.bool('null') ? '\0' : '\n'
  return textOf(bytes)
    .split(end)
    .map((line) => (end === '\n' ? line.replace(/\r$/, '') : line))
    .filter((line) => line !== '')
}

function typesOf(text: string): readonly FormatId[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !isFormatId(name))
  if (unknown === undefined) return names.filter(isFormatId)
  throw new SopsError('generic', `--type ${quote(unknown)} is no format: ${formatIds.join(', ')}`)
}

/** Those that have the recipient, which may be named as the configuration of the file does. */
async function openedBy(inv: Given, targets: readonly Target[], io: Io): Promise<readonly Target[]> {
  const { ctx } = io
  const recipient = inv.string('recipient')
  const found: Target[] = []
  for (const target of targets) {
    const bytes = await readFile(target.path).catch(() => undefined)
    const file =
      bytes && (await loadEncrypted(bytes, formatsFor({}, target.path, bytes).input, ctx.watch).catch(() => undefined))
    const keys = file?.metadata.keyGroups.flatMap((group) => group.keys) ?? []
    if (keys.length === 0) continue
    const nameOf = recipientNames(await configFor(inv, io, target.path), ctx)
    const names = await Promise.all(keys.map(nameOf))
    if (names.includes(recipient) || keys.map(labelOf).includes(recipient)) found.push(target)
  }
  if (found.length > 0) return found
  io.about(undefined)
  throw new SopsError('generic', `no file has the recipient ${quote(recipient)}`, {
    hints: ['sops ls shows the recipients of each file'],
  })
}
