// The executable alone in a folder, and a place to start it in: nothing of this checkout or its packages is near either.
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { type Sandbox, sandbox } from '../support/cli.ts'
import { type Outcome, runProcess } from '../support/process.ts'

/** The executable that is tested, or undefined, and then the reason is printed. */
export const executable: string | undefined = process.env['SOPS_TEST_CLI'] || undefined

export function saySkipped(what: string): void {
  if (executable === undefined)
    console.log(`${what}: not tested, as SOPS_TEST_CLI names no executable (npm run package)`)
}

export interface Alone {
  /** Where it works; `home/` is its home. */
  readonly box: Sandbox
  /** The folder that holds it. */
  readonly folder: string
  readonly program: string
  readonly env: Readonly<Record<string, string>>
  run(argv: readonly string[], env?: Readonly<Record<string, string>>, stdin?: string): Promise<Outcome>
  remove(): void
}

export function alone(files: Readonly<Record<string, string>> = {}): Alone {
  const box = sandbox({ 'home/x': '', ...files })
  const installed = sandbox()
  const folder = installed.path('bin')
  mkdirSync(folder)
  const program = `${folder}/sops`
  copyFileSync(executable!, program)
  chmodSync(program, 0o755)
  const base = { PATH: '/nonexistent', HOME: box.path('home'), TMPDIR: box.dir, SOPS_DISABLE_VERSION_CHECK: '1' }
  return {
    box,
    folder,
    program,
    env: base,
    run: (argv, env = {}, stdin = '') => runProcess(program, argv, { cwd: box.dir, env: { ...base, ...env }, stdin }),
    remove() {
      box.remove()
      installed.remove()
    },
  }
}

export const shown = ({ exit, stdout, stderr }: Outcome): readonly unknown[] => [
  exit,
  stdout.toString(),
  stderr.toString(),
]
