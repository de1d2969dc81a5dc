// Messages about what a command did: a warning if it is a danger, else advice.

import type { Selection } from '../cipher/index.ts'
import type { Context } from '../context/index.ts'
import { type SpellingLosses, warnOfReprints } from '../file/index.ts'
import type { Format, Parsed, Reading, Respelt } from '../formats/index.ts'
import { statOf } from '../system/index.ts'
import { listed } from '../text/listed.ts'
import { type DocumentPlace, documentsText, laterDocuments } from '../tree/documents.ts'
import { type Landing, landingsOf } from '../tree/landing.ts'
import { formatPath, type Path } from '../tree/path.ts'
import type { MapNode } from '../tree/tree.ts'
import { isOpenStream } from './files.ts'

/** Warns when nothing was selected: people have committed plaintext because their rule matched no value. */
export function warnOfCleartext(
  sealed: { encrypted: number; leaves: number },
  selection: Selection,
  ctx: Context,
): void {
  if (sealed.encrypted > 0 || sealed.leaves === 0) return
  const reason = selection.invalid
    ? `its regular expression never matches, because it does not compile: ${selection.invalid}`
    : 'the selection of the creation rule or flags matches none of them'
  const message = `no value was encrypted, all ${sealed.leaves} are stored in clear: ${reason}`
  ctx.log({ level: 'warning', logger: 'CMD', message })
}

export const pathsText = (paths: readonly (readonly string[])[]): string => listed(paths.map(formatPath))

/** Says in which of several documents a path was followed, and what that leaves out. `done` is what happened to the document. */
export function warnOfDocument(
  documents: readonly MapNode[],
  path: Path,
  { at, found, alsoIn }: DocumentPlace,
  done: 'changed' | 'read',
  ctx: Context,
): void {
  if (at === 0 && laterDocuments(documents).length === 0) return
  const has =
    at > 0
      ? `, the only one that has ${formatPath(found)}`
      : alsoIn.length > 0 && found.length === path.length
        ? `; ${formatPath(path)} is in ${documentsText(alsoIn)} too`
        : ''
  const message = `of ${documents.length} documents only document ${at + 1} was ${done}${has}`
  // Unless only the first document has the value, another may have been meant. After reading, the user can see that from the output.
  const isClear = at === 0 && (done === 'read' || (alsoIn.length === 0 && found.length === path.length))
  ctx.log({ level: isClear ? 'advice' : 'warning', logger: 'CMD', message })
}

/** What was done at a path. */
type Deed = 'read' | 'set' | 'removed'

/** Says where a path of `root`, as it was before, leads to something else than its words say. */
export function warnOfLandings(root: MapNode, path: Path, done: Deed, ctx: Context): void {
  for (const landing of landingsOf(root, path)) {
    const message = landingText(landing, done, landing.at.length === path.length)
    if (message === undefined) continue
    const isHarmless = done === 'read' || landing.kind === 'behind'
    ctx.log({ level: isHarmless ? 'advice' : 'warning', logger: 'CMD', message })
  }
}

function landingText(landing: Landing, done: Deed, isEnd: boolean): string | undefined {
  const at = formatPath(landing.at)
  const counts = 'comments count among the elements of a list'
  switch (landing.kind) {
    case 'comment': {
      const what = {
        read: 'is a comment',
        set: 'was a comment, which is gone',
        removed: 'was a comment, which is gone',
      }
      return `${at} ${what[done]}: ${counts}, and without them it ${done === 'removed' ? 'was' : 'is'} ${formatPath(landing.meant)}`
    }
    case 'shifted': {
      const verb = done === 'removed' ? 'was' : 'is'
      const [index, wanted] = [landing.index, landing.at.at(-1)]
      const comment = formatPath([...landing.at.slice(0, -1), landing.comment])
      if (done === 'set' && isEnd)
        return `the value of ${at} was replaced, which is element ${index} without the comments: ${counts} (${comment} is one), and element ${wanted} is ${formatPath(landing.meant)}`
      return `${at} ${verb} element ${index} without the comments: ${counts}, and element ${wanted} ${verb} ${formatPath(landing.meant)}`
    }
    case 'value':
      return done === 'set' ? `${at} was a value and is now a ${landing.becomes}: its value is gone` : undefined
    case 'behind':
      return done === 'set' ? `${at} is behind the end of its list: appended at ${formatPath(landing.to)}` : undefined
  }
}

