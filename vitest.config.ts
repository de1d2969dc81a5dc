import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// What replaces modules, variables or settings would be seen by the next file, and so would the end of a folder or server that a module of
// helpers holds. These files have a process of their own; the others share what they import, which halves their time, and are refused what would
// be seen (test/support/shared.ts).
const apart = [
  'aws/causes',
  'aws/retry',
  'aws/server',
  'aws/shared-config',
  'aws/variables',
  'cli/publish',
  'config/check',
  'config/find',
  'config/keys',
  'config/load',
  'config/match',
  'config/schema',
  'file/rewrites',
  'functional/clouds',
  'groups/data-key',
  'keys/all-kinds-cli',
  'keys/azure-kv',
  'keys/azure-kv-cli',
  'keys/azure-kv-credentials',
  'keys/causes',
  'keys/eighth-type',
  'keys/gcp-kms-identity',
  'keys/kms',

  'keys/kms-credentials',
  'keys/kms-machine',
  'metadata/metadata',
  'repo/locked',
  'runtime/compiling',
  'trust/canaries',
  'trust/crash',
  'trust/hosts',
  'vault/service',
].map((name) => `test/${name}.test.ts`)

for (const name of apart) if (!existsSync(name)) throw new Error(`${name} is not there: vitest.config.ts names it`)

// Only what hangs takes that long, on a busy machine too.
const limits = { testTimeout: 300_000, hookTimeout: 300_000, chaiConfig: { truncateThreshold: 2000 } }

export default defineConfig({
  test: {
    // One more than the cores of a small machine: many tests wait for programs and servers.
    maxWorkers: 3,
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      { test: { ...limits, name: 'apart', include: apart, setupFiles: ['test/support/seed.ts'] } },
      {
        test: {
          ...limits,
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: apart,
          isolate: false,
          setupFiles: ['test/support/seed.ts', 'test/support/shared.ts'],
        },
      },
    ],
  },
})
