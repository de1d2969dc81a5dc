// The round of editor and check: what the editor sees, what becomes of its text, and what is left behind.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type EditLoop, editLoop } from '../../src/cli/edit-loop.ts'
import type { Io } from '../../src/cli/invocation.ts'
import { makeIo } from '../../src/cli/io.ts'
import { SopsError } from '../../src/errors.ts'
import { type BufferHost, bufferHost, type CliOptions, type Sandbox, sandbox } from '../support/cli.ts'

let box: Sandbox
let saved: string[]
beforeEach(() => {
  box = sandbox({ 'tmp/x': '' })
  saved = []
})
afterEach(() => box.remove())

/** A shell script as the editor; its first argument is the file. */
const editor = (script: string): string => `/bin/sh -c '${script}' editor`

function ioWith(script: string, options: CliOptions = {}): Io & { readonly host: BufferHost } {
  const env = { PATH: process.env.PATH, TMPDIR: box.path('tmp'), EDITOR: editor(script), OUT: box.path('out') }
  const host = bufferHost({ cwd: box.dir, env, ...options })
  return { ...makeIo(host, false), host }
}

const loopOf = (more: Partial<EditLoop<string>> = {}): EditLoop<string> => ({
  name: 'a.yaml',
  content: Buffer.from('first\n'),
  read: (bytes) => {
    const text = Buffer.from(bytes).toString()
    if (text.includes('invalid')) throw new SopsError('bad-input', 'not valid here')
    return text
  },
  headline: () => 'Could not read it',
  finish: async (text) => {
    saved.push(text)
  },
  ...more,
})

const stderrOf = (io: { host: BufferHost }): string => Buffer.concat(io.host.written.stderr).toString()
/** Folders of the loop that still exist. */
const left = (): string[] => readdirSync(box.path('tmp')).filter((name) => name !== 'x')

