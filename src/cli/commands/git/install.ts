// `sops git install` tells Git about the files of sops.
import { dirname } from 'node:path'
import { fingerprint } from '../../../disk/index.ts'
import { messageOf, SopsError } from '../../../errors.ts'
import { makeFolders, readFile, rm, systemErrorText } from '../../../system/index.ts'
import { patternText, refusePattern } from '../../attributes.ts'
import { type Command, command } from '../../command.ts'
import { writeOutput } from '../../files.ts'
import { bool, list } from '../../flag.ts'
import { ownPattern, patternsOfRules, usualPatterns } from '../../git/patterns.ts'
import { globalAttributes, ownAttributes } from '../../git/place.ts'
import { git } from '../../git.ts'
import { hookNames } from '../../hook/block.ts'
import { installHook, namedHooks } from '../../hook/install.ts'
import type { Invocation, Io } from '../../invocation.ts'

const flags = [
  bool('global', 'for all repositories of this user'),
  list(
    'hook',
    'also run sops check before each commit (pre-commit, unless another is named) or push (pre-push); may be repeated. A hook that is there keeps its lines, and what cannot be written is printed',
    { value: 'HOOK', optional: 'names no hook: leave out the = for pre-commit, or name one', values: hookNames },
  ),
] as const

export const install: Command = command({
  args: '[PATTERN...]',
  flags: flags,
  examples: [
    'sops git install',
    "sops git install '*.secret.yaml'",
    'sops git install --hook',
    'sops git install --global',
  ],
  run: run,
})

/** Writes the attributes and git's settings, both or neither: if git refuses its half, the attributes are put back. */
async function run(inv: Invocation<(typeof flags)[number]>, io: Io): Promise<number> {
  const global = inv.bool('global')
  const hooks = namedHooks(inv.list('hook'), inv.positionals, global)
  for (const pattern of inv.positionals) refusePattern(pattern)
  const attributes = global ? await globalAttributes(io) : await ownAttributes(io)
  if (global) await makeFolders(dirname(attributes), 0o700).catch(() => {})
  const read = await readFile(attributes).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new SopsError('bad-input', `Error reading file: ${systemErrorText(error, 'open', attributes)}`, {
      cause: error,
    })
  })
  // Latin-1 keeps bytes of any encoding as they are.
  const old = read?.toString('latin1') ?? ''
  const lines = new Set(old.split(/\r?\n/))
  const ofRules = global ? [] : await patternsOfRules(io, dirname(attributes))
  const own = await Promise.all(inv.positionals.map((pattern) => ownPattern(pattern, global, io)))
  const patterns = [...new Set([...usualPatterns, ...ofRules, ...own])]
  const missing = patterns
    .map((pattern) => `${patternText(pattern)} diff=sopsdiffer`)
    .filter((line) => !lines.has(line))
  const start = old === '' || old.endsWith('\n') ? old : `${old}\n`
  const next = missing.length > 0 ? Buffer.from(`${start}${missing.join('\n')}\n`, 'latin1') : undefined
  if (next) await writeOutput(io.host, attributes, next, { expect: read ? fingerprint(read) : 'absent' })
  try {
    await git(io, 'config', global ? '--global' : '--local', 'diff.sopsdiffer.textconv', 'sops git textconv')
  } catch (error) {
    if (next) await putBack(io, attributes, next, read)
    throw error
  }
  await io.say(`git diff now decrypts ${patterns.join(' ')} (${attributes})`)
  for (const name of hooks) await installHook(name, dirname(attributes), io)
  return 0
}

/** Restores the file, unless somebody else has changed it since. */
async function putBack(io: Io, path: string, written: Uint8Array, before: Uint8Array | undefined): Promise<void> {
  try {
    if (before) return await writeOutput(io.host, path, before, { expect: fingerprint(written) })
    if (fingerprint(await readFile(path)) === fingerprint(written)) await rm(path)
  } catch (error) {
    throw new SopsError('cannot-write', `${path} keeps the lines for sops: ${messageOf(error)}`, { cause: error })
  }
}
