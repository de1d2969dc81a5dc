import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name).replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.test.ts'))
// What replaces modules, variables or settings would be seen by the next file, and so would the end of a folder or server that a module of
// helpers holds; the other files share what they import, which halves their time.
const global = /\bvi\.(mock|stubEnv)\(|globalAgent|faults\.ts'|'\.\/(kms-)?support\.ts'/
const apart = files.filter((name) => global.test(readFileSync(name, 'utf8')))

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    setupFiles: ['test/support/seed.ts'],
    projects: [
      { extends: true, test: { name: 'apart', include: apart } },
      { extends: true, test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: apart, isolate: false } },
    ],
  },
})