describe.skipIf(process.platform === 'win32')('the loop', () => {
  test('the editor gets a private file of that name, and its text is saved', async () => {
    const io = ioWith('stat -c "%a %n" "$1" "$(dirname "$1")" > "$OUT"; echo second >> "$1"')
    await editLoop(loopOf(), io)
    expect(saved).toEqual(['first\nsecond\n'])
    expect(readFileSync(box.path('out'), 'utf8')).toMatch(/^600 .*\/a\.yaml\n700 .*\n$/)
    expect(left()).toEqual([])
  })

  test('an unchanged text is not saved', async () => {
    await expect(editLoop(loopOf(), ioWith(':'))).rejects.toMatchObject({ code: 'not-modified' })
    expect(saved).toEqual([])
    expect(left()).toEqual([])
  })

  test('an editor that fails saves nothing, even when it has changed the text', async () => {
    await expect(editLoop(loopOf(), ioWith('echo x >> "$1"; exit 3'))).rejects.toMatchObject({
      code: 'editor-failed',
      message: 'Could not run editor: exit status 3',
    })
    expect(saved).toEqual([])
    expect(left()).toEqual([])
  })

  test('a program that never leaves a valid text is given up without a terminal, and its text kept', async () => {
    const io = ioWith('echo invalid >> "$1"')
    await expect(editLoop(loopOf(), io)).rejects.toMatchObject({ code: 'bad-input', message: 'not valid here' })
    expect(saved).toEqual([])
    expect(left()).toHaveLength(1)
  })

  test('an editor that is killed', async () => {
    await expect(editLoop(loopOf(), ioWith('kill -9 $$'))).rejects.toMatchObject({
      code: 'editor-failed',
      message: 'Could not run editor: signal: SIGKILL',
    })
  })

  test('an editor that takes the file away', async () => {
    await expect(editLoop(loopOf(), ioWith('rm "$1"'))).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/^Could not read edited file: open .*: no such file or directory$/),
    })
    expect(saved).toEqual([])
    expect(left()).toEqual([])
  })

  test.each([
    ['no program', 'not-a-program-anywhere', 'executable file not found'],
    ['quotes that do not end', "vi 'x", 'invalid $EDITOR'],
  ])('%s', async (_, EDITOR, text) => {
    const io = ioWith(':', { env: { PATH: process.env.PATH, TMPDIR: box.path('tmp'), EDITOR } })
    await expect(editLoop(loopOf(), io)).rejects.toMatchObject({
      code: 'editor-failed',
      message: expect.stringContaining(text),
    })
    expect(left()).toEqual([])
  })

  test('SOPS_EDITOR comes before EDITOR', async () => {
    const env = {
      PATH: process.env.PATH,
      TMPDIR: box.path('tmp'),
      EDITOR: 'false',
      SOPS_EDITOR: editor('echo sops >> "$1"'),
    }
    await editLoop(loopOf(), ioWith(':', { env }))
    expect(saved).toEqual(['first\nsops\n'])
  })

  test('a text that is not valid comes back as it was left, until it is', async () => {
    const script = 'if grep -q invalid "$1"; then sed -i s/invalid/mended/ "$1"; else echo invalid >> "$1"; fi'
    const io = ioWith(script, { prompt: [''] })
    await editLoop(loopOf(), io)
    expect(saved).toEqual(['first\nmended\n'])
    expect(stderrOf(io)).toContain(
      'error: Could not read it: not valid here\nPress enter to return to the editor, or Ctrl+C to exit.\n',
    )
    expect(left()).toEqual([])
  })

  test('a text that nobody mends is kept, with its place', async () => {
    const io = ioWith('echo invalid > "$1"')
    const error: unknown = await editLoop(loopOf(), io).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'bad-input', message: 'not valid here' })
    expectKept(error, 'invalid\n')
  })

  test('back to the first text after an invalid one is not modified', async () => {
    const script = 'if grep -q invalid "$1"; then echo first > "$1"; else echo invalid > "$1"; fi'
    await expect(editLoop(loopOf(), ioWith(script, { prompt: [''] }))).rejects.toMatchObject({ code: 'not-modified' })
    expect(left()).toEqual([])
  })

  test.each([
    ['a known failure', new SopsError('cannot-write', 'disk full', { hints: ['make room'] }), 'cannot-write'],
    ['any other failure', new TypeError('x is undefined'), 'generic'],
  ])('a save that fails keeps the text: %s', async (_, failure, code) => {
    const io = ioWith('echo second >> "$1"')
    const error: unknown = await editLoop(loopOf({ finish: () => Promise.reject(failure) }), io).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ code, message: failure.message, cause: failure })
    if (failure instanceof SopsError) expect((error as SopsError).hints[0]).toBe('make room')
    expectKept(error, 'first\nsecond\n')
  })

  test.each([
    ['that ends the loop', new SopsError('version-not-comparable', 'no version')],
    ['that nobody expects', new TypeError('x is undefined')],
  ])('a failure of reading %s keeps the text', async (_, failure) => {
    const read = (): string => {
      throw failure
    }
    const io = ioWith('echo second >> "$1"')
    const error: unknown = await editLoop(loopOf({ read, fatal: () => true }), io).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: failure.message })
    expectKept(error, 'first\nsecond\n')
  })

  /** Sends a signal while the editor that `script` begins with is still open; stderr is what the user reads then. */
  async function interrupted(script: string, signal: NodeJS.Signals): Promise<string> {
    const io = ioWith(`${script}; echo $$ > "$OUT"; exec sleep 20`)
    const statuses: number[] = []
    const host: BufferHost = {
      ...io.host,
      exit: ((status: number) => statuses.push(status)) as unknown as BufferHost['exit'],
    }
    const ended = editLoop(loopOf(), { ...io, host }).catch((error: unknown) => error)
    while (!existsSync(box.path('out')) || statSync(box.path('out')).size === 0) await sleep(20)
    expect(left()).toHaveLength(1)
    host.signal(signal)
    while (statuses.length === 0) await sleep(5)
    expect(statuses).toEqual([1])
    process.kill(Number(readFileSync(box.path('out'), 'utf8')), 'SIGKILL')
    await ended
    expect(saved).toEqual([])
    return stderrOf(io)
  }

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s removes a text that is as it was', async (signal) => {
    expect(await interrupted(':', signal)).toBe('error: User canceled operation\n')
    expect(left()).toEqual([])
  })

  test('Ctrl+C keeps a text that was changed, and says where', async () => {
    const stderr = await interrupted('echo second >> "$1"', 'SIGINT')
    const [, kept = ''] = /^error: User canceled operation\nhint: your text is kept in (\S+) /.exec(stderr) ?? []
    expect(readFileSync(kept, 'utf8')).toBe('first\nsecond\n')
  })

  test.each(['SIGTERM', 'SIGHUP'] as const)('%s, whose message nobody may see, leaves no plaintext', async (signal) => {
    expect(await interrupted('echo second >> "$1"', signal)).toBe('error: User canceled operation\n')
    expect(left()).toEqual([])
  })
})

function expectKept(error: unknown, text: string): void {
  const [folder] = left()
  const file = join(box.path('tmp'), folder!, 'a.yaml')
  expect((error as SopsError).hints.at(-1)).toContain(file)
  expect(readFileSync(file, 'utf8')).toBe(text)
  expect(statSync(file).mode & 0o777).toBe(0o600)
}
