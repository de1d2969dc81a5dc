// The flag-only form (`sops -d FILE`): its own checks in the reference's order, then the command that does the work (spec/cli.md 18).

import { dirname, join, resolve } from 'node:path'
import { SopsError } from '../errors.ts'
import { codeOf, existsSync, statSync } from '../system/index.ts'
import { fileWord, quote } from '../text/quote.ts'
import type { CommandLine } from './argv.ts'
import { type CommandRow, commands, findRow, type Row } from './commands/index.ts'
import { checkExtraWords } from './extra-words.ts'
import type { Flag } from './flag.ts'
import { changedKeys, type RootFlag, rootFlags } from './flags.ts'
import type { Host } from './host.ts'
import type { FlagValues, Io, LegacyInvocation } from './invocation.ts'
import { commandsLike } from './meant.ts'
import { fileLike, fileMeant } from './near-file.ts'
import { noSuchFile } from './target.ts'
import { warnOfTypeNames } from './type-names.ts'

type Mode = 'encrypt' | 'decrypt' | 'rotate' | 'set' | 'edit'

/** The modes asked for, in the order in which the reference runs them; each overwrites the result of the one before. */
function modesOf(flags: FlagValues<RootFlag>): readonly Mode[] {
  const modes: Mode[] = (['encrypt', 'decrypt', 'rotate'] as const).filter((mode) => flags.bool(mode))
  return flags.string('set') === '' ? modes : [...modes, 'set']
}

const isMissing = (path: string): boolean => {
  try {
    statSync(path)
    return false
  } catch (error) {
    return codeOf(error) === 'ENOENT'
  }
}

/** The given flags that add or remove recipients. */
const keyChangesOf = (flags: FlagValues<RootFlag>): string[] =>
  changedKeys.map(({ name }) => name).filter((name) => flags.string(name) !== '')

/** Only a rotation adds and removes recipients; any other mode would drop the flag in silence. @throws SopsError `conflicting-parameters`. */
function refuseIdleKeyChange(mode: Mode, flags: FlagValues<RootFlag>): void {
  const [flag] = keyChangesOf(flags)
  if (flag === undefined || mode === 'rotate') return
  throw new SopsError('conflicting-parameters', `Error: --${flag} does nothing without --rotate`, {
    hints: ['to change the recipients of a file: sops rotate -i'],
  })
}

/**
 * A bare word that names no file is a command that is not there: it would open an editor for a new file of that name. At a terminal neither
 * does a name that is one slip away from a file that is there.
 * @throws SopsError `no-file`.
 */
function refuseMistypedFile(word: string, path: string, host: Host): void {
  const isBare = !/[./\\]/.test(word)
  if ((!isBare && !host.stderr.isTTY) || existsSync(path)) return
  const commands = isBare ? commandsLike(word).map((name) => `sops ${name}`) : []
  const file = isBare ? fileLike(path) : fileMeant(path)
  if (!isBare && file === undefined) return
  const meant = [...commands, ...(file === undefined ? [] : [fileWord(join(dirname(word), file))])]
  throw new SopsError('no-file', isBare ? 'neither a command nor a file' : 'there is no such file', {
    hints: [
      meant.length > 0 ? `did you mean ${meant.join(' or ')}?` : 'sops help shows the commands',
      `to make a new file of this name: sops edit ${fileWord(word)}`,
    ],
  })
}

function checkFile(modes: readonly Mode[], flags: FlagValues<RootFlag>, path: string): void {
  if (!isMissing(path)) return
  if (keyChangesOf(flags).length > 0) {
    throw new SopsError(
      'change-keys-of-missing-file',
      `Error: cannot add or remove keys on non-existent file ${quote(path)}, use \`--kms\` and \`--pgp\` instead.`,
    )
  }
  if (modes.some((mode) => mode !== 'set')) {
    throw noSuchFile(path)
  }
}

/** Index and JSON value of `--set`, split at the first `] `. @throws SopsError `bad-path-or-value`. */
export function partsOfSet(text: string): readonly [index: string, value: string] {
  const at = text.indexOf('] ')
  if (at < 0)
    throw new SopsError('bad-path-or-value', 'Invalid --set format', {
      hints: [
        `it holds an index and a JSON value: sops --set '["key"] "value"' FILE`,
        `or in three words: sops set FILE '["key"]' '"value"'`,
      ],
    })
  return [text.slice(0, at + 1), text.slice(at + 2)]
}

/** As in the reference, a config without a rule for the file stops this form even where no rule is needed. @throws SopsError `generic`. */
async function requireCreationRule(inv: LegacyInvocation<never>, io: Io, path: string): Promise<void> {
  const [{ configOf }, { matchCreationRule }] = await Promise.all([
    import('./settings.ts'),
    import('../config/index.ts'),
  ])
  const config = await configOf(inv, io)
  if (config?.creationRules) await matchCreationRule(config, path, io.ctx, { refuses: true })
}

/** The invocation that the flags ask for; it has all root flags. @throws SopsError. */
export function rewrite(root: CommandLine, io: Io): LegacyInvocation<Flag> {
  const { positionals } = root
  const values: FlagValues<RootFlag> = root.values
  const [file] = positionals
  if (file === undefined)
    throw new SopsError('no-file', 'no file specified', {
      hints: ['sops edit FILE opens or makes an encrypted file; sops help shows all commands'],
    })
  const modes = modesOf(values)
  const mode = modes.at(-1) ?? 'edit'
  const path = resolve(io.host.cwd, file)
  if (mode === 'edit') {
    io.hold()
    // A program that says what the file holds means a file (docs/callers.md).
    if (!values.given('input-type') && !values.given('output-type')) refuseMistypedFile(file, path, io.host)
  }
  const inv: LegacyInvocation<Flag> = { ...root.values, command: [mode], positionals, root: values, legacy: true }
  checkExtraWords(inv, io)
  if (values.bool('in-place') && values.string('output') !== '') {
    throw new SopsError('conflicting-parameters', 'Error: cannot operate on both --output and --in-place')
  }
  checkFile(modes, values, path)
  refuseIdleKeyChange(mode, values)
  if (modes.length > 1) {
    const message =
      'More than one command (--encrypt, --decrypt, --rotate, --set) has been specified. ' +
      'Only the changes made by the last one will be visible. Note that this behavior is deprecated and will cause an error eventually.'
    io.ctx.log({ level: 'warning', logger: 'CMD', message })
  }
  return { ...inv, positionals: mode === 'set' ? [file, ...partsOfSet(values.string('set'))] : [file] }
}

export async function runLegacy(root: CommandLine, io: Io): Promise<number> {
  io.about(root.positionals[0])
  warnOfTypeNames(root.values, rootFlags, io)
  const inv = rewrite(root, io)
  const [mode] = inv.command
  const [file] = inv.positionals as [string, ...string[]]
  if (mode === 'rotate' || mode === 'set' || mode === 'edit') {
    const path = resolve(io.host.cwd, inv.root.string('filename-override') || file)
    await requireCreationRule(inv, io, path)
  }
  const row = findRow<Row>(commands, mode) as CommandRow
  return (await row.load()).run(inv, { ...io, command: inv.bool('in-place') ? `${mode} -i` : mode! })
}