/** Warns of plaintext in a file that others may read: a new file follows the umask, an existing one keeps its mode. */
export async function warnOfReaders(path: string, ctx: Context): Promise<void> {
  const found = isOpenStream(path) ? undefined : statOf(path)
  if (ctx.platform === 'win32' || !found?.isFile() || (found.mode & 0o044) === 0) return
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0')
  const message = `other users can read the plaintext in ${path} (mode ${mode}): chmod 600, and umask 077 before the next time`
  ctx.log({ level: 'advice', logger: 'CMD', message })
}

/** Says what decrypting will not give back as it was written. */
export function warnOfLosses({ spellings, aliases, documents }: SpellingLosses, ctx: Context): void {
  const warn = (message: string): void => ctx.log({ level: 'advice', logger: 'CMD', message })
  if (spellings.length > 0) {
    warn(`the spelling of ${pathsText(spellings)} cannot be kept: decrypting gives the same value in its usual form`)
  }
  if (aliases > 0) {
    warn(
      `${aliases} ${aliases === 1 ? 'alias was' : 'aliases were'} replaced by a copy of what it stands for, which is encrypted`,
    )
  }
  if (documents.length > 0) warn(`the empty ${documentsText(documents)} cannot be kept as written: decrypting gives {}`)
}

/** Says where an encrypted file is not as its source was: what was laid out anew, and what SOPS could not read as it stood. */
export function warnOfRespelling({ places, reprints }: Omit<Respelt, 'bytes'>, ctx: Context): void {
  warnOfReprints(reprints, ctx.log)
  const changes = new Map<string, Set<number>>()
  for (const { what, as, line } of places) {
    const change = `${what}, so it is written as ${as}`
    changes.set(change, (changes.get(change) ?? new Set()).add(line))
  }
  for (const [change, lines] of changes) {
    const message = `SOPS cannot read ${change}: line ${listed([...lines])} of the encrypted file`
    ctx.log({ level: 'advice', logger: 'CMD', message })
  }
}

/** Says how the text is read if others read it differently, unless that holds for the earlier text too. */
export function warnOfLayout(format: Format, parsed: Parsed, ctx: Context, earlier?: Parsed): void {
  const known = earlier ? format.notices?.(earlier) : undefined
  for (const message of format.notices?.(parsed) ?? [])
    if (!known?.includes(message)) ctx.log({ level: 'advice', logger: 'CMD', message })
}

/** Says what other readers see differently in the plain text, one line per kind, unless that holds for the earlier text too. */
export function warnOfReadings(format: Format, parsed: Parsed, ctx: Context, earlier?: () => Parsed): void {
  const found = format.readings?.(parsed) ?? []
  if (found.length === 0) return
  const idOf = ({ path, isKey, what }: Reading): string => JSON.stringify([path, isKey, what])
  const known = new Set(earlier && format.readings?.(earlier()).map(idOf))
  const kinds = new Map<string, Reading[]>()
  for (const reading of found) {
    if (known.has(idOf(reading))) continue
    const kind = `${reading.isKey ? 'key ' : ''}${reading.what}`
    const places = kinds.get(kind)
    if (places) places.push(reading)
    else kinds.set(kind, [reading])
  }
  for (const places of kinds.values()) {
    const names = listed(places.map(({ path, line }) => `${formatPath(path)} (line ${line})`))
    const { isKey, what } = places[0]!
    const message = `${isKey ? 'key ' : ''}${names}: ${what}`
    ctx.log({ level: 'advice', logger: 'CMD', message })
  }
}
