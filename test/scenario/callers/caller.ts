// A program that calls ours as `sops` from the PATH, through a shell: the built program, in a process of its own. docs/callers.md says where
// each command line of these tests comes from.
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { programFile } from '../../support/build.ts'
import { keysFolder } from '../../support/conformance/case.ts'
import { runProcess } from '../../support/process.ts'
import { makeProject, type Person, type Project, type Ran } from '../../support/project.ts'

/** The callers' scripts need a POSIX shell. */
export const hasShell: boolean = process.platform !== 'win32'
if (!hasShell) process.stderr.write('the scenarios of callers are skipped: their scripts are for a POSIX shell\n')

export const identity: string = readFileSync(join(keysFolder, 'one.age'), 'utf8')

export interface Caller extends Pick<Project, 'dir' | 'read' | 'write' | 'remove'>, Pick<Person, 'recipient'> {
  /** Runs `sops` with these words. */
  readonly sops: (words: readonly string[], options?: Options) => Promise<Ran>
  /** Runs a line of shell in which `sops` is our program. */
  readonly shell: (line: string, options?: Options) => Promise<Ran>
  /** Writes an executable script; its absolute path. */
  readonly script: (name: string, text: string) => string
}

interface Options {
  readonly stdin?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

/** A project of a person who holds the identity `one`, with a rule for every file. */
export async function makeCaller(): Promise<Caller> {
  const project = makeProject()
  const { recipient } = project.person('one')
  project.write('.sops.yaml', `creation_rules:\n  - age: ${recipient}\n`)
  const top = dirname(project.dir)
  const bin = join(top, 'bin')
  mkdirSync(bin)
  symlinkSync(programFile, join(bin, 'sops'))
  const env = {
    PATH: [bin, dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: join(top, 'one'),
    TMPDIR: top,
  }
  const run = async (file: string, words: readonly string[], options: Options = {}): Promise<Ran> => {
    const { stdin } = options
    // What Node gives a child as its input is a socket, which nobody can open as /dev/stdin; callers give a pipe.
    const piped = join(top, 'stdin')
    if (stdin !== undefined) writeFileSync(piped, stdin)
    const [program, args] =
      stdin === undefined ? [file, words] : ['/bin/sh', ['-c', 'cat "$0" | exec "$@"', piped, file, ...words]]
    const { exit, stdout, stderr } = await runProcess(program, args, {
      cwd: project.dir,
      env: { ...env, ...options.env },
    })
    if (typeof exit === 'string') throw new Error(`${file}: ${exit}\n${stderr}`)
    return { code: exit, stdout: stdout.toString(), stderr: stderr.toString() }
  }
  return {
    dir: project.dir,
    read: project.read,
    write: project.write,
    remove: project.remove,
    recipient,
    sops: (words, options) => run(join(bin, 'sops'), words, options),
    shell: (line, options) => run('/bin/sh', ['-c', line], options),
    script: (name, text) => {
      project.write(name, text)
      chmodSync(join(project.dir, name), 0o755)
      return join(project.dir, name)
    },
  }
}

/** One plain text of each format, and the suffix that names it. */
export const samples = [
  ['yaml', 'yaml', '# owned by ops\nglobal_secret: global_bar\nnested:\n    list:\n        - 1\n        - two\n'],
  ['json', 'json', '{\n\t"a": "b",\n\t"c": {\n\t\t"d": [\n\t\t\t1,\n\t\t\tnull,\n\t\t\t"x"\n\t\t]\n\t}\n}\n'],
  ['dotenv', 'env', '# owned by ops\nUSER=shop\nPASSWORD=two words\n'],
  ['ini', 'ini', '[db]\nuser     = shop\npassword = two words\n'],
  ['binary', 'key', 'any bytes\n\n\n'],
] as const
