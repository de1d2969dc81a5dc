// Asks at the terminal how each conflict is to be decided. Values are masked until somebody wants to see them, and go from the screen with the
// answer.
import type { MergeConflict, OpenMerge, Side } from '../../merge/index.ts'
import { cut } from '../progress.ts'
import { Control, type Line, sayLines } from '../say.ts'
import type { Decisions } from './choices.ts'
import { editDraft } from './draft.ts'
import { whatOf } from './report.ts'
import { nodeText } from './shown.ts'
import type { Decided, Task } from './task.ts'

const lineUp = new Control('\x1b[A')
const eraseBelow = new Control('\x1b[J')

const sidesByLetter: Readonly<Record<string, Side>> = { o: 'ours', t: 'theirs', b: 'base' }

/** Decides in `decisions` what is answered. @throws SopsError as `editDraft`. */
export async function askConflicts(
  task: Task,
  merge: OpenMerge,
  decisions: Decisions,
  isBaseUnknown: boolean,
): Promise<Decided> {
  const { io } = task
  const resume = io.pause()
  try {
    const open = decisions.left()
    for (const [i, conflict] of open.entries()) {
      await io.tell(`${i + 1} of ${open.length}: ${whatOf(conflict, task.labels)}`)
      const answer = await askOne(task, merge, decisions, { conflict, hasBase: !isBaseUnknown })
      if (answer === 'quit' || typeof answer === 'object') return answer
    }
  } finally {
    resume()
  }
  return decisions.left().length > 0 ? 'left' : {}
}

interface Question {
  readonly conflict: MergeConflict
  readonly hasBase: boolean
}

/** Undefined for the next one. */
async function askOne(
  task: Task,
  merge: OpenMerge,
  decisions: Decisions,
  question: Question,
): Promise<Exclude<Decided, 'left'> | undefined> {
  const { io } = task
  const { conflict, hasBase } = question
  await sayLines(io.host.stderr, sideLines(task, question, false))
  for (let shown = 0; ; ) {
    const answer = await io.ctx.prompt(`${words(question)}: `, { key: true })
    if (shown > 0) await io.tell([...Array.from({ length: shown + 1 }, () => lineUp), eraseBelow, words(question)])
    shown = 0
    const letter = answer?.slice(0, 1).toLowerCase()
    const side = letter === undefined ? undefined : sidesByLetter[letter]
    if (side !== undefined && (side !== 'base' || hasBase)) {
      decisions.decide(conflict, side)
      return undefined
    }
    if (letter === undefined || letter === 'q') return 'quit'
    if (letter === 's') return undefined
    if (letter === 'v') {
      const lines = sideLines(task, question, true)
      await sayLines(io.host.stderr, lines)
      shown = lines.length
    } else if (letter === 'e') {
      const sealed = await edited(task, merge, decisions)
      if (sealed) return { sealed }
    } else
      await io.tell('  o, t, b: that side; e: all that is left in your editor; v: show the values; s: skip; q: quit')
  }
}

async function edited({ io, ...task }: Task, merge: OpenMerge, decisions: Decisions): Promise<Uint8Array | undefined> {
  const setting = decisions.left().find(({ path }) => path === undefined)
  if (setting) {
    await io.tell(`  ${setting.keyPath} is no part of the text: decide it with a letter first`)
    return undefined
  }
  const sealed = await editDraft({ ...task, io }, merge, decisions)
  if (!sealed) await io.tell('  the text is as it was')
  return sealed
}

const words = ({ conflict, hasBase }: Question): string =>
  [
    '  o(urs), t(heirs)',
    ...(hasBase ? ['b(ase)'] : []),
    'e(dit)',
    ...(conflict.path ? ['v(iew)'] : []),
    's(kip), q(uit)',
  ].join(', ')

function sideLines({ io, labels }: Task, { conflict, hasBase }: Question, isClear: boolean): Line[] {
  // Settings are no nodes; they say themselves what is the matter.
  if (conflict.path === undefined) return []
  const sides: readonly (readonly [string, Side])[] = [
    [labels.ours, 'ours'],
    ...(hasBase ? ([['before', 'base']] as const) : []),
    [labels.theirs, 'theirs'],
  ]
  const width = sides.reduce((most, [label]) => Math.max(most, label.length), 0)
  return sides.map(([label, side]) => {
    const text = `  ${label.padEnd(width)}  ${nodeText(conflict[side], isClear)}`
    // One row of the terminal, so that it can be taken back; one that does not know its size says 0.
    return isClear ? cut(text, io.host.stderr.columns || 80) : text
  })
}
