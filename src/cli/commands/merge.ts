// `sops merge`: resolves files that git has left in conflict.
import { SopsError } from '../../errors.ts'
import { type Command, command } from '../command.ts'
import { noFile } from '../extra-words.ts'
import { bool } from '../flag.ts'
import { decryptionOrder, ignoreMac, keyServices } from '../flags.ts'
import type { Invocation, Io } from '../invocation.ts'
import { statusOf } from '../many/report.ts'
import { choiceFlags, wishesOf } from '../merge/choices.ts'
import { resolveFile } from '../merge/resolve.ts'
import type { Means } from '../merge/task.ts'
import { isTool, resolveAsTool, toolFlags } from '../merge/tool.ts'
import { orderOf, servicesOf } from '../settings.ts'

const flags = [
  ...choiceFlags,
  bool('no-add', 'leave it to you to stage what is merged'),
  ignoreMac,
  decryptionOrder,
  ...keyServices,
  ...toolFlags,
] as const
type Given = Invocation<(typeof flags)[number]>

export const merge: Command = command({
  args: 'FILE...',
  files: true,
  flags,
  examples: [
    'sops merge secrets.yaml',
    `sops merge --take '["db"]["password"]=theirs' --ours secrets.yaml`,
    'sops merge --base "$BASE" --local "$LOCAL" --remote "$REMOTE" --output "$MERGED"',
  ],
  run,
})

/** Exit status: 0 where all is merged, 1 where something is left to decide. */
async function run(inv: Given, io: Io): Promise<number> {
  const wishes = wishesOf(inv)
  const means: Means = {
    services: await servicesOf(inv, io),
    ...orderOf(inv),
    ignoreMac: inv.bool('ignore-mac'),
    wishes,
  }
  if (isTool(inv)) return (await resolveAsTool(means, inv, io)) === 'done' ? 0 : 1
  const files = [...new Set(inv.positionals)]
  if (files.length === 0) throw noFile(inv)
  if (files.length > 1 && wishes.taken.length > 0)
    throw new SopsError('usage', '--take is about the conflicts of one file', {
      hints: ['name one file at a time, or decide all for one side: --ours, --theirs'],
    })
  return resolveAll(means, files, !inv.bool('no-add'), io)
}

async function resolveAll(means: Means, files: readonly string[], adds: boolean, io: Io): Promise<number> {
  const errors: SopsError[] = []
  let isLeft = false
  for (const name of files) {
    try {
      const end = await resolveFile(means, io, name, adds)
      isLeft ||= end !== 'done'
      if (end === 'quit') break
    } catch (error) {
      if (!(error instanceof SopsError)) throw error
      await io.fail(error)
      errors.push(error)
    }
  }
  return isLeft ? 1 : statusOf(errors)
}
