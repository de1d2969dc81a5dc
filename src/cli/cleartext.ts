// Checks what a command would newly store in clear in a file against the user's own creation rule.

import { compileSelection, orDefault, type Selection, type SelectionOptions } from '../cipher/index.ts'
import { type Config, ruleOf } from '../config/index.ts'
import type { Context } from '../context/index.ts'
import type { SealOutput } from '../file/index.ts'
import { checkCleartext, type OwnRule } from '../file/index.ts'
import type { Metadata } from '../metadata/index.ts'
import type { Tree } from '../tree/tree.ts'
import type { allowCleartext } from './flags.ts'
import type { Invocation, Io } from './invocation.ts'

/** What was sealed with `allowCleartext` set, and for which file. */
interface Checked {
  readonly sealed: SealOutput
  readonly plain: Tree
  readonly metadata: Metadata
  readonly selection: Selection
}

/**
 * Judges what `sealed` stores in clear, and looks for the rule only if there is something to judge. Call it before anything is written.
 * @throws SopsError `cleartext`.
 */
export async function checkClear(
  { sealed, plain, metadata, selection }: Checked,
  inv: Invocation<typeof allowCleartext>,
  { ctx }: Io,
  findRule: () => Promise<OwnRule | undefined>,
): Promise<void> {
  const { clear } = sealed
  if (clear.length === 0) return
  const rule = await findRule()
  const isAllowed = inv.bool('allow-cleartext')
  const found = { plain, settings: metadata.selection, selection, clear }
  checkCleartext(found, { rule, allowCleartext: isAllowed, log: ctx.log })
}

/** The creation rule for an existing file, if it says what to encrypt. */
export const creationRule =
  (config: Config | undefined, path: string, ctx: Context) => async (): Promise<OwnRule | undefined> => {
    const rule = await ruleOf(config, path, ctx)
    return rule && (await ownRule(rule.selection, rule.name))
  }

/** Undefined for an expression that does not compile, which says nothing about any value. */
async function ownRule(settings: SelectionOptions, name: string): Promise<OwnRule | undefined> {
  const selection = await compileSelection(orDefault(settings))
  return selection.invalid === undefined ? { selection, name } : undefined
}
