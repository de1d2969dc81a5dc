// `sops help [COMMAND]`.
import { showTopic } from '../help.ts'
import type { Run } from '../invocation.ts'

export const run: Run = (inv, io) => showTopic(inv.positionals[0], [], io.host)
