import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { readInput, writeOutput } from '../../src/cli/files.ts'
import type { Io } from '../../src/cli/invocation.ts'
import { makeIo } from '../../src/cli/io.ts'
import { privateTempDir } from '../../src/cli/temp-dir.ts'
import { fingerprint } from '../../src/disk/index.ts'
import { SopsError } from '../../src/errors.ts'
import { bufferHost, type CliOptions, type Sandbox, sandbox } from '../support/cli.ts'

const boxes: Sandbox[] = []
const box = (files?: Record<string, string>): Sandbox => {
  const made = sandbox(files)
  boxes.push(made)
  return made
}
afterEach(() => {
  for (const one of boxes.splice(0)) one.remove()
})

const isRoot = process.getuid?.() === 0
const host = bufferHost()
const reader = (options: CliOptions = {}): Io => makeIo(bufferHost(options), false, 'decrypt')
const bytes = (text: string): Uint8Array => Buffer.from(text)
const modeOf = (path: string): number => statSync(path).mode & 0o7777
const failure = async (work: Promise<unknown>): Promise<SopsError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof SopsError)) throw new Error(`not a SopsError: ${error}`)
  return error
}

describe('reading', () => {
  test('a file and stdin', async () => {
    const { path } = box({ f: 'text' })
    expect(Buffer.from(await readInput(reader(), path('f'))).toString()).toBe('text')
    expect(Buffer.from(await readInput(reader({ stdin: 'in' }), undefined)).toString()).toBe('in')
  })

  test('failures have the texts of the reference', async () => {
    const { path, dir } = box()
    const missing = await failure(readInput(reader(), path('gone')))
    expect([missing.message, missing.exitCode]).toEqual([
      `Error reading file: open ${path('gone')}: no such file or directory`,
      2,
    ])
    expect((await failure(readInput(reader(), dir))).message).toBe(`Error reading file: read ${dir}: is a directory`)
  })
})

