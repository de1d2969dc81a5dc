// `sops git uninstall` undoes what `sops git install` did.
import { dirname } from 'node:path'
import { fingerprint } from '../../../disk/index.ts'
import { messageOf, SopsError } from '../../../errors.ts'
import { readFile, rm } from '../../../system/index.ts'
import { counted } from '../../../text/counted.ts'
import { type Command, command } from '../../command.ts'
import { writeOutput } from '../../files.ts'
import { bool } from '../../flag.ts'
import { withoutAttributes } from '../../git/attributes-file.ts'
import { filterFlags } from '../../git/filter.ts'
import { globalAttributes, ownAttributes } from '../../git/place.ts'
import { readRecord, recordPlace, removeRecord } from '../../git/record.ts'
import { hasFilter, takeSettings } from '../../git/settings.ts'
import { withdrawPlaintext } from '../../git/withdraw.ts'
import { hookNames } from '../../hook/block.ts'
import { uninstallHook } from '../../hook/uninstall.ts'
import type { Invocation, Io } from '../../invocation.ts'

const flags = [bool('global', 'for all repositories of this user'), ...filterFlags] as const
type Given = Invocation<(typeof flags)[number]>

export const uninstall: Command = command({
  args: '',
  flags,
  examples: ['sops git uninstall', 'sops git uninstall --global'],
  run,
})

async function run(inv: Given, io: Io): Promise<number> {
  if (inv.positionals.length > 0)
    throw new SopsError('generic', 'sops git uninstall takes no words: it takes back all that git install did')
  const global = inv.bool('global')
  const scope = global ? '--global' : '--local'
  const attributes = global ? await globalAttributes(io) : await ownAttributes(io)
  const top = dirname(attributes)
  // While the filter is there: it tells what has changed, and whatever fails leaves a work tree that it knows.
  const withdrawn = !global && (await hasFilter(io, scope)) ? await withdrawPlaintext(inv, io, top) : undefined
  const recordPath = await recordPlace(io, attributes, global)
  const record = await readRecord(recordPath)
  const read = await readFile(attributes).catch(() => undefined)
  const old = read?.toString('latin1')
  const next = withoutAttributes(old, record?.attributes)
  const put = (text: string | undefined, expect: string | undefined): Promise<void> =>
    replace(io, attributes, text, expect)
  if (next !== old) await put(next, old)
  try {
    const keys = await takeSettings(io, scope, record?.settings ?? {})
    if (next === old && keys.length === 0) await io.say('nothing was installed here')
    else await io.say(`git knows no sops any more (${attributes})${leftText(next)}`)
  } catch (error) {
    if (next !== old) await put(old, next)
    throw error
  }
  await removeRecord(recordPath)
  await withdrawn?.finish()
  if (!global) for (const name of hookNames) await uninstallHook(name, top, io)
  return 0
}

/** What is said of lines that no record tells of, such as those of a clone: the repository has them for everybody. */
function leftText(text = ''): string {
  const left = text.match(/^.*[ \t](?:diff=sopsdiffer|(?:merge|filter)=sops)(?:[ \t\r]|$)/gm)?.length ?? 0
  return left === 0
    ? ''
    : `, of which ${counted(left, 'line')} for sops, older than git install, stay: Git passes over them`
}

/** Gives the file another text, or takes it away, unless somebody else has changed it since. */
async function replace(io: Io, path: string, next: string | undefined, old: string | undefined): Promise<void> {
  const expect = old === undefined ? 'absent' : fingerprint(Buffer.from(old, 'latin1'))
  if (next !== undefined) return writeOutput(io.host, path, Buffer.from(next, 'latin1'), { expect })
  try {
    if (fingerprint(await readFile(path)) === expect) await rm(path)
  } catch (error) {
    throw new SopsError('cannot-write', `${path} keeps the lines for sops: ${messageOf(error)}`, { cause: error })
  }
}
