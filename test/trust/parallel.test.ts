// Many programs that change one file at the same time: what one of them says it has written is there in the end, and whoever reads the file
// finds it whole. `npm test` tries a few, `npm run fuzz` twenty at a time in sixty rounds.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isLong, timeout } from '../fuzz/budget.ts'
import { program } from '../support/build.ts'
import { memoryFolder, runCli, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { type Outcome, runProgram } from '../support/process.ts'

const [atOnce, rounds] = isLong ? [20, 60] : [8, 2]
const box = sandbox({}, memoryFolder)
const [one, two] = ['one', 'two'].map((name) => readFileSync(`${keysFolder}/${name}.age`, 'utf8')) as [string, string]
const recipientOf = (identity: string): string => /age1[a-z0-9]+/.exec(identity)![0]
const baseEnv = { HOME: box.dir, SOPS_AGE_RECIPIENTS: recipientOf(one) }
const env = { ...baseEnv, PATH: process.env.PATH ?? '', SOPS_AGE_KEY: one }

let sealed: Buffer
beforeAll(async () => {
  // Two keys: `unset` takes one, and the text that `edit` shows has to stay a block, not `{}`, for a line to be added to it.
  writeFileSync(box.path('plain.yaml'), 'start: here\nkept: here\n')
  sealed = (await runCli(['encrypt', 'plain.yaml'], { cwd: box.dir, env })).stdout
  writeFileSync(box.path('.sops.yaml'), `creation_rules:\n  - age: ${recipientOf(one)},${recipientOf(two)}\n`)
  mkdirSync(box.path('bin'))
  writeFileSync(box.path('bin/flock'), '#!/bin/sh\nexit 69\n')
  chmodSync(box.path('bin/flock'), 0o755)
})
afterAll(() => box.remove())

beforeEach(() => {
  rmSync(box.path('d'), { recursive: true, force: true })
  mkdirSync(box.path('d/e'), { recursive: true })
  writeFileSync(box.path('d/f.yaml'), sealed)
  symlinkSync('f.yaml', box.path('d/link.yaml'))
})

type Environment = Readonly<Record<string, string>>
const start = (argv: readonly string[], given: Environment = env): Promise<Outcome> =>
  runProgram(argv, { cwd: box.dir, env: given })
const setting = (path: string, key: string, given?: Environment): Promise<Outcome> =>
  start(['set', path, `["${key}"]`, '"set"'], given)

/** The keys of the file, in the order in which they were set. */
async function keysIn(path: string): Promise<string[]> {
  const { code, stdout, stderr } = await runCli(['decrypt', path], { cwd: box.dir, env })
  if (code !== 0) throw new Error(stderr)
  return stdout.toString().match(/^\w+(?=: set$)/gm) ?? []
}

/** What went wrong, besides refusals that say so. Any other end must have left its key. */
async function lostOf(outcomes: readonly Outcome[], keyOf: (i: number) => string): Promise<string[]> {
  const kept = new Set(await keysIn('d/f.yaml'))
  return outcomes.flatMap(({ exit, stderr }, i) => {
    if (exit === 0) return kept.has(keyOf(i)) ? [] : [`${keyOf(i)} is lost`]
    const isTold = /changed by another program in the meantime|has been changing/.test(stderr.toString())
    return isTold && !kept.has(keyOf(i)) ? [] : [`${keyOf(i)}: exit ${exit} ${stderr}`]
  })
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

const ways: readonly {
  readonly name: string
  readonly path: (i: number) => string
  readonly env?: Environment
  /** Each name of the file keeps its place, so it is overwritten and a reader may find a part. */
  readonly twin?: true
}[] = [
  { name: 'by one name', path: () => 'd/f.yaml' },
  { name: 'by a link and by other paths', path: (i) => ['d/f.yaml', 'd/link.yaml', 'd/e/../f.yaml'][i % 3]! },
  { name: 'by two names of the file', path: (i) => ['d/f.yaml', 'd/e/twin.yaml'][i % 2]!, twin: true },
  {
    name: 'where the file system has no locks',
    path: () => 'd/f.yaml',
    env: { ...env, PATH: `${box.path('bin')}:${env.PATH}` },
  },
]

describe.skipIf(process.platform === 'win32')('sops set, many at once', () => {
  test.each(ways)(
    '$name: every change is in the file',
    async ({ path, env: given, twin }) => {
      if (twin) linkSync(box.path('d/f.yaml'), box.path('d/e/twin.yaml'))
      const [problems, torn]: [string[], string[]] = [[], []]
      let refused = 0
      for (const round of numbers(rounds)) {
        let isOver = false
        const reader = (async () => {
          for (; !isOver; await sleep(1)) {
            const text = readFileSync(box.path('d/f.yaml'), 'utf8')
            if (!twin && !/\n {4}version: \S+\n$/.test(text)) torn.push(text.slice(-80))
          }
        })()
        const outcomes = await Promise.all(numbers(atOnce).map((i) => setting(path(i), `r${round}_${i}`, given)))
        isOver = true
        await reader
        problems.push(...(await lostOf(outcomes, (i) => `r${round}_${i}`)))
        refused += outcomes.filter(({ exit }) => exit !== 0).length
      }
      if (isLong)
        process.stdout.write(`${rounds} rounds of ${atOnce}: ${problems.length} lost or not told, ${refused} refused\n`)
      expect(problems).toEqual([])
      expect(torn).toEqual([])
      expect(readdirSync(box.path('d')).sort()).toEqual(['e', 'f.yaml', 'link.yaml'])
    },
    timeout,
  )

  test(
    'beside the other commands that write in place',
    async () => {
      const others = [
        ['rotate', '-i', 'd/f.yaml'],
        ['updatekeys', '--yes', 'd/f.yaml'],
        ['edit', 'd/f.yaml'],
        ['unset', '--idempotent', 'd/f.yaml', '["start"]'],
      ]
      for (const round of numbers(rounds)) {
        const given = { ...env, EDITOR: `sh -c 'echo "edit_${round}: set" >> "$1"' --` }
        const running = others.map((argv) => start(argv, given))
        const outcomes = await Promise.all(numbers(atOnce).map((i) => setting('d/f.yaml', `r${round}_${i}`)))
        expect(await lostOf(outcomes, (i) => `r${round}_${i}`)).toEqual([])
        const [rotated, updated, edited] = await Promise.all(running)
        for (const { exit, stderr } of [rotated!, updated!, edited!])
          if (exit !== 0) expect(stderr.toString()).toContain('changed by another program in the meantime')
        const text = readFileSync(box.path('d/f.yaml'), 'utf8')
        if (updated!.exit === 0) expect(text).toContain(recipientOf(two))
        expect((await keysIn('d/f.yaml')).includes(`edit_${round}`)).toBe(edited!.exit === 0)
      }
    },
    timeout,
  )
})

describe.skipIf(process.platform === 'win32')('a program that holds the file', () => {
  /** A `set` that has read the file and waits for its key, until `go` is there. */
  async function holder(): Promise<ChildProcess> {
    const script = box.path('key.sh')
    writeFileSync(script, `echo > held\nwhile [ -e held ] && [ ! -e go ]; do sleep 0.02; done\ncat <<'E'\n${one}\nE\n`)
    for (const name of ['held', 'go']) rmSync(box.path(name), { force: true })
    const child = spawn(program[0], [...program.slice(1), 'set', 'd/f.yaml', '["first"]', '"set"'], {
      cwd: box.dir,
      env: { ...baseEnv, PATH: env.PATH, SOPS_AGE_KEY_CMD: `sh ${script}` },
      stdio: 'ignore',
    })
    while (!existsSync(box.path('held'))) await sleep(10)
    return child
  }

  test('is waited for', async () => {
    const first = await holder()
    const second = setting('d/f.yaml', 'second')
    await sleep(300)
    expect(await keysIn('d/f.yaml')).toEqual([])
    const ended = once(first, 'exit')
    writeFileSync(box.path('go'), '')
    expect([(await ended)[0], (await second).exit]).toEqual([0, 0])
    expect(await keysIn('d/f.yaml')).toEqual(['first', 'second'])
  })

  test('and is killed: nothing stays locked, nothing is left', async () => {
    const first = await holder()
    const second = setting('d/f.yaml', 'second')
    await sleep(300)
    const ended = once(first, 'exit')
    first.kill('SIGKILL')
    await ended
    expect((await second).exit).toBe(0)
    writeFileSync(box.path('go'), '')
    expect(await keysIn('d/f.yaml')).toEqual(['second'])
    expect(readdirSync(box.path('d')).sort()).toEqual(['e', 'f.yaml', 'link.yaml'])
  })
})
