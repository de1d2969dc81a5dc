// What is typed on a terminal that a path names, without and with a file name of its own.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { programLine } from '../support/build.ts'
import type { Sandbox } from '../support/cli.ts'
import { encryptedBox, recipient, start } from './exec-support.ts'

/** That of util-linux, on which what comes through its input is typed. */
const hasScript = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '')
if (!hasScript) process.stderr.write('skipped without script of util-linux: what is typed on a terminal\n')

let box: Sandbox
beforeAll(async () => {
  box = await encryptedBox({})
})
afterAll(() => box.remove())

test.skipIf(!hasScript).each(['/dev/stdin', '/dev/tty'])('%s is read until Ctrl+D', async (path) => {
  const line = `exec ${programLine} encrypt --age ${recipient} --input-type yaml --output-type yaml ${path} > sealed`
  const running = start(box, ['-qec', line, '/dev/null'], { program: 'script', stdin: false })
  await running.says('waiting for what is typed')
  running.child.stdin?.write('typed: word\n')
  await running.says('typed: word')
  running.child.stdin?.write('\x04')
  const { code, stdout } = await running.ended
  running.child.stdin?.end()
  expect([code, stdout]).toEqual([0, expect.not.stringContaining('error')])
  expect(readFileSync(box.path('sealed'), 'utf8')).toMatch(/^typed: ENC\[/)
})
