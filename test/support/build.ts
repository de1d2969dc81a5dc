// Where the program is that the tests start: built before they begin (global-setup.ts), so that all see the same one, or an executable that
// SOPS_TEST_CLI names.
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../', import.meta.url))
const named = process.env['SOPS_TEST_CLI']

/** The Node form, for tests whose subject it is. */
export const bin: string = join(root, 'bin/sops.mjs')

/** Undefined when the Node form is tested. */
export const executable: string | undefined = named ? resolve(named) : undefined

/** What a link can lead to. */
export const programFile: string = executable ?? join(root, 'bin/sops.cjs')

/** The words that start the program, to which its own are added. */
export const program: readonly [string, ...string[]] = executable ? [executable] : [process.execPath, bin]

/** The same for a shell. */
export const programLine: string = program.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')

/** For tests that need Node itself: true, and said, when an executable is tested. */
export function skipsExecutable(what: string): boolean {
  if (executable) process.stderr.write(`skipped with an executable: ${what}\n`)
  return executable !== undefined
}
