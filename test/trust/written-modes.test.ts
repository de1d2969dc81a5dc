// Who can read the plaintext that decrypt writes: whoever the umask says, as in SOPS, and a terminal is told.
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bufferHost, runCli, sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'

const box = sandbox({ 'plain.yaml': 'a: 1\n' })
const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
const env = { SOPS_AGE_KEY: identity, SOPS_AGE_RECIPIENTS: /age1[a-z0-9]+/.exec(identity)![0] }

beforeAll(async () => {
  writeFileSync(box.path('sealed.yaml'), (await runCli(['encrypt', 'plain.yaml'], { cwd: box.dir, env })).stdout)
})
afterAll(() => box.remove())

const { umask } = bufferHost()
const told = (name: string, mode: string): string =>
  `other users can read the plaintext in ${box.path(name)} (mode ${mode})`

test
  .skipIf(process.platform === 'win32')
  .each<[what: string, argv: readonly string[], file: string, before: number | undefined, mode: number, told: boolean]>(
    [
      ['a new file', ['--output', 'new.yaml', 'sealed.yaml'], 'new.yaml', undefined, 0o666 & ~umask, true],
      ['one value', ['--extract', '["a"]', '--output', 'one', 'sealed.yaml'], 'one', undefined, 0o666 & ~umask, true],
      ['a private file that was there', ['--output', 'old.yaml', 'sealed.yaml'], 'old.yaml', 0o600, 0o600, false],
      ['in place', ['-i', 'place.yaml'], 'place.yaml', 0o644, 0o644, true],
      ['in place, a private file', ['-i', 'private.yaml'], 'private.yaml', 0o600, 0o600, false],
    ],
  )('%s', async (_, argv, file, before, mode, isTold) => {
  for (const tty of [['stderr'] as const, []]) {
    if (before !== undefined) {
      writeFileSync(box.path(file), readFileSync(box.path('sealed.yaml')))
      chmodSync(box.path(file), before)
    }
    const { code, stderr } = await runCli(['decrypt', ...argv], { cwd: box.dir, env, tty })
    expect([code, statSync(box.path(file)).mode & 0o777]).toEqual([0, mode])
    const octal = mode.toString(8).padStart(4, '0')
    expect(stderr.includes(told(file, octal))).toBe(isTold && tty.length > 0)
    if (tty.length === 0) expect(stderr).toBe('')
  }
})
