// Where the plaintexts of several files go: to stdout one behind the other, into a folder, or into one JSON document.
import { extname, isAbsolute, join, relative, sep } from 'node:path'
import { cannotWrite } from '../../disk/index.ts'
import { SopsError } from '../../errors.ts'
import type { FormatId } from '../../formats/index.ts'
import type { Target } from '../../repo/index.ts'
import { codeOf, rm, writeFile } from '../../system/index.ts'
import { quote } from '../../text/quote.ts'
import { type BoolFlag, bool, type StringFlag, string } from '../flag.ts'
import type { inPlace, KeyServiceFlag, output } from '../flags.ts'
import { inSection } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { absolutePath } from '../settings.ts'
import { changeMany, rehearses } from './change.ts'
import { clearFolder } from './clear-folder.ts'
import type { TargetFlag, WriterFlag } from './flags.ts'
import { readMany } from './read.ts'
import { errorData, sayJson, shownPath, statusOf } from './report.ts'

type PlaintextFlag = StringFlag<'output-dir'> | BoolFlag<'strip'>

export const plaintextFlags: readonly PlaintextFlag[] = inSection<PlaintextFlag>('FILES', [
  string('output-dir', 'write each plaintext below DIR, under the path of its file', { value: 'DIR', path: true }),
  bool('strip', 'with --output-dir: x.enc.yaml becomes x.yaml'),
])

type Given = Invocation<TargetFlag | WriterFlag | PlaintextFlag | KeyServiceFlag | typeof output>

export interface Plaintext {
  readonly bytes: Uint8Array
  readonly output: FormatId
  /** The same as data for JSON. */
  readonly data: object
}

interface Opened {
  readonly target: Target
  readonly plaintext: Plaintext
}

/** Returns the exit status. */
export async function decryptMany(
  inv: Given,
  io: Io,
  targets: readonly Target[],
  open: (io: Io, target: Target) => Promise<Plaintext>,
): Promise<number> {
  if (inv.string('output-dir') !== '') return decryptInto(inv, io, targets, open)
  return inv.bool('json') ? decryptToJson(inv, io, targets, open) : decryptJoined(inv, io, targets, open)
}

type Work = Parameters<typeof decryptMany>[3]

/** @throws SopsError `generic` where flags name several places for the plaintext. */
export function refusePlaces(inv: Given & Invocation<typeof inPlace>): void {
  const isInto = inv.string('output-dir') !== ''
  if (inv.bool('strip') && !isInto) throw new SopsError('generic', '--strip is for --output-dir')
  const other = inv.bool('in-place') ? '--in-place' : inv.string('output') === '' ? undefined : '--output'
  if (isInto && other !== undefined)
    throw new SopsError('generic', `${other} and --output-dir both say where the plaintext goes: give one of them`)
  if (other === '--output' && inv.bool('json'))
    throw new SopsError('generic', '--json is for stdout: --output has no place beside it')
}

/** True for a rehearsal of what would write a file. */
export const rehearsesWriting = (inv: Given & Invocation<typeof inPlace>): boolean =>
  rehearses(inv) && (inv.bool('in-place') || inv.string('output') !== '' || inv.string('output-dir') !== '')

/** Says which files would be decrypted, and writes none. */
function rehearse(inv: Given, io: Io, targets: readonly Target[], open: Work): Promise<number> {
  const byName = new Map(targets.map((target) => [target.name, target]))
  const work = async (one: Given, child: Io): Promise<void> => {
    const target = byName.get(one.positionals[0]!)!
    const plaintext = await open(child, target)
    if (inv.string('output') !== '' && targets.length > 1) refuseOther({ target, plaintext })
    await child.write(target.path, plaintext.bytes)
  }
  return changeMany<Given>(inv, io, { targets, work, verbs: ['decrypting', 'decrypted', 'decrypt'] })
}

async function decryptToJson(inv: Given, io: Io, targets: readonly Target[], open: Work): Promise<number> {
  const files: object[] = []
  const errors = await readMany(inv, io, { targets, doing: 'decrypting' }, open, ({ target, result, error }) => {
    const path = shownPath(io, target.path)
    files.push(error ? { path, error: errorData(error) } : { path, ...result!.data })
  })
  const failed = errors.length
  await sayJson(io, 'decrypt', files, { decrypted: targets.length - failed, failed })
  return statusOf(errors)
}

