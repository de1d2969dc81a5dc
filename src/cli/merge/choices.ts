// Which side decides a conflict, as flags and answers say.
import { SopsError } from '../../errors.ts'
import type { Choose, MergeConflict, Side } from '../../merge/index.ts'
import { quote } from '../../text/quote.ts'
import { closest, nearest } from '../../text/suggest.ts'
import { formatPath, parsePath } from '../../tree/path.ts'
import { type BoolFlag, bool, type ListFlag, list } from '../flag.ts'
import type { Invocation } from '../invocation.ts'

const sides: readonly Side[] = ['ours', 'theirs', 'base']

type ChoiceFlag = BoolFlag<'ours' | 'theirs'> | ListFlag<'take'>
export const choiceFlags: readonly ChoiceFlag[] = [
  bool('ours', 'decide what is in conflict for ours; what theirs alone changed is taken all the same'),
  bool('theirs', 'decide what is in conflict for theirs'),
  list(
    'take',
    'decide one conflict, or all below a path: \'["db"]["password"]=theirs\' (or ours, base); may be repeated',
    {
      value: 'PATH=SIDE',
    },
  ),
]

/** A side for one path. */
interface Taken {
  readonly path: string
  readonly side: Side
}

/** What the flags of a call decide. */
export interface Wishes {
  readonly rest: Side | undefined
  readonly taken: readonly Taken[]
}

const usage = (message: string, hints: readonly string[] = []): SopsError => new SopsError('usage', message, { hints })

/** @throws SopsError `usage`. */
export function wishesOf(inv: Invocation<ChoiceFlag>): Wishes {
  const [ours, theirs] = [inv.bool('ours'), inv.bool('theirs')]
  if (ours && theirs)
    throw usage('--ours and --theirs decide the same conflicts: give one of them', [
      `for some of them: --take '["path"]=theirs'`,
    ])
  return { rest: ours ? 'ours' : theirs ? 'theirs' : undefined, taken: inv.list('take').map(readTaken) }
}

function readTaken(text: string): Taken {
  const at = text.lastIndexOf('=')
  if (at < 1) throw usage(`--take ${quote(text)} names no side`, [`it is written as --take '["path"]=theirs'`])
  const word = text.slice(at + 1)
  const side = sides.find((one) => one === word)
  if (side === undefined) {
    const like = nearest(word, sides)
    throw usage(`--take ${quote(text)}: ${quote(word)} is no side`, [
      like === undefined ? `the sides are ${sides.join(', ')}` : `did you mean ${like}?`,
    ])
  }
  const path = parsePath(text.slice(0, at), 'usage', `--take ${quote(text)}: `)
  if (path.length === 0) throw usage(`--take ${quote(text)} names no path`, ['for all of them: --ours or --theirs'])
  return { path: formatPath(path), side }
}

const isBelow = ({ keyPath }: MergeConflict, path: string): boolean =>
  keyPath === path || keyPath.startsWith(`${path}[`)

/** @throws SopsError `usage` where nothing is in conflict at a path, and for a base that nobody knows. */
export function refuseUnknown({ taken }: Wishes, conflicts: readonly MergeConflict[], isBaseUnknown: boolean): void {
  if (isBaseUnknown && taken.some(({ side }) => side === 'base'))
    throw usage('--take: what there was before is not known: the conflict markers do not show it')
  const unknown = taken.find(({ path }) => !conflicts.some((conflict) => isBelow(conflict, path)))
  if (unknown === undefined) return
  const names = conflicts.map(({ keyPath }) => keyPath)
  const above = names.find((name) => unknown.path.startsWith(`${name}[`))
  const words = new Map(names.map((name) => [lettersOf(name), name]))
  const like = above ?? words.get(closest(lettersOf(unknown.path), [...words.keys()]) ?? '')
  throw usage(`--take: nothing is in conflict at ${unknown.path}`, [
    like === undefined ? conflictsText(names) : `did you mean ${like}?`,
  ])
}

/** Brackets and quotes make all paths alike. */
const lettersOf = (keyPath: string): string => keyPath.replace(/["[\]]+/g, ' ').trim()

const conflictsText = (names: readonly string[]): string =>
  names.length === 0
    ? 'both sides go together without a decision'
    : `in conflict: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`

/** The decisions on the conflicts of one file. */
export interface Decisions {
  readonly choose: Choose
  readonly decide: (conflict: MergeConflict, side: Side) => void
  /** Those that wait for one. */
  readonly left: () => readonly MergeConflict[]
}

const idOf = ({ keyPath, document, isRange }: MergeConflict): string => JSON.stringify([document, isRange, keyPath])

export function decisionsOf({ rest, taken }: Wishes, conflicts: readonly MergeConflict[]): Decisions {
  const decided = new Map<string, Side>()
  for (const conflict of conflicts) {
    // The path that says most of a conflict decides it.
    const [nearestOne] = taken
      .filter(({ path }) => isBelow(conflict, path))
      .sort((a, b) => b.path.length - a.path.length)
    const side = nearestOne?.side ?? rest
    if (side !== undefined) decided.set(idOf(conflict), side)
  }
  return {
    choose: (conflict) => decided.get(idOf(conflict)),
    decide: (conflict, side) => decided.set(idOf(conflict), side),
    left: () => conflicts.filter((conflict) => !decided.has(idOf(conflict))),
  }
}
