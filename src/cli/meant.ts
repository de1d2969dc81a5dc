// What was probably meant by a word that is no command.
import { nearest } from '../text/suggest.ts'
import { commands, isGroup, rowsBelow } from './commands/index.ts'
import { namesOf } from './flag.ts'

/** What is called so elsewhere, by what to call here. */
export const otherNames: Readonly<Record<string, string>> = {
  decrypt: 'cat dump less open plain print read reveal show unseal view',
  'decrypt --extract': 'extract get query value',
  'decrypt --output-type': 'convert transform',
  doctor: 'audit debug diagnose health lint login troubleshoot validate verify',
  'doctor, keygen': 'config configure',
  edit: 'create editor modify nano new open-editor touch vi vim',
  encrypt: 'close conceal hide import protect seal',
  'exec-env': 'env environment load shell source',
  'exec-env, exec-file': 'exec run start with',
  filestatus: 'stat state status',
  'ls, doctor': 'info inspect',
  'git install': 'blame diff differ difftool filter history hook hooks install-git log pre-commit',
  'git install --filter': 'transparent',
  'git uninstall': 'deinstall uninstall-git',
  'git install, completion': 'install',
  merge: 'conflict conflicts mergetool resolve',
  'groups add, rotate --add-age': 'add-group grant share',
  'groups delete, rotate --rm-age': 'revoke unshare',
  help: '? commands docs example examples intro man manual tutorial usage',
  keygen: 'age-keygen gen gen-key generate generate-key genkey identity keypair new-key',
  'keygen, doctor': 'init initialise initialize setup',
  ls: 'dir files find list list-files scan tree',
  keyservice: 'agent daemon listen serve server',
  publish: 'deploy export push send sync upload',
  set: 'assign insert put replace write',
  'set, groups add': 'add append',
  'set, updatekeys': 'update',
  unset: 'clear erase',
  'unset, groups delete': 'del delete drop remove rm',
  'ls, updatekeys': 'key-list keys recipients',
  'updatekeys, rotate':
    'add-key add-recipient rekey re-encrypt reencrypt refresh remove-key remove-recipient renew rewrap rm-key',
  '--licenses': 'copyright licence licences license licenses',
  '--version': 'about ver version',
  '--version --check-for-updates': 'self-update update-check upgrade',
}

const meaningOf = (word: string): readonly string[] =>
  Object.entries(otherNames)
    .find(([, words]) => words.split(' ').includes(word))?.[0]
    .split(', ') ?? []

/** Commands of a group that are called so. */
const inGroups = (word: string): readonly string[] =>
  commands.flatMap((row) =>
    isGroup(row) ? row.subcommands.filter(({ name }) => name === word).map(({ name }) => `${row.name} ${name}`) : [],
  )

/**
 * The commands that a word may mean, as they stand behind `sops`: by another name, as one of a group, by a part of the name, by a slip, or
 * by a part of the word (`encrypt-file`).
 */
export function commandsLike(written: string): readonly string[] {
  const word = written.toLowerCase()
  const names = commands.flatMap(namesOf)
  const known = names.includes(word) ? [word] : [...meaningOf(word), ...inGroups(word)]
  if (known.length > 0) return [...new Set(known)]
  const parts = word.length < 3 ? [] : names.filter((name) => name.startsWith(word) || name.endsWith(word))
  if (parts.length > 0) return parts
  const near = nearest(word, names)
  if (near !== undefined) return [near]
  const inside = word.split(/[-_: ]/)
  return inside.length > 1 ? names.filter((name) => inside.includes(name)) : []
}

/** The same below a group, by what they are called there. */
export function subcommandsLike(word: string, group: string): readonly string[] {
  const names = rowsBelow(commands.find(({ name }) => name === group)).map(({ name }) => name)
  const [begin] = names.filter((name) => name.startsWith(word))
  const near = begin ?? nearest(word, names)
  if (near !== undefined) return [near]
  return meaningOf(word.toLowerCase()).flatMap((name) => names.filter((one) => name === `${group} ${one}`))
}
