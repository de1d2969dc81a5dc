// Packs the executable and runs the tests with it: npm run test:executable [-- --inside | FILE…]
//
// It needs the toolchain, so that the first run needs the network; npm test does not run it. Twice the tests are run:
// 1. In Node, where each test that starts the program starts the executable: all tests, or those named.
// 2. In the runtime that the executable has inside, without what packing takes out of it: vectors of the formats, ciphers and key types, which
//    call functions of src/ and start no program, and what the program does with signals, terminals and streams. With --inside
//    only this.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runtimeOf, suffixOf, thisPlatform, writeProgram } from './toolchain.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const inside = ['runtime', 'system', 'text', 'cipher', 'groups', 'keys/age', 'keys/age.test.ts', 'cli/host.test.ts']
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const work = mkdtempSync(join(tmpdir(), 'sops-test-executable-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))

/** Ends this process when the program fails. */
function run(file, words, env = {}) {
  const { status } = spawnSync(file, words, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

const words = process.argv.slice(2)
if (words[0] !== '--inside') {
  run(process.execPath, [join(root, 'scripts/package.mjs'), '--out', work])
  const executable = join(work, `sops${suffixOf(process.platform)}`)
  run(process.execPath, [vitest, 'run', ...words], { SOPS_TEST_CLI: executable })
}
const runtime = join(work, `runtime${suffixOf(process.platform)}`)
writeProgram(runtime, runtimeOf(thisPlatform()))
run(runtime, [vitest, 'run', ...inside.map((name) => `test/${name}`)])
