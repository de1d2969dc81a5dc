// The working folder, HOME and environment of one conformance case.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gpgHome } from '../gpg.ts'
import { bytesOf, type Case, type FileSpec, keysFolder, type Step } from './case.ts'

export interface Folder {
  readonly work: string
  readonly env: Readonly<Record<string, string>>
  /** Replaces `{{dir}}`, `{{home}}` and `{{keys}}`. */
  readonly fill: (text: string) => string
  /** A file's bytes; null when there is none. */
  readonly read: (name: string) => Buffer | null
  readonly modeOf: (name: string) => number
  readonly remove: () => void
}

export function makeFolder(test: Case): Folder {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'sops-case-')))
  const [home, work] = [join(dir, 'home'), join(dir, 'work')]
  mkdirSync(home)
  mkdirSync(work)
  const fill = (text: string): string =>
    text.replaceAll('{{dir}}', work).replaceAll('{{home}}', home).replaceAll('{{keys}}', keysFolder)
  for (const [name, spec] of Object.entries(test.files ?? {})) {
    writeSpec(name.startsWith('{{home}}') ? fill(name) : join(work, name), spec, fill)
  }
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    LANG: 'C.UTF-8',
    TMPDIR: dir,
    SOPS_DISABLE_VERSION_CHECK: '1',
  }
  const ageKeys: string[] = []
  for (const key of test.keys ?? []) {
    if (key === 'gpg') env.GNUPGHOME = gpgHome()
    else if (key.endsWith('.age')) ageKeys.push(readFileSync(join(keysFolder, key), 'utf8'))
    else {
      mkdirSync(join(home, '.ssh'), { recursive: true })
      cpSync(join(keysFolder, key), join(home, '.ssh', key))
      chmodSync(join(home, '.ssh', key), 0o600)
    }
  }
  if (ageKeys.length > 0) env.SOPS_AGE_KEY = ageKeys.join('\n')
  for (const [name, value] of Object.entries(test.env ?? {})) env[name] = fill(value)
  return {
    work,
    env,
    fill,
    read: (name) => {
      const path = join(work, name)
      return existsSync(path) && statSync(path).isFile() ? readFileSync(path) : null
    },
    modeOf: (name) => statSync(join(work, name)).mode & 0o777,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}

function writeSpec(path: string, spec: FileSpec, fill: (text: string) => string): void {
  mkdirSync(dirname(path), { recursive: true })
  if (typeof spec !== 'string' && 'link' in spec) {
    symlinkSync(fill(spec.link), path)
    return
  }
  const text = typeof spec === 'string' ? spec : 'repeat' in spec ? undefined : spec.text
  writeFileSync(path, text === undefined ? bytesOf(spec) : fill(text))
  if (typeof spec !== 'string' && 'mode' in spec) chmodSync(path, Number.parseInt(spec.mode, 8))
}

/** A step's environment: the case's, with the step's own on top (null removes). */
export function stepEnv(folder: Folder, step: Step): Record<string, string> {
  const env = { ...folder.env }
  for (const [name, value] of Object.entries(step.env ?? {})) {
    if (value === null) delete env[name]
    else env[name] = folder.fill(value)
  }
  return env
}

export function stdinOf(folder: Folder, step: Step): Buffer {
  const { stdin } = step
  if (stdin === undefined) return Buffer.alloc(0)
  if (typeof stdin === 'string') return Buffer.from(folder.fill(stdin))
  return 'file' in stdin ? readFileSync(join(folder.work, stdin.file)) : bytesOf(stdin)
}
