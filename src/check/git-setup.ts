// Whether this clone shows encrypted files decrypted in `git diff`: an attribute in the repository, and a program in its settings.
import type { Git } from '../repo/index.ts'
import { textOf } from '../system/index.ts'
import { counted } from '../text/counted.ts'
import type { CheckedName } from './check.ts'
import type { Fault } from './finding.ts'

const driver = 'sopsdiffer'
const fix = 'sops git install'

/** Files that are asked about in one call: arguments have a limit. */
const atOnce = 500

/** What there is to say of the clone; nothing where no file is encrypted. */
export async function checkGitSetup(git: Git, files: readonly CheckedName[]): Promise<readonly Fault[]> {
  if (files.length === 0) return []
  const without = await filesWithout(git, files)
  if (without.length > 0) {
    const message = `${counted(without.length, 'encrypted file')} without the attribute diff=${driver}: git diff shows ciphertext (${without[0]})`
    return [{ rule: 'git-setup', message, fix }]
  }
  const program = await git.ask('config', '--get', `diff.${driver}.textconv`)
  if (program !== undefined) return []
  return [{ rule: 'git-setup', message: `this clone has no diff.${driver}.textconv: git diff shows ciphertext`, fix }]
}

async function filesWithout(git: Git, files: readonly CheckedName[]): Promise<readonly string[]> {
  const found: string[] = []
  for (let at = 0; at < files.length; at += atOnce) {
    const places = files.slice(at, at + atOnce).map(({ place }) => place)
    const told = textOf(await git.run('check-attr', '-z', 'diff', '--', ...places)).split('\0')
    // Name, attribute and value, again and again.
    for (let i = 0; i + 2 < told.length; i += 3) if (told[i + 2] !== driver) found.push(told[i]!)
  }
  return found
}
