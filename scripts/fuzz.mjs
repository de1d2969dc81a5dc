// The long run of the fuzz and tamper tests. Usage: npm run fuzz [-- --runs N] [--seed N] [--only PATTERN] [NAME…], where a NAME picks test
// files and the pattern tests by their names (`--only '^yaml'`).
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  options: { runs: { type: 'string', default: '10000' }, seed: { type: 'string' }, only: { type: 'string' } },
  allowPositionals: true,
})
const seed = values.seed ?? String(randomInt(2 ** 31))
for (const [name, value] of Object.entries({ runs: values.runs, seed })) {
  if (/^\d+$/.test(value)) continue
  process.stderr.write(`--${name} takes a number, not ${value}\n`)
  process.exit(2)
}
process.stdout.write(`${values.runs} inputs per property; the same ones again: the same command with --seed ${seed}\n`)
const files =
  positionals.length > 0
    ? positionals
    : [
        'test/fuzz',
        'test/journeys',
        'test/file/changed-lines',
        'test/trust/tamper',
        'envelopes',
        'test/trust/crash',
        'test/trust/kill',
        'test/trust/parallel',
      ]
const only = values.only === undefined ? [] : ['-t', values.only]
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...only, ...files], {
  cwd: new URL('..', import.meta.url),
  env: { ...process.env, SOPS_FUZZ_RUNS: values.runs, FUZZ_SEED: seed },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
