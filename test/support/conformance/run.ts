// Runs one conformance case: steps in process where that shows the same, as a real process where it does not.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { executable, programLine } from '../build.ts'
import { runCli } from '../cli.ts'
import { type Outcome, runProcess, runProgram } from '../process.ts'
import type { Case, Expectation, Matcher, Step } from './case.ts'
import { clip, mismatches } from './check.ts'
import { type Folder, makeFolder, stdinOf, stepEnv } from './folder.ts'

const LIMIT = 120_000

/** What differs, or undefined. Stops at the first step that differs. */
export async function runCase(test: Case): Promise<string | undefined> {
  const folder = makeFolder(test)
  try {
    for (const [index, step] of test.steps.entries()) {
      const expected = step.expect ?? {}
      const before = new Map(Object.keys(expected.files ?? {}).map((name) => [name, folder.read(name)]))
      const outcome = await runStep(folder, step)
      if (step.save) writeFileSync(join(folder.work, step.save), outcome.stdout)
      const problems = compare(folder, expected, outcome, before)
      if (problems.length > 0) return `step ${index} \`${step.shell ?? step.argv?.join(' ')}\`: ${problems.join(' | ')}`
    }
    return undefined
  } finally {
    folder.remove()
  }
}

async function runStep(folder: Folder, step: Step): Promise<Outcome> {
  const cwd = step.cwd ? join(folder.work, step.cwd) : folder.work
  const env = stepEnv(folder, step)
  const stdin = stdinOf(folder, step)
  if (step.shell !== undefined) {
    const path = `${programFolder()}:${env.PATH ?? ''}`
    return runProcess('/bin/sh', ['-c', folder.fill(step.shell)], {
      cwd,
      env: { ...env, PATH: path },
      stdin,
      timeout: LIMIT,
    })
  }
  const argv = (step.argv ?? []).map(folder.fill)
  if (executable !== undefined || needsProcess(argv, env)) {
    return runProgram(argv, { cwd, env, stdin, timeout: LIMIT })
  }
  return runInProcess(argv, cwd, env, stdin)
}

/** Commands whose children share our streams, or that take signals, show their output only as a process. */
function needsProcess(argv: readonly string[], env: Readonly<Record<string, string>>): boolean {
  if (
    argv.some((arg) => arg === 'exec-env' || arg === 'exec-file' || arg === 'keyservice' || arg.startsWith('/dev/std'))
  )
    return true
  return env.EDITOR !== undefined || env.SOPS_EDITOR !== undefined
}

async function runInProcess(
  argv: readonly string[],
  cwd: string,
  env: Record<string, string>,
  stdin: Buffer,
): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve({ exit: 'timeout', stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }), LIMIT)
  })
  const run = async (): Promise<Outcome> => {
    const { code, stdout, stderr } = await runCli(argv, { cwd, env, stdin })
    return { exit: code, stdout, stderr: Buffer.from(stderr) }
  }
  try {
    return await Promise.race([run(), late])
  } finally {
    clearTimeout(timer)
  }
}

let shims: string | undefined

/** A folder with a program named `sops`. */
function programFolder(): string {
  if (shims !== undefined) return shims
  shims = mkdtempSync(join(tmpdir(), 'sops-bin-'))
  writeFileSync(join(shims, 'sops'), `#!/bin/sh\nexec ${programLine} "$@"\n`)
  chmodSync(join(shims, 'sops'), 0o755)
  return shims
}

/** For `afterAll`. */
export function removePrograms(): void {
  if (shims !== undefined) rmSync(shims, { recursive: true, force: true })
  shims = undefined
}

function compare(
  folder: Folder,
  want: Expectation,
  got: Outcome,
  before: ReadonlyMap<string, Buffer | null>,
): string[] {
  const problems: string[] = []
  if (!exitFits(want.exit ?? 0, got.exit))
    problems.push(`exit: want ${want.exit ?? 0}, got ${got.exit}; stderr ${clip(got.stderr)}`)
  if (want.stdout) problems.push(...mismatches('stdout', want.stdout, got.stdout, folder.fill))
  if (want.stderr) problems.push(...mismatches('stderr', want.stderr, got.stderr, folder.fill))
  for (const [name, matcher] of Object.entries(want.files ?? {})) {
    problems.push(...fileProblems(folder, name, matcher, before.get(name) ?? null))
  }
  return problems
}

function fileProblems(folder: Folder, name: string, matcher: Matcher, before: Buffer | null): string[] {
  const now = folder.read(name)
  const problems: string[] = []
  if (matcher.unchanged) {
    if (!before || !now?.equals(before)) problems.push(`${name}: should be unchanged`)
  } else if (matcher.changed) {
    if (!before || !now || now.equals(before)) problems.push(`${name}: should have changed`)
  } else problems.push(...mismatches(name, matcher, now, folder.fill))
  if (matcher.mode && now) {
    const mode = folder.modeOf(name).toString(8)
    if (mode !== Number.parseInt(matcher.mode, 8).toString(8))
      problems.push(`${name}: mode ${mode}, want ${matcher.mode}`)
  }
  return problems
}

function exitFits(want: NonNullable<Expectation['exit']>, got: number | string): boolean {
  if (want === 'any') return true
  if (want === 'error') return typeof got === 'number' && got !== 0
  return typeof want === 'number' ? want === got : typeof got === 'number' && want.includes(got)
}
