import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import { delimiter } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import type { Sandbox } from '../support/cli.ts'
import { encryptedBox, environmentIn, runSops, start } from './exec-support.ts'

/** Larger than what a pipe holds. */
const large = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251))

let box: Sandbox
beforeAll(async () => {
  box = await encryptedBox({ 's.yaml': 'FOO: bar\n', 'large.bin': large })
})
afterAll(() => box.remove())

const left = (): string[] => readdirSync(box.path('tmp'))
afterEach(() => expect(left()).toEqual(['x']))

describe.each([
  ['pipe', []],
  ['regular file', ['--no-fifo']],
])('%s', (_, flags) => {
  const argv = (file: string, command: string): string[] => ['exec-file', ...flags, file, command]

  test('gives the content and takes it away again', async () => {
    const { code, stdout, stderr } = await runSops(box, argv('s.yaml', 'cat {}; echo {}'))
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(new RegExp(`^FOO: bar\n${box.path('tmp')}/\\.sops\\d+/tmp-file\\d*\n$`))
  })

  test('gives a large content whole', async () => {
    const { code, stdout } = await runSops(box, argv('large.bin', 'sha256sum {}'))
    expect(code).toBe(0)
    expect(stdout.split(' ')[0]).toBe(createHash('sha256').update(large).digest('hex'))
  })

  test.each([
    ['never reads', 'true', 0],
    ['reads a little', 'head -c 10 {} > /dev/null; exit 3', 3],
    ['is killed', 'kill -KILL $$', 255],
    ['removes the file', 'rm {}', 0],
    ['removes the folder', 'rm -r "$(dirname {})"', 0],
  ])('a command that %s', async (_name, command, code) => {
    expect((await runSops(box, argv('large.bin', command))).code).toBe(code)
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('nothing is left after %s', async (name) => {
    const running = start(box, argv('s.yaml', 'echo ready; exec sleep 20'))
    await running.says('ready')
    expect(left()).toHaveLength(2)
    running.child.kill(name)
    expect((await running.ended).code).toBe(255)
  })

  test('nothing is left after a signal while the command reads', async () => {
    const running = start(box, argv('large.bin', 'exec 3< {}; head -c 5 <&3 > /dev/null; echo ready; exec sleep 20'))
    await running.says('ready')
    running.child.kill('SIGTERM')
    expect(await running.ended).toMatchObject({ code: 255, stderr: 'signal: terminated\n' })
  })

  test('a reader that outlives the command does not hold the program', async () => {
    const { code, stdout } = await runSops(
      box,
      argv('large.bin', '(exec 3< {}; sleep 1; wc -c <&3) > /dev/null 2>&1 & sleep 0.3; echo over'),
    )
    expect([code, stdout]).toEqual([0, 'over\n'])
  })

  test('--background finds nothing, as the file is gone at once', async () => {
    const { code, stdout, stderr } = await runSops(box, ['exec-file', '--background', ...flags, 's.yaml', 'true'])
    expect([code, stdout]).toEqual([0, ''])
    expect(stderr).toContain("exec-file's --background option is deprecated and will be removed")
  })

  test('--filename in a folder that is not there', async () => {
    const { code, stdout, stderr } = await runSops(box, [
      'exec-file',
      ...flags,
      '--filename',
      'a/b',
      's.yaml',
      'echo ran',
    ])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain('no such file or directory')
  })

  test('the folder is for the owner alone', async () => {
    const { stdout } = await runSops(box, argv('s.yaml', 'stat -c %a {} "$(dirname {})"'))
    expect(stdout).toBe('600\n700\n')
  })
})

test.each(['../x', '/x', 'a/../../x', '..', './../x'])('--filename %s leaves the folder', async (name) => {
  const argv = ['exec-file', '--filename', name, 's.yaml', 'echo ran']
  expect(await runSops(box, argv)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'error: s.yaml: The provided filename is not a local path.\n',
  })
})

test.each(['..x', 'a..b', './y', 'z/../y'])('--filename %s stays in the folder', async (name) => {
  const { code, stdout } = await runSops(box, ['exec-file', '--filename', name, 's.yaml', 'cat {}'])
  expect([code, stdout]).toEqual([0, 'FOO: bar\n'])
})

test('special replacement patterns in the path or the command stay as they are', async () => {
  const argv = ['exec-file', '--filename', "$&'", 's.yaml', 'echo "$$ {}"']
  const { stdout } = await runSops(box, argv)
  expect(stdout).toMatch(/^\d+ .*\/\$&'\n$/)
})

test('no pipes on this system: a regular file and a warning', async () => {
  mkdirSync(box.path('bin'), { recursive: true })
  const { stdout, stderr } = await runSops(box, ['exec-file', 's.yaml', '/usr/bin/test -f {} && /bin/cat {}'], {
    env: { ...environmentIn(box), PATH: box.path('bin') },
  })
  expect(stdout).toBe('FOO: bar\n')
  expect(stderr).toMatch(/^warning: s\.yaml: named pipes are not available here/)
})

test.skipIf(process.getuid?.() !== 0)('--user owns the folder and the file', async () => {
  chmodSync(box.dir, 0o755)
  chmodSync(box.path('tmp'), 0o777)
  const argv = ['exec-file', '--user', 'daemon', 's.yaml', 'stat -c %U {} "$(dirname {})"; cat {}; echo "$HOME"']
  const { stdout } = await runSops(box, argv, { env: { PATH: `${process.env['PATH']}${delimiter}/usr/bin` } })
  expect(stdout).toBe('daemon\ndaemon\nFOO: bar\n/usr/sbin\n')
})
