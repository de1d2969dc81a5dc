// Every command that writes files: what it is given, what each file may hold afterwards, and what must not be left behind.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { runCli, type Sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'

export const canary = 'canary-4f1c'
export const plain: string = `# remark ${canary}\na: ${canary}-one\nl:\n  - ${canary}-two\n`

const identities = ['one', 'two'].map((name) => readFileSync(join(keysFolder, `${name}.age`), 'utf8'))
const recipients = identities.map((text) => /age1[a-z0-9]+/.exec(text)![0])

/** Environment of every run. Temporary files of the program go below `tmp`. */
export const envOf = (box: Sandbox): Readonly<Record<string, string>> => ({
  PATH: process.env.PATH ?? '',
  HOME: box.path('home'),
  SOPS_AGE_KEY: identities.join('\n'),
  SOPS_AGE_RECIPIENTS: recipients[0]!,
  SOPS_DISABLE_VERSION_CHECK: '1',
  TMPDIR: box.path('tmp'),
  EDITOR: "sed -i 's/-one/-three/'",
})

/** `groups`: sealed for two groups, so that one can be deleted. */
type Content = 'plain' | 'sealed' | 'groups' | 'absent'

interface Written {
  readonly before: Content
  /** Whether the text is what the command makes. */
  readonly after: (text: string, box: Sandbox) => Promise<boolean>
  readonly mode?: number
}

export interface Writer {
  /** Run beside the folder `d`, which holds the files. */
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** By name; each is a symbolic link to a file of mode 0640 in `d/real`, unless `place` says otherwise. */
  readonly files: Readonly<Record<string, Written>>
  readonly place?: 'two names' | 'itself'
  /** More to lay out in `d`. */
  readonly prepare?: (folder: string) => void
  /** Its result is plaintext or an identity, and so is the temporary file that a kill may leave beside it. */
  readonly secret?: true
}

/** True for a text that opens and shows these values. */
const opensAs =
  (...values: readonly string[]): Written['after'] =>
  async (text, box) => {
    writeFileSync(box.path('check.yaml'), text)
    const { code, stdout } = await runCli(['decrypt', 'check.yaml'], { cwd: box.dir, env: envOf(box) })
    return code === 0 && values.every((value) => stdout.includes(value))
  }

const sealed = (...values: readonly string[]): Written => ({ before: 'sealed', after: opensAs(...values) })
const holds =
  (pattern: RegExp): Written['after'] =>
  async (text) =>
    pattern.test(text)

const bothRecipients = (folder: string): void =>
  writeFileSync(join(folder, '../.sops.yaml'), `creation_rules:\n  - age: ${recipients.join(',')}\n`)

const opensForBoth: Written = {
  before: 'sealed',
  after: async (text, box) => text.includes(recipients[1]!) && opensAs('-one', '-two')(text, box),
}

