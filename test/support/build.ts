// Builds the program once for the tests that start it as a process. Tests in several workers may ask at the same time.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../', import.meta.url))
export const bin: string = join(root, 'bin/sops.mjs')

const product = join(root, 'dist/cli/meta.json')

function newestSource(): number {
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const sources = [
    ...files.map((entry) => join(entry.parentPath, entry.name)),
    ...[
      'bin/load.cjs',
      'scripts/build.mjs',
      'scripts/bytecode.mjs',
      'scripts/common-chunk.mjs',
      'scripts/installed.mjs',
      'package.json',
    ].map((name) => join(root, name)),
  ]
  return Math.max(...sources.map((file) => statSync(file).mtimeMs))
}

const isFresh = (): boolean => existsSync(product) && statSync(product).mtimeMs >= newestSource()

/** Makes sure that dist/ is newer than the sources. Throws the build's output when it fails. */
export async function ensureBuilt(): Promise<void> {
  const lock = join(tmpdir(), `sops-ts-build-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`)
  for (const deadline = Date.now() + 120_000; !isFresh(); await sleep(200)) {
    try {
      mkdirSync(lock)
    } catch {
      // A builder that was killed leaves its lock behind.
      if (Date.now() > deadline) rmSync(lock, { recursive: true, force: true })
      continue
    }
    try {
      if (!isFresh()) execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'pipe' })
    } finally {
      rmSync(lock, { recursive: true, force: true })
    }
  }
}
