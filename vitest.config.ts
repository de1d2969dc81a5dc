import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name).replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.test.ts'))
// What replaces modules, variables or settings would be seen by the next file; the others share what they import, which halves their time.
const apart = files.filter((name) => /\bvi\.(mock|stubEnv)\(|globalAgent|faults\.ts'/.test(readFileSync(name, 'utf8')))

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'apart', include: apart } },
      { extends: true, test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: apart, isolate: false } },
    ],
  },
})
