// Encrypted files in a folder of their own, and the built program at work on them.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EncryptOptions, encrypt } from '../../src/index.ts'
import { program } from '../support/build.ts'
import { type Sandbox, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'

export const identity: string = readFileSync(join(keysFolder, 'one.age'), 'utf8')
export const recipient: string = /age1[a-z0-9]+/.exec(identity)![0]
export const secondRecipient: string = /age1[a-z0-9]+/.exec(readFileSync(join(keysFolder, 'two.age'), 'utf8'))![0]

/** A folder with the plain texts encrypted for `recipient`; the format follows from each name. */
export async function encryptedBox(plain: Readonly<Record<string, string | Uint8Array>>): Promise<Sandbox> {
  const box = sandbox({ 'tmp/x': '', 'home/x': '' })
  for (const [name, text] of Object.entries(plain)) {
    const suffix = name.split('.').at(-1)
    const format = (suffix === 'env' ? 'dotenv' : suffix === 'bin' ? 'binary' : suffix) as EncryptOptions['format']
    writeFileSync(box.path(name), await encrypt(text, { format, recipients: { age: recipient } }))
  }
  return box
}

/** The environment of a process that can open the files of a box. */
export const environmentIn = (box: Sandbox): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: box.path('home'),
  TMPDIR: box.path('tmp'),
  SOPS_AGE_KEY: identity,
  SOPS_DISABLE_VERSION_CHECK: '1',
})

export interface Running {
  readonly child: ChildProcess
  /** Resolves when stdout has said this. */
  says(text: string): Promise<void>
  readonly ended: Promise<{
    readonly code: number | null
    readonly signal: string | null
    readonly stdout: string
    readonly stderr: string
  }>
}

/**
 * Starts the program, or another one, with the folder as working directory. What hangs is killed after two minutes. `stdin: false` leaves
 * the input open.
 */
export function start(
  box: Sandbox,
  argv: readonly string[],
  options: { readonly env?: Record<string, string>; readonly stdin?: string | false; readonly program?: string } = {},
): Running {
  const [file, ...first] = options.program === undefined ? program : [options.program]
  const child = spawn(file!, [...first, ...argv], { cwd: box.dir, env: { ...environmentIn(box), ...options.env } })
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000)
  let [stdout, stderr] = ['', '']
  const watchers = new Set<() => void>()
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    for (const watch of watchers) watch()
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdin.on('error', () => {})
  if (options.stdin !== false) child.stdin.end(options.stdin ?? '')
  return {
    child,
    says: (text) =>
      new Promise((resolve, reject) => {
        const watch = (): void => {
          if (stdout.includes(text)) resolve()
        }
        watchers.add(watch)
        child.on('close', () => reject(new Error(`ended before it said ${text}: ${stderr}`)))
        watch()
      }),
    ended: new Promise((resolve) => {
      child.on('close', (code, signal) => {
        clearTimeout(timer)
        resolve({ code, signal, stdout, stderr })
      })
    }),
  }
}

export const runSops = (
  box: Sandbox,
  argv: readonly string[],
  options: Parameters<typeof start>[2] = {},
): Running['ended'] => start(box, argv, options).ended
