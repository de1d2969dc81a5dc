// The real program, ended or failing at any of its writes over many files: each is the old or the new one, and running it again finishes.
// `npm test` tries some writes, `npm run fuzz` all of them.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { isLong, numbersFrom, seed, timeout } from '../../fuzz/budget.ts'
import { bin, skipsExecutable } from '../../support/build.ts'
import { type Outcome, runProcess } from '../../support/process.ts'
import { gitEnv } from '../../support/repository.ts'
import { identity, makeWork, recipient, rule, secondRecipient, type Work } from './support.ts'

const preload = pathToFileURL(fileURLToPath(new URL('../../support/kill-at.mjs', import.meta.url))).href
const plain = { 'a.enc.yaml': 'a: 1\n', 'k/b.enc.json': '{\n  "a": 2\n}\n', 'z.enc.env': 'a=3\n' } as const
const names = Object.keys(plain) as (keyof typeof plain)[]

let work: Work
afterEach(() => work.remove())

interface Writer {
  readonly argv: readonly string[]
  readonly prepare?: () => unknown
  /** What a file opens to when it is the new one. */
  readonly makes?: (text: string) => string
  /** The new files, and those that a kill may leave half done, are plaintext. */
  readonly isPlain?: true
}

const set = (text: string): string => text.replace(/\d/, '7')
const writers: Readonly<Record<string, Writer>> = {
  rotate: { argv: ['rotate', '-i', '--add-age', secondRecipient, '--all'] },
  set: { argv: ['set', '--all', '["a"]', '7'], makes: (text) => set(text) },
  updatekeys: {
    argv: ['updatekeys', '-y', '--all', '--json'],
    prepare: () => work.write({ '.sops.yaml': rule(recipient, secondRecipient) }),
  },
  encrypt: {
    argv: ['encrypt', '-i', '--all'],
    prepare: async () => {
      await work.prints('decrypt', '-i', ...names)
      for (const name of names) work.write({ [name]: set(plain[name]) })
    },
    makes: set,
  },
  unlock: { argv: ['unlock', '--all'], isPlain: true },
  lock: {
    argv: ['lock'],
    prepare: async () => {
      await work.prints('unlock', '--all')
      work.write({ 'a.enc.yaml': set(plain['a.enc.yaml']) })
    },
    makes: (text) => (text === plain['a.enc.yaml'] ? set(text) : text),
  },
}

const start = ({ argv }: Writer, env: Readonly<Record<string, string>>): Promise<Outcome> =>
  runProcess(process.execPath, ['--import', preload, bin, ...argv], {
    cwd: work.dir,
    env: {
      ...gitEnv,
      HOME: join(work.dir, '..'),
      SOPS_AGE_KEY: identity,
      SOPS_DISABLE_VERSION_CHECK: '1',
      SOPS_TEST_KILL_BELOW: join(work.dir, '/'),
      ...env,
    },
  })

const temporary = (): readonly string[] =>
  Object.keys(work.contents()).filter((name) => !names.includes(name as never) && name !== '.sops.yaml')

type State = 'old' | 'new' | 'broken'

/** How a file stands there: byte for byte as before, or as the command makes it. */
async function stateOf(name: keyof typeof plain, before: string, { makes, isPlain }: Writer): Promise<State> {
  const text = work.read(name)
  if (text === before) return 'old'
  if (isPlain) return text === plain[name] ? 'new' : 'broken'
  const { code, stdout } = await work.sops(['decrypt', name])
  return code === 0 && stdout === (makes ?? ((same: string) => same))(plain[name]) ? 'new' : 'broken'
}

const statesOf = async (before: Readonly<Record<string, string>>, writer: Writer): Promise<readonly State[]> =>
  Promise.all(names.map((name) => stateOf(name, before[name]!, writer)))

async function begun(writer: Writer): Promise<Readonly<Record<string, string>>> {
  work = await makeWork(plain)
  await writer.prepare?.()
  return work.contents()
}

/** Writes to try: all of them, or some. The program has made all of its writes when it ends by itself. */
function* places(name: string): Generator<number, void, boolean> {
  const step = isLong ? 1 : 7
  for (let at = isLong ? 0 : numbersFrom(seed + name.length)(step); ; at += step) if (yield at) return
}

const skipped = process.platform === 'win32' || skipsExecutable('it takes no code to load first')

describe.skipIf(skipped).each(Object.entries(writers))('%s', (name, writer) => {
  test(
    'killed at a write: old or new, and once more finishes it',
    async () => {
      const tries = places(name)
      for (let { value: at, done } = tries.next(); !done; ) {
        const before = await begun(writer)
        const { exit, stderr } = await start(writer, { SOPS_TEST_KILL_AT: String(at) })
        const hasEnded = exit !== 'signal SIGKILL'
        const where = `killed at write ${at}: ${stderr}`
        if (hasEnded) expect(exit, where).toBe(0)
        const states = await statesOf(before, writer)
        expect(states, where).not.toContain('broken')
        const again = await work.sops(writer.argv)
        const isDone = states.every((state) => state === 'new') && name === 'encrypt'
        expect(isDone ? 0 : again.code, `${where}${again.stderr}`).toBe(0)
        expect(await statesOf(before, writer), where).toEqual(names.map(() => 'new'))
        work.remove()
        ;({ value: at, done } = tries.next(hasEnded))
      }
    },
    timeout,
  )

  test(
    'a write that fails: all or none, and nothing lies about',
    async () => {
      const tries = places(name)
      for (let { value: at, done } = tries.next(); !done; ) {
        const before = await begun(writer)
        const { exit, stderr } = await start(writer, { SOPS_TEST_KILL_AT: String(at), SOPS_TEST_FAULT: 'ENOSPC' })
        const where = `failed at write ${at}: ${exit} ${stderr}`
        const states = await statesOf(before, writer)
        const isHalfway = /of 3 files were written before that/.test(stderr.toString())
        expect(states, where).not.toContain('broken')
        if (exit === 0) expect(states, where).toEqual(names.map(() => 'new'))
        else if (!isHalfway) expect(states, where).toEqual(names.map(() => 'old'))
        if (exit !== 0) expect(stderr.toString(), where).toMatch(/^error: /m)
        expect(temporary(), where).toEqual([])
        const isLast = exit === 0 && (await isPast(at ?? 0, writer))
        work.remove()
        ;({ value: at, done } = tries.next(isLast))
      }
    },
    timeout,
  )
})

/** True where the program makes fewer writes than that; a failure that it bears would hide it. */
async function isPast(at: number, writer: Writer): Promise<boolean> {
  work.remove()
  rmSync(work.dir, { recursive: true, force: true })
  await begun(writer)
  return (await start(writer, { SOPS_TEST_KILL_AT: String(at) })).exit === 0
}
