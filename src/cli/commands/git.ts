// `sops git textconv` shows a file to `git diff`; `sops git install` tells git about it.

import { dirname, join, resolve } from 'node:path'
import { loadConfig } from '../../config/index.ts'
import type { Context } from '../../context/index.ts'
import { fingerprint } from '../../disk/index.ts'
import { messageOf, SopsError, withHints } from '../../errors.ts'
import { emitPlain, loadEncrypted, withOpenFile } from '../../file/index.ts'
import type { FormatId } from '../../formats/index.ts'
import { formatOfPath, isFormatId, sniffFormat } from '../../formats/index.ts'
import { othersText } from '../../metadata/index.ts'
import { lstat, makeFolders, readFile, rm, systemErrorText } from '../../system/index.ts'
import { oneLine, quote } from '../../text/quote.ts'
import { patternIn, patternsOf, patternText, refusePattern } from '../attributes.ts'
import { type Command, command } from '../command.ts'
import { noFile } from '../extra-words.ts'
import { writeOutput } from '../files.ts'
import { bool, list } from '../flag.ts'
import { decryptionOrder, inputType, keyServices, networkKeys } from '../flags.ts'
import { git } from '../git.ts'
import { hookNames } from '../hook/block.ts'
import { installHook, namedHooks } from '../hook/install.ts'
import type { Invocation, Io } from '../invocation.ts'
import { localOnly } from '../local-only.ts'
import { placedLines } from '../report.ts'
import { absolutePath, orderOf, servicesOf } from '../settings.ts'

const installFlags = [
  bool('global', 'for all repositories of this user'),
  list(
    'hook',
    'also run sops check before each commit (pre-commit, unless another is named) or push (pre-push); may be repeated. A hook that is there keeps its lines, and what cannot be written is printed',
    { value: 'HOOK', optional: 'names no hook: leave out the = for pre-commit, or name one', values: hookNames },
  ),
] as const

export const install: Command = command({
  args: '[PATTERN...]',
  flags: installFlags,
  examples: [
    'sops git install',
    "sops git install '*.secret.yaml'",
    'sops git install --hook',
    'sops git install --global',
  ],
  run: runInstall,
})

const textconvFlags = [inputType, decryptionOrder, networkKeys, ...keyServices] as const
type ToShow = Invocation<(typeof textconvFlags)[number]>

export const textconv: Command = command({
  args: 'FILE',
  oneFile: true,
  flags: textconvFlags,
  examples: [],
  run: runTextconv,
})

/**
 * Prints the plaintext if a key is at hand. Anything else is shown as it is after one line that says why: git stops the whole diff when a
 * textconv program fails, and there may be nobody to answer a prompt.
 */
async function runTextconv(inv: ToShow, io: Io): Promise<number> {
  const [name] = inv.positionals
  if (name === undefined) throw noFile(inv)
  io.about(name)
  const path = absolutePath(io.ctx, name)
  const bytes = await readFile(path).catch((error: unknown) => {
    io.ctx.log({ level: 'error', logger: 'CMD', message: systemErrorText(error, 'open', path) })
  })
  if (!bytes) return 0
  const seen = sniffFormat(bytes)
  const format = formatToShow(inv.string('input-type'), seen, formatOfPath(name))
  const local = localOnly(inv, io.ctx)
  const ctx: Context = {
    ...io.ctx,
    unattended: true,
    prompt: async () => undefined,
    log: () => {},
    // The terminal is the pager's.
    watch: undefined,
    localOnly: local.ask,
  }
  try {
    await io.out(format ? await plaintext(inv, ctx, path, bytes, format) : bytes)
  } catch (error) {
    if (seen === undefined && error instanceof SopsError && isPlain(error)) {
      await io.out(bytes)
      return 0
    }
    const [reason = ''] = error instanceof SopsError ? placedLines(error) : [messageOf(error)]
    const remark = (text: string): string => `${commentMark(format ?? formatOfPath(name))} sops: ${text}`
    await io.say(remark(`shown encrypted: ${reason}`))
    if (local.refusal !== undefined) await io.say(remark(`not all keys were tried: ${local.refusal}`))
    await io.out(bytes)
  }
  return 0
}

/** By the flag, else by content. A flow YAML text may look like JSON, and one with an indented root like a plain file. */
function formatToShow(named: string, seen: FormatId | undefined, byPath: FormatId): FormatId | undefined {
  if (isFormatId(named)) return named
  if (seen === undefined) return byPath === 'binary' ? undefined : byPath
  return seen === 'json' && byPath === 'yaml' ? byPath : seen
}

