// Usage errors: the reference's text, a suggestion, and how the command is called.
import { SopsError } from '../errors.ts'
import { withoutSecrets } from '../system/index.ts'
import { nearest } from '../text/suggest.ts'
import { oneArgumentHint } from './argument-hint.ts'
import type { UsageError } from './argv.ts'
import { isGroup, type Row } from './commands/index.ts'
import { dashed, type Flag, namesOf } from './flag.ts'
import { inPlace, rootFlags, sharedRootFlags } from './flags.ts'
import { folderHint } from './folder-hint.ts'
import { usageLine } from './help.ts'
import type { Host } from './host.ts'
import { reportError } from './report.ts'
import { say } from './say.ts'

const flagsOf = async (row: Row | undefined): Promise<readonly Flag[]> =>
  row === undefined ? rootFlags : isGroup(row) ? [] : (await row.load()).flags

/** Flags that are commands in the form without one; `-r` behind a command means `recursive`. */
const modeNames: ReadonlySet<string> = new Set(['decrypt', 'd', 'encrypt', 'e', 'rotate', 'set'])

/** Commands that write the file itself, flag or no flag. */
const alwaysInPlace: ReadonlySet<string> = new Set(['edit', 'set', 'unset', 'updatekeys'])

/**
 * What was probably meant by an unknown flag. yargs cannot tell: it recommends commands only, and anything within three changes. That would
 * turn `publish --age` into `publish --yes`, and `sops cat`, which makes a new file, into `sops set`.
 */
async function suggestion({ flag, words = [] }: UsageError, path: readonly Row[]): Promise<string | undefined> {
  if (flag === undefined) return undefined
  const row = path.at(-1)
  const own = (await flagsOf(row)).flatMap(namesOf)
  if (row && !own.includes(flag) && sharedRootFlags.has(flag)) {
    return `${dashed(flag)} stands before the command: sops ${dashed(flag)} … ${path.map(({ name }) => name).join(' ')}`
  }
  if (row && !own.includes(flag) && modeNames.has(flag) && !row.name.startsWith('exec-')) {
    const form = flag === 'set' ? `--set '["key"] "value"'` : dashed(flag)
    return `${dashed(flag)} is for the form without a command: sops ${form} FILE`
  }
  if (row && !own.includes(flag) && namesOf(inPlace).includes(flag) && alwaysInPlace.has(row.name)) {
    return `sops ${row.name} always writes the file itself: leave ${dashed(flag)} out`
  }
  if (row && /^(?:r|R|recursive)$/.test(flag)) return folderHint('DIR', path.map(({ name }) => name).join(' '))
  const near = nearest(flag, own)
  if (near !== undefined) return `did you mean ${dashed(near)}?`
  if (words.length > 2 && /^exec-(?:env|file)$/.test(row?.name ?? '')) return oneArgumentHint(row!.name, words)
  // The one short spelling that other programs have and SOPS has not.
  if (flag === 'o' && own.includes('output')) return 'did you mean --output?'
  const letters = [...flag]
  const combined = letters.length > 1 && letters.length < 5 && letters.every((letter) => own.includes(letter))
  return combined ? `short flags cannot be combined; write ${letters.map(dashed).join(' ')}` : undefined
}

/** Reports a usage error (spec/cli.md 2.6); the status is 1. */
export async function refuse(error: UsageError, path: readonly Row[], host: Host): Promise<number> {
  const usage = withoutSecrets(error.usage)
  const hint = await suggestion(error, path)
  const status = await reportError(new SopsError('usage', usage, { hints: hint === undefined ? [] : [hint] }), host)
  if (error.kind !== 'environment') await say(host.stderr, `usage: ${await usageLine(path, host)}`)
  return status
}
