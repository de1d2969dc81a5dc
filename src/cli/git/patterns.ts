// Which files `sops git install` tells Git about: by their usual names, by the rules of the repository, and by the user's own words.
import { join } from 'node:path'
import { loadConfig } from '../../config/index.ts'
import { messageOf } from '../../errors.ts'
import { quote } from '../../text/quote.ts'
import { patternIn, patternsOf } from '../attributes.ts'
import { git } from '../git.ts'
import type { Io } from '../invocation.ts'

/** Files that are encrypted wherever they are. */
export const usualPatterns: readonly string[] = [
  '*.enc.yaml',
  '*.enc.yml',
  '*.enc.json',
  '*.enc.env',
  '*.enc.ini',
  '*.sops.yaml',
  '*.sops.yml',
  '*.sops.json',
  '*.sops.env',
  '*.sops.ini',
]

/** What secrets are usually called; for rules that are for every file, where more would send every plain file through a program. */
const secretPatterns = ['yaml', 'yml', 'json', 'env', 'ini'].map((ending) => `*secret*.${ending}`)

/** As .gitattributes has it: no pattern there is for a folder, or begins where the user is. */
export async function ownPattern(pattern: string, global: boolean, io: Io): Promise<string> {
  const below = pattern.replace(/(?<=[^/])\/+$/, '/**')
  const [, rest] = /^(?:\.\/+)+(.*)$/.exec(below) ?? []
  if (rest === undefined) return below
  const folder = global ? '' : await git(io, 'rev-parse', '--show-prefix')
  // Without a slash it would be for files of that name in every folder.
  return folder === '' && rest.includes('/') ? rest : patternIn(folder, `/${rest}`)
}

/** The configurations of a repository, by their folders: `''`, or `a/b/`. */
async function configFolders(io: Io, top: string): Promise<readonly string[]> {
  const listed = await git(io, '-C', top, 'ls-files', '-zco', '--exclude-standard', '--', '.sops.yaml', '**/.sops.yaml')
  return listed
    .split('\0')
    .filter((name) => name !== '')
    .map((name) => name.slice(0, -'.sops.yaml'.length))
}

/** What the creation rules of the repository say is encrypted; advice names the rules of which that cannot be told. */
export async function patternsOfRules(io: Io, top: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const folder of await configFolders(io, top)) {
    const path = join(top, folder, '.sops.yaml')
    const advise = (message: string): void => io.ctx.log({ level: 'advice', logger: 'CMD', message })
    const config = await loadConfig({ path, absolutePath: path, found: true }, io.ctx).catch((error: unknown) => {
      advise(`the rules of ${path} are not taken into account: ${messageOf(error)}`)
    })
    for (const [i, { path_regex: expression = '' }] of (config?.creationRules ?? []).entries()) {
      const rule = `creation_rules[${i}] of ${path}`
      const patterns = patternsOf(expression)
      if (/^\^?(?:\.[*+])?\$?$/.test(expression)) {
        for (const pattern of secretPatterns) found.push(patternIn(folder, pattern))
        advise(
          `${rule} is for every file: of those the ones with "secret" in their names are taken; name others, as in sops git install '*.yaml'`,
        )
      } else if (patterns) for (const pattern of patterns) found.push(patternIn(folder, pattern))
      else {
        advise(
          `${rule} gives no patterns: no pattern means exactly ${quote(expression)}; name its files, as in sops git install '*.secret.yaml'`,
        )
      }
    }
  }
  return found
}