const isPlain = ({ code, details }: SopsError): boolean => code === 'parse' || details.fault === 'no metadata'

const commentMark = (format: FormatId): string =>
  format === 'ini' ? ';' : format === 'json' || format === 'binary' ? '//' : '#'

async function plaintext(
  inv: ToShow,
  ctx: Context,
  path: string,
  bytes: Uint8Array,
  format: FormatId,
): Promise<Uint8Array> {
  const services = await servicesOf(inv, { ctx })
  const encrypted = await loadEncrypted(bytes, format)
  const remark = (text: string): string => `${commentMark(format)} sops: ${oneLine(text)}\n`
  let note = encrypted.others.length > 0 ? remark(othersText(encrypted.others)) : ''
  const text = (ignoreMac: boolean): Promise<Uint8Array> =>
    withOpenFile(
      encrypted,
      { services, ...orderOf(inv), ignoreMac, audit: { context: ctx, file: path } },
      async (file) => Buffer.concat([Buffer.from(note), await emitPlain(file, format, {})]),
    )
  // A diff is needed most when something is wrong, such as the MAC after a merge.
  return text(false).catch((error: unknown) => {
    if (!(error instanceof SopsError) || error.code !== 'mac-mismatch') throw error
    note += remark('the MAC does not match: this file was changed without its key')
    return text(true)
  })
}

/** Files that are encrypted wherever they are. */
const usualPatterns = [
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

/** Writes the attributes and git's settings, both or neither: if git refuses its half, the attributes are put back. */
async function runInstall(inv: Invocation<(typeof installFlags)[number]>, io: Io): Promise<number> {
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

/** As .gitattributes has it: no pattern there is for a folder, or begins where the user is. */
async function ownPattern(pattern: string, global: boolean, io: Io): Promise<string> {
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
async function patternsOfRules(io: Io, top: string): Promise<readonly string[]> {
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

/** Restores the file, unless somebody else has changed it since. */
async function putBack(io: Io, path: string, written: Uint8Array, before: Uint8Array | undefined): Promise<void> {
  try {
    if (before) return await writeOutput(io.host, path, before, { expect: fingerprint(written) })
    if (fingerprint(await readFile(path)) === fingerprint(written)) await rm(path)
  } catch (error) {
    throw new SopsError('cannot-write', `${path} keeps the lines for sops: ${messageOf(error)}`, { cause: error })
  }
}

const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  )

/** @throws SopsError `generic`. */
async function mustBeRegular(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found && !found.isFile()) throw new SopsError('generic', `${path} is no regular file`)
}

/**
 * The repository's attributes file, once it is sure that the installation writes through no link.
 * @throws SopsError `generic` for a link: whoever made the repository may have placed it to have another file changed.
 */
async function ownAttributes(io: Io): Promise<string> {
  const top = await git(io, 'rev-parse', '--show-toplevel').catch((error: unknown) => {
    const hints = ['run it inside of a repository; sops git install --global is for all that you have']
    throw error instanceof SopsError ? withHints(error, hints) : error
  })
  const attributes = join(top, '.gitattributes')
  const own = [attributes, join(top, '.git')]
  const folder = resolve(io.ctx.cwd, await git(io, 'rev-parse', '--git-common-dir'))
  for (const path of [...own, join(folder, 'config')]) {
    if (!(await isLink(path))) continue
    const settings = 'git config diff.sopsdiffer.textconv "sops git textconv"'
    throw new SopsError('generic', `${path} is a symbolic link: nothing is written through it`, {
      hints:
        path === attributes
          ? ['git does not read it either: make it a file']
          : [`if the link is right: ${settings}`, `in .gitattributes: ${usualPatterns[0]} diff=sopsdiffer`],
    })
  }
  await mustBeRegular(attributes)
  return attributes
}

/** The user's attributes file; git is told of the path if it has none. */
async function globalAttributes(io: Io): Promise<string> {
  const named = await git(io, 'config', '--global', '--type=path', 'core.attributesFile').catch(() => '')
  if (named !== '') return named
  const { env, home } = io.ctx
  const base = env.XDG_CONFIG_HOME || (home && join(home, '.config'))
  if (!base) throw new SopsError('generic', 'the home directory is not known', { hints: ['set HOME'] })
  return join(base, 'git', 'attributes')
}