describe('writing', () => {
  test('a new file gets 0666 without the umask, and nothing else is left', async () => {
    const { path, dir } = box()
    await writeOutput(bufferHost(), path('new'), bytes('text'))
    expect(readFileSync(path('new'), 'utf8')).toBe('text')
    expect(modeOf(path('new'))).toBe(0o644)
    expect(readdirSync(dir)).toEqual(['new'])
  })

  test.each([0o600, 0o640, 0o755, 0o4711])('keeps mode %o', async (mode) => {
    const { path, dir } = box({ f: 'a longer text than the new one' })
    chmodSync(path('f'), mode)
    await writeOutput(host, path('f'), bytes('text'))
    expect(readFileSync(path('f'), 'utf8')).toBe('text')
    expect(modeOf(path('f'))).toBe(mode)
    expect(readdirSync(dir)).toEqual(['f'])
  })

  test('replaces: whoever has the old file open still reads the old text', async () => {
    const { path } = box({ f: 'old' })
    const before = statSync(path('f')).ino
    await writeOutput(host, path('f'), bytes('new'))
    expect(statSync(path('f')).ino).not.toBe(before)
  })

  test('follows links and keeps them', async () => {
    const { path } = box({ 'sub/real': 'old' })
    symlinkSync('sub/real', path('one'))
    symlinkSync('one', path('two'))
    await writeOutput(host, path('two'), bytes('new'))
    expect(readlinkSync(path('two'))).toBe('one')
    expect(readlinkSync(path('one'))).toBe('sub/real')
    expect(readFileSync(path('sub/real'), 'utf8')).toBe('new')
  })

  test('makes the target of a dangling link', async () => {
    const { path } = box({ 'sub/x': '' })
    symlinkSync('sub/made', path('link'))
    await writeOutput(host, path('link'), bytes('new'))
    expect(lstatSync(path('link')).isSymbolicLink()).toBe(true)
    expect(readFileSync(path('sub/made'), 'utf8')).toBe('new')
  })

  test('a file with two names keeps both', async () => {
    const { path, dir } = box({ a: 'old and long' })
    linkSync(path('a'), path('b'))
    await writeOutput(host, path('a'), bytes('new'))
    expect(readFileSync(path('b'), 'utf8')).toBe('new')
    expect(statSync(path('a')).ino).toBe(statSync(path('b')).ino)
    expect(readdirSync(dir).sort()).toEqual(['a', 'b'])
  })

  test.runIf(isRoot)('keeps an owner that is somebody else', async () => {
    const { path } = box({ f: 'old' })
    execFileSync('chown', ['12345:54321', path('f')])
    await writeOutput(host, path('f'), bytes('new'))
    expect([statSync(path('f')).uid, statSync(path('f')).gid]).toEqual([12345, 54321])
  })

  test('a pipe is written into', async () => {
    const { path } = box()
    execFileSync('mkfifo', [path('p')])
    const reader = spawn('cat', [path('p')])
    const read = new Promise<string>((resolve) => {
      let text = ''
      reader.stdout.on('data', (chunk) => {
        text += chunk
      })
      reader.on('close', () => resolve(text))
    })
    await writeOutput(host, path('p'), bytes('through'))
    expect(await read).toBe('through')
    expect(lstatSync(path('p')).isFIFO()).toBe(true)
  })

  test('/dev/null stays a device', async () => {
    await writeOutput(host, '/dev/null', bytes('x'))
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  test('a name of 255 bytes', async () => {
    const { path } = box()
    const name = 'n'.repeat(255)
    await writeOutput(host, path(name), bytes('x'))
    await writeOutput(host, path(name), bytes('y'))
    expect(readFileSync(path(name), 'utf8')).toBe('y')
  })

  test('failures have the texts of the reference and exit 3', async () => {
    const { path, dir } = box({ file: 'x' })
    const cases: readonly (readonly [path: string, text: string])[] = [
      [dir, 'is a directory'],
      [path('no/such'), 'no such file or directory'],
      [path('file/x'), 'not a directory'],
    ]
    for (const [target, text] of cases) {
      const error = await failure(writeOutput(host, target, bytes('x')))
      expect([error.message, error.exitCode]).toEqual([
        `Could not open output file for writing: open ${target}: ${text}`,
        3,
      ])
    }
    const inPlace = await failure(writeOutput(host, dir, bytes('x'), { what: 'in-place file' }))
    expect(inPlace.message).toBe(`Could not open in-place file for writing: open ${dir}: is a directory`)
  })

  test.runIf(!isRoot)('a file that may not be written is not replaced', async () => {
    const { path } = box({ f: 'old' })
    chmodSync(path('f'), 0o444)
    expect((await failure(writeOutput(host, path('f'), bytes('new')))).message).toContain('permission denied')
    expect(readFileSync(path('f'), 'utf8')).toBe('old')
  })

  test.runIf(!isRoot)('a folder without write permission: the file is overwritten', async () => {
    const { path } = box({ 'd/f': 'old and long' })
    chmodSync(path('d'), 0o555)
    await writeOutput(host, path('d/f'), bytes('new'))
    chmodSync(path('d'), 0o755)
    expect(readFileSync(path('d/f'), 'utf8')).toBe('new')
  })
})

describe('a target that changed in the meantime', () => {
  test.each<[string, string | undefined, string | undefined, boolean]>([
    ['same content', 'old', 'old', true],
    ['other content', 'old', 'other', false],
    ['removed', 'old', undefined, false],
    ['still absent', undefined, undefined, true],
    ['appeared', undefined, 'other', false],
  ])('%s', async (_, read, now, written) => {
    const { path, dir } = box(now === undefined ? {} : { f: now })
    const expected = read === undefined ? ('absent' as const) : fingerprint(bytes(read))
    const work = writeOutput(host, path('f'), bytes('new'), { expect: expected })
    if (written) await work
    else expect((await failure(work)).message).toContain('was changed by another program')
    const left = existsSync(path('f')) ? readFileSync(path('f'), 'utf8') : undefined
    expect(left).toBe(written ? 'new' : now)
    expect(readdirSync(dir).filter((name) => name !== 'f')).toEqual([])
  })

  test('many writers at once: one content, whole', async () => {
    const { path, dir } = box({ f: 'start' })
    const texts = Array.from({ length: 12 }, (_, i) => `${i}`.repeat(50_000))
    await Promise.all(texts.map((text) => writeOutput(host, path('f'), bytes(text))))
    expect(texts).toContain(readFileSync(path('f'), 'utf8'))
    expect(readdirSync(dir)).toEqual(['f'])
  })
})

describe('private folders', () => {
  test('lie below TMPDIR, are private, and go away', () => {
    const { dir } = box()
    const made = privateTempDir(bufferHost({ env: { TMPDIR: dir } }), '.sops')
    expect(made.path).toMatch(new RegExp(`^${dir}/\\.sops\\d+$`))
    expect(modeOf(made.path)).toBe(0o700)
    writeFileSync(`${made.path}/secret`, 'x')
    mkdirSync(`${made.path}/deep`)
    made.remove()
    expect(readdirSync(dir)).toEqual([])
  })

  test('go away when a signal ends the program, and when it ends by itself', () => {
    const { dir } = box()
    const killed = bufferHost({ env: { TMPDIR: dir } })
    privateTempDir(killed)
    expect(() => killed.signal('SIGTERM')).toThrow('exit 143')
    expect(readdirSync(dir)).toEqual([])
    const ended = bufferHost({ env: { TMPDIR: dir } })
    privateTempDir(ended)
    ended.cleanup()
    expect(readdirSync(dir)).toEqual([])
  })

  test('cannot be made: exit 3', async () => {
    const { path } = box()
    const error = await failure(
      Promise.resolve().then(() => privateTempDir(bufferHost({ env: { TMPDIR: path('no') } }))),
    )
    expect(error.exitCode).toBe(3)
    expect(error.message).toContain('no such file or directory')
  })
})
