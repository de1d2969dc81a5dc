// `--fix`: mends what a command mends, with that command.
import type { CheckFinding, RuleId } from '../../check/index.ts'
import { SopsError } from '../../errors.ts'
import { gitIn, topOf } from '../../repo/index.ts'
import { existsSync, readFile } from '../../system/index.ts'
import { fileWord } from '../../text/quote.ts'
import { isUsageError, parseWords } from '../argv.ts'
import type { Command } from '../command.ts'
import type { Invocation, Io } from '../invocation.ts'
import { ioOf } from '../many/one.ts'
import { shownPath } from '../many/report.ts'
import { wordsOf } from '../tracked.ts'
import type { CheckFlag } from './flags.ts'
import { mendValues } from './mend-value.ts'

type Given = Invocation<CheckFlag>

/** A way to mend what some rules find: in the order in which they are tried. */
interface Mending {
  readonly rules: readonly RuleId[]
  /** False for findings of these rules that it does not mend. */
  readonly mends: (finding: CheckFinding) => boolean
  readonly words: readonly string[]
  readonly load: () => Promise<Command>
  /** It takes no files. */
  readonly isWhole?: true
}

const always = (): boolean => true
const startsWith =
  (word: string) =>
  ({ fix }: CheckFinding): boolean =>
    fix?.startsWith(word) === true

const mendings: readonly Mending[] = [
  {
    rules: ['plaintext-file'],
    mends: startsWith('sops lock'),
    words: [],
    load: async () => (await import('../commands/lock.ts')).lock,
  },
  {
    rules: ['plaintext-file'],
    mends: startsWith('sops encrypt'),
    words: ['--in-place', '--keep-going'],
    load: async () => (await import('../commands/encrypt.ts')).encrypt,
  },
  {
    rules: ['recipients'],
    mends: startsWith('sops updatekeys'),
    words: ['--yes', '--keep-going'],
    load: async () => (await import('../commands/updatekeys.ts')).updatekeys,
  },
  {
    rules: ['shared-data-key', 'data-key-age'],
    mends: always,
    words: ['--in-place', '--keep-going'],
    load: async () => (await import('../commands/rotate.ts')).rotate,
  },
  {
    rules: ['git-setup'],
    mends: always,
    words: [],
    load: async () => (await import('../commands/git/install.ts')).install,
    isWhole: true,
  },
]

/**
 * Mends what it can; each failure is said, and what is left is for the next check to find.
 * @param standing what of it the work tree has, where that may be less: the rest is mended there.
 */
export async function fixFindings(
  inv: Given,
  io: Io,
  findings: readonly CheckFinding[],
  standing: readonly CheckFinding[] = findings,
): Promise<void> {
  const fixable = standing.filter(isFixable)
  const left = new Set(standing.map(({ path }) => path))
  const mended = findings.filter((finding) => isFixable(finding) && !left.has(finding.path) && existsSync(finding.path))
  const before = await contentsOf(fixable)
  await mendAllValues(
    inv,
    io,
    fixable.filter(({ rule }) => rule === 'plaintext-value'),
  )
  for (const mending of mendings) {
    const own = fixable.filter((finding) => mending.rules.includes(finding.rule) && mending.mends(finding))
    if (own.length > 0) await runMending(inv, io, mending, own)
  }
  const after = await contentsOf(fixable)
  await stage(inv, io, [
    ...new Set([
      ...mended.map(({ path }) => path),
      ...[...after].flatMap(([path, text]) => (before.get(path) === text ? [] : [path])),
    ]),
  ])
}

const isFixable = ({ fix }: CheckFinding): boolean => fix !== undefined

async function contentsOf(findings: readonly CheckFinding[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const { path } of findings) if (!found.has(path)) found.set(path, await readFile(path, 'latin1').catch(() => ''))
  return found
}

async function mendAllValues(inv: Given, io: Io, findings: readonly CheckFinding[]): Promise<void> {
  for (const [path, place] of new Map(findings.map((finding) => [finding.path, finding.place]))) {
    const target = { path, name: shownPath(io, path), named: true }
    const child = { ...ioOf(inv, io, target), write: io.write }
    try {
      await mendValues(inv, child, target.name, place)
      child.release()
    } catch (error) {
      if (!(error instanceof SopsError)) throw error
      child.release()
      await child.fail(error)
    }
  }
}

async function runMending(inv: Given, io: Io, mending: Mending, findings: readonly CheckFinding[]): Promise<void> {
  const command = await mending.load()
  const names = [...new Set(findings.map(({ path }) => path))].map((path) => shownPath(io, path))
  const words = [...mending.words, ...(mending.isWhole ? [] : ['--', ...names])]
  const parsed = parseWords(command.flags, words, io.host.env, 'command')
  if (isUsageError(parsed)) throw new SopsError('generic', parsed.usage)
  try {
    // What it says goes to stderr: stdout is the report's.
    const quiet: Io = { ...io, say: io.tell }
    const { root } = inv
    await command.run(
      { ...parsed.values, command: [], positionals: parsed.positionals, root, legacy: false } as never,
      quiet,
    )
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    await io.fail(error)
  }
}

/** Names in one call of Git. */
const atOnce = 500

/** The index is the user's: it is touched where they say so. */
async function stage(inv: Given, io: Io, paths: readonly string[]): Promise<void> {
  const top = paths.length > 0 ? await topOf(io.ctx.cwd, io.ctx) : undefined
  if (top === undefined) return
  const names = paths.map((path) => shownPath(io, path))
  if (inv.bool('stage')) {
    const git = gitIn(io.ctx.cwd, io.ctx)
    for (let at = 0; at < names.length; at += atOnce) await git.run('add', '--', ...names.slice(at, at + atOnce))
    return
  }
  await io.tell(`mended in the work tree: git add ${wordsOf(names.map(fileWord))}`)
}
