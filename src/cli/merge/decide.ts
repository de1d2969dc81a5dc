// What nothing has decided yet: people do, at the terminal or in their editor.
import type { OpenMerge } from '../../merge/index.ts'
import { fileWord } from '../../text/quote.ts'
import type { Io } from '../invocation.ts'
import { sayLines } from '../say.ts'
import type { Decisions } from './choices.ts'
import { editDraft } from './draft.ts'
import { askConflicts } from './questions.ts'
import { conflictLines } from './report.ts'
import type { Decided, Task } from './task.ts'

const isAtTerminal = ({ host }: Io): boolean => host.stdin.isTTY && host.stderr.isTTY

const hasEditor = ({ env }: Io['ctx']): boolean => Boolean(env['SOPS_EDITOR'] || env['EDITOR'])

/** @throws SopsError as `editDraft`. */
export async function decideRest(
  task: Task,
  merge: OpenMerge,
  decisions: Decisions,
  isBaseUnknown: boolean,
): Promise<Decided> {
  const { io, name } = task
  if (isAtTerminal(io)) {
    const decided = await askConflicts(task, merge, decisions, isBaseUnknown)
    if (decided === 'left' || decided === 'quit') await io.tell(`${name}: ${leftText(decisions)}`)
    return decided
  }
  const left = decisions.left()
  const isOfValues = left.every(({ path }) => path !== undefined)
  if (isOfValues && hasEditor(io.ctx)) {
    const sealed = await editDraft(task, merge, decisions)
    if (sealed) return { sealed }
    await io.tell(`${name}: ${leftText(decisions)}`)
    return 'left'
  }
  const flags = `decide with --ours, --theirs or --take '${left[0]?.keyPath}=theirs'`
  const next = isOfValues ? `${flags}, at a terminal, or with EDITOR set` : `${flags}, or at a terminal`
  const lines = conflictLines(name, left, { next: `${next}: sops merge ${fileWord(name)}`, labels: task.labels })
  await sayLines(io.host.stderr, lines)
  return 'left'
}

const leftText = (decisions: Decisions): string => {
  const { length } = decisions.left()
  return `${length === 1 ? '1 conflict is' : `${length} conflicts are`} left; the file stays as it was`
}
