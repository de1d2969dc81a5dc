// The real program, ended by SIGKILL at the writes of every command: each file is whole, and no decrypted text lies where it must not.
// `npm test` tries one write of every other command, `npm run fuzz` all of them.
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLong, numbersFrom, seed, timeout } from '../fuzz/budget.ts'
import { bin, skipsExecutable } from '../support/build.ts'
import { sandbox } from '../support/cli.ts'
import { type Outcome, runProcess, runProgram } from '../support/process.ts'
import { canary, cwdOf, envOf, inspect, layOut, leftInTmp, prepareBox, type Writer, writers } from './writers.ts'

const isWindows = process.platform === 'win32'
const preload = pathToFileURL(fileURLToPath(new URL('../support/kill-at.mjs', import.meta.url))).href
const box = sandbox()

beforeAll(async () => {
  if (!isWindows) await prepareBox(box)
})
afterAll(() => box.remove())

const start = (argv: readonly string[], env: Readonly<Record<string, string>>, cwd = box.dir): Promise<Outcome> =>
  runProgram(argv, { cwd, env: { ...envOf(box), ...env } })

const killed = (name: string, writer: Writer, at: number): Promise<Outcome> =>
  runProcess(process.execPath, ['--import', preload, bin, ...writer.argv], {
    cwd: cwdOf(box, name),
    env: {
      ...envOf(box),
      ...writer.env,
      SOPS_TEST_KILL_AT: String(at),
      SOPS_TEST_KILL_BELOW: join(box.dir, '/'),
    },
  })

/** What the program left in its folder for temporary files, once all of its processes have ended. */
async function leftovers(): Promise<string[]> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(20))
    if (leftInTmp(box).length === 0) return []
  return leftInTmp(box)
}

/** Files below the sandbox that hold plaintext, besides those that are there for that. */
function plaintextIn(writer: Writer): string[] {
  return readdirSync(box.dir, { recursive: true, encoding: 'utf8' }).filter((name) => {
    if (name === 'plain.yaml' || (writer.secret && name.startsWith('d/'))) return false
    const path = join(box.dir, name)
    const isPlainInput = Object.entries(writer.files).some(
      ([file, { before }]) => before === 'plain' && name.endsWith(file),
    )
    return !isPlainInput && lstatSync(path).isFile() && readFileSync(path).includes(canary)
  })
}

async function problemsAt(name: string, writer: Writer, at: number): Promise<{ ended: boolean; problems: string[] }> {
  layOut(box, writer)
  const { exit, stderr } = await killed(name, writer, at)
  const ended = exit !== 'signal SIGKILL'
  const problems = await inspect(box, writer, {
    code: ended ? Number(exit) : undefined,
    stderr: stderr.toString(),
  })
  if (ended && exit !== 0) problems.push(`exit ${exit}: ${stderr.toString().slice(0, 300)}`)
  problems.push(...(await leftovers()).map((left) => `${left} was left`))
  problems.push(...plaintextIn(writer).map((left) => `${left} holds plaintext`))
  return { ended, problems: problems.map((problem) => `${name}, killed at write ${at}: ${problem}`) }
}

const tried = Object.entries(writers).filter((_, i) => isLong || i % 2 === 0)

const preloading = 'it takes no code to load first, which is how it gets killed at its writes'
describe.skipIf(isWindows || skipsExecutable(preloading))('killed at a write', () => {
  test.each(tried)(
    '%s',
    async (name, writer) => {
      const problems: string[] = []
      if (isLong) {
        for (let at = 0; ; at++) {
          const result = await problemsAt(name, writer, at)
          problems.push(...result.problems)
          if (!result.ended) continue
          expect(at).toBeGreaterThan(name === 'exec-file' ? 0 : 2)
          break
        }
      } else {
        const at = numbersFrom(seed + name.length)(name.startsWith('exec-file') ? 2 : 8)
        problems.push(...(await problemsAt(name, writer, at)).problems)
      }
      expect(problems).toEqual([])
    },
    timeout,
  )
})

describe.skipIf(isWindows)('killed while another program works on the plaintext', () => {
  const script = (name: string, text: string): string => {
    const path = box.path(name)
    writeFileSync(path, `#!/bin/sh\n${text}\n`)
    chmodSync(path, 0o755)
    return path
  }

  test('an editor: the draft is gone, the file is as it was', async () => {
    writeFileSync(box.path('e.yaml'), readFileSync(box.path('sealed.yaml')))
    const seen = box.path('seen')
    const editor = script('editor.sh', `cat "$1" > /dev/null && echo "$1" > ${seen}\nkill -9 $PPID`)
    expect((await start(['edit', 'e.yaml'], { EDITOR: editor })).exit).toBe('signal SIGKILL')
    expect(readFileSync(seen, 'utf8')).toContain(box.path('tmp'))
    expect(await leftovers()).toEqual([])
    expect(readFileSync(box.path('e.yaml'))).toEqual(readFileSync(box.path('sealed.yaml')))
  })

  test.runIf(existsSync('/dev/shm'))('without TMPDIR nothing is left in memory', async () => {
    const seen = box.path('seen')
    const { TMPDIR: _, ...env } = envOf(box)
    const line = `echo {} > ${seen}; kill -9 $PPID`
    const argv = ['exec-file', '--no-fifo', 'sealed.yaml', line]
    expect((await runProgram(argv, { cwd: box.dir, env })).exit).toBe('signal SIGKILL')
    const path = readFileSync(seen, 'utf8').trim()
    expect(path).toMatch(/^\/dev\/shm\//)
    for (const deadline = Date.now() + 60_000; existsSync(dirname(path)) && Date.now() < deadline; ) await sleep(20)
    expect(existsSync(dirname(path))).toBe(false)
  })

  test.each(['', '--no-fifo'])('exec-file %s', async (flag) => {
    const { exit } = await start(
      ['exec-file', ...(flag ? [flag] : []), 'sealed.yaml', 'cat {} > /dev/null; kill -9 $PPID'],
      {},
    )
    expect(exit).toBe('signal SIGKILL')
    expect(await leftovers()).toEqual([])
  })

  test('a draft that is kept stays after the program has ended', async () => {
    writeFileSync(box.path('e.yaml'), readFileSync(box.path('sealed.yaml')))
    // While the editor is open, the file changes.
    const editor = script('kept.sh', `cp ${box.path('plain.yaml')} ${box.path('e.yaml')}\nsed -i 's/-one/-mine/' "$1"`)
    const { exit, stderr } = await start(['edit', 'e.yaml'], { EDITOR: editor })
    expect(exit).toBe(3)
    const draft = /kept in (\S+)/.exec(stderr.toString())![1]!
    await sleep(200)
    expect(readFileSync(draft, 'utf8')).toContain(`${canary}-mine`)
    expect(statSync(draft).mode & 0o777).toBe(0o600)
    rmSync(box.path('tmp'), { recursive: true })
  })
})
