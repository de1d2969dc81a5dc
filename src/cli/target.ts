// The file that decrypt, encrypt and rotate work on, and where the result goes.

import { fingerprint } from '../disk/index.ts'
import { SopsError, withHints } from '../errors.ts'
import { type FormatId, sniffFormat } from '../formats/index.ts'
import { statSync } from '../system/index.ts'
import { quote } from '../text/quote.ts'
import { noFile } from './extra-words.ts'
import { isOpenStream, missingHints, mustBeNoFolder, readInput } from './files.ts'
import type { filenameOverride, inPlace, output } from './flags.ts'
import type { Invocation, Io, ResultPlace } from './invocation.ts'
import { absolutePath } from './settings.ts'

export interface TargetFile {
  /** Absolute path of the file to read; undefined means standard input. */
  readonly file: string | undefined
  /** The path that decides format and creation rule: the filename override, else the file. */
  readonly typePath: string
  /** The result replaces the file. */
  readonly inPlace: boolean
}

interface TargetRules {
  /** Read standard input if no file is named. */
  readonly stdin: boolean
  /** Without a file, `--filename-override` is required, to say what standard input holds; next steps where it is missing. */
  readonly namedStdin?: readonly string[]
}

/**
 * Checks the words that name input and output, in the reference's order (spec/cli.md 13.1, 13.2).
 * @throws SopsError `conflicting-parameters` or `no-file`.
 */
export async function targetOf(
  inv: Invocation<typeof inPlace | typeof output | typeof filenameOverride>,
  io: Io,
  rules: TargetRules,
): Promise<TargetFile> {
  const override = inv.string('filename-override')
  const [name] = inv.positionals
  if (name === undefined) {
    if (!rules.stdin) fileOf(inv, io)
    if (inv.bool('in-place')) {
      throw new SopsError('conflicting-parameters', 'Error: cannot use --in-place when reading from stdin', {
        hints: [`name a file: sops ${inv.legacy ? '' : `${inv.command.join(' ')} `}-i FILE`],
      })
    }
    if (rules.namedStdin && override === '') {
      throw new SopsError('conflicting-parameters', 'Error: must specify --filename-override when reading from stdin', {
        hints: [
          ...rules.namedStdin,
          `name a file: sops ${inv.command.join(' ')} FILE; or say what stdin is: --filename-override secrets.yaml`,
        ],
      })
    }
    return { file: undefined, typePath: override === '' ? '' : absolutePath(io.ctx, override), inPlace: false }
  }
  if (inv.bool('in-place') && inv.string('output') !== '') {
    throw new SopsError('conflicting-parameters', 'Error: cannot operate on both --output and --in-place')
  }
  const file = absolutePath(io.ctx, name)
  return { file, typePath: override === '' ? file : absolutePath(io.ctx, override), inPlace: inv.bool('in-place') }
}

/** A file that has to be there; the reference names it by its whole path. */
export const noSuchFile = (path: string, command = ''): SopsError =>
  new SopsError('no-file', `cannot operate on non-existent file ${quote(path)}`, {
    hints: missingHints(path, command),
  })

const endings: Readonly<Partial<Record<FormatId, string>>> = { yaml: 'yaml', json: 'json', dotenv: 'env', ini: 'ini' }

/** Next steps where it explains a failure that the input is empty, or has no name. */
function inputHints({ file, typePath }: TargetFile, bytes: Uint8Array, command: string): readonly string[] {
  const [verb = ''] = command.split(' ')
  if (bytes.length === 0 && file === undefined) return [`stdin is empty: name a file, as in sops ${verb} secrets.yaml`]
  if (bytes.length === 0)
    return [
      `the file is empty: a shell empties it before it is read where the output goes to it as well (sops ${verb} FILE > FILE): take it back, and then sops ${verb} -i FILE`,
    ]
  const ending = file === undefined && typePath === '' ? endings[sniffFormat(bytes) ?? 'binary'] : undefined
  return ending === undefined ? [] : [`or by a name that ends so: --filename-override secrets.${ending}`]
}

/** `work` on what was read; if it fails, with next steps for input that is empty or has no name. */
export async function withInput<T>(
  target: TargetFile,
  bytes: Uint8Array,
  io: Io,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof SopsError ? withHints(error, inputHints(target, bytes, io.command)) : error
  }
}

/** Absolute path of a command's one file. @throws SopsError `no-file`. */
export function fileOf(inv: Invocation<never>, { ctx }: Io): string {
  const [name] = inv.positionals
  if (name === undefined) throw noFile(inv)
  return absolutePath(ctx, name)
}

/** True if the path leads nowhere; any other trouble shows when the file is read. */
export async function isMissing(path: string): Promise<boolean> {
  try {
    statSync(path)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}

/** Looks for the file before anything else, such as its rule. @throws SopsError `no-file`; `bad-input` for a folder. */
export async function mustExist(file: string | undefined, { command }: Io): Promise<void> {
  if (file === undefined) return
  if (await isMissing(file)) throw noSuchFile(file, command)
  await mustBeNoFolder(file, command)
}

export const readTarget = ({ file, inPlace }: TargetFile, io: Io): Promise<Uint8Array> =>
  readInput(io, file, { inPlace })

export const tellOfWritten = ({ ctx }: Io): void =>
  ctx.log({ level: 'info', logger: 'CMD', message: 'File written successfully' })

/** Where `--output` puts the result. */
export const placeOf = (output: string): ResultPlace => (isOpenStream(output) ? 'device' : 'file')

/** Writes the result to the file itself (unless it is no longer `source`), to `--output`, or to stdout, and returns where it went. */
export async function writeResult(
  inv: Invocation<typeof inPlace | typeof output>,
  io: Io,
  target: TargetFile,
  bytes: Uint8Array,
  source: Uint8Array,
): Promise<ResultPlace> {
  const path = inv.string('output')
  if (inv.bool('in-place') && target.file !== undefined) {
    await io.write(target.file, bytes, {
      what: 'in-place file',
      expect: fingerprint(source),
    })
    tellOfWritten(io)
    return 'file'
  }
  if (path !== '') {
    await io.write(absolutePath(io.ctx, path), bytes, { what: 'output file', log: io.ctx.log })
    return placeOf(path)
  }
  await io.out(bytes)
  return 'stdout'
}
