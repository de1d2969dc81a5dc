// Memory is bounded by a multiple of the input: each input goes through a process whose heap has room for no more.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../support/build.ts'
import { isLong, timeout } from './budget.ts'
import { memoryInputs } from './memory-inputs.ts'

const scale = isLong ? 100_000 : 250
/** Megabytes of heap for the program itself. */
const base = 48
/** Bytes of heap for each byte of input: ten bytes are a key and a value, which become an encrypted one of 130 with its nodes. */
const multiple = 600

const folder = mkdtempSync(join(tmpdir(), 'sops-memory-test-'))
const child = join(folder, 'child.mjs')

beforeAll(async () => {
  await build({
    entryPoints: [join(root, 'test/fuzz/memory-child.ts')],
    outfile: child,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    // What an input could never reach.
    external: ['@grpc/*', './sdk/*', '@aws-sdk/*', '@azure/*', 'google-auth-library', 'pg'],
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(root, 'test/support/conformance/case.ts')).href) },
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(${JSON.stringify(join(root, 'package.json'))})`,
    },
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const inputs = memoryInputs(scale)

/** In `npm test` one process for all, with room for the largest. */
const groups = isLong ? inputs.map((input) => [input]) : [inputs]

test.each(groups.map((group) => [group.length === 1 ? group[0]!.name : 'all formats', group] as const))(
  '%s',
  (_, group) => {
    const size = Math.max(...group.map(({ text, weight }) => weight * Buffer.byteLength(text())))
    const limit = base + Math.ceil((multiple * size) / 2 ** 20)
    const names = group.map(({ name }) => name)
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [`--max-old-space-size=${limit}`, child, String(scale), ...names],
      { encoding: 'utf8' },
    )
    const reason = stderr.split('\n').find((line) => /FATAL|Error/.test(line)) ?? ''
    expect({ status, signal, reason, done: stdout.trim().split('\n') }).toEqual({
      status: 0,
      signal: null,
      reason: '',
      done: names,
    })
  },
  timeout,
)
