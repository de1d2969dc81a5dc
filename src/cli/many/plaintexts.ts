// Where the plaintexts of several files go: to stdout one behind the other, into a folder, or into one JSON document.
import { extname, isAbsolute, join, relative, sep } from 'node:path'
import { cannotWrite } from '../../disk/index.ts'
import { SopsError } from '../../errors.ts'
import type { FormatId } from '../../formats/index.ts'
import type { Target } from '../../repo/index.ts'
import { writeFile } from '../../system/index.ts'
import { quote } from '../../text/quote.ts'
import { type BoolFlag, bool, type StringFlag, string } from '../flag.ts'
import type { output } from '../flags.ts'
import { inSection } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { absolutePath } from '../settings.ts'
import { clearFolder } from './clear-folder.ts'
import type { TargetFlag, WriterFlag } from './flags.ts'
import { readMany } from './read.ts'
import { errorData, sayJson, shownPath, statusOf } from './report.ts'

type PlaintextFlag = StringFlag<'output-dir'> | BoolFlag<'strip'>

export const plaintextFlags: readonly PlaintextFlag[] = inSection<PlaintextFlag>('FILES', [
  string('output-dir', 'write each plaintext below DIR, under the path of its file', { value: 'DIR', path: true }),
  bool('strip', 'with --output-dir: x.enc.yaml becomes x.yaml'),
])

type Given = Invocation<TargetFlag | WriterFlag | PlaintextFlag | typeof output>

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
  if (inv.bool('strip')) throw new SopsError('generic', '--strip is for --output-dir')
  return inv.bool('json') ? decryptToJson(inv, io, targets, open) : decryptJoined(inv, io, targets, open)
}

type Work = Parameters<typeof decryptMany>[3]

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
  const opened: Opened[] = []
  const errors = await readMany(inv, io, { targets, doing: 'decrypting' }, open, ({ target, result }) => {
    if (result) opened.push({ target, plaintext: result })
  })
  const other = opened.find(({ plaintext }) => plaintext.output !== 'yaml')
  if (other && opened.length > 1) {
    throw new SopsError(
      'generic',
      `only YAML files can be printed one behind the other, and ${other.target.name} is none`,
      {
        hints: [
          '--output-dir DIR writes each to a file, --json prints all values',
          '--output-type yaml makes YAML of them',
        ],
      },
    )
  }
  const isAll = errors.length === 0
  if (isAll || inv.bool('keep-going')) await write(inv, io, joined(opened.map(({ plaintext }) => plaintext.bytes)))
  if (!isAll && !inv.bool('keep-going'))
    await io.tell(`failed ${errors.length} of ${targets.length}: nothing was printed`)
  return statusOf(errors)
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
  let written = 0
  const errors = await readMany(inv, io, { targets, doing: 'decrypting' }, open, async ({ target, result }) => {
    if (!result) return
    const place = places.get(target)!
    await clear(place)
    // A copy of what the encrypted file has: it need not outlive a power failure.
    await writeFile(join(path, place), result.bytes, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
      throw cannotWrite(error, join(path, place), 'output file')
    })
    written++
  })
  if (errors.length > 0) await io.tell(`decrypted ${written}, failed ${errors.length}`)
  else await io.done(`decrypted ${written} into ${inv.string('output-dir')}`)
  return statusOf(errors)
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
