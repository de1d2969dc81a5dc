// `sops ls`: which files are encrypted, for whom, and how much of them. Needs no key.
import { formatOfPath } from '../../formats/index.ts'
import { type Command, command } from '../command.ts'
import { bool } from '../flag.ts'
import type { Invocation, Io } from '../invocation.ts'
import { type ListedFile, makeLister, problemOf } from '../ls/facts.ts'
import { linesOf, type NamedFile } from '../ls/text.ts'
import { targetFlags } from '../many/flags.ts'
import { readMany } from '../many/read.ts'
import { sayJson, shownPath, statusOf } from '../many/report.ts'
import { isByFlag, targetsOf } from '../many/targets.ts'
import { sayLines } from '../say.ts'

const flags = [
  bool('keys', 'show the path of each key, and whether its value is encrypted'),
  bool('json', 'print the list as JSON, for programs'),
  ...targetFlags,
] as const

export const ls: Command = command({
  args: '[FILE...]',
  flags,
  examples: ['sops ls', 'sops ls --all --json', 'sops ls --keys secrets.yaml', "sops ls 'k8s/**/*.enc.yaml'"],
  root: ['config'],
  run,
})

interface Listed extends NamedFile {
  readonly path: string
}

/** Exit status: 0 if all files could be read, whatever their problems. */
async function run(inv: Invocation<(typeof flags)[number]>, io: Io): Promise<number> {
  const words = inv.positionals.length === 0 && !isByFlag(inv) ? ['.'] : inv.positionals
  const targets = await targetsOf(inv, io, 'encrypted', words)
  const files: Listed[] = []
  const reading = { targets, doing: 'reading', isQuiet: true }
  const errors = await readMany(inv, io, reading, makeLister(io.ctx), ({ target: { name, path }, result, error }) => {
    files.push({ ...(result ?? unreadable(path, error)), name, path: shownPath(io, path) })
  })
  if (inv.bool('json')) await sayList(inv, io, files, errors.length)
  else {
    const look = { style: io.style, isTerminal: io.host.stdout.isTTY, keys: inv.bool('keys') }
    await sayLines(io.host.stdout, linesOf(files, look))
  }
  return statusOf(errors)
}

function unreadable(path: string, error: unknown): ListedFile {
  const { code, message } = problemOf(error)
  return {
    format: formatOfPath(path),
    recipients: [],
    values: { encrypted: 0, clear: 0 },
    keys: [],
    problems: [{ code, message: `it cannot be read: ${message}` }],
  }
}

function sayList(
  inv: Invocation<(typeof flags)[number]>,
  io: Io,
  files: readonly Listed[],
  failed: number,
): Promise<void> {
  const shown = files.map(({ name: _, keys, path, format, recipients, values, problems }) => ({
    path,
    format,
    recipients,
    values,
    problems,
    ...(inv.bool('keys') ? { keys } : {}),
  }))
  const problems = files.reduce((sum, file) => sum + file.problems.length, 0)
  return sayJson(io, 'ls', shown, { read: files.length - failed, failed, problems })
}