export const writers: Readonly<Record<string, Writer>> = {
  'encrypt -i': {
    argv: ['encrypt', '-i', 'd/file.yaml'],
    files: { 'file.yaml': { before: 'plain', after: opensAs('-one', '-two', 'remark') } },
  },
  'encrypt --output': {
    argv: ['encrypt', '--output', 'd/file.yaml', 'plain.yaml'],
    files: { 'file.yaml': { before: 'absent', after: opensAs('-one', '-two') } },
  },
  'decrypt -i': {
    argv: ['decrypt', '-i', 'd/file.yaml'],
    files: { 'file.yaml': { before: 'sealed', after: async (text) => text === plain } },
    secret: true,
  },
  'decrypt --output': {
    argv: ['decrypt', '--output', 'd/file.yaml', 'sealed.yaml'],
    files: { 'file.yaml': { before: 'absent', after: async (text) => text === plain } },
    secret: true,
  },
  'rotate -i': { argv: ['rotate', '-i', 'd/file.yaml'], files: { 'file.yaml': sealed('-one', '-two') } },
  'rotate -i, two files': {
    argv: ['rotate', '-i', 'd/file.yaml', 'd/more.yaml'],
    files: { 'file.yaml': sealed('-one', '-two'), 'more.yaml': sealed('-one', '-two') },
  },
  'rotate --output': {
    argv: ['rotate', '--output', 'd/file.yaml', 'sealed.yaml'],
    files: { 'file.yaml': { before: 'absent', after: opensAs('-one', '-two') } },
  },
  set: { argv: ['set', 'd/file.yaml', '["a"]', '"new"'], files: { 'file.yaml': sealed('a: new', '-two') } },
  'set in a file with two names': {
    argv: ['set', 'd/file.yaml', '["a"]', '"new"'],
    files: { 'file.yaml': sealed('a: new', '-two') },
    place: 'two names',
  },
  unset: { argv: ['unset', 'd/file.yaml', '["a"]'], files: { 'file.yaml': sealed('-two') } },
  edit: { argv: ['edit', 'd/file.yaml'], files: { 'file.yaml': sealed('-three', '-two') } },
  'edit of a new file': {
    argv: ['edit', 'd/file.yaml'],
    env: { EDITOR: `sh -c 'echo "a: ${canary}-new" > "$1"' --` },
    files: { 'file.yaml': { before: 'absent', after: opensAs('-new') } },
  },
  'groups add': {
    argv: ['groups', 'add', '-i', '--file', 'd/file.yaml', '--age', recipients[1]!],
    files: { 'file.yaml': sealed('-one', '-two') },
  },
  'groups delete': {
    argv: ['groups', 'delete', '-i', '--shamir-secret-sharing-threshold', '1', '--file', 'd/file.yaml', '1'],
    files: { 'file.yaml': { before: 'groups', after: opensAs('-one', '-two') } },
  },
  updatekeys: {
    argv: ['updatekeys', '--yes', 'd/file.yaml'],
    files: { 'file.yaml': opensForBoth },
    prepare: bothRecipients,
  },
  'updatekeys, two files': {
    argv: ['updatekeys', '--yes', 'd/file.yaml', 'd/more.yaml'],
    files: { 'file.yaml': opensForBoth, 'more.yaml': opensForBoth },
    prepare: bothRecipients,
  },
  'exec-file --no-fifo': { argv: ['exec-file', '--no-fifo', 'sealed.yaml', 'cat {} > /dev/null'], files: {} },
  'exec-file': { argv: ['exec-file', 'sealed.yaml', 'cat {} > /dev/null'], files: {} },
  keygen: {
    argv: ['keygen', '--output', 'd/keys.txt'],
    files: {
      'keys.txt': {
        before: 'absent',
        after: holds(/^# created.*\n# public key: age1.*\nAGE-SECRET-KEY-1.*\n$/),
        mode: 0o600,
      },
    },
    place: 'itself',
    secret: true,
  },
  'git install': {
    argv: ['git', 'install'],
    files: { '.gitattributes': { before: 'absent', after: holds(/(^|\n)\*\.enc\.yaml diff=sopsdiffer merge=sops\n/) } },
    place: 'itself',
    prepare: (folder) => execFileSync('git', ['init', '--quiet', folder]),
  },
}

/** Folder in which the writer's command is run. */
export const cwdOf = (box: Sandbox, name: string): string => (name === 'git install' ? box.path('d') : box.dir)

export const texts: Record<Exclude<Content, 'absent'>, string> = { plain, sealed: '', groups: '' }

/** What all runs start from. */
export async function prepareBox(box: Sandbox): Promise<void> {
  for (const folder of ['tmp', 'home', 'd']) mkdirSync(box.path(folder))
  writeFileSync(box.path('plain.yaml'), plain)
  const run = async (argv: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCli(argv, { cwd: box.dir, env: envOf(box) })
    if (code !== 0) throw new Error(stderr)
    return stdout.toString()
  }
  texts.sealed = await run(['encrypt', 'plain.yaml'])
  writeFileSync(box.path('sealed.yaml'), texts.sealed)
  texts.groups = await run(['groups', 'add', '--file', 'sealed.yaml', '--age', recipients[1]!])
}

/** Makes the folder `d` anew, as it is before the command. */
export function layOut(box: Sandbox, { files, place, prepare }: Writer): void {
  const folder = box.path('d')
  rmSync(folder, { recursive: true, force: true })
  rmSync(box.path('.sops.yaml'), { force: true })
  mkdirSync(join(folder, 'real'), { recursive: true })
  for (const [name, { before }] of Object.entries(files)) {
    const path = join(folder, 'real', name)
    if (before !== 'absent') {
      writeFileSync(path, texts[before])
      chmodSync(path, 0o640)
    }
    if (place === undefined) symlinkSync(`real/${name}`, join(folder, name))
    if (place === 'two names') linkSync(path, join(folder, name))
  }
  prepare?.(folder)
}

/** Where the bytes of one of the writer's files lie. */
export const pathOf = (box: Sandbox, { place }: Writer, name: string): string =>
  place === 'itself' ? join(box.path('d'), name) : join(box.path('d'), 'real', name)

export interface Ending {
  /** Exit status; undefined for a run that was killed. */
  readonly code: number | undefined
  readonly stderr: string
}

/** What is wrong with the files after the command ended in some way. */
export async function inspect(box: Sandbox, writer: Writer, { code, stderr }: Ending): Promise<string[]> {
  const problems: string[] = []
  const folder = box.path('d')
  const isKilled = code === undefined
  for (const [name, { before, after, mode }] of Object.entries(writer.files)) {
    const path = pathOf(box, writer, name)
    const beside = writer.place === 'two names' ? restsBeside(join(folder, name)) : restsBeside(path)
    const now = existsSync(path) ? readFileSync(path, 'utf8') : undefined
    const isOld = now === (before === 'absent' ? undefined : texts[before])
    if (isOld && code === 0) problems.push(`${name}: success without a result`)
    if (!isOld && !(now !== undefined && (await after(now, box)))) {
      // Only where the file had to be overwritten, and then with a whole copy at hand.
      const copies = await Promise.all(beside.map((rest) => after(readFileSync(rest, 'utf8'), box)))
      if (writer.place !== 'two names' || !copies.includes(true)) problems.push(`${name} is damaged`)
    }
    if (now !== undefined && !allowedModes(before, mode).includes(statSync(path).mode & 0o777))
      problems.push(`${name}: the mode is another`)
    if (writer.place === undefined && !lstatSync(join(folder, name)).isSymbolicLink())
      problems.push(`${name}: the link was replaced`)
    if (writer.place === 'two names' && statSync(join(folder, name)).ino !== statSync(path).ino)
      problems.push(`${name}: one of two names is another file now`)
    for (const rest of beside) {
      if (!isKilled && !stderr.includes(rest)) problems.push(`${rest} was left behind`)
      const isSecret = /canary|AGE-SECRET-KEY/.test(readFileSync(rest, 'utf8'))
      // For no more readers than the file itself has.
      const isOpen = (statSync(rest).mode & 0o777 & ~allowedModes(before, mode)[0]!) !== 0
      if (isSecret && (writer.secret !== true || isOpen)) problems.push(`${rest} holds plaintext`)
    }
  }
  return problems
}

/** Where the mode cannot be set a file stays private: 0600. */
const allowedModes = (before: Content, mode: number | undefined): readonly number[] =>
  mode !== undefined ? [mode] : before === 'absent' ? [0o644, 0o600] : [0o640, 0o600]

const restsBeside = (path: string): string[] =>
  readdirSync(dirname(path))
    .filter((name) => name.includes('.sops-'))
    .map((name) => join(dirname(path), name))

/** What lies in the folder for temporary files. */
export const leftInTmp = (box: Sandbox): string[] =>
  readdirSync(box.path('tmp')).map((name) => join(box.path('tmp'), name))