/** A part of the values would pass for all of them, so nothing is printed when a file fails. */
async function decryptJoined(inv: Given, io: Io, targets: readonly Target[], open: Work): Promise<number> {
  if (inv.string('output') !== '' && rehearses(inv)) return rehearse(inv, io, targets, open)
  const opened: Opened[] = []
  const errors = await readMany(inv, io, { targets, doing: 'decrypting' }, open, ({ target, result }) => {
    if (result) opened.push({ target, plaintext: result })
  })
  if (opened.length > 1) opened.forEach(refuseOther)
  const isAll = errors.length === 0
  if (isAll || inv.bool('keep-going')) await write(inv, io, joined(opened.map(({ plaintext }) => plaintext.bytes)))
  if (!isAll && !inv.bool('keep-going'))
    await io.tell(`failed ${errors.length} of ${targets.length}: nothing was printed`)
  return statusOf(errors)
}

/** @throws SopsError `generic` for what is no YAML. */
function refuseOther({ target, plaintext }: Opened): void {
  if (plaintext.output === 'yaml') return
  throw new SopsError('generic', `only YAML files can be printed one behind the other, and ${target.name} is none`, {
    hints: [
      '--output-dir DIR writes each to a file, --json prints all values',
      '--output-type yaml makes YAML of them',
    ],
  })
}

function write(inv: Given, io: Io, bytes: Uint8Array): Promise<void> {
  const path = inv.string('output')
  if (path === '') return io.out(bytes)
  return io.write(absolutePath(io.ctx, path), bytes, { what: 'output file', log: io.ctx.log })
}

/** YAML files as the documents of one; a file that begins or ends with a mark of its own needs none. */
function joined(texts: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [i, text] of texts.entries()) {
    if (i > 0) {
      const before = Buffer.from(texts[i - 1]!).toString('latin1')
      const isOpen = before !== '' && !before.endsWith('\n')
      const begins = /^(?:%|---(?:\s|$))/.test(Buffer.from(text.subarray(0, 4)).toString('latin1'))
      parts.push(Buffer.from(`${isOpen ? '\n' : ''}${begins ? '' : '---\n'}`))
    }
    parts.push(text)
  }
  return Buffer.concat(parts)
}

async function decryptInto(inv: Given, io: Io, targets: readonly Target[], open: Work): Promise<number> {
  const folder = absolutePath(io.ctx, inv.string('output-dir'))
  const places = placesIn(io, folder, targets, inv.bool('strip'))
  const { path, clear } = await clearFolder(inv.string('output-dir'), folder, places.values(), io.ctx)
  if (rehearses(inv)) return rehearse(inv, io, targets, open)
  const files: object[] = []
  const errors = await readMany(inv, io, { targets, doing: 'decrypting' }, open, async ({ target, result, error }) => {
    const shown = shownPath(io, target.path)
    files.push(error ? { path: shown, status: 'failed', error: errorData(error) } : { path: shown, status: 'changed' })
    if (!result) return
    const place = places.get(target)!
    await clear(place)
    await writePlaintext(join(path, place), result.bytes)
  })
  const failed = errors.length
  const changed = files.length - failed
  if (inv.bool('json')) await sayJson(io, 'decrypt', files, { changed, unchanged: 0, failed })
  if (failed > 0) await io.tell(`decrypted ${changed}, failed ${failed}`)
  else await io.done(`decrypted ${changed} into ${inv.string('output-dir')}`)
  return statusOf(errors)
}

/** A copy of what the encrypted file has: it need not outlive a power failure. A part of it must not pass for the whole. */
async function writePlaintext(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') await rm(path, { force: true }).catch(() => {})
    throw cannotWrite(error, path, 'output file')
  }
}

/** Relative to the folder. @throws SopsError `generic` for files outside of the current folder, and for two that would become one. */
function placesIn(
  { ctx }: Io,
  folder: string,
  targets: readonly Target[],
  strips: boolean,
): ReadonlyMap<Target, string> {
  const taken = new Map<string, Target>()
  const places = new Map<Target, string>()
  for (const target of targets) {
    const path = relative(ctx.cwd, target.path)
    if (path.split(sep)[0] === '..' || isAbsolute(path))
      throw new SopsError(
        'generic',
        `${target.name} is outside of the current folder, so it has no path below ${quote(folder)}`,
        {
          hints: ['run the command in a folder above it'],
        },
      )
    const place = strips ? stripped(path) : path
    const other = taken.get(place)
    if (other)
      throw new SopsError('generic', `${other.name} and ${target.name} would be the same file in ${quote(folder)}`)
    taken.set(place, target)
    places.set(target, place)
  }
  return places
}

/** `x.enc.yaml` and `x.sops.yaml` as `x.yaml`, `x.enc` as `x`. */
function stripped(path: string): string {
  const end = extname(path)
  const stem = path.slice(0, path.length - end.length)
  const inner = extname(stem)
  if (/^\.(?:enc|sops)$/.test(inner)) return stem.slice(0, -inner.length) + end
  return /^\.(?:enc|sops)$/.test(end) ? stem : path
}
