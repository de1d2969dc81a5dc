// Which files the filter of Git is for, in a clone that has it.
import type { Git } from '../../repo/index.ts'
import { textOf } from '../../system/index.ts'

/** Names that are asked about in one call: arguments have a limit. */
export const namesAtOnce = 500

/** Those of the names, from the top of the work tree, that have the attribute. */
export async function withFilter(git: Git, names: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (let at = 0; at < names.length; at += namesAtOnce) {
    const some = names.slice(at, at + namesAtOnce)
    const told = textOf(await git.run('check-attr', '-z', 'filter', '--', ...some)).split('\0')
    // Name, attribute and value, again and again.
    for (let i = 0; i + 2 < told.length; i += 3) if (told[i + 2] === 'sops') found.add(told[i]!)
  }
  return found
}

/** The same where this clone runs the filter: elsewhere the attribute does nothing. */
export async function filteredNames(git: Git, names: readonly string[]): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set()
  const runs = await git.ask('config', '--get-regexp', '^filter\\.sops\\.(process|clean)$').catch(() => undefined)
  return runs === undefined ? new Set() : withFilter(git, names)
}
