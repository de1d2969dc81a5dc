// Programs that cannot be started for want of descriptors: whoever starts them gets the system's error, as with any other cause.
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../support/build.ts'
import { sandbox } from '../support/cli.ts'
import { runProcess } from '../support/process.ts'

/** Starts a program once no descriptor is left, and prints what was thrown, and what was emitted later. */
const script = `
const { closeSync, openSync } = await import('node:fs')
const { start, run } = await import(process.argv[1])
const held = []
try { for (;;) held.push(openSync('/dev/null')) } catch {}
const told = []
process.on('exit', () => console.log(told.join(' ')))
const stdio = JSON.parse(process.argv[2])
try { start('/bin/sh', ['-c', ':'], { stdio }) } catch (error) { told.push(error.code, error.syscall) }
await run('/bin/sh', ['-c', ':'], {}).catch((error) => told.push(error.code))
for (const fd of held) closeSync(fd)`

describe.skipIf(process.platform === 'win32')('without a descriptor left', () => {
  const box = sandbox()
  const module = box.path('start.mjs')
  beforeAll(() =>
    build({
      entryPoints: [join(root, 'src/system/start.ts')],
      outfile: module,
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'error',
    }),
  )
  afterAll(box.remove)

  test.each([['pipe'], [['pipe', 'ignore', 'ignore']], [['ignore', 'pipe', 'pipe']]])('streams %j', async (stdio) => {
    const words = [module, JSON.stringify(stdio)]
    const ran = await runProcess(
      '/bin/sh',
      ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, '--input-type=module', '--eval', script, ...words],
      { cwd: root, env: {} },
    )
    expect([ran.stdout.toString(), ran.stderr.toString()]).toEqual(['EMFILE spawn EMFILE\n', ''])
  })
})
