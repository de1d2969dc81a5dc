// What is left of the program when it crashes: no memory in a core dump, and no text of an error that nobody expected.
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bin, skipsExecutable } from '../support/build.ts'
import { memoryFolder, sandbox } from '../support/cli.ts'
import { type Outcome, runProcess, runProgram } from '../support/process.ts'
import { canary, envOf, prepareBox } from './writers.ts'

const box = sandbox({}, memoryFolder)
beforeAll(async () => {
  await prepareBox(box)
})
afterAll(() => box.remove())

const sops = (argv: readonly string[], env = {}, stdin = ''): Promise<Outcome> =>
  runProgram(argv, { cwd: box.dir, env: { ...envOf(box), ...env }, stdin })

// Elsewhere processes have no such choice.
if (process.platform === 'linux')
  describe('core dumps', () => {
    const own = readFileSync('/proc/self/coredump_filter', 'utf8')
    const none = '00000000\n'

    beforeAll(async () => {
      const { stdout } = await sops(['encrypt', '--input-type', 'dotenv', '--filename-override', 'f.env'], {}, 'A=1\n')
      writeFileSync(box.path('f.env'), stdout)
    })

    test('hold no memory of the program, but that of the programs it runs for the user', async () => {
      // The program takes its own setting back as soon as the other one has been started: soon, on a busy machine in some seconds.
      const settled = 'for i in $(seq 300); do grep -qx 00000000 /proc/$PPID/coredump_filter && break; sleep 0.1; done'
      const both = `${settled}; cat /proc/$PPID/coredump_filter /proc/self/coredump_filter`
      for (const argv of [['exec-env'], ['exec-file'], ['exec-file', '--no-fifo']])
        expect((await sops([...argv, 'f.env', both])).stdout.toString()).toBe(none + own)
      expect(
        (await sops(['exec-env', '--same-process', 'f.env', 'cat /proc/self/coredump_filter'])).stdout.toString(),
      ).toBe(own)
    })

    test('hold nothing of an editor either', async () => {
      writeFileSync(box.path('e.yaml'), readFileSync(box.path('sealed.yaml')))
      const seen = box.path('seen')
      await sops(['edit', 'e.yaml'], { EDITOR: `sh -c 'cat /proc/self/coredump_filter > ${seen}'` })
      expect(readFileSync(seen, 'utf8')).toBe(none)
    })
  })

const preloading = 'it takes no code to load first, which is how an error gets in that nobody catches'
test.skipIf(skipsExecutable(preloading))('an error that nobody caught is not shown', async () => {
  const late = `const waiting = setInterval(() => {
    if (process.listenerCount('uncaughtException') === 0) return
    clearInterval(waiting)
    throw new TypeError(['canary', '4f1c'].join('-'))
  }, 50)`
  const preload = ['--import', `data:text/javascript,${encodeURIComponent(late)}`]
  const words = [...preload, bin, 'exec-file', 'sealed.yaml', 'sleep 1']
  const env = { ...envOf(box), SOPS_DEBUG: '1' }
  const { exit, stderr } = await runProcess(process.execPath, words, { cwd: box.dir, env })
  expect(exit).toBe(1)
  expect(stderr.toString()).toContain('internal error: TypeError')
  expect(stderr.toString()).not.toContain(canary)
})
