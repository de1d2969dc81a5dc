// Starts programs. Node can pass a program only text. If its arguments, folder or variables have bytes that are not UTF-8 (bytes.ts), a
// shell reads them from a pipe and then becomes the program: a pipe, because anybody may read a process's arguments.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import { bytesOf, hasBytes, LOST, textOf } from './bytes.ts'
import { type Environment, environmentFor, type Keeps } from './environment.ts'
import { watched } from './starts.ts'

/** Reads a script from descriptor 3, closes it, and runs the script, all with built-in commands. */
const shell = `_sops_script=
while IFS= read -r _sops_line <&3; do _sops_script="$_sops_script$_sops_line
"; done
exec 3<&-
eval "$_sops_script"`

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Shells can set variables of such names only, and pass on no others. */
const isName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)

/** True when something that the program is to get is not text. */
export const needsShell = (
  file: string,
  args: readonly string[],
  { cwd, env = {} }: Pick<SpawnOptions, 'cwd'> & { readonly env?: Environment | undefined },
): boolean =>
  [file, ...args].some(hasBytes) ||
  (typeof cwd === 'string' && hasBytes(cwd)) ||
  Object.entries(env).some(([name, value]) => hasBytes(name) || hasBytes(value ?? ''))

/**
 * `spawn`, with streams or an error. Without a descriptor left Node emits the error later and gives a child that has no streams at all, which is
 * nothing to those who wait for its output.
 */
function spawnWhole(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(file, args, options)
  if ((child.stdio as unknown) !== undefined) return child
  child.on('error', () => {})
  throw Object.assign(new Error(`spawn ${file} EMFILE`), { code: 'EMFILE', syscall: 'spawn', path: file })
}

function startWithBytes(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const { cwd, env = {}, stdio = 'pipe', ...others } = options
  const variables = Object.entries(env as Environment)
  const odd = variables.filter(([name, value]) => hasBytes(name) || hasBytes(value ?? ''))
  const oddFolder = typeof cwd === 'string' && hasBytes(cwd)
  if (!needsShell(file, args, options)) return spawnWhole(file, args, { ...options, env: env as NodeJS.ProcessEnv })
  const plain: Record<string, string | undefined> = Object.create(null)
  for (const [name, value] of variables) plain[name] = value
  for (const [name] of odd) delete plain[name]
  const lines = [
    ...odd.flatMap(([name, value = '']) =>
      isName(name) && !value.includes(LOST) ? [`export ${name}=${quoted(value)}`] : [],
    ),
    ...(oddFolder ? [`cd -- ${quoted(cwd)} || exit 127`] : []),
    `exec ${[file, ...args].map(quoted).join(' ')}`,
  ]
  const streams = Array.isArray(stdio) ? stdio : [stdio, stdio, stdio]
  const script = bytesOf(`${lines.join('\n')}\n`)
  const child = spawnWhole('/bin/sh', ['-c', shell], {
    ...others,
    ...(cwd === undefined || oddFolder ? {} : { cwd }),
    env: plain as NodeJS.ProcessEnv,
    stdio: [...streams, 'pipe'],
  })
  const pipe = child.stdio[3] as Writable | null | undefined
  // A program that is gone is reported by its exit.
  pipe?.on('error', () => {})
  pipe?.end(script, () => script.fill(0))
  return child
}

/**
 * `spawn` of node:child_process, which throws some of the system's errors and emits the others. The program gets the variables in `env`
 * (none if left out), of the keys among them only those it `keeps`, and none whose bytes are lost: see `lostVariables`.
 */
export const startKeeping = (keeps: Keeps): typeof spawn =>
  ((file: string, args: readonly string[], options: SpawnOptions) =>
    watched(() => startUnwatched(file, args, options, keeps))) as typeof spawn

const startUnwatched = (file: string, args: readonly string[], options: SpawnOptions, keeps?: Keeps): ChildProcess =>
  startWithBytes(file, args, {
    ...options,
    env: environmentFor(options.env ?? {}, keeps) as NodeJS.ProcessEnv,
  })

/** For programs that need none of the keys. */
export const start: typeof spawn = startKeeping(undefined)

/** For programs that leave the terminal alone too, and may run for as long as this one. */
export const startApart: typeof spawn = startUnwatched as typeof spawn

export interface Finished {
  /** Undefined when a signal ended the program. */
  readonly status: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program without input and waits for its end. Rejects with the system's error when it cannot be started. */
export const run = (
  file: string,
  args: readonly string[],
  options: Omit<SpawnOptions, 'stdio'>,
  keeps?: Keeps,
): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const child = startKeeping(keeps)(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.on('error', reject)
    child.on('close', (status) =>
      resolve({
        status: status ?? undefined,
        stdout: textOf(Buffer.concat(stdout)),
        stderr: textOf(Buffer.concat(stderr)).trim(),
      }),
    )
  })

/** Resolves once the program has all it needs to start, so that this process may end. */
export async function handedOver(child: ChildProcess): Promise<void> {
  const pipe = child.stdio[3] as Writable | null | undefined
  if (!pipe || pipe.writableFinished || pipe.destroyed) return
  await new Promise<void>((resolve) => {
    pipe.once('finish', resolve)
    pipe.once('close', resolve)
  })
}

/** Names of the variables that cannot be passed on because their bytes are lost. */
export const lostVariables = (env: Environment): readonly string[] =>
  Object.keys(env).filter((name) => env[name]?.includes(LOST))
